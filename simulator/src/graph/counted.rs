//! Graph: how many there are, as a bare number (`/groups/$count`, `/groups/ID/members/$count`).
//!
//! Source: <https://learn.microsoft.com/graph/aad-advanced-queries>

use super::{Question, bad, objects};
use crate::http::Reply;
use crate::world::World;
use serde_json::Value;

/// Answers a question that ends in `$count`; `None` for every other one.
pub(super) fn handle(world: &World, question: &Question<'_>, origin: &str) -> Option<Reply> {
    let (last, parts) = question.parts.split_last()?;
    if *last != "$count" {
        return None;
    }
    if !question.advanced {
        return Some(bad("$count is not currently supported."));
    }
    let list = Question { parts: parts.to_vec(), select: None, ..*question };
    let reply = objects::read(world, &list, origin);
    let counted = reply.body.as_ref().and_then(|body| body["value"].as_array().map(Vec::len));
    Some(match counted {
        Some(number) => {
            let text = Value::String(number.to_string());
            Reply::json(200, text).with("content-type", "text/plain")
        }
        None => reply,
    })
}
