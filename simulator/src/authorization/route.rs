//! Authorization room: which of its parts answers a request, and what they all need to know of ids.

#[cfg(any(test, feature = "fuzz"))]
use super::filter;
use super::view::{Answer, Call, Objects};
use super::{access, assignments, locks, pending, roles, schedules, scope};

/// What the ids of this provider's objects have in the middle.
const PROVIDER: &str = "/providers/microsoft.authorization/";

/// Tries a filter with everything that any list of this provider knows.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn filter_terms(text: &str) {
    let known = ["atscope()", "assignedto()", "principalid", "rolename", "type"];
    drop(filter::parse(text, &known));
}

/// Answers a request whose last provider is `Microsoft.Authorization`; `None` for its types that need no rules of
/// their own (policy assignments and definitions), which are generic resources.
pub(crate) fn handle(objects: &mut dyn Objects, call: &Call) -> Option<Answer> {
    // Lower-casing keeps the length of ASCII only, so the split is made on the sent text.
    let at = call.path.to_ascii_lowercase().rfind(PROVIDER)?;
    let (scope, rest) = (call.path.get(..at)?, call.path.get(at + PROVIDER.len()..)?);
    let mut parts = rest.split('/').filter(|part| !part.is_empty());
    let (kind, name, more) = (parts.next()?.to_ascii_lowercase(), parts.next(), parts.next());
    let scope = if scope == "/" { "" } else { scope };
    if let Some(verb) = more {
        let cancels = call.method == "POST" && verb.eq_ignore_ascii_case("cancel");
        let cancels = cancels && kind == "roleassignmentschedulerequests";
        return name.filter(|_| cancels).map(|name| pending::cancel(objects, call, scope, name));
    }
    match kind.as_str() {
        "roleassignments" => Some(assignments::handle(objects, call, scope, name)),
        "roledefinitions" => Some(roles::handle(objects, call, scope, name)),
        "locks" => Some(locks::handle(objects, call, scope, name)),
        "roleassignmentschedulerequests" => Some(schedules::request(objects, call, scope, name)),
        "denyassignments"
        | "roleassignmentschedules"
        | "roleassignmentscheduleinstances"
        | "roleeligibilityschedules"
        | "roleeligibilityscheduleinstances"
        | "roleeligibilityschedulerequests" => Some(schedules::read(objects, call, scope, &kind, name)),
        "permissions" if name.is_none() => Some(access::permissions(objects, call, scope)),
        _ => None,
    }
}

/// What an extension object of this provider extends, as written: its scope, empty for the root.
pub(super) fn extended(id: &str) -> &str {
    id.to_ascii_lowercase().rfind(PROVIDER).and_then(|at| id.get(..at)).unwrap_or(id)
}

/// The id of an extension object at a scope.
pub(super) fn child(scope: &str, kind: &str, name: &str) -> String {
    format!("{}/providers/Microsoft.Authorization/{kind}/{name}", scope.trim_end_matches('/'))
}

/// Refuses a scope whose subscription, group or first resource is not there.
pub(super) fn check_scope(objects: &dyn Objects, at: &str) -> Result<(), Answer> {
    let anchor = scope::anchor(at);
    if anchor == "/" {
        return Ok(());
    }
    if let Some(subscription) = scope::subscription_of(&anchor) {
        if objects.get(&format!("/subscriptions/{subscription}")).is_none() {
            let message = format!("The subscription '{subscription}' could not be found.");
            return Err(Answer::error(404, "SubscriptionNotFound", message));
        }
        let parts: Vec<&str> = anchor.split('/').skip(3).collect();
        let named = parts.first().is_some_and(|part| part.eq_ignore_ascii_case("resourceGroups"));
        let group = parts.get(1).filter(|_| named).copied();
        let missing = |group: &&str| {
            objects.get(&format!("/subscriptions/{subscription}/resourceGroups/{group}")).is_none()
        };
        if let Some(group) = group.filter(missing) {
            let message = format!("Resource group '{group}' could not be found.");
            return Err(Answer::error(404, "ResourceGroupNotFound", message));
        }
    }
    if objects.get(&anchor).is_none() {
        let message = format!("The Resource '{anchor}' was not found.");
        return Err(Answer::error(404, "ResourceNotFound", message));
    }
    Ok(())
}
