//! ARM: resources of any type.

use super::answers::{no_method, no_parent, not_found};
use super::{
    clusters, computed, deleted_vaults, extensions, identity_block, patches, poll, services, statuses, types,
    versions,
};
use crate::authorization::{ASSIGN, Call, Objects, canonical, linked};
use crate::http::{Reply, not_here};
use crate::objects::{ArmPath, Key};
use crate::operations::is_long;
use crate::world::World;
use serde_json::{Map, Value, json};

/// Types whose PATCH takes tags and nothing else, or no body at all (MANIFEST, section 6).
const NO_PATCH: [&str; 5] = [
    "microsoft.resources/deploymentscripts",
    "microsoft.containerservice/managedclusters",
    "microsoft.network/applicationgateways",
    "microsoft.containerinstance/containergroups",
    "microsoft.logic/workflows",
];

/// Types that do not show the state of a write: it is answered with 202 and without a resource
/// (sql/2021-11-01, postgresql/2022-12-01, cosmos-db/2024-05-15, synapse/2021-06-01), or at once (automation/2023-11-01, and what
/// extends resources).
const STATELESS: [&str; 13] = [
    "microsoft.synapse/workspaces/administrators",
    "microsoft.synapse/workspaces/sqladministrators",
    "microsoft.authorization/policyassignments",
    "microsoft.authorization/policyexemptions",
    "microsoft.insights/diagnosticsettings",
    "microsoft.sql/servers",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.documentdb/databaseaccounts/sqlroleassignments",
    "microsoft.documentdb/databaseaccounts/gremlinroleassignments",
    "microsoft.documentdb/databaseaccounts/cassandraroleassignments",
    "microsoft.documentdb/databaseaccounts/mongomiroleassignments",
    "microsoft.documentdb/databaseaccounts/tableroleassignments",
    "microsoft.automation/automationaccounts",
];

/// Types of which there is one under its parent, and no list (synapse/2021-06-01).
const UNLISTED: [&str; 2] =
    ["microsoft.synapse/workspaces/administrators", "microsoft.synapse/workspaces/sqladministrators"];

fn is_stateless(kind: &str) -> bool {
    STATELESS.contains(&kind.to_lowercase().as_str())
}

/// Answers a request for a resource, or for the resources of a type, as far as the version that is asked in knows them.
pub(crate) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    let body = versions::taken(call, &path.kind);
    versions::shown(whole(world, &Call { body: &body, ..*call }, path), call)
}

fn whole(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    if !types::knows(world, played(call, path)) {
        return not_here(&format!("the resource type {}", path.kind));
    }
    if let Some(reply) = extensions::of_nothing(world, path).or_else(|| extensions::listed(world, call, path))
    {
        return reply;
    }
    if path.kind.eq_ignore_ascii_case(RUNBOOK_TEXT) {
        return runbook_text(world, call, path);
    }
    if !path.is_instance() {
        return match call.method {
            "GET" if UNLISTED.contains(&path.kind.to_lowercase().as_str()) => no_method(call),
            "GET" => list(world, path),
            "POST" => action(world, call, path),
            _ => no_method(call),
        };
    }
    if let Some(reply) = orphan(world, call, path) {
        return reply;
    }
    match call.method {
        "GET" => match world.get(call.path) {
            Some(found) => Reply::json(200, found.clone()),
            None => not_found(path),
        },
        "HEAD" => Reply::empty(if world.get(call.path).is_some() { 204 } else { 404 }),
        "PUT" => put(world, call, path),
        "PATCH" => patch(world, call, path),
        "DELETE" => delete(world, call, path),
        _ => no_method(call),
    }
}

/// The published text of a runbook, which is no JSON and no child with a name. An estate has it as a member of an object.
/// Source: automation/2023-11-01 (`Runbook_GetContent`)
const RUNBOOK_TEXT: &str = "Microsoft.Automation/automationAccounts/runbooks/content";

fn runbook_text(world: &World, call: &Call<'_>, path: &ArmPath) -> Reply {
    match (call.method, world.get(call.path)) {
        ("GET", Some(found)) => Reply::json(200, Value::from(found["content"].as_str().unwrap_or_default()))
            .with("content-type", "text/powershell"),
        ("GET", None) => not_found(path),
        _ => no_method(call),
    }
}

/// Azure's 404 where the parent of a child is not there.
fn orphan(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let mut parent = path.path.as_str();
    for _ in 0..2 {
        parent = parent.rsplit_once('/').map_or("", |(p, _)| p);
    }
    if path.names.len() < 2 || world.get(parent).is_some() || call.method == "DELETE" {
        return None;
    }
    Some(no_parent(parent))
}

/// Resources of a type in a group, a subscription, or under a parent.
pub(crate) fn list(world: &World, path: &ArmPath) -> Reply {
    let segments = path.kind.split('/').count();
    let scope = if path.names.is_empty() { &path.scope } else { path.parent_path() };
    let prefix = format!("{}/", canonical(scope));
    let same = |object: &&Value| {
        let id = object["id"].as_str().unwrap_or_default();
        let found = ArmPath::parse(id);
        found.kind.eq_ignore_ascii_case(&path.kind) && found.names.len() + 1 == segments
    };
    let found: Vec<Value> = world
        .found_below(&Key::Kind(path.kind.to_lowercase()), &prefix)
        .into_iter()
        .filter(same)
        .cloned()
        .collect();
    Reply::json(200, json!({ "value": found }))
}

/// The type that a request is about: of an action, that of the thing that it is done to.
fn played<'a>(call: &Call<'_>, path: &'a ArmPath) -> &'a str {
    if call.method == "POST" && path.verb.is_some() { path.parent_kind() } else { &path.kind }
}

fn action(world: &World, call: &Call<'_>, path: &ArmPath) -> Reply {
    if world.get(path.parent_path()).is_none() {
        return not_found(&ArmPath::parse(path.parent_path()));
    }
    let verb = path.verb.as_deref().unwrap_or(call.method);
    not_here(&format!("the action {verb} of {}", path.parent_kind()))
}

/// A write is refused while another one is under way on the same resource.
fn busy(world: &World, path: &ArmPath) -> Option<Reply> {
    let until = world.operations.busy(&path.path, world.now())?;
    let message = "Another operation is in progress on this resource. Please retry later.";
    let wait = world.clock.retry_after(until - world.now()).to_string();
    Some(Reply::error(409, "AnotherOperationInProgress", message).with("retry-after", wait))
}

fn put(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    if !call.body.is_object() {
        return Reply::error(400, "InvalidRequestContent", "The request content is not a resource.");
    }
    if let Some(reply) = busy(world, path) {
        return reply;
    }
    let before = world.get(call.path).cloned();
    if let Some(reply) = moved(before.as_ref(), call, path) {
        return reply;
    }
    let kept =
        || services::refused(world, path, call.body).or_else(|| clusters::refused(world, path, call.body));
    let unfit = || may_attach(world, call).or_else(kept).or_else(|| extensions::refused(world, call, path));
    if let Some(reply) = unfit() {
        return reply;
    }
    let mut body = call.body.clone();
    let identity = match body.get("identity") {
        // A PUT without a block leaves a block that is there: what most providers do.
        None | Some(Value::Null) => Ok(before.as_ref().and_then(|b| b.get("identity").cloned())),
        Some(sent) => {
            let sent = sent.clone();
            identity_block::write(
                world,
                call.path,
                before.as_ref().and_then(|b| b.get("identity")),
                &sent,
                false,
            )
        }
    };
    match identity {
        Err(reply) => return reply,
        Ok(Some(block)) => body["identity"] = block,
        Ok(None) => {
            body.as_object_mut().map(|members| members.remove("identity"));
        }
    }
    complete(&mut body, before.as_ref(), path);
    match &before {
        Some(before) => {
            computed::keep(&path.kind, before, &mut body);
            versions::keep(call, &path.kind, before, &mut body);
        }
        None => {
            computed::strip(&path.kind, &mut body);
            services::complete(path, &mut body);
        }
    }
    computed::look_up(&path.kind, &mut body, &|id| ids_of(world, id));
    clusters::follow(world, path, before.as_ref(), &mut body);
    deleted_vaults::complete(path, &mut body);
    extensions::complete(path, before.as_ref(), &mut body);
    retag(world, &mut body);
    world.put(call.path, body.clone());
    identity_block::settle(world, call.path, before.as_ref());
    let status = statuses::put(&path.kind, before.is_none());
    answer(world, call, path, status, body)
}

fn answer(world: &mut World, call: &Call<'_>, path: &ArmPath, status: u16, body: Value) -> Reply {
    if !is_long(&path.kind) {
        return Reply::json(status, body);
    }
    if is_stateless(&path.kind) {
        return poll::started(world, call, path, 202, None, false);
    }
    let mut shown = body;
    if let Some(properties) = shown.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("provisioningState".to_owned(), Value::from("Updating"));
    }
    poll::started(world, call, path, status, Some(shown), false)
}

/// Whoever attaches an identity must be allowed to assign it.
fn may_attach(world: &World, call: &Call<'_>) -> Option<Reply> {
    let map = call.body.pointer("/identity/userAssignedIdentities").and_then(Value::as_object);
    // An identity that is gone is refused by its provider, with another code.
    let attached =
        map.into_iter().flatten().filter(|(id, value)| !value.is_null() && world.get(id).is_some());
    linked(world, call, ASSIGN, attached.map(|(id, _)| id)).err().map(Into::into)
}

fn moved(before: Option<&Value>, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let plain = |text: &str| text.replace(' ', "").to_lowercase();
    let was = before?["location"].as_str()?;
    let wished = call.body["location"].as_str()?;
    if plain(was) == plain(wished) {
        return None;
    }
    let message = format!(
        "The resource '{}' already exists in location '{was}' in resource group '{}'. A resource with the same name cannot be created in location '{wished}'. Please select a new resource name.",
        path.name(),
        path.group().unwrap_or_default()
    );
    Some(Reply::error(409, "InvalidResourceLocation", &message))
}

/// Principal and client id of an identity that is there.
fn ids_of(world: &World, id: &str) -> Option<(String, String)> {
    let identity = world.get(id).filter(|found| crate::world::is_identity(found))?;
    let text = |name: &str| identity["properties"][name].as_str().map(ToOwned::to_owned);
    Some((text("principalId")?, text("clientId")?))
}

/// What the provider knows better than the client.
fn complete(body: &mut Value, before: Option<&Value>, path: &ArmPath) {
    let stored = |key: &str| before.and_then(|b| b.get(key)).cloned();
    let Some(members) = body.as_object_mut() else { return };
    members.insert("id".to_owned(), stored("id").unwrap_or_else(|| Value::from(path.path.clone())));
    members.insert("name".to_owned(), stored("name").unwrap_or_else(|| Value::from(path.name())));
    members.insert("type".to_owned(), stored("type").unwrap_or_else(|| Value::from(path.kind.clone())));
    if let Some(etag) = stored("etag") {
        members.insert("etag".to_owned(), etag);
    }
    if let Some(system) = stored("systemData") {
        members.insert("systemData".to_owned(), system);
    }
    if let Some(properties) = members.get_mut("properties").and_then(Value::as_object_mut) {
        let was = before.and_then(|b| b.pointer("/properties/provisioningState")).cloned();
        if (before.is_none() && !is_stateless(&path.kind)) || was.is_some() {
            properties
                .insert("provisioningState".to_owned(), was.unwrap_or_else(|| Value::from("Succeeded")));
        }
    }
}

fn patch(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    let Some(before) = world.get(call.path).cloned() else { return not_found(path) };
    if let Some(reply) = patches::refused(call, path).or_else(|| busy(world, path)) {
        return reply;
    }
    let kind = path.kind.to_lowercase();
    let beyond = |sent: &Map<String, Value>| sent.keys().any(|k| k != "tags");
    if NO_PATCH.contains(&kind.as_str()) && call.body.as_object().is_some_and(beyond) {
        let message = format!("PATCH of '{}' takes tags only.", path.kind);
        return Reply::error(400, "InvalidRequestContent", &message);
    }
    if let Some(reply) = moved(Some(&before), call, path) {
        return reply;
    }
    if let Some(reply) = may_attach(world, call) {
        return reply;
    }
    let mut after = before.clone();
    let seen = patches::seen(call, path);
    let Some(sent) = seen.as_object() else {
        return Reply::error(400, "InvalidRequestContent", "The request content is not a resource.");
    };
    let merges = !patches::replaces(call, path);
    for (key, value) in sent {
        match key.as_str() {
            "id" | "name" | "type" | "location" | "systemData" | "etag" => {}
            "tags" => after["tags"] = value.clone(),
            "identity" => {
                match identity_block::write(world, call.path, before.get("identity"), value, merges) {
                    Err(reply) => return reply,
                    Ok(Some(block)) => after["identity"] = block,
                    Ok(None) => {
                        after.as_object_mut().map(|members| members.remove("identity"));
                    }
                }
            }
            _ => merge(&mut after[key], value),
        }
    }
    // A dead identity in the map fails every later write of the resource.
    if !sent.contains_key("identity")
        && let Some(block) = before.get("identity")
    {
        let echo = json!({"type": block["type"], "userAssignedIdentities": {}});
        if block.get("userAssignedIdentities").is_some()
            && let Err(reply) = identity_block::write(world, call.path, Some(block), &echo, true)
        {
            return reply;
        }
    }
    computed::look_up(&path.kind, &mut after, &|id| ids_of(world, id));
    retag(world, &mut after);
    world.put(call.path, after.clone());
    identity_block::settle(world, call.path, Some(&before));
    answer(world, call, path, statuses::patch(&path.kind), after)
}

/// What has an ETag has another one after each write.
fn retag(world: &mut World, body: &mut Value) {
    if body.get("etag").is_some_and(Value::is_string) {
        body["etag"] = Value::from(format!("\"{}\"", world.guid("etag")));
    }
}

/// JSON merge patch (RFC 7396), which is what Resource Manager means by PATCH.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(members) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            members.remove(key);
        } else {
            merge(members.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

fn delete(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    if world.get(call.path).is_none() {
        return Reply::empty(204);
    }
    let prefix = format!("{}/", canonical(call.path));
    // Children go with their parent; what others assigned on it stays behind, as in Azure.
    let children: Vec<String> = world
        .below(&prefix)
        .iter()
        .filter_map(|o| o["id"].as_str())
        .filter(|id| !extensions::outlives(id))
        .map(ToOwned::to_owned)
        .collect();
    for child in children {
        world.remove(&child);
    }
    deleted_vaults::remember(world, path);
    let before = world.remove(call.path);
    identity_block::settle(world, call.path, before.as_ref());
    if is_long(&path.kind) {
        poll::started(world, call, path, 202, None, true)
    } else {
        Reply::empty(statuses::delete(&path.kind))
    }
}
