//! HTTP: a request as the rooms see it, and an answer with its headers. Pure.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A request, parsed.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Upper case.
    pub(crate) method: String,
    /// Percent-decoded; no query.
    pub(crate) path: String,
    /// As it was sent, with the query.
    pub(crate) target: String,
    /// Decoded query parameters, keys in lower case.
    pub(crate) query: BTreeMap<String, String>,
    /// Headers, names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The bytes of the body.
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body of a deployment: a template in it may have comments, and names without quotes.
    pub(crate) fn template(&self) -> Result<Value, Reply> {
        let text = String::from_utf8_lossy(&self.body);
        let strict = Self { body: super::relaxed::relaxed(&text).into_bytes(), ..self.clone() };
        strict.json()
    }

    /// The body: an object, or `Null` when there is none. No request of either service has another one.
    pub(crate) fn json(&self) -> Result<Value, Reply> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        let invalid = |why: &str| {
            let message = format!("The request content was invalid and could not be deserialized: '{why}'.");
            Reply::error(400, "InvalidRequestContent", &message)
        };
        match serde_json::from_slice(&self.body).map_err(|e| invalid(&e.to_string()))? {
            body @ (Value::Object(_) | Value::Null) => Ok(body),
            _ => Err(invalid("the content is not an object")),
        }
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    /// Azure's error shape, which Graph shares.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, json!({"error": {"code": code, "message": message}}))
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// The answer to what Azure may have and this Azure has not: a refusal of the simulator's own, which stands in its record
/// and is never taken for an empty success or for a word of Azure's.
pub(crate) fn not_here(what: &str) -> Reply {
    let message =
        format!("The local Azure does not play {what}. This is the simulator's answer, not Azure's.");
    Reply::error(501, "NotPlayedByTheSimulator", &message)
}

/// Decodes a query string.
pub(crate) fn query(text: &str) -> BTreeMap<String, String> {
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs.map(|(name, value)| (name.to_lowercase(), value.into_owned())).collect()
}

/// Decodes `%2F` and its kind; bytes that are no text are replaced.
pub(crate) fn decode(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_decoded_once() {
        assert_eq!(decode("/a%2Fb%20c%zz%+f%"), "/a/b c%zz%+f%");
        assert_eq!(query("Api-Version=1&$filter=a%20eq+'b'")["$filter"], "a eq 'b'");
    }
}
