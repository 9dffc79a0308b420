//! ARM: user-assigned identities and their federated credentials. All synchronous.

use super::{answers, msi_versions, regions, resources};
use crate::authorization::{Call, Objects, canonical};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use chrono::TimeDelta;
use serde_json::{Value, json};

/// An identity has at most this many federated credentials.
const CREDENTIALS_MAX: usize = 20;

/// How long a write of a credential is under way where this Azure answers at once; otherwise until it answers.
const UNDER_WAY_MS: u64 = 1_000;

/// Answers a request about identities.
pub(crate) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    if let Some(verb) = path.verb.as_deref().filter(|_| call.method == "POST") {
        return action(world, path, verb);
    }
    if let Some(reply) = msi_versions::refused(world, call, path) {
        return reply;
    }
    msi_versions::shown(object(world, call, path), call)
}

fn object(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    let credential = path.kind.to_lowercase().ends_with("/federatedidentitycredentials");
    match (call.method, path.is_instance(), credential) {
        ("GET", false, _) => resources::list(world, path),
        ("GET", true, _) => match world.get(call.path) {
            Some(found) => Reply::json(200, found.clone()),
            None => answers::not_found(path),
        },
        ("HEAD", true, _) => Reply::empty(if world.get(call.path).is_some() { 204 } else { 404 }),
        ("PUT", true, false) => put(world, call, path),
        ("PATCH", true, false) => patch(world, call, path),
        ("DELETE", true, false) => delete(world, call),
        ("PUT", true, true) => put_credential(world, call, path),
        ("DELETE", true, true) => delete_credential(world, call, path),
        _ => answers::no_method(call),
    }
}

/// `listAssociatedResources` sees everything, also what the caller may not read; `revokeTokens`.
fn action(world: &mut World, path: &ArmPath, verb: &str) -> Reply {
    let identity = path.parent_path().to_owned();
    if world.get(&identity).is_none() {
        return answers::not_found(&ArmPath::parse(&identity));
    }
    match verb.to_lowercase().as_str() {
        "listassociatedresources" => {
            let users: Vec<Value> = world
                .users_of(&identity)
                .iter()
                .map(|user| {
                    let place = ArmPath::parse(user["id"].as_str().unwrap_or_default());
                    json!({
                        "id": user["id"], "name": user["name"], "type": place.kind, "resourceGroup": place.group(),
                        "subscriptionId": place.subscription(), "subscriptionDisplayName": place.subscription(),
                    })
                })
                .collect();
            Reply::json(200, json!({"totalCount": users.len(), "value": users}))
        }
        "revoketokens" => {
            let of = world.get(&identity).and_then(|i| i.pointer("/properties/principalId")?.as_str());
            if let Some(principal) = of.map(str::to_owned) {
                world.forget_token(&principal);
            }
            Reply::empty(200)
        }
        _ => Reply::error(404, "InvalidResourceType", "Identities have no such action."),
    }
}

/// What whoever writes an identity may set.
const WRITABLE: [&str; 4] =
    ["isolationScope", "assignmentRestrictions", "assignmentBlocked", "federationBlocked"];

/// What of it cannot be changed any more.
const CREATE_ONLY: [&str; 2] = ["assignmentBlocked", "federationBlocked"];

fn lower_group(path: &str) -> String {
    // Whatever was sent, this provider answers with a lower-case segment.
    let at = path.to_lowercase().find("/resourcegroups/");
    match at {
        Some(at) => format!("{}/resourcegroups/{}", &path[..at], &path[at + "/resourcegroups/".len()..]),
        None => path.to_owned(),
    }
}

fn name_flaw(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    !(first && rest && (3..=128).contains(&name.len()))
}

fn put(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    if name_flaw(path.name()) {
        let message = format!(
            "The name '{}' has 3 to 128 letters, digits, hyphens and underscores, and begins with a letter or a digit.",
            path.name()
        );
        return Reply::error(400, "InvalidResourceName", &message);
    }
    let Some(location) = call.body["location"].as_str() else {
        let message = "The location property is required for this definition.";
        return Reply::error(400, "LocationRequired", message);
    };
    if !regions::offers(location) {
        let message = format!(
            "The provided location '{location}' is not available for resource type 'Microsoft.ManagedIdentity/userAssignedIdentities'."
        );
        return Reply::error(400, "LocationNotAvailableForResourceType", &message);
    }
    let before = world.get(call.path).cloned();
    let plain = |text: &str| text.replace(' ', "").to_lowercase();
    if let Some(was) = before.as_ref().and_then(|b| b["location"].as_str())
        && plain(was) != plain(location)
    {
        let message = format!(
            "The resource '{}' already exists in location '{was}' in resource group '{}'. A resource with the same name cannot be created in location '{location}'. Please select a new resource name.",
            path.name(),
            path.group().unwrap_or_default()
        );
        return Reply::error(409, "InvalidResourceLocation", &message);
    }
    let kept = |pointer: &str| before.as_ref().and_then(|b| b.pointer(pointer)).cloned();
    let sent = |name: &str| {
        let found = call.body["properties"].get(name).filter(|value| !value.is_null()).cloned();
        found.filter(|_| msi_versions::knows(call, &path.kind, name))
    };
    let scope = sent("isolationScope");
    if scope.as_ref().is_some_and(|s| !matches!(s.as_str(), Some("None" | "Regional"))) {
        return Reply::error(400, "BadRequest", "The isolationScope is None or Regional.");
    }
    let mut properties = json!({
        "tenantId": world.settings.tenant,
        "principalId": kept("/properties/principalId").unwrap_or_else(|| Value::from(world.guid("principal"))),
        "clientId": kept("/properties/clientId").unwrap_or_else(|| Value::from(world.guid("client"))),
    });
    // A version leaves what it does not know as it is.
    for name in WRITABLE {
        if let Some(value) = sent(name).or_else(|| kept(&format!("/properties/{name}"))) {
            properties[name] = value;
        }
    }
    for name in CREATE_ONLY {
        let was = kept(&format!("/properties/{name}")).unwrap_or(Value::Bool(false));
        if before.is_some() && sent(name).is_some_and(|wished| wished != was) {
            let message = format!("The property '{name}' can only be set when the identity is created.");
            return Reply::error(400, "PropertyChangeNotAllowed", &message);
        }
    }
    let id = kept("/id").unwrap_or_else(|| Value::from(lower_group(&path.path)));
    let body = json!({
        "location": plain(location), "tags": call.body.get("tags").filter(|t| t.is_object()).cloned().unwrap_or_else(|| json!({})),
        "id": id, "name": path.name(), "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "properties": properties,
    });
    world.put(call.path, body.clone());
    if before.is_some() {
        return Reply::json(200, body);
    }
    world.birth(&body);
    Reply::json(201, body.clone()).with("location", body["id"].as_str().unwrap_or_default())
}

fn patch(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    let Some(mut identity) = world.get(call.path).cloned() else { return answers::not_found(path) };
    if let Some(tags) = call.body.get("tags") {
        identity["tags"] = tags.clone();
    }
    for name in WRITABLE.iter().filter(|name| !CREATE_ONLY.contains(name)) {
        let sent = call.body["properties"].get(*name);
        if let Some(value) = sent.filter(|_| msi_versions::knows(call, &path.kind, name)) {
            identity["properties"][*name] = value.clone();
        }
    }
    world.put(call.path, identity.clone());
    Reply::json(200, identity)
}

/// The principal of an identity goes with it; assignments and references stay behind.
pub(crate) fn forget(world: &mut World, id: &str) {
    let principal = world
        .get(id)
        .filter(|o| crate::world::is_identity(o))
        .and_then(|o| o.pointer("/properties/principalId"));
    if let Some(principal) = principal.and_then(Value::as_str).map(ToOwned::to_owned) {
        world.remove_directory(&principal);
    }
}

fn delete(world: &mut World, call: &Call<'_>) -> Reply {
    if world.get(call.path).is_none() {
        return Reply::empty(204);
    }
    forget(world, call.path);
    let prefix = format!("{}/federatedidentitycredentials/", canonical(call.path));
    let children: Vec<String> =
        world.below(&prefix).iter().filter_map(|o| o["id"].as_str().map(ToOwned::to_owned)).collect();
    for child in children {
        world.remove(&child);
    }
    world.remove(call.path);
    Reply::empty(200)
}

fn identity_of(path: &ArmPath) -> &str {
    path.parent_path().rsplit_once('/').map_or("", |(identity, _)| identity)
}

/// Only one credential of an identity may be written at a time.
fn concurrent(world: &mut World, path: &ArmPath) -> Option<Reply> {
    let (identity, now) = (canonical(identity_of(path)), world.now());
    // Whoever waits for the answer is never concurrent, and what was refused is not under way.
    let takes = Some(world.settings.latency_ms).filter(|ms| *ms > 0).unwrap_or(UNDER_WAY_MS);
    let takes = TimeDelta::milliseconds(i64::try_from(takes).unwrap_or(i64::MAX));
    if world.credential_writes.get(&identity).is_none_or(|last| now >= *last + takes) {
        world.credential_writes.insert(identity, now);
        return None;
    }
    let message = "Too many Federated Identity Credentials are written concurrently for the managed identity. Concurrent Federated Identity Credentials writes under the same managed identity are not supported.";
    Some(Reply::error(409, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity", message))
}

fn put_credential(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    if world.get(identity_of(path)).is_none() {
        let parent = ArmPath::parse(identity_of(path));
        let message = format!(
            "Can not perform requested operation on nested resource. Parent resource '{}' not found.",
            parent.name()
        );
        return Reply::error(404, "ParentResourceNotFound", &message);
    }
    if name_flaw(path.name()) || path.name().len() > 120 {
        return Reply::error(400, "BadRequest", "The name of the federated identity credential is invalid.");
    }
    let blocked = world.get(identity_of(path)).and_then(|i| i.pointer("/properties/federationBlocked"));
    if blocked == Some(&Value::Bool(true)) {
        let message = "Federated identity credentials are blocked on this managed identity.";
        return Reply::error(400, "FederationBlocked", message);
    }
    let mut properties = call.body["properties"].clone();
    if let Some(members) = properties.as_object_mut() {
        members.retain(|name, _| msi_versions::knows(call, &path.kind, name));
    }
    let filled = |key: &str| properties[key].as_str().is_some_and(|text| !text.is_empty());
    if !filled("issuer") || !(filled("subject") || properties.get("claimsMatchingExpression").is_some()) {
        return Reply::error(400, "BadRequest", "Federated Identity Credential has empty properties.");
    }
    if properties["audiences"].as_array().is_none_or(|list| list.len() != 1) {
        let message = "Federated Identity Credential must have exactly one audience.";
        return Reply::error(400, "BadRequest", message);
    }
    let prefix = format!("{}/", canonical(path.parent_path()));
    let mine = canonical(call.path);
    let others: Vec<Value> = world
        .below(&prefix)
        .into_iter()
        .filter(|o| canonical(o["id"].as_str().unwrap_or_default()) != mine)
        .cloned()
        .collect();
    let same = |o: &Value| {
        o["properties"]["issuer"] == properties["issuer"]
            && o["properties"]["subject"] == properties["subject"]
    };
    if filled("subject") && others.iter().any(same) {
        let message = "Issuer and subject combination already exists for this Managed Identity.";
        return Reply::error(409, "BadRequest", message);
    }
    let before = world.get(call.path).is_some();
    if !before && others.len() >= CREDENTIALS_MAX {
        let message = "Too many Federated Identity Credentials on the managed identity.";
        return Reply::error(400, "BadRequest", message);
    }
    if let Some(reply) = concurrent(world, path) {
        return reply;
    }
    let body = json!({
        "id": lower_group(&path.path), "name": path.name(),
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        "properties": properties,
    });
    world.put(call.path, body.clone());
    if before {
        return Reply::json(200, body);
    }
    Reply::json(201, body.clone()).with("location", body["id"].as_str().unwrap_or_default())
}

fn delete_credential(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    if world.get(call.path).is_none() {
        return Reply::empty(204);
    }
    if let Some(reply) = concurrent(world, path) {
        return reply;
    }
    world.remove(call.path);
    Reply::empty(200)
}
