//! Authorization room of the local Azure: what it is asked and how it answers. The rules stay pure: they see this and
//! nothing of HTTP.

use std::collections::BTreeMap;
use std::fmt::Display;

use chrono::{DateTime, SecondsFormat, Utc};

pub(crate) use crate::objects::{Delays, Objects, Principal};
use serde_json::{Value, json};

/// One request to this room, already parsed and authenticated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// Upper case.
    pub(crate) method: &'a str,
    /// Percent-decoded, as sent altered_write; no query.
    pub(crate) path: &'a str,
    /// Decoded query parameters, keys in lower case.
    pub(crate) query: &'a BTreeMap<String, String>,
    /// The JSON body; `Null` where there was none.
    pub(crate) body: &'a Value,
    /// Object id of the signed-in principal.
    pub(crate) caller: &'a str,
    /// Tenant id.
    pub(crate) tenant: &'a str,
    /// Scheme and authority of this ARM, without a slash at the end: next links begin with it.
    pub(crate) origin: &'a str,
    /// Simulated time.
    pub(crate) now: DateTime<Utc>,
}

/// Status and JSON body of an answer; the server adds the headers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
}

impl Answer {
    /// An answer with a body.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, body: Some(body) }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: None }
    }

    /// A page that is the only one: `value` and no `nextLink`.
    pub(crate) fn list(value: Vec<Value>) -> Self {
        Self::json(200, json!({ "value": value }))
    }

    /// Azure's error shape.
    pub(crate) fn error(status: u16, code: &str, message: impl Display) -> Self {
        Self::json(status, json!({"error": {"code": code, "message": message.to_string()}}))
    }

    /// The method is not one that this path knows.
    pub(crate) fn method_not_allowed(method: &str) -> Self {
        let message = format!("The requested resource does not support http method '{method}'.");
        Self::error(405, "UnsupportedHttpMethod", message)
    }
}

impl From<Answer> for crate::http::Reply {
    fn from(answer: Answer) -> Self {
        Self { status: answer.status, headers: Vec::new(), body: answer.body }
    }
}

/// A time as Azure writes it in this provider: seven digits of a second.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    let text = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("{}0Z", text.trim_end_matches('Z'))
}

/// Azure prints GUIDs without dashes inside some messages.
pub(crate) fn undashed(guid: &str) -> String {
    guid.chars().filter(|letter| *letter != '-').collect()
}

/// A text field of a JSON object, by pointer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_seven_digits() {
        let at = DateTime::from_timestamp(1_743_672_610, 779_780_600).unwrap();
        assert_eq!(stamp(at), "2025-04-03T09:30:10.7797800Z");
    }
}
