//! Graph: the way of a request to what answers it.

use super::answer::answer;
use super::{Question, batch, is_eventual};
use crate::http::{Reply, Request};
use crate::world::World;

/// Answers a request to Graph.
pub(crate) fn handle(world: &mut World, request: &Request, caller: &str, origin: &str) -> Reply {
    let body = match request.json() {
        Ok(body) => body,
        Err(_) => return Reply::error(400, "Request_BadRequest", "The request body is not JSON."),
    };
    let mut parts: Vec<&str> = request.path.split('/').filter(|p| !p.is_empty()).collect();
    let version = if parts.is_empty() { "" } else { parts.remove(0) };
    if !matches!(version, "v1.0" | "beta") {
        return Reply::error(400, "BadRequest", "The version is v1.0 or beta.");
    }
    let beta = version == "beta";
    if parts == ["$batch"] && request.method == "POST" {
        return batch::handle(world, &body, caller, (origin, beta));
    }
    let of = |name: &str| request.query.get(name).map(String::as_str);
    let question = Question {
        method: &request.method,
        beta,
        parts,
        filter: of("$filter"),
        select: of("$select"),
        query: &request.query,
        advanced: request.header("consistencylevel").is_some_and(is_eventual),
        body: &body,
    };
    answer(world, &question, origin)
}
