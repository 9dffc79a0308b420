//! Graph: the way of a request to what answers it, and the words that all of Graph shares.

#[cfg(any(test, feature = "fuzz"))]
use super::filter;
use super::{batch, counted, delta, objects, options, writes};
use crate::http::{Reply, Request};
use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One question to Graph, from a request of its own or from a part of a batch.
pub(crate) struct Question<'a> {
    pub(crate) method: &'a str,
    /// Whether the preview was asked.
    pub(crate) beta: bool,
    /// The parts of the path behind the version.
    pub(crate) parts: Vec<&'a str>,
    pub(crate) filter: Option<&'a str>,
    pub(crate) select: Option<&'a str>,
    /// Everything behind the question mark, names in lower case.
    pub(crate) query: &'a BTreeMap<String, String>,
    /// Whether the directory's index may answer, in which some questions are allowed that else are not
    /// (`ConsistencyLevel: eventual`).
    pub(crate) advanced: bool,
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
        query: &request.query,
        advanced: request.header("consistencylevel").is_some_and(is_eventual),
        body: &body,
    };
    answer(world, &question, origin)
}

pub(super) fn is_eventual(level: &str) -> bool {
    level.eq_ignore_ascii_case("eventual")
}

/// Answers one question.
pub(crate) fn answer(world: &mut World, question: &Question<'_>, origin: &str) -> Reply {
    if let Some(unread) = world.unread(&question.parts.join("/")).filter(|_| question.method == "GET") {
        return Reply::error(unread.status, &unread.code, "The estate says that you may not read this.");
    }
    if let Some(reply) = options::unknown(question.query) {
        return reply;
    }
    match question.method {
        "GET" => {
            let version = if question.beta { "beta" } else { "v1.0" };
            let url = format!("{origin}/{version}/{}", question.parts.join("/"));
            let reply = counted::handle(world, question, origin)
                .or_else(|| delta::handle(world, question, &url))
                .unwrap_or_else(|| objects::read(world, question, origin));
            options::page(reply, &url, question.query, question.advanced)
        }
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
    filter::parse(text).is_ok_and(|filter| filter.fits(object))
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
