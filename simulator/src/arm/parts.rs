//! ARM: children that live inside their parent: they are read by themselves too, and a machine shows how it runs to who
//! asks for that. Pure.
//!
//! Sources: containerservice/2024-05-01 (agentPools), network/2024-01-01 (subnets), compute/2024-07-01 (instanceView),
//! cosmos-db/2024-05-15 (built-in role definitions), app/2024-03-01 (revisions).

use super::answers;
use crate::authorization::{Call, Objects, canonical};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use chrono::SecondsFormat;
use serde_json::{Value, json};

/// The type of the child, where its parent has it, and whether its properties are below `properties` there.
const INSIDE: [(&str, &str, bool); 2] = [
    ("microsoft.containerservice/managedclusters/agentpools", "/properties/agentPoolProfiles", false),
    ("microsoft.network/virtualnetworks/subnets", "/properties/subnets", true),
];

const MACHINES: &str = "microsoft.compute/virtualmachines";
const REVISIONS: &str = "microsoft.app/containerapps/revisions";
const COSMOS_ROLES: &str = "microsoft.documentdb/databaseaccounts/sqlroledefinitions";

/// Answers a read of such a part; `None` for every other request, and for parts that are resources of their own.
pub(super) fn handle(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    if call.method != "GET" {
        return None;
    }
    let kind = path.kind.to_lowercase();
    if kind == MACHINES && path.is_instance() {
        let asked = call.query.get("$expand").is_some_and(|what| what.eq_ignore_ascii_case("instanceView"));
        let mut machine = world.get(call.path).filter(|_| asked)?.clone();
        machine["properties"]["instanceView"] = view(world, &machine);
        return Some(Reply::json(200, machine));
    }
    if kind == format!("{MACHINES}/instanceview") {
        let machine = world.get(path.parent_path())?;
        return Some(Reply::json(200, view(world, machine)));
    }
    if kind == "microsoft.managedidentity/identities" && path.is_instance() {
        let host = world.get(&path.scope)?;
        return own_identity(world, host, path);
    }
    let depth = if path.is_instance() { 2 } else { 1 };
    let parent = path.path.rsplitn(depth + 1, '/').nth(depth)?;
    let found = children(world, &kind, parent)?;
    if world.get(parent).is_none() {
        return Some(answers::not_found(&ArmPath::parse(parent)));
    }
    if !path.is_instance() {
        return Some(Reply::json(200, json!({ "value": found })));
    }
    if world.get(call.path).is_some() {
        return None;
    }
    Some(
        match found
            .into_iter()
            .find(|one| one["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(path.name())))
        {
            Some(one) => Reply::json(200, one),
            None => answers::not_found(path),
        },
    )
}

/// The parts of a parent, with those that are resources of their own.
fn children(world: &World, kind: &str, parent: &str) -> Option<Vec<Value>> {
    let segment = kind.rsplit('/').next()?;
    let mut found: Vec<Value> = if kind == COSMOS_ROLES {
        let roles = [("1", "Reader"), ("2", "Contributor")];
        roles.map(|(last, name)| role(parent, last, name)).to_vec()
    } else if kind == REVISIONS {
        world.get(parent).map(revision).into_iter().collect()
    } else {
        let (_, place, nested) = INSIDE.iter().find(|(name, ..)| *name == kind)?;
        let items =
            world.get(parent).and_then(|found| found.pointer(place)?.as_array()).into_iter().flatten();
        items.map(|item| part(kind, parent, item, *nested)).collect()
    };
    let own = world.below(&format!("{}/{segment}/", canonical(parent))).into_iter();
    for one in own
        .filter(|one| one["id"].as_str().is_some_and(|id| ArmPath::parse(id).kind.eq_ignore_ascii_case(kind)))
    {
        found.retain(|other| other["id"].as_str().map(canonical) != one["id"].as_str().map(canonical));
        found.push(one.clone());
    }
    Some(found)
}

fn part(kind: &str, parent: &str, item: &Value, nested: bool) -> Value {
    let written = if kind.ends_with("agentpools") {
        "Microsoft.ContainerService/managedClusters/agentPools"
    } else {
        "Microsoft.Network/virtualNetworks/subnets"
    };
    let segment = written.rsplit('/').next().unwrap_or_default();
    let name = item["name"].as_str().unwrap_or_default();
    let properties = if nested { item["properties"].clone() } else { item.clone() };
    json!({"id": format!("{parent}/{segment}/{name}"), "name": name, "type": written, "properties": properties})
}

fn role(account: &str, last: &str, name: &str) -> Value {
    let id = format!("00000000-0000-0000-0000-00000000000{last}");
    let read = "Microsoft.DocumentDB/databaseAccounts/readMetadata";
    let items = if last == "1" {
        "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/read"
    } else {
        "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/*"
    };
    json!({
        "id": format!("{account}/sqlRoleDefinitions/{id}"), "name": id,
        "type": "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions",
        "properties": {"roleName": format!("Cosmos DB Built-in Data {name}"), "type": "BuiltInRole",
            "assignableScopes": [account], "permissions": [{"dataActions": [read, items], "notDataActions": []}]},
    })
}

/// The one revision that an app has here: the latest.
fn revision(app: &Value) -> Value {
    let id = app["id"].as_str().unwrap_or_default();
    let said = app.pointer("/properties/latestRevisionName").and_then(Value::as_str).map(ToOwned::to_owned);
    let name = said.unwrap_or_else(|| format!("{}--local", id.rsplit('/').next().unwrap_or_default()));
    json!({"id": format!("{id}/revisions/{name}"), "name": name, "type": "Microsoft.App/containerapps/revisions",
        "properties": {"active": true, "replicas": 1, "trafficWeight": 100, "provisioningState": "Provisioned",
            "runningState": "Running", "template": app.pointer("/properties/template")}})
}

/// The identity of a host itself, as the provider of identities shows it.
/// Source: msi/2023-01-31 (`SystemAssignedIdentities_GetByScope`)
fn own_identity(world: &World, host: &Value, path: &ArmPath) -> Option<Reply> {
    let principal = host.pointer("/identity/principalId")?.as_str()?;
    let client = world.directory_object(principal).map(|found| found["appId"].clone()).unwrap_or_default();
    let secret = "https://control-local.identity.azure.net/credentials";
    Some(Reply::json(
        200,
        json!({"id": path.path, "name": "default", "type": "Microsoft.ManagedIdentity/identities",
        "location": host["location"], "properties": {"principalId": principal, "clientId": client,
            "tenantId": world.settings.tenant, "clientSecretUrl": secret}}),
    ))
}

/// How a machine runs.
fn view(world: &World, machine: &Value) -> Value {
    let id = canonical(machine["id"].as_str().unwrap_or_default());
    let (code, words) = if world.stopped.contains(&id) {
        ("deallocated", "VM deallocated")
    } else {
        ("running", "VM running")
    };
    let time = world.clock.start().to_rfc3339_opts(SecondsFormat::Secs, true);
    json!({"statuses": [
        {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded", "time": time},
        {"code": format!("PowerState/{code}"), "level": "Info", "displayStatus": words},
    ]})
}
