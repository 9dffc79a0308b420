//! Authorization room of the local Azure: who may do what, and the answers 403 and `permissions`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::actions::{Permission, Plane};
use super::assignments::identities;
use super::scope::{self, canonical, id_of};
use super::view::{Answer, Call, Objects, text};
use super::{assignments, roles};

/// Everybody, in a deny assignment.
const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";

/// The permission blocks that these ids hold at a scope at this moment.
fn held(
    objects: &dyn Objects,
    ids: &BTreeSet<String>,
    plane: Plane,
    scope: &str,
    now: DateTime<Utc>,
) -> Vec<Permission> {
    let chain = scope::chain(objects, scope);
    let mut roles_seen: BTreeMap<String, Cow<'_, [Permission]>> = BTreeMap::new();
    for assignment in assignments::of(objects, ids) {
        if !chain.contains(&canonical(assignments::scope_of(assignment))) {
            continue;
        }
        // Not updatedOn: a changed description does not take a grant away.
        let since = text(assignment, "/properties/createdOn").and_then(|at| at.parse::<DateTime<Utc>>().ok());
        let below = canonical(assignments::scope_of(assignment)).starts_with("/subscriptions/");
        let delay = match plane {
            Plane::Data if !below => objects.delays().high_data_grant,
            Plane::Control | Plane::Data => objects.delays().grant,
        };
        if since.is_some_and(|since| now < since + delay) {
            continue;
        }
        let guid = roles::guid_of(text(assignment, "/properties/roleDefinitionId").unwrap_or_default());
        if let Some((guid, permissions)) = roles::permissions_of(objects, guid) {
            roles_seen.entry(guid).or_insert(permissions);
        }
    }
    roles_seen.into_values().flat_map(Cow::into_owned).collect()
}

/// Is there a deny assignment that forbids this?
fn denied(
    objects: &dyn Objects,
    ids: &BTreeSet<String>,
    plane: Plane,
    action: &str,
    chain: &[String],
) -> bool {
    objects.of_extension("denyassignments").into_iter().any(|deny| {
        let at = canonical(super::extended(id_of(deny)));
        let exact = deny.pointer("/properties/doNotApplyToChildScopes") == Some(&Value::Bool(true));
        let applies = if exact { chain.first() == Some(&at) } else { chain.contains(&at) };
        let names = |pointer: &str, everyone: bool| {
            let list = deny.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            list.iter()
                .filter_map(|one| text(one, "/id"))
                .any(|id| ids.contains(&id.to_lowercase()) || (everyone && id == EVERYONE))
        };
        let blocks = deny.pointer("/properties/permissions").cloned().unwrap_or_default();
        let blocks: Vec<Permission> = serde_json::from_value(blocks).unwrap_or_default();
        applies
            && names("/properties/principals", true)
            && !names("/properties/excludePrincipals", false)
            && blocks.iter().any(|block| block.allows(plane, action))
    })
}

/// May any of these ids do this at this moment? Deny assignments win over roles.
pub(crate) fn allowed(
    objects: &dyn Objects,
    ids: &BTreeSet<String>,
    plane: Plane,
    action: &str,
    scope: &str,
    now: DateTime<Utc>,
) -> bool {
    let granted = held(objects, ids, plane, scope, now).iter().any(|block| block.allows(plane, action));
    granted && !denied(objects, ids, plane, action, &scope::chain(objects, scope))
}

/// An estate that gives the caller no role at all means an operator who owns everything, and stays so
/// whatever is granted later.
fn unbound(objects: &dyn Objects, ids: &BTreeSet<String>) -> bool {
    let since = |a: &Value| text(a, "/properties/createdOn").and_then(|at| at.parse::<DateTime<Utc>>().ok());
    !assignments::of(objects, ids)
        .into_iter()
        .any(|assignment| since(assignment).is_none_or(|since| since < objects.began()))
}

/// What a write needs on the identities that it attaches, beside the right to the write itself.
pub(crate) const ASSIGN: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";

/// May the caller do this to what a write refers to? The refusal is Azure's linked-access check.
pub(crate) fn linked<'a>(
    objects: &dyn Objects,
    call: &Call,
    also: &str,
    mut to: impl Iterator<Item = &'a String>,
) -> Result<(), Answer> {
    let ids = identities(objects, call.caller);
    if unbound(objects, &ids) {
        return Ok(());
    }
    let refused = |id: &&String| !allowed(objects, &ids, Plane::Control, also, id, call.now);
    let Some(id) = to.find(refused) else { return Ok(()) };
    let (action, scope) = needed(call.method, call.path);
    let caller = call.caller;
    let message = format!(
        "The client '{caller}' with object id '{caller}' has permission to perform action '{action}' on scope \
         '{scope}'; however, it does not have permission to perform action(s) '{also}' on the linked scope(s) \
         '{id}' (respectively) or the linked scope(s) are invalid."
    );
    Err(Answer::error(403, "LinkedAuthorizationFailed", message))
}

/// May the caller do this? The refusal is Azure's 403.
pub(crate) fn authorize(
    objects: &dyn Objects,
    caller: &str,
    action: &str,
    scope: &str,
    now: DateTime<Utc>,
) -> Result<(), Answer> {
    let ids = identities(objects, caller);
    if unbound(objects, &ids) || allowed(objects, &ids, Plane::Control, action, scope, now) {
        return Ok(());
    }
    if held(objects, &ids, Plane::Control, scope, now)
        .iter()
        .any(|block| block.allows(Plane::Control, action))
    {
        let message = format!(
            "The client '{caller}' with object id '{caller}' has permission to perform action '{action}' on scope \
             '{scope}'; however, the access is denied because of a deny assignment at or above that scope."
        );
        return Err(Answer::error(403, "DenyAssignmentAuthorizationFailed", message));
    }
    let message = format!(
        "The client '{caller}' with object id '{caller}' does not have authorization to perform action '{action}' \
         over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
    );
    Err(Answer::error(403, "AuthorizationFailed", message))
}

/// The action that a request needs and the scope that it needs it at, read from method and path.
pub(crate) fn needed(method: &str, path: &str) -> (String, String) {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (kind, verb) = kind_and_verb(&parts, method);
    let scope = match (method, verb.is_some() || parts.len() % 2 == 1) {
        // A collection or an action: the scope is the thing it belongs to.
        (_, true) => {
            let cut = parts.len().saturating_sub(1);
            let cut = match parts.iter().rposition(|part| part.eq_ignore_ascii_case("providers")) {
                Some(at) if cut <= at + 2 => at,
                _ => cut,
            };
            parts.get(..cut).unwrap_or_default().join("/")
        }
        _ => parts.join("/"),
    };
    let ending = match (method, verb) {
        ("POST", Some(verb)) => format!("{verb}/action"),
        ("GET" | "HEAD", _) => "read".to_owned(),
        ("DELETE", _) => "delete".to_owned(),
        _ => "write".to_owned(),
    };
    (format!("{kind}/{ending}"), format!("/{scope}"))
}

/// The resource type in a path, and the verb behind it where the request is an action.
fn kind_and_verb<'a>(parts: &[&'a str], method: &str) -> (String, Option<&'a str>) {
    let Some(at) = parts.iter().rposition(|part| part.eq_ignore_ascii_case("providers")) else {
        let group = parts.len() > 2;
        let kind = if group {
            "Microsoft.Resources/subscriptions/resourceGroups"
        } else {
            "Microsoft.Resources/subscriptions"
        };
        let verb = if method == "POST" { parts.last().copied() } else { None };
        return (kind.to_owned(), verb);
    };
    let namespace = parts.get(at + 1).copied().unwrap_or("Microsoft.Resources");
    let rest = parts.get(at + 2..).unwrap_or_default();
    // Types and names alternate; an action is a type segment without a name, sent by POST.
    let (typed, verb) = match (method, rest.split_last()) {
        ("POST", Some((verb, before))) if rest.len() % 2 == 1 => (before, Some(*verb)),
        _ => (rest, None),
    };
    let types = typed.iter().step_by(2).copied();
    (std::iter::once(namespace).chain(types).collect::<Vec<_>>().join("/"), verb)
}

/// Answers `GET {scope}/providers/Microsoft.Authorization/permissions`: the caller's blocks, one for each role.
pub(crate) fn permissions(objects: &dyn Objects, call: &Call, scope: &str) -> Answer {
    if call.method != "GET" {
        return Answer::method_not_allowed(call.method);
    }
    let ids = identities(objects, call.caller);
    let blocks = if unbound(objects, &ids) {
        vec![Permission { actions: vec!["*".to_owned()], ..Permission::default() }]
    } else {
        held(objects, &ids, Plane::Control, scope, call.now)
    };
    Answer::list(blocks.iter().map(roles::show_block).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_needed_action_is_read_from_method_and_path() {
        let vm = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v";
        let id =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i";
        let table = [
            ("GET", vm.to_owned(), "Microsoft.Compute/virtualMachines/read", vm.to_owned()),
            ("PATCH", vm.to_owned(), "Microsoft.Compute/virtualMachines/write", vm.to_owned()),
            ("DELETE", vm.to_owned(), "Microsoft.Compute/virtualMachines/delete", vm.to_owned()),
            (
                "POST",
                format!("{id}/listAssociatedResources"),
                "Microsoft.ManagedIdentity/userAssignedIdentities/listAssociatedResources/action",
                id.to_owned(),
            ),
            (
                "PUT",
                format!("{id}/providers/Microsoft.Authorization/roleAssignments/n"),
                "Microsoft.Authorization/roleAssignments/write",
                format!("{id}/providers/Microsoft.Authorization/roleAssignments/n"),
            ),
            (
                "GET",
                "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments".to_owned(),
                "Microsoft.Authorization/roleAssignments/read",
                "/subscriptions/s".to_owned(),
            ),
            (
                "GET",
                format!("{id}/federatedIdentityCredentials"),
                "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
                id.to_owned(),
            ),
            (
                "PUT",
                "/subscriptions/s/resourceGroups/g".to_owned(),
                "Microsoft.Resources/subscriptions/resourceGroups/write",
                "/subscriptions/s/resourceGroups/g".to_owned(),
            ),
        ];
        for (method, path, action, scope) in table {
            assert_eq!(needed(method, &path), (action.to_owned(), scope), "{method} {path}");
        }
    }
}
