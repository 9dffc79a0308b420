//! Authorization room of the local Azure: the tree of scopes, from a child resource up to `/`. Pure text, plus
//! the management-group links that the estate holds.

use serde_json::Value;

pub(crate) use crate::objects::canonical;

use super::view::{Answer, Objects};
use crate::objects::Key;

/// What the ids of this provider's objects have in the middle.
pub(super) const PROVIDER: &str = "/providers/microsoft.authorization/";

/// Where management groups live; a subscription hangs below the group that lists it.
pub(crate) const MANAGEMENT_GROUPS: &str = "/providers/microsoft.management/managementgroups/";

/// The scope directly above, by the text of the id alone; `None` above `/`.
fn above(scope: &str) -> Option<String> {
    let parts: Vec<&str> = scope.split('/').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return None;
    }
    let keep = match parts.iter().rposition(|part| *part == "providers") {
        Some(at) if parts.len() - at > 4 => parts.len() - 2,
        Some(at) => at,
        None => parts.len().saturating_sub(2),
    };
    let keep = parts.get(..keep).unwrap_or_default();
    Some(format!("/{}", keep.join("/")))
}

/// The management group directly above a subscription or a management group.
fn group_above(objects: &dyn Objects, scope: &str) -> Option<String> {
    if let Some(subscription) = scope.strip_prefix("/subscriptions/") {
        let ending = format!("/subscriptions/{subscription}");
        let below = Key::Kind("microsoft.management/managementgroups/subscriptions".to_owned());
        return objects.found(&below).into_iter().find_map(|object| {
            let id = canonical(object.get("id")?.as_str()?);
            id.strip_suffix(&ending).map(str::to_owned)
        });
    }
    let parent = objects.get(scope)?.pointer("/properties/details/parent/id")?.as_str()?;
    Some(canonical(parent))
}

/// The scope itself and everything above it, nearest first, ending in `/`; all in canonical form.
pub(crate) fn chain(objects: &dyn Objects, scope: &str) -> Vec<String> {
    let mut chain = vec![canonical(scope)];
    while let Some(last) = chain.last().filter(|last| *last != "/").cloned() {
        let linked =
            if is_group(&last) || is_subscription(&last) { group_above(objects, &last) } else { None };
        let next = linked.or_else(|| above(&last)).unwrap_or_else(|| "/".to_owned());
        // A circle of management groups in a hand-written estate must not hang the process.
        if chain.contains(&next) {
            chain.push("/".to_owned());
        } else {
            chain.push(next);
        }
    }
    chain
}

/// Is `inner` the scope `outer` or below it?
pub(crate) fn contains(objects: &dyn Objects, outer: &str, inner: &str) -> bool {
    let outer = canonical(outer);
    chain(objects, inner).contains(&outer)
}

/// `/subscriptions/{id}` and nothing more.
pub(crate) fn is_subscription(scope: &str) -> bool {
    scope.strip_prefix("/subscriptions/").is_some_and(|rest| !rest.contains('/'))
}

/// `/providers/Microsoft.Management/managementGroups/{id}` and nothing more.
pub(crate) fn is_group(scope: &str) -> bool {
    scope.strip_prefix(MANAGEMENT_GROUPS).is_some_and(|rest| !rest.contains('/'))
}

/// The subscription id that a scope lies in, as written in the scope.
pub(crate) fn subscription_of(scope: &str) -> Option<&str> {
    let mut parts = scope.split('/').filter(|part| !part.is_empty());
    parts.next().filter(|first| first.eq_ignore_ascii_case("subscriptions"))?;
    parts.next()
}

/// The top-level thing a scope needs to exist: a group, or the first resource under it, as written.
pub(crate) fn anchor(scope: &str) -> String {
    let parts: Vec<&str> = scope.split('/').filter(|part| !part.is_empty()).collect();
    let keep = match parts.iter().position(|part| part.eq_ignore_ascii_case("providers")) {
        Some(at) => (at + 4).min(parts.len()),
        None => parts.len(),
    };
    format!("/{}", parts.get(..keep).unwrap_or_default().join("/"))
}

/// The id of an object as the estate holds it, or an empty text.
pub(crate) fn id_of(object: &Value) -> &str {
    object.get("id").and_then(Value::as_str).unwrap_or_default()
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
    let anchor = anchor(at);
    if anchor == "/" {
        return Ok(());
    }
    if let Some(subscription) = subscription_of(&anchor) {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::Small;
    use super::*;

    #[test]
    fn a_child_resource_lies_in_its_parent_its_group_its_subscription_and_its_management_groups() {
        let world = Small::with(vec![
            json!({"id": "/providers/Microsoft.Management/managementGroups/root"}),
            json!({"id": "/providers/Microsoft.Management/managementGroups/pay",
                   "properties": {"details": {"parent": {"id": "/providers/Microsoft.Management/managementGroups/ROOT"}}}}),
            json!({"id": "/providers/Microsoft.Management/managementGroups/pay/subscriptions/S1"}),
        ]);
        assert_eq!(
            chain(&world, "/subscriptions/s1/resourceGroups/RG/providers/N.S/t/a/u/b"),
            [
                "/subscriptions/s1/resourcegroups/rg/providers/n.s/t/a/u/b",
                "/subscriptions/s1/resourcegroups/rg/providers/n.s/t/a",
                "/subscriptions/s1/resourcegroups/rg",
                "/subscriptions/s1",
                "/providers/microsoft.management/managementgroups/pay",
                "/providers/microsoft.management/managementgroups/root",
                "/",
            ]
        );
    }

    #[test]
    fn a_name_that_begins_another_name_does_not_contain_it() {
        let world = Small::with(vec![]);
        assert!(!contains(
            &world,
            "/subscriptions/s/resourceGroups/rg",
            "/subscriptions/s/resourceGroups/rg1"
        ));
        assert!(contains(&world, "/", "/subscriptions/s"));
    }

    #[test]
    fn management_groups_in_a_circle_still_end_at_the_root() {
        let world = Small::with(vec![
            json!({"id": "/providers/Microsoft.Management/managementGroups/a",
                   "properties": {"details": {"parent": {"id": "/providers/Microsoft.Management/managementGroups/b"}}}}),
            json!({"id": "/providers/Microsoft.Management/managementGroups/b",
                   "properties": {"details": {"parent": {"id": "/providers/Microsoft.Management/managementGroups/a"}}}}),
        ]);
        assert_eq!(chain(&world, "/providers/Microsoft.Management/managementGroups/a").len(), 3);
    }
}
