//! ARM: the operations that a provider says it has: of identities, whose description has them. Pure. Of another provider
//! the question is refused as not played, never answered with nothing.
//!
//! Source: <https://learn.microsoft.com/azure/role-based-access-control/permissions/identity>

use crate::authorization::Call;
use crate::http::{Reply, not_here};
use serde_json::{Value, json};

const NAMESPACE: &str = "Microsoft.ManagedIdentity";

/// Type, operation, what it is called.
const OPERATIONS: [(&str, &str, &str); 11] = [
    ("userAssignedIdentities", "read", "Get User Assigned Identity"),
    ("userAssignedIdentities", "write", "Create/Update User Assigned Identity"),
    ("userAssignedIdentities", "delete", "Delete User Assigned Identity"),
    ("userAssignedIdentities", "assign/action", "Assign User Assigned Identity"),
    ("userAssignedIdentities", "listAssociatedResources/action", "List Associated Resources"),
    ("userAssignedIdentities", "revokeTokens/action", "Revoke Tokens"),
    ("userAssignedIdentities/federatedIdentityCredentials", "read", "Get Federated Identity Credential"),
    (
        "userAssignedIdentities/federatedIdentityCredentials",
        "write",
        "Create/Update Federated Identity Credential",
    ),
    ("userAssignedIdentities/federatedIdentityCredentials", "delete", "Delete Federated Identity Credential"),
    ("identities", "read", "Get System Assigned Identity"),
    ("operations", "read", "List Operations"),
];

/// Answers a question for operations; `None` for every other request.
pub(super) fn handle(call: &Call<'_>) -> Option<Reply> {
    let path = call.path.to_lowercase();
    let path = path.trim_end_matches('/');
    if call.method != "GET" {
        return None;
    }
    if let Some(of) = path.strip_prefix("/providers/microsoft.authorization/provideroperations") {
        return Some(match of.trim_start_matches('/') {
            "" => Reply::json(200, json!({ "value": [whole()] })),
            of if of.eq_ignore_ascii_case(NAMESPACE) => Reply::json(200, whole()),
            of => not_here(&format!("the operations of {of}")),
        });
    }
    let of = path.strip_prefix("/providers/")?.strip_suffix("/operations")?;
    if of.contains('/') {
        return None;
    }
    if !of.eq_ignore_ascii_case(NAMESPACE) {
        return Some(not_here(&format!("the operations of {of}")));
    }
    let value: Vec<Value> = OPERATIONS.iter().map(shown).collect();
    Some(Reply::json(200, json!({ "value": value })))
}

fn shown((kind, operation, called): &(&str, &str, &str)) -> Value {
    json!({"name": format!("{NAMESPACE}/{kind}/{operation}"), "display": {"provider": "Microsoft Managed Identity",
        "resource": kind, "operation": called, "description": called}})
}

/// All of them by type.
fn whole() -> Value {
    let mut kinds: Vec<&str> = OPERATIONS.iter().map(|(kind, ..)| *kind).collect();
    kinds.dedup();
    let of = |wanted: &&str| {
        let operations = OPERATIONS.iter().filter(|(kind, ..)| kind == wanted).map(|(kind, operation, called)| {
            json!({"name": format!("{NAMESPACE}/{kind}/{operation}"), "displayName": called, "description": called,
                "origin": "user,system", "isDataAction": false})
        });
        json!({"name": wanted, "displayName": wanted, "operations": operations.collect::<Vec<Value>>()})
    };
    let types: Vec<Value> = kinds.iter().map(of).collect();
    json!({"id": format!("/providers/Microsoft.Authorization/providerOperations/{NAMESPACE}"), "name": NAMESPACE,
        "type": "Microsoft.Authorization/providerOperations", "displayName": "Microsoft Managed Identity",
        "resourceTypes": types, "operations": []})
}
