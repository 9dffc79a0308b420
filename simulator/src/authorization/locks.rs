//! Authorization room of the local Azure: management locks, and what they forbid at and below their scope.

use serde_json::json;

use super::scope::{self, canonical, id_of};
use super::view::{Answer, Call, Objects, text};

/// Azure's limit for the note of a lock.
const NOTES_MAX: usize = 512;

/// Answers requests under `{scope}/providers/Microsoft.Authorization/locks`.
pub(crate) fn handle(objects: &mut dyn Objects, call: &Call, at: &str, name: Option<&str>) -> Answer {
    let id = |name: &str| super::child(at, "locks", name);
    match (call.method, name) {
        ("GET", None) => list(objects, call, at).unwrap_or_else(|refusal| refusal),
        ("GET", Some(name)) => match objects.get(&id(name)) {
            Some(lock) => Answer::json(200, lock.clone()),
            None => Answer::error(404, "LockNotFound", format!("The lock '{name}' could not be found.")),
        },
        ("PUT", Some(name)) => put(objects, call, at, name).unwrap_or_else(|refusal| refusal),
        ("DELETE", Some(name)) => match objects.remove(&id(name)) {
            Some(_) => Answer::empty(200),
            None => Answer::empty(204),
        },
        (method, _) => Answer::method_not_allowed(method),
    }
}

/// Locks at the scope, above it and below it; with `atScope()` without those below.
fn list(objects: &dyn Objects, call: &Call, at: &str) -> Result<Answer, Answer> {
    let only_above = !super::filter::of(call, &["atscope()"])?.is_empty();
    let (here, chain) = (canonical(at), scope::chain(objects, at));
    let found = objects.of_extension("locks").into_iter().filter(|lock| {
        let its = canonical(super::extended(id_of(lock)));
        chain.contains(&its) || (!only_above && scope::contains(objects, &here, &its))
    });
    Ok(Answer::list(found.cloned().collect()))
}

fn put(objects: &mut dyn Objects, call: &Call, at: &str, name: &str) -> Result<Answer, Answer> {
    let bad = |message: &str| Answer::error(400, "InvalidLockRequest", message);
    let level = text(call.body, "/properties/level");
    let Some(level) = level.filter(|level| ["CanNotDelete", "ReadOnly"].contains(level)) else {
        return Err(bad("The lock level must be one of 'CanNotDelete' and 'ReadOnly'."));
    };
    let notes = text(call.body, "/properties/notes");
    if notes.is_some_and(|notes| notes.chars().count() > NOTES_MAX) {
        return Err(bad("The notes of a lock may hold at most 512 characters."));
    }
    super::check_scope(objects, at)?;
    let id = super::child(at, "locks", name);
    let known = objects.get(&id).is_some();
    let mut properties = json!({ "level": level });
    if let Some(object) = properties.as_object_mut() {
        for field in ["notes", "owners"] {
            if let Some(value) = call.body.pointer(&format!("/properties/{field}")) {
                object.insert(field.to_owned(), value.clone());
            }
        }
    }
    let body = json!({
        "properties": properties, "id": id, "type": "Microsoft.Authorization/locks", "name": name,
    });
    objects.put(&id, body.clone());
    Ok(Answer::json(if known { 200 } else { 201 }, body))
}

/// Whether a lock forbids a request, as Azure's 409. A delete is forbidden by any lock at the thing, above it or
/// below it; a write or an action by `ReadOnly` at or above. Locks themselves can always be changed.
pub(crate) fn forbids(objects: &dyn Objects, method: &str, path: &str) -> Option<Answer> {
    let target = canonical(path);
    if ["GET", "HEAD"].contains(&method) || target.contains("/providers/microsoft.authorization/locks") {
        return None;
    }
    let is_action = method == "POST";
    let target = if is_action { target.rsplit_once('/').map(|(thing, _)| thing.to_owned())? } else { target };
    let chain = scope::chain(objects, &target);
    let below = format!("{target}/");
    let locked: Vec<&str> = objects
        .of_extension("locks")
        .into_iter()
        .filter(|lock| {
            let read_only =
                text(lock, "/properties/level").is_some_and(|level| level.eq_ignore_ascii_case("ReadOnly"));
            let its = canonical(super::extended(id_of(lock)));
            let covers = chain.contains(&its) || (method == "DELETE" && its.starts_with(&below));
            covers && (method == "DELETE" || read_only)
        })
        .map(|lock| super::extended(id_of(lock)))
        .collect();
    if locked.is_empty() {
        return None;
    }
    let scope = if is_action { path.rsplit_once('/').map_or(path, |(thing, _)| thing) } else { path };
    let operation = if method == "DELETE" { "delete" } else { "write" };
    let message = format!(
        "The scope '{scope}' cannot perform {operation} operation because following scope(s) are locked: '{}'. \
         Please remove the lock and try again.",
        locked.join(",")
    );
    Some(Answer::error(409, "ScopeLocked", message))
}
