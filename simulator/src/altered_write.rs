//! Simulator: services that do something else than what they are asked, as data. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A write has the effect of another body than the one that was sent, and is answered as if it had its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlteredWrite {
    /// JSON pointers of what the service takes no notice of.
    #[serde(default)]
    pub without: Vec<String>,
    /// What it does beside that: merged into the body, where a `null` takes away.
    #[serde(default)]
    pub with: Value,
    /// Members of `with` that were sent stay as they were sent.
    #[serde(default)]
    pub unless_sent: bool,
    /// The connection is cut instead of an answer.
    #[serde(default)]
    pub cut: bool,
    /// What a write that succeeds does to other resources.
    #[serde(default)]
    pub also: Vec<SideEffect>,
}

/// What a service does to a resource that was not written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideEffect {
    /// The id of the resource.
    pub id: String,
    /// JSON pointers of what it loses.
    #[serde(default)]
    pub without: Vec<String>,
    /// What is merged into it, where a `null` takes away.
    #[serde(default)]
    pub with: Value,
}

impl SideEffect {
    /// The resource as the service leaves it.
    pub(crate) fn of(&self, resource: &Value) -> Value {
        let mut changed = resource.clone();
        take_out(&mut changed, &self.without);
        merge(&mut changed, &self.with, false);
        changed
    }
}

impl AlteredWrite {
    /// The body that has effect.
    pub(crate) fn body(&self, sent: &[u8]) -> Vec<u8> {
        let Ok(mut body) = serde_json::from_slice::<Value>(sent) else { return sent.to_vec() };
        take_out(&mut body, &self.without);
        merge(&mut body, &self.with, self.unless_sent);
        body.to_string().into_bytes()
    }
}

fn take_out(body: &mut Value, pointers: &[String]) {
    for (around, name) in pointers.iter().filter_map(|pointer| pointer.rsplit_once('/')) {
        match body.pointer_mut(around) {
            Some(Value::Object(members)) => {
                members.remove(name);
            }
            Some(Value::Array(items)) => {
                let at = name.parse().ok().filter(|at| *at < items.len());
                at.map(|at: usize| items.remove(at));
            }
            Some(_) | None => {}
        }
    }
}

fn merge(body: &mut Value, with: &Value, unless_sent: bool) {
    let Value::Object(members) = with else {
        if !unless_sent && !with.is_null() {
            *body = with.clone();
        }
        return;
    };
    if !body.is_object() {
        *body = Value::Object(serde_json::Map::new());
    }
    for (name, member) in members {
        match body.get_mut(name) {
            Some(own) if own.is_object() && member.is_object() => merge(own, member, unless_sent),
            Some(_) if unless_sent => {}
            Some(_) | None => body[name.as_str()] = member.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_leaves_out_some_of_what_was_sent_and_does_more() {
        let otherwise = |unless_sent| AlteredWrite {
            without: vec!["/a/b".to_owned(), "/none/x".to_owned()],
            with: json!({"a": {"c": null, "d": 2}, "e": [1]}),
            unless_sent,
            ..AlteredWrite::default()
        };
        let sent = json!({"a": {"b": 1, "d": 1}}).to_string();
        let body = |unless| -> Value {
            serde_json::from_slice(&otherwise(unless).body(sent.as_bytes())).expect("JSON")
        };
        assert_eq!(body(false), json!({"a": {"c": null, "d": 2}, "e": [1]}));
        assert_eq!(body(true), json!({"a": {"c": null, "d": 1}, "e": [1]}));
        assert_eq!(otherwise(false).body(b"not JSON"), b"not JSON");
        let also = SideEffect { id: String::new(), without: vec!["/list/0".into()], with: json!({"b": 2}) };
        assert_eq!(also.of(&json!({"list": [1, 2], "a": 1})), json!({"list": [2], "a": 1, "b": 2}));
    }
}
