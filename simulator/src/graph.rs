//! Simulator: Microsoft Graph, v1.0: service principals, groups, applications, roles, and batches.

mod batch;
mod filter;
mod objects;
mod pim;
mod principals;
mod schedules;
mod sign_ins;
mod writes;

pub(crate) use batch::parts;
pub(crate) use schedules::pass;

use crate::http::{Reply, Request};
use crate::world::World;
use serde_json::{Value, json};

/// One question to Graph, from a request of its own or from a part of a batch.
pub(crate) struct Question<'a> {
    pub(crate) method: &'a str,
    /// Whether the preview was asked.
    pub(crate) beta: bool,
    /// The parts of the path behind the version.
    pub(crate) parts: Vec<&'a str>,
    pub(crate) filter: Option<&'a str>,
    pub(crate) select: Option<&'a str>,
    pub(crate) body: &'a Value,
}

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
        body: &body,
    };
    answer(world, &question, origin)
}

/// Answers one question.
pub(crate) fn answer(world: &mut World, question: &Question<'_>, origin: &str) -> Reply {
    if let Some(unread) = world.unread(&question.parts.join("/")).filter(|_| question.method == "GET") {
        return Reply::error(unread.status, &unread.code, "The estate says that you may not read this.");
    }
    match question.method {
        "GET" => objects::read(world, question, origin),
        // A read that is spelled as POST.
        "POST" if objects::is_by_ids(&question.parts) => objects::by_ids(world, question.body, origin),
        "POST" | "PATCH" | "DELETE" => writes::write(world, question),
        _ => Reply::error(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        ),
    }
}

/// Whether an object fits a filter.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fits(object: &Value, text: &str) -> bool {
    filter::matches(object, text)
}

/// Graph's word for a request that is wrong.
pub(crate) fn bad(message: &str) -> Reply {
    Reply::error(400, "Request_BadRequest", message)
}

/// Graph's 404.
pub(crate) fn not_found(id: &str) -> Reply {
    let message = format!(
        "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    );
    Reply::error(404, "Request_ResourceNotFound", &message)
}

/// A list on one page.
pub(crate) fn list(origin: &str, what: &str, value: Vec<Value>) -> Reply {
    Reply::json(200, json!({"@odata.context": format!("{origin}/v1.0/$metadata#{what}"), "value": value}))
}

/// The short type of an object: `group`.
pub(crate) fn kind(object: &Value) -> &str {
    object["@odata.type"].as_str().unwrap_or_default().trim_start_matches("#microsoft.graph.")
}

/// Whether a text member is this text, without regard to case.
pub(crate) fn is(object: &Value, name: &str, wanted: &str) -> bool {
    object[name].as_str().is_some_and(|text| text.eq_ignore_ascii_case(wanted))
}
