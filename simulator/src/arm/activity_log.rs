//! ARM: the activity log of a subscription: the writes that were sent to it. Pure.
//!
//! Source: <https://learn.microsoft.com/rest/api/monitor/activity-logs/list>

use crate::authorization::{Call, needed};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::{RequestLine, World};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

const END: &str = "/providers/microsoft.insights/eventtypes/management/values";

/// Answers a question for the log; `None` for every other request.
pub(super) fn handle(world: &World, call: &Call<'_>) -> Option<Reply> {
    let path = call.path.to_lowercase();
    let subscription = path.strip_suffix(END)?;
    if call.method != "GET" {
        return Some(super::answers::no_method(call));
    }
    let Some(filter) = call.query.get("$filter").map(|text| terms(text)) else {
        return Some(invalid("The $filter is required."));
    };
    let Some(terms) = filter else { return Some(invalid("The $filter is not understood.")) };
    let mine = |line: &&RequestLine| line.host == "arm" && line.path.to_lowercase().starts_with(subscription);
    let events = world
        .requests
        .iter()
        .filter(mine)
        .filter(|line| is_write(line))
        .map(|line| event(line, &world.settings.client_id));
    let mut value: Vec<Value> = events.filter(|event| terms.iter().all(|term| fits(term, event))).collect();
    value.reverse();
    Some(Reply::json(200, json!({ "value": value })))
}

fn invalid(message: &str) -> Reply {
    Reply::error(400, "BadRequest", message)
}

/// Name, operator and value of each condition; names of what an event has.
fn terms(text: &str) -> Option<Vec<(String, String, String)>> {
    let known = [
        "eventtimestamp",
        "resourcegroupname",
        "resourceprovider",
        "resourceid",
        "resourceuri",
        "correlationid",
        "caller",
        "status",
    ];
    let one = |term: &str| {
        let words: Vec<&str> = term.split_whitespace().collect();
        let [name, operator, value] = words[..] else { return None };
        let name = name.to_lowercase();
        known
            .contains(&name.as_str())
            .then(|| (name, operator.to_lowercase(), value.trim_matches('\'').to_owned()))
    };
    text.split(" and ").map(one).collect()
}

fn is_write(line: &RequestLine) -> bool {
    // What is asked by POST is an action, and is logged as one, a list of secrets too.
    matches!(line.method.as_str(), "PUT" | "PATCH" | "DELETE" | "POST")
}

fn event(line: &RequestLine, caller: &str) -> Value {
    let path = line.path.split('?').next().unwrap_or_default();
    let (action, scope) = needed(&line.method, path);
    let parsed = ArmPath::parse(path);
    let status = if line.status < 300 { "Succeeded" } else { "Failed" };
    let provider = parsed.kind.split('/').next().unwrap_or_default();
    json!({
        "eventTimestamp": line.time, "submissionTimestamp": line.time, "level": if line.status < 300 { "Informational" } else { "Error" },
        "operationName": {"value": action, "localizedValue": action}, "status": {"value": status, "localizedValue": status},
        "category": {"value": "Administrative", "localizedValue": "Administrative"},
        "resourceId": scope, "resourceGroupName": parsed.group(), "subscriptionId": parsed.subscription(),
        "resourceProviderName": {"value": provider, "localizedValue": provider},
        "resourceType": {"value": parsed.kind, "localizedValue": parsed.kind},
        "caller": caller, "correlationId": line.correlation_id, "eventDataId": null,
        "claims": {"appid": caller, "http://schemas.microsoft.com/identity/claims/objectidentifier": line.caller},
        "httpRequest": {"method": line.method, "uri": line.path, "clientRequestId": line.client_request_id},
    })
}

fn fits((name, operator, wanted): &(String, String, String), event: &Value) -> bool {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    if name == "eventtimestamp" {
        let moment = |text: &str| {
            let text =
                if text.ends_with('Z') || text.contains('+') { text.to_owned() } else { format!("{text}Z") };
            text.parse::<DateTime<Utc>>().ok()
        };
        let (Some(at), Some(wanted)) = (moment(&text("/eventTimestamp")), moment(wanted)) else {
            return false;
        };
        return match operator.as_str() {
            "ge" => at >= wanted,
            "le" => at <= wanted,
            _ => false,
        };
    }
    let held = match name.as_str() {
        "resourcegroupname" => text("/resourceGroupName"),
        "resourceprovider" => text("/resourceProviderName/value"),
        "correlationid" => text("/correlationId"),
        "caller" => text("/caller"),
        "status" => text("/status/value"),
        _ => text("/resourceId"),
    };
    operator == "eq" && held.eq_ignore_ascii_case(wanted)
}
