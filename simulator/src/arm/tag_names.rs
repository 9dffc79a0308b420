//! ARM: the names and values of tags that a subscription knows, whether anything has them or not.
//!
//! Source: <https://learn.microsoft.com/rest/api/resources/tags/list>

use super::answers;
use crate::authorization::{Call, Objects};
use crate::http::Reply;
use crate::world::World;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Answers a request below `/subscriptions/S/tagNames`; the parts of the path are in lower case but for the names.
pub(super) fn handle(world: &mut World, call: &Call<'_>, parts: &[&str]) -> Reply {
    let subscription = parts[1];
    let id = |name: &str| format!("/subscriptions/{subscription}/tagNames/{name}");
    match (call.method, &parts[3..]) {
        ("GET", []) => list(world, subscription),
        ("PUT", [name]) => {
            let known = world.get(&id(name)).is_some();
            if !known {
                world.put(&id(name), json!({"id": id(name), "tagName": name, "values": []}));
            }
            Reply::json(if known { 200 } else { 201 }, shown(&id(name), name, &Used::default()))
        }
        ("DELETE", [name]) => {
            match world.get(&id(name)).map(|found| found["values"].as_array().is_some_and(Vec::is_empty)) {
                None => Reply::empty(204),
                Some(false) => Reply::error(409, "TagNameContainsValues", "The tag name has values."),
                Some(true) => {
                    world.remove(&id(name));
                    Reply::empty(200)
                }
            }
        }
        ("PUT", [name, word, value]) if word.eq_ignore_ascii_case("tagValues") => {
            let Some(mut found) = world.get(&id(name)).cloned() else { return none(name) };
            let known = found["values"].as_array().is_some_and(|all| all.iter().any(|v| v == value));
            if let Some(all) = found["values"].as_array_mut().filter(|_| !known) {
                all.push(json!(value));
                world.put(&id(name), found);
            }
            let body = one(&id(name), value, 0);
            Reply::json(if known { 200 } else { 201 }, body)
        }
        ("DELETE", [name, word, value]) if word.eq_ignore_ascii_case("tagValues") => {
            let Some(mut found) = world.get(&id(name)).cloned() else { return none(name) };
            if let Some(all) = found["values"].as_array_mut() {
                all.retain(|v| v != value);
            }
            world.put(&id(name), found);
            Reply::empty(200)
        }
        _ => answers::no_method(call),
    }
}

fn none(name: &str) -> Reply {
    Reply::error(404, "TagNameNotFound", &format!("The tag name '{name}' could not be found."))
}

/// How often each value of a name is used.
type Used = BTreeMap<String, usize>;

fn list(world: &World, subscription: &str) -> Reply {
    let prefix = format!("/subscriptions/{}/", subscription.to_lowercase());
    let mut names: BTreeMap<String, Used> = BTreeMap::new();
    for object in world.below(&prefix) {
        if let Some(name) = object["tagName"].as_str() {
            let used = names.entry(name.to_owned()).or_default();
            for value in object["values"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                used.entry(value.to_owned()).or_default();
            }
        }
        for (name, value) in object["tags"].as_object().unwrap_or(&Map::new()) {
            let used = names.entry(name.clone()).or_default();
            *used.entry(value.as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    let id = |name: &str| format!("/subscriptions/{subscription}/tagNames/{name}");
    let value: Vec<Value> = names.iter().map(|(name, used)| shown(&id(name), name, used)).collect();
    Reply::json(200, json!({ "value": value }))
}

fn shown(id: &str, name: &str, used: &Used) -> Value {
    let total: usize = used.values().sum();
    let values: Vec<Value> = used.iter().map(|(value, count)| one(id, value, *count)).collect();
    json!({"id": id, "tagName": name, "count": {"type": if total > 0 { "Partial" } else { "Total" }, "value": total}, "values": values})
}

fn one(id: &str, value: &str, count: usize) -> Value {
    json!({"id": format!("{id}/tagValues/{value}"), "tagValue": value, "count": {"type": "Total", "value": count}})
}
