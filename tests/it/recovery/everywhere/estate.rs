//! One identity with something of every kind: what it may do, who trusts it, and what uses it.

use crate::support::azure::example;
use serde_json::{Value, json};

const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";
const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const LEDGER: &str = "0a1b2c3d-5555-4000-8000-0000000000ed";
const LEDGER_ROLE: &str = "0a1b2c3d-5555-4000-8000-00000000401e";

fn group() -> String {
    format!("{SUB}/resourceGroups/rg-shop-weu")
}

/// The id of the identity that moves.
pub(crate) fn old() -> String {
    format!("{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop", group())
}

/// The id that it will have; its resource group is not there yet.
pub(crate) fn new() -> String {
    old().replace("rg-shop-weu", "rg-shop-new")
}

fn resource(kind: &str, name: &str, properties: Value) -> Value {
    json!({
        "id": format!("{}/providers/{kind}/{name}", group()), "name": name, "type": kind,
        "location": "westeurope", "tags": {"app": name}, "properties": properties,
    })
}

fn host(kind: &str, name: &str, properties: Value) -> Value {
    let mut host = resource(kind, name, properties);
    let users = json!({old(): {"principalId": PRINCIPAL, "clientId": CLIENT}});
    host["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": users});
    host
}

/// The estate of the smallest example, and more; with a lock on a host or without.
pub(crate) fn estate(locked: bool) -> Value {
    let text = std::fs::read_to_string(example("minimal").join("estate.json")).expect("an estate");
    let mut estate: Value = serde_json::from_str(&text).expect("JSON");
    let policy = |principal: &str| {
        json!({"tenantId": "7a1c9f52-0000-4000-8000-00000000c0de", "objectId": principal,
            "permissions": {"keys": [], "secrets": ["get", "list"], "certificates": []}})
    };
    let app = host(
        "Microsoft.App/containerApps",
        "ca-shop",
        json!({
            "provisioningState": "Succeeded",
            "configuration": {"registries": [{"server": "crshop.azurecr.io", "identity": old()}]},
            "template": {"containers": [{"name": "main", "image": "x:1",
                "env": [{"name": "AZURE_CLIENT_ID", "value": CLIENT}, {"name": "MODE", "value": "prod"}]}]},
        }),
    );
    let registry = resource(
        "Microsoft.ContainerRegistry/registries",
        "crshop",
        json!({"provisioningState": "Succeeded"}),
    );
    let vault = resource(
        "Microsoft.KeyVault/vaults",
        "kv-shop",
        json!({
            "provisioningState": "Succeeded", "tenantId": "7a1c9f52-0000-4000-8000-00000000c0de",
            "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": false,
            "accessPolicies": [policy(PRINCIPAL), policy("0a1b2c3d-3333-4000-8000-0000000000aa")],
        }),
    );
    let vm_id = format!("{}/providers/Microsoft.Compute/virtualMachines/vm-batch", group());
    let lock = json!({
        "id": format!("{vm_id}/providers/Microsoft.Authorization/locks/still"), "name": "still",
        "type": "Microsoft.Authorization/locks", "properties": {"level": "ReadOnly", "notes": "year-end"},
    });
    let arm = estate["arm"].as_array_mut().expect("arm");
    arm.extend([app, registry, vault]);
    arm.extend(locked.then_some(lock));
    let graph = estate["graph"].as_array_mut().expect("graph");
    graph.push(json!({
        "@odata.type": "#microsoft.graph.servicePrincipal", "id": LEDGER,
        "appId": "0a1b2c3d-5555-4000-8000-00000000a991", "displayName": "Ledger API",
        "servicePrincipalType": "Application",
        "appRoles": [{"id": LEDGER_ROLE, "value": "Ledger.Read", "isEnabled": true}],
    }));
    graph.push(json!({
        "@odata.type": "#microsoft.graph.appRoleAssignment", "id": "0a1b2c3d-5555-4000-8000-000000009a47",
        "principalId": PRINCIPAL, "resourceId": LEDGER, "appRoleId": LEDGER_ROLE,
        "principalType": "ServicePrincipal",
    }));
    graph.push(json!({
        "@odata.type": "#microsoft.graph.application", "id": "0a1b2c3d-6666-4000-8000-0000000000ac",
        "appId": "0a1b2c3d-6666-4000-8000-00000000a992", "displayName": "ledger-client", "owners": [PRINCIPAL],
        "federatedIdentityCredentials": [{"id": "0a1b2c3d-6666-4000-8000-0000000000fc", "name": "from-shop",
            "issuer": "https://login.microsoftonline.com/7a1c9f52-0000-4000-8000-00000000c0de/v2.0",
            "subject": PRINCIPAL, "audiences": ["api://AzureADTokenExchange"]}],
    }));
    graph.extend(of_its_principal());
    estate["settings"] = json!({"throttling": false});
    estate
}

/// What belongs to its service principal, and what it is given from a date on.
fn of_its_principal() -> Vec<Value> {
    vec![
        json!({
            "@odata.type": "#microsoft.graph.servicePrincipal", "id": PRINCIPAL, "tags": ["team-shop"], "customSecurityAttributes": {
                "Engineering": {"@odata.type": "#microsoft.graph.customSecurityAttributeValue", "Level": "high",
                    "Project@odata.type": "#Collection(String)", "Project": ["Shop", "Ledger"]}},
        }),
        json!({
            "@odata.type": "#microsoft.graph.oAuth2PermissionGrant", "id": "0a1b2c3d-6666-4000-8000-00000000de1e",
            "clientId": PRINCIPAL, "consentType": "AllPrincipals", "principalId": null, "resourceId": LEDGER,
            "scope": "Ledger.Read Ledger.List",
        }),
        // One that has begun could not be ended before it is five minutes old, which is longer than a case takes.
        json!({
            "@odata.type": "#microsoft.graph.unifiedRoleAssignmentSchedule", "id": "0a1b2c3d-6666-4000-8000-0000000005ed",
            "principalId": PRINCIPAL, "roleDefinitionId": "fdd7a751-b60b-444a-984c-02652fe8fa1c", "directoryScopeId": "/",
            "memberType": "Direct", "assignmentType": "Assigned", "status": "Provisioned",
            "scheduleInfo": {"startDateTime": "2097-06-30T22:00:00.000000Z", "recurrence": null, "expiration": {
                "type": "afterDateTime", "endDateTime": "2098-12-31T23:00:00.000000Z", "duration": null}},
        }),
    ]
}
