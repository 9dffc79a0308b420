//! ARM: the rules of a resource's `identity` block, which are the same for most providers.
//!
//! Values of the map are `{}` in requests and `{principalId, clientId}` in answers; echoing those back is
//! refused unless they are what is there; `null` removes, and only in PATCH; an identity that is gone
//! makes every write fail that does not remove it.

use super::patches;
use crate::authorization::{Objects, canonical};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::{Map, Value, json};

/// What a write makes of the block that is there; `Ok(None)` means no block.
pub(crate) fn write(
    world: &mut World,
    id: &str,
    now: Option<&Value>,
    sent: &Value,
    patch: bool,
) -> Result<Option<Value>, Reply> {
    let Some(kind) = kind(sent, now, patch)? else { return Ok(None) };
    let before = map(now);
    let mut after = if patch { before.clone() } else { Map::new() };
    apply(&before, &mut after, sent, patch)?;
    if !kind.user {
        if sent
            .get("userAssignedIdentities")
            .is_some_and(|m| m.as_object().is_some_and(|m| m.values().any(|v| !v.is_null())))
        {
            let message = "The userAssignedIdentities property must be absent for this type of identity.";
            return Err(Reply::error(400, "InvalidIdentityValues", message));
        }
        after.clear();
    } else if after.is_empty() {
        let message = "The identity ids must not be null or empty for 'UserAssigned' identity type.";
        return Err(Reply::error(400, "MissingIdentityIds", message));
    }
    if let Some(reply) = patches::too_many(&ArmPath::parse(id).kind, after.len()) {
        return Err(reply);
    }
    fill(world, id, &mut after)?;
    let mut block = Map::new();
    block.insert("type".to_owned(), Value::from(kind.text.clone()));
    if kind.system {
        let principal = now.and_then(|n| n["principalId"].as_str()).map(ToOwned::to_owned);
        let principal = principal.unwrap_or_else(|| world.guid(id));
        block.insert("principalId".to_owned(), Value::from(principal));
        block.insert("tenantId".to_owned(), Value::from(world.settings.tenant.clone()));
    }
    if kind.user {
        block.insert("userAssignedIdentities".to_owned(), Value::Object(after));
    }
    Ok(if kind.system || kind.user { Some(Value::Object(block)) } else { None })
}

/// What follows from a write in the directory: a host that has an identity of its own has a principal there.
pub(crate) fn settle(world: &mut World, id: &str, before: Option<&Value>) {
    let own =
        |object: Option<&Value>| object?.pointer("/identity/principalId")?.as_str().map(ToOwned::to_owned);
    let (was, is) = (own(before), own(world.get(id)));
    if was == is {
        return;
    }
    for (principal, there) in [(was, false), (is, true)] {
        if let Some(principal) = principal {
            world.own_principal(id, &principal, there);
        }
    }
}

struct Kind {
    text: String,
    system: bool,
    user: bool,
}

fn kind(sent: &Value, now: Option<&Value>, patch: bool) -> Result<Option<Kind>, Reply> {
    let text = sent["type"].as_str().or_else(|| now.filter(|_| patch).and_then(|n| n["type"].as_str()));
    let Some(text) = text else {
        let message = "The identity type is required.";
        return Err(Reply::error(400, "InvalidIdentityType", message));
    };
    let words: Vec<String> = text.split(',').map(|w| w.trim().to_lowercase()).collect();
    let known = |w: &String| matches!(w.as_str(), "systemassigned" | "userassigned" | "none");
    if !words.iter().all(known) {
        let message = format!("The value '{text}' of the identity type is invalid.");
        return Err(Reply::error(400, "InvalidIdentityType", &message));
    }
    let has = |word: &str| words.iter().any(|w| w == word);
    Ok(Some(Kind { text: text.to_owned(), system: has("systemassigned"), user: has("userassigned") }))
}

fn map(block: Option<&Value>) -> Map<String, Value> {
    block.and_then(|b| b["userAssignedIdentities"].as_object()).cloned().unwrap_or_default()
}

fn apply(
    before: &Map<String, Value>,
    after: &mut Map<String, Value>,
    sent: &Value,
    patch: bool,
) -> Result<(), Reply> {
    let Some(entries) = sent.get("userAssignedIdentities") else { return Ok(()) };
    if entries.is_null() {
        after.clear();
        return Ok(());
    }
    let Some(entries) = entries.as_object() else {
        let message = "The userAssignedIdentities property is not a map.";
        return Err(Reply::error(400, "InvalidIdentityValues", message));
    };
    let refused = |what: &str| {
        Reply::error(
            400,
            "InvalidIdentityValues",
            &format!(
                "Invalid value for the identities '{what}'. The 'UserAssignedIdentities' property keys should only be empty json objects, null or the resource existing property."
            ),
        )
    };
    for (key, value) in entries {
        let there = before.iter().find(|(k, _)| canonical(k) == canonical(key));
        match value {
            Value::Null if !patch => {
                let message = "The identity values should only be null during PATCH requests.";
                return Err(Reply::error(400, "InvalidIdentityValues", message));
            }
            Value::Null => after.retain(|k, _| canonical(k) != canonical(key)),
            Value::Object(members) if members.is_empty() || there.is_some_and(|(_, v)| v == value) => {
                // The spelling that is there stays: Azure does not rename a key that it knows.
                let name = there.map_or(key, |(k, _)| k).clone();
                after.insert(name, value.clone());
            }
            Value::Object(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(refused(key));
            }
        }
    }
    Ok(())
}

/// Puts each identity's ids into the map; an identity that is not there fails the whole write.
fn fill(world: &World, id: &str, map: &mut Map<String, Value>) -> Result<(), Reply> {
    for (key, value) in map.iter_mut() {
        let Some(identity) = world.get(key).filter(|o| crate::world::is_identity(o)) else {
            let name = key.rsplit('/').next().unwrap_or_default();
            let message = format!(
                "Identity operation for resource '{id}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '{{\"error\":{{\"code\":\"BadRequest\",\"message\":\"Resource '{name}' was not found.\"}}}}''."
            );
            return Err(Reply::error(400, "FailedIdentityOperation", &message));
        };
        let location = |o: &Value| o["location"].as_str().unwrap_or_default().replace(' ', "").to_lowercase();
        let regional = identity.pointer("/properties/isolationScope") == Some(&Value::from("Regional"));
        let host = world.get(id).map(&location).unwrap_or_default();
        if regional && !host.is_empty() && host != location(identity) {
            let message =
                format!("The identity '{key}' may only be assigned to resources in its own region.");
            return Err(Reply::error(400, "InvalidIdentityRegion", &message));
        }
        if identity.pointer("/properties/assignmentBlocked") == Some(&Value::Bool(true)) {
            let message = format!("The identity '{key}' may not be assigned to any resource.");
            return Err(Reply::error(400, "IdentityAssignmentBlocked", &message));
        }
        *value = json!({
            "principalId": identity.pointer("/properties/principalId"),
            "clientId": identity.pointer("/properties/clientId"),
        });
    }
    Ok(())
}
