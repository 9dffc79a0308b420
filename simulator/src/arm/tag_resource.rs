//! ARM: the tags of anything, as a resource of their own at its scope.
//!
//! Source: <https://learn.microsoft.com/rest/api/resources/tags>

use super::answers;
use crate::authorization::{Call, Objects};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::{Map, Value, json};

/// The type, in lower case.
pub(super) const KIND: &str = "microsoft.resources/tags";

/// Answers a request about tags.
pub(super) fn handle(world: &mut World, call: &Call<'_>, path: &ArmPath) -> Reply {
    if !path.is_instance() || !path.name().eq_ignore_ascii_case("default") {
        return answers::no_method(call);
    }
    let Some(mut tagged) = world.get(&path.scope).cloned() else {
        return answers::not_found(&ArmPath::parse(&path.scope));
    };
    let held = tagged["tags"].as_object().cloned().unwrap_or_default();
    let given = call.body.pointer("/properties/tags").and_then(Value::as_object);
    let tags = match (call.method, given) {
        ("GET", _) => return shown(path, &held),
        ("DELETE", _) => Map::new(),
        ("PUT", Some(given)) => given.clone(),
        ("PATCH", Some(given)) => match call.body["operation"].as_str().map(str::to_lowercase).as_deref() {
            Some("merge") => merged(held, given),
            Some("replace") => given.clone(),
            Some("delete") => without(held, given),
            _ => return invalid("The operation is Merge, Replace or Delete."),
        },
        ("PUT" | "PATCH", None) => return invalid("The tags are missing."),
        _ => return answers::no_method(call),
    };
    tagged["tags"] = Value::Object(tags.clone());
    world.put(&path.scope, tagged);
    if call.method == "DELETE" { Reply::empty(200) } else { shown(path, &tags) }
}

fn invalid(message: &str) -> Reply {
    Reply::error(400, "InvalidRequestContent", message)
}

/// Names compare without case; the value that is given counts.
fn merged(mut held: Map<String, Value>, given: &Map<String, Value>) -> Map<String, Value> {
    for (name, value) in given {
        held.retain(|known, _| !known.eq_ignore_ascii_case(name));
        held.insert(name.clone(), value.clone());
    }
    held
}

/// Only tags that have the given value go.
fn without(mut held: Map<String, Value>, given: &Map<String, Value>) -> Map<String, Value> {
    held.retain(|known, value| {
        !given.iter().any(|(name, gone)| known.eq_ignore_ascii_case(name) && gone == value)
    });
    held
}

fn shown(path: &ArmPath, tags: &Map<String, Value>) -> Reply {
    Reply::json(
        200,
        json!({"id": path.path, "name": "default", "type": "Microsoft.Resources/tags", "properties": {"tags": tags}}),
    )
}
