//! Activities: which deny assignments keep the caller from what the move needs. Pure.

use crate::azure::{PrincipalId, ResourceId};
use crate::references::members;
use crate::relocate::facts::{Denied, Right};
use crate::relocate::rights::allows;
use serde_json::Value;
use std::collections::BTreeSet;

/// Who is signed in: the object id and, where they could be read, the groups, all in lower case.
pub(crate) struct Caller<'a> {
    pub(crate) id: PrincipalId,
    pub(crate) groups: Option<&'a BTreeSet<PrincipalId>>,
}

/// Every right of the move that one of the deny assignments takes from the caller.
pub(crate) fn of(denials: &[Value], caller: &Caller<'_>, rights: &[Right]) -> Vec<Denied> {
    let mut out = Vec::new();
    for body in denials {
        let (Some(id), Some(doubtful)) = (members::id::<ResourceId>(body, "/id"), caller.is_denied(body))
        else {
            continue;
        };
        let Some(scope) = members::scope(body) else { continue };
        let name = members::text(body, "/properties/denyAssignmentName");
        let name = name.unwrap_or_else(|| id.name().to_owned());
        let only = body.pointer("/properties/doNotApplyToChildScopes") == Some(&Value::Bool(true));
        let blocks = body.pointer("/properties/permissions").and_then(Value::as_array);
        let blocks = blocks.map(Vec::as_slice).unwrap_or_default();
        let conditional = has_condition(&body["properties"]) || blocks.iter().any(has_condition);
        let reaches = |at: &str| {
            let at = ResourceId::from(at);
            scope == "/" || scope == at || (!only && at.is_below(scope.trim_end_matches('/')))
        };
        let taken = rights.iter().filter(|right| reaches(&right.scope) && allows(blocks, &right.action));
        out.extend(taken.map(|right| Denied {
            id: id.clone(),
            name: name.clone(),
            scope: scope.clone(),
            action: right.action.clone(),
            at: (&right.scope).into(),
            later: right.later,
            doubtful: doubtful || conditional,
        }));
    }
    out.sort();
    out.dedup();
    out
}

fn has_condition(value: &Value) -> bool {
    value.get("condition").and_then(Value::as_str).is_some_and(|condition| !condition.is_empty())
}

impl Caller<'_> {
    /// Whether a deny assignment is for the caller, and whether nobody can be sure; `None` where it is not.
    fn is_denied(&self, body: &Value) -> Option<bool> {
        let [denied, spared] =
            ["/properties/principals", "/properties/excludePrincipals"].map(|list| self.among(body, list));
        match (denied, spared) {
            (Among::No, _) | (_, Among::Yes) => None,
            (Among::Yes, Among::No) => Some(false),
            (Among::Yes | Among::Perhaps, _) => Some(true),
        }
    }

    fn among(&self, body: &Value, list: &str) -> Among {
        let all: Vec<&Value> = body.pointer(list).and_then(Value::as_array).into_iter().flatten().collect();
        let ids: Vec<PrincipalId> = all.iter().filter_map(|one| members::id(one, "/id")).collect();
        let is_me = |id: &PrincipalId| {
            *id == self.id || *id == *EVERYBODY || self.groups.is_some_and(|g| g.contains(id))
        };
        if ids.iter().any(is_me) {
            return Among::Yes;
        }
        let group = |one: &&Value| {
            let kind = members::text(one, "/type").unwrap_or_default().to_lowercase();
            !matches!(kind.as_str(), "user" | "serviceprincipal" | "systemdefined")
        };
        if self.groups.is_none() && all.iter().any(group) { Among::Perhaps } else { Among::No }
    }
}

/// Whether the caller is in a list.
#[derive(Clone, Copy)]
enum Among {
    Yes,
    No,
    /// A group is in it, and whose members are is not known.
    Perhaps,
}

/// Everybody, in a deny assignment.
/// Source: <https://learn.microsoft.com/azure/role-based-access-control/deny-assignments>
pub(crate) const EVERYBODY: &str = "00000000-0000-0000-0000-000000000000";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::GROUP;
    use serde_json::json;

    const ME: &str = "0b5ec7ed-0000-4000-8000-00000000c11e";

    fn deny(denied: &[(&str, &str)], spared: &[(&str, &str)], more: Value) -> Value {
        let list = |all: &[(&str, &str)]| {
            all.iter().map(|(id, kind)| json!({"id": id, "type": kind})).collect::<Vec<_>>()
        };
        let mut body = json!({"id": format!("{GROUP}/providers/Microsoft.Authorization/denyAssignments/d"), "properties": {
            "denyAssignmentName": "managed", "scope": GROUP, "principals": list(denied), "excludePrincipals": list(spared),
            "permissions": [{"actions": ["*/write", "*/delete"], "notActions": ["Microsoft.Web/sites/write"]}]}});
        for (name, value) in more.as_object().unwrap() {
            body["properties"][name] = value.clone();
        }
        body
    }

    /// Where storage is not writable, and whether that is certain.
    fn found(body: Value, groups: Option<&[&str]>) -> Vec<(String, bool)> {
        let groups: Option<BTreeSet<PrincipalId>> =
            groups.map(|all| all.iter().map(|g| PrincipalId::from(*g)).collect());
        let caller = Caller { id: ME.into(), groups: groups.as_ref() };
        let right = |action: &str, scope: String| Right {
            action: action.into(),
            scope,
            held: Some(true),
            later: false,
        };
        let rights = [
            right(
                "Microsoft.Storage/storageAccounts/write",
                format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/st"),
            ),
            right("Microsoft.Web/sites/write", format!("{GROUP}/providers/Microsoft.Web/sites/a")),
            right(
                "Microsoft.Storage/storageAccounts/write",
                "/subscriptions/s1/resourceGroups/other/providers/x/y/z".into(),
            ),
            right("Microsoft.Storage/storageAccounts/read", GROUP.into()),
            right("Microsoft.Resources/tags/write", GROUP.into()),
            right("GroupMember.ReadWrite.All", "group g".into()),
        ];
        of(&[body], &caller, &rights).into_iter().map(|d| (d.at.name().to_owned(), d.doubtful)).collect()
    }

    #[test]
    fn whoever_is_denied_by_name_by_group_or_with_everybody_is_told_where_and_what() {
        let both = vec![("rg-pay-weu".to_owned(), false), ("st".to_owned(), false)];
        let everybody = (EVERYBODY, "SystemDefined");
        let upper = ME.to_uppercase();
        for denied in [everybody, (upper.as_str(), "ServicePrincipal"), ("g", "Group")] {
            assert_eq!(found(deny(&[denied], &[], json!({})), Some(&["g"])), both, "{denied:?}");
        }
        assert!(found(deny(&[("g", "Group")], &[], json!({})), Some(&[])).is_empty());
        for spared in [(ME, "User"), ("g", "Group")] {
            assert!(found(deny(&[everybody], &[spared], json!({})), Some(&["g"])).is_empty(), "{spared:?}");
        }
        let only = json!({"doNotApplyToChildScopes": true});
        assert_eq!(found(deny(&[everybody], &[], only), Some(&[])), [("rg-pay-weu".to_owned(), false)]);
        assert!(found(deny(&[everybody], &[], json!({"scope": "/subscriptions/s2"})), Some(&[])).is_empty());
    }

    #[test]
    fn what_cannot_be_known_counts_as_denied_and_says_so() {
        let everybody = (EVERYBODY, "SystemDefined");
        let doubtful =
            |found: Vec<(String, bool)>| !found.is_empty() && found.iter().all(|(_, doubtful)| *doubtful);
        assert!(doubtful(found(deny(&[("g", "Group")], &[], json!({})), None)));
        assert!(doubtful(found(deny(&[everybody], &[("g", "Group")], json!({})), None)));
        let condition = json!({"condition": "@Resource[x] StringEquals 'y'"});
        assert!(doubtful(found(deny(&[everybody], &[], condition), Some(&[]))));
    }
}
