//! Activities: places that give an identity by its name and its resource group, as two texts side by side: parameters of
//! policies, of stacks and of templates. Pure.
//! Source: <https://learn.microsoft.com/azure/azure-monitor/agents/azure-monitor-agent-policy>

use super::scan::{Identifier, Identifiers, Mention, escape};
use crate::azure::ResourceId;
use serde_json::{Map, Value};

/// The name and the group of an identity.
fn name_and_group(id: &ResourceId) -> Option<[&str; 2]> {
    Some([id.name(), id.resource_group()?]).filter(|[name, _]| !name.is_empty())
}

/// Every pair of a name and a group that stand in one object, or each as the `value` of a member of it.
pub(crate) fn pairs(value: &Value, who: &Identifiers) -> Vec<Mention> {
    let mut found = Vec::new();
    if let Some(pair) = name_and_group(&who.resource_id) {
        walk(value, &mut String::new(), pair, &mut found);
    }
    found
}

/// Whether a template works the id out of the name: `resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'x')`.
pub(crate) fn is_worked_out(template: &Value, who: &Identifiers) -> bool {
    match template {
        Value::String(text) => {
            let text = text.to_lowercase();
            let name = name_and_group(&who.resource_id).map(|[name, _]| format!("'{}'", name.to_lowercase()));
            text.contains("microsoft.managedidentity/userassignedidentities")
                && name.is_some_and(|name| text.contains(&name))
        }
        Value::Array(items) => items.iter().any(|item| is_worked_out(item, who)),
        Value::Object(members) => members.values().any(|member| is_worked_out(member, who)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn walk(value: &Value, at: &mut String, pair: [&str; 2], found: &mut Vec<Mention>) {
    let here = at.len();
    match value {
        Value::Object(members) => {
            found.extend(beside(members, at, pair));
            for (name, member) in members {
                at.push_str(&format!("/{}", escape(name)));
                walk(member, at, pair, found);
                at.truncate(here);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                walk(item, at, pair, found);
                at.truncate(here);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn beside(members: &Map<String, Value>, at: &str, [name, group]: [&str; 2]) -> Vec<Mention> {
    let named = |wanted: &str, identifier| -> Vec<Mention> {
        let text = |(key, member): (&String, &Value)| {
            let (text, below) = match member {
                Value::String(text) => (text.as_str(), ""),
                other => ["value", "defaultValue"]
                    .iter()
                    .find_map(|name| Some((other.get(*name)?.as_str()?, *name)))
                    .map(|(text, name)| (text, if name == "value" { "/value" } else { "/defaultValue" }))?,
            };
            let pointer = format!("{at}/{}{below}", escape(key));
            text.eq_ignore_ascii_case(wanted).then_some(Mention { pointer, identifier, key: false })
        };
        members.iter().filter_map(text).collect()
    };
    let (names, groups) = (named(name, Identifier::Name), named(group, Identifier::Group));
    if names.is_empty() || groups.is_empty() {
        return Vec::new();
    }
    names.into_iter().chain(groups).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_counts_only_beside_the_group_of_the_same_identity() {
        let id = "/subscriptions/s/resourcegroups/RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-a";
        let who = Identifiers { resource_id: id.into(), client_id: "".into(), principal_id: "".into() };
        let of = |body: Value| -> Vec<(String, Identifier)> {
            pairs(&body, &who).into_iter().map(|m| (m.pointer, m.identifier)).collect()
        };
        let parameters = json!({"properties": {"parameters": {
            "userAssignedManagedIdentityName": {"value": "ID-A"},
            "userAssignedManagedIdentityResourceGroup": {"value": "rg"}, "bring": {"value": true}}}});
        let head = "/properties/parameters/userAssignedManagedIdentity";
        assert_eq!(
            of(parameters),
            [
                (format!("{head}Name/value"), Identifier::Name),
                (format!("{head}ResourceGroup/value"), Identifier::Group)
            ]
        );
        assert!(of(json!({"name": "id-a", "group": "other"})).is_empty());
        assert!(of(json!({"a": {"name": "id-a"}, "b": {"group": "rg"}})).is_empty(), "not side by side");
        assert_eq!(of(json!([{"name": "id-a", "group": "rg"}])).len(), 2);
        assert_eq!(of(json!({"n": {"defaultValue": "id-a"}, "g": {"defaultValue": "rg"}})).len(), 2);
        let template = |name: &str| {
            let id = format!("[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', '{name}')]");
            is_worked_out(&json!({"resources": [{"identity": {"userAssignedIdentities": id}}]}), &who)
        };
        assert!(template("ID-A") && !template("id-ab"));
    }
}
