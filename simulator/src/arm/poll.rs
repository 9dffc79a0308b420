//! ARM: long-running operations: how they are announced, and what is answered when they are asked after.
//!
//! `Azure-AsyncOperation` answers 200 with a status; `Location` answers 202 until it is over.

use crate::authorization::{Call, Objects};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

/// What stands in the paths of operations.
const PROVIDER: &str = "Microsoft.Resources";

/// Begins an operation on a path and announces it.
pub(crate) fn started(
    world: &mut World,
    call: &Call<'_>,
    path: &ArmPath,
    status: u16,
    body: Option<Value>,
    by_location: bool,
) -> Reply {
    let takes = TimeDelta::seconds(i64::from(world.settings.operation_s));
    let id = world.guid("operation");
    let now = world.now();
    world.operations.start(&id, &path.path, now, takes);
    let version = call.query.get("api-version").map(String::as_str).unwrap_or_default();
    let subscription = path.subscription().unwrap_or_default();
    let base = format!("{}/subscriptions/{subscription}/providers/{PROVIDER}/locations/local", call.origin);
    let wait = world.clock.retry_after(takes / 2).to_string();
    let reply = match body {
        Some(body) => Reply::json(status, body),
        None => Reply::empty(status),
    };
    let reply = reply.with("retry-after", wait);
    if by_location {
        return reply.with("location", format!("{base}/operationResults/{id}?api-version={version}"));
    }
    reply.with("azure-asyncoperation", format!("{base}/operations/{id}?api-version={version}"))
}

/// Answers a poll; `None` for every other path.
pub(crate) fn handle(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let kind = path.kind.to_lowercase();
    let by_location = match kind.as_str() {
        "microsoft.resources/locations/operations" => false,
        "microsoft.resources/locations/operationresults" => true,
        _ => return None,
    };
    let id = path.name().to_lowercase();
    let Some(operation) = world.operations.find(&id) else {
        return Some(Reply::error(404, "OperationNotFound", &format!("There is no operation '{id}'.")));
    };
    let over = world.now() >= operation.ends;
    let wait = world.clock.retry_after(operation.ends - world.now()).to_string();
    if by_location {
        if !over {
            let again =
                format!("{}{}?api-version={}", call.origin, path.path, call.query.get("api-version")?);
            return Some(Reply::empty(202).with("location", again).with("retry-after", wait));
        }
        return Some(match world.get(&operation.target) {
            Some(found) => Reply::json(200, found.clone()),
            None => Reply::empty(204),
        });
    }
    let stamp = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut body = json!({
        "id": path.path, "name": id, "status": if over { "Succeeded" } else { "InProgress" },
        "startTime": stamp(operation.started),
    });
    if over {
        body["endTime"] = Value::from(stamp(operation.ends));
        return Some(Reply::json(200, body));
    }
    Some(Reply::json(200, body).with("retry-after", wait))
}
