//! Graph: one question, and the words that all of Graph shares.

use crate::http::Reply;
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

/// Blueprints of agent identities are applications that answer only where a path calls them by their type.
/// Source: <https://learn.microsoft.com/graph/api/resources/agentidentityblueprint>
const CAST: &str = "microsoft.graph.agentIdentityBlueprint";

/// The collection that such a path leads to: no path leads there by this name.
pub(super) const BLUEPRINTS: &str = "applications/agentIdentityBlueprints";

impl<'a> Question<'a> {
    /// The same question with the collection that it calls by a type.
    pub(super) fn called(&self) -> Question<'a> {
        let parts = match self.parts[..] {
            ["applications", cast] if cast == CAST => vec![BLUEPRINTS],
            ["applications", id, cast, ref rest @ ..] if cast == CAST => {
                [BLUEPRINTS, id].into_iter().chain(rest.iter().copied()).collect()
            }
            _ => self.parts.clone(),
        };
        Question { parts, ..*self }
    }
}

/// Whether a request lets the directory's index answer.
pub(super) fn is_eventual(level: &str) -> bool {
    level.eq_ignore_ascii_case("eventual")
}

/// Graph's word for a request that is wrong.
pub(crate) fn bad(message: &str) -> Reply {
    Reply::error(400, "Request_BadRequest", message)
}

/// Graph's 405.
pub(crate) fn no_method() -> Reply {
    let message = "Specified HTTP method is not allowed for the request target.";
    Reply::error(405, "Request_BadRequest", message)
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
