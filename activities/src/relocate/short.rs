//! Activities: a fact as a short text that stands for its value. Pure.

use rehome_orchestrator::digest;
use serde::Serialize;
use serde_json::Value;

/// So many bytes of JSON are read by people; more are told apart.
const SHOWN_MAX: usize = 240;

/// A plain text as it is, anything else as JSON, and by its digest where that is long.
pub(crate) fn short(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(Value::Null) => "none".to_owned(),
        Ok(other) => {
            Some(other.to_string()).filter(|text| text.len() <= SHOWN_MAX).unwrap_or_else(|| digest(&other))
        }
        Err(_) => "unreadable".to_owned(),
    }
}
