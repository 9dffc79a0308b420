//! Graph: many requests in one (JSON batching).

use super::answer::answer;
use super::{Question, is_eventual};
use crate::faults::FaultEffect;
use crate::http::Host;
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
    let responses: Vec<Value> =
        requests.iter().filter_map(|request| faulty_part(world, request, caller, at)).collect();
    Reply::json(200, json!({ "responses": responses }))
}

/// The requests of a batch, as methods and paths with queries, for the record.
pub(crate) fn parts(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |part: &Value, name: &str| part[name].as_str().unwrap_or_default().to_owned();
    let all = body["requests"].as_array().into_iter().flatten();
    all.map(|part| format!("{} /v1.0{}", text(part, "method"), text(part, "url"))).collect()
}

/// A part, unless something goes wrong with it: rules of faults see parts as the requests that they are. One whose
/// connection is cut has no answer in the batch.
fn faulty_part(world: &mut World, request: &Value, caller: &str, at: (&str, bool)) -> Option<Value> {
    let url = request["url"].as_str().unwrap_or_default();
    let path = format!("/v1.0{}", decode(url.split('?').next().unwrap_or_default()));
    let method = request["method"].as_str().unwrap_or("GET");
    let seed = world.seed;
    match world.faults.inject(seed, Host::Graph.name(), method, &path) {
        Some(FaultEffect::CutBefore) => None,
        Some(FaultEffect::CutAfter) => {
            drop(part(world, request, caller, at));
            None
        }
        Some(FaultEffect::Answer(canned)) => {
            if canned.after {
                drop(part(world, request, caller, at));
            }
            let reply = canned.reply(Host::Graph, at.0);
            let headers: serde_json::Map<String, Value> = reply
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), Value::from(value.clone())))
                .collect();
            Some(json!({"id": request["id"], "status": reply.status, "headers": headers, "body": reply.body}))
        }
        Some(FaultEffect::AlteredWrite(otherwise)) => {
            let mut other = request.clone();
            let body = otherwise.body(request["body"].to_string().as_bytes());
            other["body"] = serde_json::from_slice(&body).unwrap_or_default();
            let answer = part(world, &other, caller, at);
            (!otherwise.cut).then_some(answer)
        }
        Some(FaultEffect::LatencyMs(_)) | None => Some(part(world, request, caller, at)),
    }
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
    let headers = request["headers"].as_object().into_iter().flatten();
    let mut named = headers.filter(|(name, _)| name.eq_ignore_ascii_case("consistencylevel"));
    let consistency = named.next().and_then(|(_, level)| level.as_str());
    let question = Question {
        method,
        beta,
        parts: path.split('/').filter(|p| !p.is_empty()).collect(),
        filter: of("$filter"),
        select: of("$select"),
        query: &query,
        advanced: consistency.is_some_and(is_eventual),
        body: &request["body"],
    };
    let reply = answer(world, &question, origin);
    json!({
        "id": request["id"], "status": reply.status, "headers": {"Content-Type": "application/json"},
        "body": reply.body,
    })
}
