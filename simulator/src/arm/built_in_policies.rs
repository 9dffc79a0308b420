//! ARM: policy definitions that every tenant has. Some of the best known: who asks for another one is told that it is
//! not here.
//!
//! Source: <https://learn.microsoft.com/azure/governance/policy/samples/built-in-policies>

use crate::http::Reply;
use serde_json::{Value, json};

const PREFIX: &str = "/providers/microsoft.authorization/policydefinitions/";

/// Name, what it is called, category, effect.
const DEFINITIONS: [(&str, &str, &str, &str); 5] = [
    ("e56962a6-4747-49cd-b67b-bf8b01975c4c", "Allowed locations", "General", "deny"),
    ("e765b5de-1225-4ba3-bd56-1ac6695af988", "Allowed locations for resource groups", "General", "deny"),
    ("06a78e20-9358-41c9-923c-fb736d382a4d", "Audit VMs that do not use managed disks", "Compute", "audit"),
    (
        "d367bd60-64ca-4364-98ea-276775bddd94",
        "[Preview]: Assign Built-In User-Assigned Managed Identity to Virtual Machines",
        "Managed Identity",
        "deployIfNotExists",
    ),
    (
        "516187d4-ef64-4a1b-ad6b-a7348502976c",
        "[Preview]: Assign Built-In User-Assigned Managed Identity to Virtual Machine Scale Sets",
        "Managed Identity",
        "deployIfNotExists",
    ),
];

/// A definition by the id under which every scope knows it.
pub(super) fn find(id: &str) -> Option<Value> {
    let name = id.to_lowercase().strip_prefix(PREFIX)?.to_owned();
    DEFINITIONS.iter().find(|(known, ..)| *known == name).map(shown)
}

/// All of them.
pub(super) fn all() -> Vec<Value> {
    DEFINITIONS.iter().map(shown).collect()
}

/// Answers a GET of the tenant's definitions; `None` where another place is asked.
pub(super) fn handle(method: &str, path: &str) -> Option<Reply> {
    let path = path.to_lowercase();
    match (method, path.trim_end_matches('/')) {
        ("GET", "/providers/microsoft.authorization/policydefinitions") => {
            Some(Reply::json(200, json!({ "value": all() })))
        }
        ("GET", one) if one.starts_with(PREFIX) => Some(match find(one) {
            Some(found) => Reply::json(200, found),
            // All of Azure's are named by GUIDs, and most of those are not here.
            None if uuid::Uuid::try_parse(one.rsplit('/').next().unwrap_or_default()).is_ok() => {
                crate::http::not_here("this built-in policy definition")
            }
            None => {
                let name = one.rsplit('/').next().unwrap_or_default();
                let message = format!("The policy definition '{name}' could not be found.");
                Reply::error(404, "PolicyDefinitionNotFound", &message)
            }
        }),
        _ => None,
    }
}

fn shown(&(name, called, category, effect): &(&str, &str, &str, &str)) -> Value {
    let mut properties = json!({
        "displayName": called, "policyType": "BuiltIn", "mode": "Indexed", "metadata": {"category": category},
        "parameters": {}, "policyRule": {"if": {"field": "type", "equals": "Microsoft.Compute/virtualMachines"},
            "then": {"effect": effect}},
    });
    if effect == "deny" {
        properties["parameters"] = json!({"listOfAllowedLocations": {"type": "Array"}});
        let field = if called.ends_with("groups") {
            json!({"field": "type", "equals": "Microsoft.Resources/subscriptions/resourceGroups"})
        } else {
            json!({"field": "location", "notEquals": "global"})
        };
        let allowed = json!({"not": {"field": "location", "in": "[parameters('listOfAllowedLocations')]"}});
        properties["policyRule"]["if"] = json!({"allOf": [field, allowed]});
    }
    json!({
        "id": format!("/providers/Microsoft.Authorization/policyDefinitions/{name}"), "name": name,
        "type": "Microsoft.Authorization/policyDefinitions", "properties": properties,
    })
}
