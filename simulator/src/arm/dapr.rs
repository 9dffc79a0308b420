//! ARM: Dapr components of environments, whose secrets are written and never read back, but by a question of its own.
//! Pure.
//! Source: app/2025-07-01 (`DaprComponents_CreateOrUpdate`, `DaprComponents_ListSecrets`)

use super::authorization::{Call, Objects};
use super::id::ArmPath;
use super::resources;
use crate::http::Reply;
use crate::world::World;
use serde_json::{Value, json};

/// Whether a lower-case type is one that this room answers for.
pub(crate) fn owns(kind: &str) -> bool {
    let kind = kind.strip_suffix("/listsecrets").unwrap_or(kind);
    kind.starts_with("microsoft.app/") && kind.ends_with("/daprcomponents")
}

/// Answers a request about a component.
pub(crate) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    if path.verb.as_deref().is_some_and(|verb| verb.eq_ignore_ascii_case("listSecrets")) {
        return match world.get(path.parent_path()) {
            Some(component) => Reply::json(200, json!({"value": secrets(component)})),
            None => resources::not_found(&ArmPath::parse(path.parent_path())),
        };
    }
    match call.method {
        "PATCH" => resources::no_method(call),
        "PUT" if call.body["properties"]["secrets"].as_array().is_some_and(|all| all.iter().any(is_hole)) => {
            let message = "Each secret of a Dapr component needs a value or a key vault URL.";
            Reply::error(400, "DaprComponentInvalidSecret", message)
        }
        _ => hidden(resources::handle(world, call, path)),
    }
}

fn is_hole(secret: &Value) -> bool {
    ["value", "keyVaultUrl"].iter().all(|name| secret[*name].as_str().is_none_or(str::is_empty))
}

fn secrets(component: &Value) -> Vec<Value> {
    let all = component["properties"]["secrets"].as_array();
    all.into_iter().flatten().map(|one| json!({"name": one["name"], "value": one["value"]})).collect()
}

/// The answer without what nobody reads.
fn hidden(mut reply: Reply) -> Reply {
    let Some(body) = &mut reply.body else { return reply };
    let hide = |component: &mut Value| {
        let secrets = component.pointer_mut("/properties/secrets").and_then(Value::as_array_mut);
        for secret in secrets.into_iter().flatten().filter_map(Value::as_object_mut) {
            secret.remove("value");
        }
    };
    match body.get_mut("value").and_then(Value::as_array_mut) {
        Some(list) => list.iter_mut().for_each(hide),
        None => hide(body),
    }
    reply
}
