//! Graph: groups, applications and service principals that clients make, change and remove.
//!
//! Sources: <https://learn.microsoft.com/graph/api/group-post-groups>,
//! <https://learn.microsoft.com/graph/api/application-post-applications>,
//! <https://learn.microsoft.com/graph/api/serviceprincipal-post-serviceprincipals>

use super::objects::find;
use super::shown::shown;
use super::{bad, is, kind, not_found};
use crate::http::Reply;
use crate::world::{Link, World};
use serde_json::{Value, json};

/// What only the service sets.
const READ_ONLY: [&str; 6] = ["id", "appId", "createdDateTime", "@odata.type", "members", "owners"];

/// Makes a group.
pub(super) fn group(world: &mut World, body: &Value) -> Reply {
    let named = ["displayName", "mailNickname"].iter().all(|name| body[name].is_string());
    let kinds = ["mailEnabled", "securityEnabled"].iter().all(|name| body[name].is_boolean());
    if !named || !kinds {
        return bad("displayName, mailEnabled, mailNickname and securityEnabled are required.");
    }
    let id = world.guid("group");
    let mut group = json!({
        "@odata.type": "#microsoft.graph.group", "id": id, "createdDateTime": world.now().to_rfc3339(),
        "groupTypes": [], "members": [], "owners": [],
    });
    for link in ["members", "owners"] {
        match links(world, &body[format!("{link}@odata.bind")]) {
            Ok(ids) => group[link] = ids,
            Err(reply) => return reply,
        }
    }
    put(world, group, body)
}

/// The ids behind a list of references, each of which must be there.
fn links(world: &World, references: &Value) -> Result<Value, Reply> {
    let mut ids = Vec::new();
    for reference in references.as_array().into_iter().flatten() {
        let id = reference.as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        if world.directory_object(id).is_none() {
            return Err(not_found(id));
        }
        ids.push(Value::from(id));
    }
    Ok(Value::Array(ids))
}

/// Makes an application.
pub(super) fn application(world: &mut World, body: &Value) -> Reply {
    if !body["displayName"].is_string() {
        return bad("displayName is required.");
    }
    let (id, app) = (world.guid("application"), world.guid("appId"));
    let application = json!({
        "@odata.type": "#microsoft.graph.application", "id": id, "appId": app,
        "createdDateTime": world.now().to_rfc3339(), "federatedIdentityCredentials": [], "owners": [],
    });
    put(world, application, body)
}

/// Makes the service principal of an application that is here.
pub(super) fn principal(world: &mut World, body: &Value) -> Reply {
    let Some(app) = body["appId"].as_str() else { return bad("appId is required.") };
    let same = |object: &Value, wanted: &str| kind(object) == wanted && is(object, "appId", app);
    let Some(application) = world
        .directory_with(&Link::text("appId", app))
        .into_iter()
        .find(|object| same(object, "application"))
        .cloned()
    else {
        let message = format!(
            "The appId '{app}' of the service principal does not reference a valid application object."
        );
        return bad(&message);
    };
    if world
        .directory_with(&Link::text("appId", app))
        .into_iter()
        .any(|object| same(object, "servicePrincipal"))
    {
        let message = format!(
            "The service principal cannot be created, updated, or restored because the service principal name {app} is already in use."
        );
        return Reply::error(409, "Request_MultipleObjectsWithSameKeyValue", &message);
    }
    let id = world.guid("servicePrincipal");
    let principal = json!({
        "@odata.type": "#microsoft.graph.servicePrincipal", "id": id, "appId": application["appId"],
        "displayName": application["displayName"], "servicePrincipalType": "Application", "accountEnabled": true,
        "tags": [], "notes": null,
    });
    put(world, principal, body)
}

/// Keeps what was made, with what the client said of it, and answers with it.
fn put(world: &mut World, mut object: Value, body: &Value) -> Reply {
    adopt(&mut object, body);
    world.put_directory(object.clone());
    Reply::json(201, shown(&object, None))
}

fn adopt(object: &mut Value, body: &Value) {
    for (name, value) in body.as_object().into_iter().flatten() {
        if !READ_ONLY.contains(&name.as_str()) && !name.contains("@odata.") {
            object[name] = value.clone();
        }
    }
}

/// Changes a group or an application.
pub(super) fn update(world: &mut World, collection: &str, id: &str, body: &Value) -> Reply {
    let Some(mut object) = find(world, collection, id).cloned() else { return not_found(id) };
    if let Some(name) =
        body.as_object().into_iter().flatten().map(|(n, _)| n).find(|n| READ_ONLY.contains(&n.as_str()))
    {
        return bad(&format!("Property '{name}' is read-only and cannot be set."));
    }
    adopt(&mut object, body);
    world.put_directory(object);
    Reply::empty(204)
}

/// Removes one, and with an application its service principal.
pub(super) fn remove(world: &mut World, collection: &str, id: &str) -> Reply {
    let Some(object) = find(world, collection, id).cloned() else { return not_found(id) };
    // Graph leaves the principals of managed identities to Resource Manager.
    if is(&object, "servicePrincipalType", "ManagedIdentity") {
        let message = "Insufficient privileges to complete the operation.";
        return Reply::error(403, "Authorization_RequestDenied", message);
    }
    let app = object["appId"].as_str().unwrap_or_default();
    let theirs = |other: &&Value| kind(other) == "servicePrincipal" && is(other, "appId", app);
    let also = world
        .directory_with(&Link::text("appId", app))
        .into_iter()
        .find(theirs)
        .filter(|_| kind(&object) == "application");
    let also = also.and_then(|other| other["id"].as_str()).map(ToOwned::to_owned);
    for id in [object["id"].as_str().map(ToOwned::to_owned), also].into_iter().flatten() {
        world.remove_directory(&id);
    }
    Reply::empty(204)
}

/// Adds a password, which is told this once, or takes one away.
/// Source: <https://learn.microsoft.com/graph/api/application-addpassword>
pub(super) fn password(world: &mut World, collection: &str, id: &str, verb: &str, body: &Value) -> Reply {
    let Some(mut object) = find(world, collection, id).cloned() else { return not_found(id) };
    let mut all = object["passwordCredentials"].as_array().cloned().unwrap_or_default();
    if verb == "removePassword" {
        let before = all.len();
        all.retain(|one| one["keyId"] != body["keyId"]);
        if all.len() == before {
            return bad("No password credential found with keyId.");
        }
        object["passwordCredentials"] = Value::Array(all);
        world.put_directory(object);
        return Reply::empty(204);
    }
    let (key, secret) = (world.guid("key"), world.guid("password"));
    let given = &body["passwordCredential"];
    let until = world.now() + chrono::TimeDelta::days(730);
    let mut one = json!({
        "keyId": key, "displayName": given["displayName"], "hint": &secret[..3],
        "startDateTime": world.now().to_rfc3339(), "endDateTime": until.to_rfc3339(),
    });
    for name in ["startDateTime", "endDateTime"] {
        if given[name].is_string() {
            one[name] = given[name].clone();
        }
    }
    all.push(one.clone());
    object["passwordCredentials"] = Value::Array(all);
    world.put_directory(object);
    one["secretText"] = Value::from(secret);
    Reply::json(200, one)
}

/// Changes what an application trusts.
/// Source: <https://learn.microsoft.com/graph/api/federatedidentitycredential-update>
pub(super) fn change_trust(world: &mut World, [of, id]: [&str; 2], credential: &str, body: &Value) -> Reply {
    let Some(mut application) = find(world, of, id).cloned() else { return not_found(id) };
    let all = application.get_mut("federatedIdentityCredentials").and_then(Value::as_array_mut);
    let mut all = all.into_iter().flatten();
    let Some(one) = all.find(|c| is(c, "id", credential) || is(c, "name", credential)) else {
        return not_found(credential);
    };
    if body["name"].as_str().is_some_and(|name| !is(one, "name", name)) {
        return bad("The name of a federated identity credential cannot be changed.");
    }
    for name in ["issuer", "subject", "audiences", "description"] {
        if let Some(value) = body.get(name) {
            one[name] = value.clone();
        }
    }
    world.put_directory(application);
    Reply::empty(204)
}
