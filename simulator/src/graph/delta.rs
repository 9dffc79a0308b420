//! Graph: what has changed since a state (`/groups/delta`). The first answer is all there is, with a link that stands for
//! that state; who asks the link is told what was made, changed or removed since.
//!
//! Source: <https://learn.microsoft.com/graph/delta-query-overview>

use super::objects::{type_of, visible};
use super::shown::shown;
use super::{Question, bad, kind};
use crate::http::Reply;
use crate::world::{State, World};
use serde_json::{Value, json};

/// Answers `/COLLECTION/delta`; `None` for every other question.
pub(super) fn handle(world: &mut World, question: &Question<'_>, url: &str) -> Option<Reply> {
    let [collection, "delta"] = question.parts[..] else { return None };
    let wanted = type_of(collection)?;
    let now: State = world
        .directory()
        .filter(|object| kind(object) == wanted && visible(world, object))
        .map(|object| (object["id"].as_str().unwrap_or_default().to_lowercase(), object.clone()))
        .collect();
    let nothing = State::new();
    let before = match question.query.get("$deltatoken") {
        None => &nothing,
        Some(token) => match world.deltas.of(token) {
            Some(state) => state,
            None => return Some(bad("The delta token is not valid.")),
        },
    };
    let changed = now.iter().filter(|(id, object)| before.get(*id) != Some(object));
    let mut value: Vec<Value> = changed.map(|(_, object)| shown(object, question.select)).collect();
    let gone = before.keys().filter(|id| !now.contains_key(*id));
    value.extend(gone.map(|id| json!({"id": id, "@removed": {"reason": "deleted"}})));
    let token = world.guid("delta");
    world.deltas.keep(token.clone(), now);
    Some(Reply::json(200, json!({"@odata.deltaLink": format!("{url}?$deltatoken={token}"), "value": value})))
}
