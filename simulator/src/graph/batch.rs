//! Graph: many requests in one (JSON batching).

use super::{Question, answer};
use crate::http::{Reply, decode, query};
use crate::throttle;
use crate::world::World;
use serde_json::{Value, json};

/// More requests than this are refused.
const REQUESTS_MAX: usize = 20;

/// Answers a batch; each part has a status of its own.
pub(super) fn handle(world: &mut World, body: &Value, caller: &str, at: (&str, bool)) -> Reply {
    let Some(requests) = body["requests"].as_array() else {
        return Reply::error(400, "BadRequest", "The request body must contain a 'requests' array.");
    };
    if requests.len() > REQUESTS_MAX {
        let message = format!("Number of batch request steps exceeds the maximum value of {REQUESTS_MAX}.");
        return Reply::error(400, "BadRequest", &message);
    }
    let responses: Vec<Value> = requests.iter().map(|request| part(world, request, caller, at)).collect();
    Reply::json(200, json!({ "responses": responses }))
}

fn part(world: &mut World, request: &Value, caller: &str, (origin, beta): (&str, bool)) -> Value {
    let url = request["url"].as_str().unwrap_or_default();
    let (path, text) = url.split_once('?').unwrap_or((url, ""));
    let (path, query) = (decode(path), query(text));
    let of = |name: &str| query.get(name).map(String::as_str);
    let method = request["method"].as_str().unwrap_or("GET");
    // Each part counts for itself, and is refused by itself.
    let limits = throttle::graph(caller, method, &path, &query);
    let now = world.now();
    if world.settings.throttling
        && let Err((limit, wait)) = world.buckets.draw(&limits, now)
    {
        let seconds = world.clock.retry_after(wait);
        let headers = json!({"Content-Type": "application/json", "Retry-After": seconds.to_string()});
        let body = limit.refusal(seconds).body;
        return json!({"id": request["id"], "status": 429, "headers": headers, "body": body});
    }
    let question = Question {
        method,
        beta,
        parts: path.split('/').filter(|p| !p.is_empty()).collect(),
        filter: of("$filter"),
        select: of("$select"),
        body: &request["body"],
    };
    let reply = answer(world, &question, origin);
    json!({
        "id": request["id"], "status": reply.status, "headers": {"Content-Type": "application/json"},
        "body": reply.body,
    })
}
