//! ARM: long lists come in pages. Pure.
//!
//! Source: Azure Resource Manager's guidelines (`nextLink`, `$skipToken`, `$top`); the next page is asked for
//! with the whole link as it was given.

use crate::authorization::Call;
use crate::http::Reply;
use serde_json::Value;

/// Cuts a list to one page, with the link to the next; anything else stays as it is.
pub(crate) fn page(mut reply: Reply, call: &Call<'_>, size: usize) -> Reply {
    // What uses an identity is a list that is asked for by POST, its further pages too (msi/2022-01-31-preview).
    let posted = call.method == "POST" && call.path.to_lowercase().ends_with("/listassociatedresources");
    if call.method != "GET" && !posted || reply.status != 200 {
        return reply;
    }
    let Some(items) = reply.body.as_mut().and_then(|b| b.get_mut("value")).and_then(Value::as_array_mut)
    else {
        return reply;
    };
    let from = match call.query.get("$skiptoken").map(|token| token.parse::<usize>()) {
        None => 0,
        Some(Ok(from)) => from,
        Some(Err(_)) => {
            return Reply::error(400, "InvalidSkipToken", "The provided skip token is not valid.");
        }
    };
    let wished = call.query.get("$top").and_then(|top| top.parse::<usize>().ok()).filter(|top| *top > 0);
    let size = wished.map_or(size, |top| top.min(size)).max(1);
    let more = items.len() > from.saturating_add(size);
    *items = items.drain(..).skip(from).take(size).collect();
    if more {
        let query = call.query.iter().filter(|(key, _)| *key != "$skiptoken");
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(query).append_pair("$skipToken", &(from + size).to_string());
        let next = format!("{}{}?{}", call.origin, call.path, text.finish());
        if let Some(body) = &mut reply.body {
            body["nextLink"] = Value::from(next);
        }
    }
    reply
}
