//! Activities: a fact as a short text that stands for its value. Pure.

use rehome_orchestrator::digest;
use serde::Serialize;
use serde_json::Value;

/// A plain text as it is, anything else by its digest.
pub(crate) fn short(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(Value::Null) => "none".to_owned(),
        Ok(other) => digest(&other),
        Err(_) => "unreadable".to_owned(),
    }
}
