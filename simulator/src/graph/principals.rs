//! Graph: what is set on a service principal itself: its custom security attributes, whether it may sign in, tags
//! and notes. Which of them Graph refuses of a managed identity is not published; here it takes them all.

use super::objects::find;
use super::{bad, not_found};
use crate::http::Reply;
use crate::world::World;
use serde_json::{Map, Value};

/// What an attribute set has to say that it is.
const SET: &str = "#Microsoft.DirectoryServices.CustomSecurityAttributeValue";

/// What Graph says that it is.
const SHOWN: &str = "#microsoft.graph.customSecurityAttributeValue";

/// Longer notes are refused.
const NOTES_MAX: usize = 1_024;

/// Answers `PATCH /servicePrincipals/{id}`.
/// Sources: <https://learn.microsoft.com/graph/custom-security-attributes-examples>,
/// <https://learn.microsoft.com/graph/api/serviceprincipal-update>
pub(super) fn update(world: &mut World, id: &str, body: &Value) -> Reply {
    let Some(mut principal) = find(world, "servicePrincipals", id).cloned() else { return not_found(id) };
    for (name, value) in body.as_object().into_iter().flatten() {
        let changed = match name.as_str() {
            "customSecurityAttributes" => assign(&principal["customSecurityAttributes"], value),
            "accountEnabled" if value.is_boolean() => Ok(value.clone()),
            "tags" if value.as_array().is_some_and(|all| all.iter().all(Value::is_string)) => {
                Ok(value.clone())
            }
            "notes" if value.is_null() || value.as_str().is_some_and(|notes| notes.len() <= NOTES_MAX) => {
                Ok(value.clone())
            }
            _ => Err(format!("Property '{name}' is read-only here, or unknown.")),
        };
        match changed {
            Ok(value) => principal[name] = value,
            Err(message) => return bad(&message),
        }
    }
    world.put_directory(principal);
    Reply::empty(204)
}

/// The attributes of a principal after some were assigned; nothing, and an empty list, take one away.
fn assign(held: &Value, body: &Value) -> Result<Value, String> {
    let sets = body.as_object().ok_or("customSecurityAttributes is not an object.")?;
    let mut held = held.as_object().cloned().unwrap_or_default();
    for (set, given) in sets {
        let given = given.as_object().filter(|given| given.get("@odata.type").is_some_and(|t| t == SET));
        let given = given.ok_or_else(|| format!("Attribute set '{set}' is not said to be a {SET}."))?;
        let mut members = held.get(set).and_then(Value::as_object).cloned().unwrap_or_default();
        for (name, value) in given.iter().filter(|(name, _)| !name.contains('@')) {
            put(&mut members, name, value, given)?;
        }
        members.insert("@odata.type".to_owned(), Value::from(SHOWN));
        let left = members.keys().any(|name| !name.contains('@'));
        if left {
            held.insert(set.clone(), Value::Object(members))
        } else {
            held.remove(set)
        };
    }
    Ok(if held.is_empty() { Value::Null } else { Value::Object(held) })
}

/// Sets one attribute; whole numbers and lists have to say what they are, as nobody can tell from JSON.
fn put(
    members: &mut Map<String, Value>,
    name: &str,
    value: &Value,
    given: &Map<String, Value>,
) -> Result<(), String> {
    let mark = format!("{name}@odata.type");
    let said = given.get(&mark).and_then(Value::as_str);
    let list = value.as_array();
    let needed = match list.map_or(value, |list| list.first().unwrap_or(&Value::Null)) {
        Value::Number(_) if list.is_some() => Some("#Collection(Int32)"),
        Value::String(_) if list.is_some() => Some("#Collection(String)"),
        Value::Number(number) if number.is_i64() => Some("#Int32"),
        Value::Null | Value::Bool(_) | Value::String(_) => None,
        _ => return Err(format!("Attribute '{name}' has a value of no type that there is.")),
    };
    if needed.is_some() && said != needed {
        return Err(format!("Attribute '{name}' has to be annotated as {}.", needed.unwrap_or_default()));
    }
    let gone = value.is_null() || list.is_some_and(Vec::is_empty);
    members.remove(&mark);
    if gone {
        members.remove(name)
    } else {
        members.insert(name.to_owned(), value.clone())
    };
    if let Some(needed) = needed.filter(|needed| needed.contains('(')) {
        members.insert(mark, Value::from(needed));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn attributes_are_set_and_taken_away_one_by_one_and_must_say_what_they_are() {
        let set = |more: Value| {
            let mut set = json!({"@odata.type": SET});
            set.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"Engineering": set})
        };
        let both = set(json!({"Project@odata.type": "#Collection(String)", "Project": ["Baker"],
            "Vendors@odata.type": "#Int32", "Vendors": 4, "Certified": true}));
        let held = assign(&Value::Null, &both).unwrap();
        assert_eq!(
            held["Engineering"],
            json!({"@odata.type": SHOWN, "Project@odata.type": "#Collection(String)", "Project": ["Baker"],
                "Vendors": 4, "Certified": true})
        );
        let held = assign(&held, &set(json!({"Project": [], "Vendors": null}))).unwrap();
        assert_eq!(held, json!({"Engineering": {"@odata.type": SHOWN, "Certified": true}}));
        assert_eq!(assign(&held, &set(json!({"Certified": null}))), Ok(Value::Null));
        for wrong in [
            set(json!({"Project": ["Baker"]})),
            set(json!({"Vendors": 4})),
            json!({"Engineering": {"A": "b"}}),
        ] {
            assert!(assign(&Value::Null, &wrong).is_err(), "{wrong}");
        }
    }
}
