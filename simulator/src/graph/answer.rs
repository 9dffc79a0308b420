//! Graph: the way of one question to what answers it.

use super::{Question, counted, delta, no_method, objects, options, writes};
use crate::http::Reply;
use crate::world::World;

/// Answers one question.
pub(super) fn answer(world: &mut World, question: &Question<'_>, origin: &str) -> Reply {
    if let Some(unread) = world.unread(&question.parts.join("/")).filter(|_| question.method == "GET") {
        return Reply::error(unread.status, &unread.code, "The estate says that you may not read this.");
    }
    if let Some(reply) = options::unknown(question.query) {
        return reply;
    }
    let asked = question.parts.join("/");
    let question = &question.called();
    match question.method {
        "GET" => {
            let version = if question.beta { "beta" } else { "v1.0" };
            let url = format!("{origin}/{version}/{asked}");
            let reply = counted::handle(world, question, origin)
                .or_else(|| delta::handle(world, question, &url))
                .unwrap_or_else(|| objects::read(world, question, origin));
            options::page(reply, &url, question.query, question.advanced)
        }
        // A read that is spelled as POST.
        "POST" if objects::is_by_ids(&question.parts) => objects::by_ids(world, question.body, origin),
        "POST" | "PATCH" | "DELETE" => writes::write(world, question),
        _ => no_method(),
    }
}
