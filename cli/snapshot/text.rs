//! CLI: a snapshot: members of objects. Pure.

use serde_json::Value;

/// A text member.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
