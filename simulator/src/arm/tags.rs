//! ARM: entity tags, with which API Management guards what is inside a service: every answer names the state
//! that it shows, and a change or a removal has to name the state that it was made for, be it any.
//! Source: apimanagement/2022-08-01 (`If-Match`, `ETag`).

use crate::authorization::{Call, Objects};
use crate::http::{Reply, Request};
use crate::world::World;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Whether a path leads to something inside a service.
fn is_guarded(path: &str) -> bool {
    let path = path.to_lowercase();
    let inside = path.split_once("/providers/microsoft.apimanagement/service/");
    inside.is_some_and(|(_, rest)| rest.split('/').count() > 2 && !rest.contains("/providers/"))
}

fn tag(world: &World, path: &str) -> Option<String> {
    let mut hasher = DefaultHasher::new();
    world.get(path)?.to_string().hash(&mut hasher);
    Some(format!("\"{:016x}\"", hasher.finish()))
}

/// Why a write is refused: it names no state, or another one than there is.
pub(crate) fn refused(world: &World, call: &Call<'_>, request: &Request) -> Option<Reply> {
    let guarded = matches!(call.method, "PUT" | "PATCH" | "DELETE") && is_guarded(call.path);
    let now = tag(world, call.path).filter(|_| guarded)?;
    match request.header("if-match") {
        None if call.method == "PUT" => None,
        None => Some(Reply::error(400, "ValidationError", "The header 'If-Match' is required.")),
        Some(asked) if asked == "*" || asked == now => None,
        Some(_) => {
            let message = "Resource was modified since last retrieval.";
            Some(Reply::error(412, "PreconditionFailed", message))
        }
    }
}

/// Adds the tag of what is shown.
pub(crate) fn tagged(world: &World, call: &Call<'_>, reply: Reply) -> Reply {
    let shown = reply.status < 300 && call.method != "DELETE" && is_guarded(call.path);
    match tag(world, call.path).filter(|_| shown) {
        Some(tag) => reply.with("etag", tag),
        None => reply,
    }
}
