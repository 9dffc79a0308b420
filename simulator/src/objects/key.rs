//! Objects: by what objects are looked for. Whoever holds them may keep an index of it; whoever does not walks over all of
//! them and finds the same. Pure.

use super::ArmPath;
use super::scope::canonical;
use serde_json::Value;

/// What the ids of the authorization provider's objects have in the middle.
const PROVIDER: &str = "/providers/microsoft.authorization/";
const ASSIGNMENTS: &str = "roleassignments";

/// Something that objects have in common; ids and names are in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    /// The type that the id says: `microsoft.web/sites`; empty for subscriptions and groups.
    Kind(String),
    /// The type that the object itself says, or else its id.
    Type(String),
    /// The type of what the authorization provider keeps, wherever it is: `locks`.
    Extension(String),
    /// Role assignments to a principal.
    AssignedTo(String),
    /// Role assignments at exactly this scope.
    AssignedAt(String),
    /// Role assignments in a subscription, at any scope.
    AssignedIn(String),
    /// Role assignments with this name.
    AssignmentName(String),
    /// What has an identity in its map of them.
    User(String),
    /// What has an entry for a principal in its access policies.
    EntryFor(String),
    /// What names a policy definition.
    Policy,
}

/// Everything that an object is found by; its id is in the form in which ids are compared.
pub(crate) fn keys(id: &str, object: &Value) -> Vec<Key> {
    let kind = ArmPath::parse(id).kind;
    let said = object["type"].as_str().map_or_else(|| kind.clone(), str::to_lowercase);
    let mut all = vec![Key::Kind(kind), Key::Type(said)];
    if let Some(at) = id.rfind(PROVIDER) {
        let (scope, rest) = (&id[..at], &id[at + PROVIDER.len()..]);
        let (kind, rest) = rest.split_once('/').unwrap_or((rest, ""));
        if !rest.is_empty() {
            all.push(Key::Extension(kind.to_owned()));
            if kind == ASSIGNMENTS {
                all.extend(assignment(scope, rest, object));
            }
        }
    }
    let map = object.pointer("/identity/userAssignedIdentities").and_then(Value::as_object);
    all.extend(map.into_iter().flatten().map(|(identity, _)| Key::User(canonical(identity))));
    let entries = object.pointer("/properties/accessPolicies").and_then(Value::as_array);
    let holders = entries.into_iter().flatten().filter_map(|entry| entry["objectId"].as_str());
    all.extend(holders.map(|id| Key::EntryFor(id.to_ascii_lowercase())));
    if object.pointer("/properties/policyDefinitionId").is_some() {
        all.push(Key::Policy);
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn assignment(scope: &str, rest: &str, object: &Value) -> Vec<Key> {
    let scope = canonical(scope);
    let to = object.pointer("/properties/principalId").and_then(Value::as_str).unwrap_or_default();
    let mut all = vec![
        Key::AssignedTo(to.to_lowercase()),
        Key::AssignmentName(rest.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()),
    ];
    if let Some(subscription) = scope.strip_prefix("/subscriptions/").and_then(|rest| rest.split('/').next())
    {
        all.push(Key::AssignedIn(subscription.to_owned()));
    }
    all.push(Key::AssignedAt(scope));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_is_found_by_its_type_its_scope_its_principal_and_what_it_names() {
        let group = "/subscriptions/s/resourcegroups/g";
        let id = format!(
            "{group}/providers/microsoft.web/sites/a/providers/microsoft.authorization/roleassignments/n"
        );
        let found = keys(&id, &json!({"properties": {"principalId": "P"}}));
        for key in [
            Key::Kind("microsoft.authorization/roleassignments".into()),
            Key::Extension("roleassignments".into()),
            Key::AssignedTo("p".into()),
            Key::AssignedAt(format!("{group}/providers/microsoft.web/sites/a")),
            Key::AssignedIn("s".into()),
            Key::AssignmentName("n".into()),
        ] {
            assert!(found.contains(&key), "{key:?}");
        }
        let site = json!({"identity": {"userAssignedIdentities": {"/A/B": {}}}, "properties": {"policyDefinitionId": "x"}});
        let found = keys("/subscriptions/s/resourcegroups/g/providers/microsoft.web/sites/a", &site);
        assert!(found.contains(&Key::User("/a/b".into())) && found.contains(&Key::Policy));
        assert_eq!(
            keys("/subscriptions/s", &json!({})),
            [Key::Kind(String::new()), Key::Type(String::new())]
        );
    }
}
