//! CLI: one event as one line.

use crate::error::one_line;
use rehome_store::Stored;
use serde_json::Value;

/// Place, time, who, what.
pub(crate) fn line(event: &Stored, body: &Value) -> String {
    let record = &event.record;
    let at = crate::time::stamp(record.at_ms);
    let (stream, kind, actor) = (record.stream.as_str(), &record.kind, &record.actor);
    let gist = event.withheld_reason().map_or_else(|| gist(kind, body), |why| format!("(withheld: {why})"));
    one_line(&format!("{:>6}  {at}  {stream:<14} {kind:<14} {actor}  {gist}", event.position.0))
}

fn gist(kind: &str, body: &Value) -> String {
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    match kind {
        "began" => format!("{} {} attempt {}", text("step"), text("act"), body["attempt"]),
        "ended" => {
            let end = body["end"].as_object().and_then(|e| e.iter().next());
            let word = end.map_or("", |(word, _)| word.as_str());
            let why = end
                .map(|(_, v)| v)
                .and_then(|v| v["message"].as_str().or_else(|| v["why"]["message"].as_str()));
            format!("{} {} {word} {}", text("step"), text("act"), why.unwrap_or_default())
        }
        "planned" | "batch_planned" => text("digest").to_owned(),
        "approved" | "batch_approved" => {
            format!("{} {}", body["gate"].as_str().unwrap_or("plan"), text("reason"))
        }
        "asked" => format!("{} {}", body["request"], text("reason")),
        "restored" | "batch_restored" => {
            let known = body["known"]["position"].as_u64();
            let known = known.map_or_else(|| "nobody knows what".to_owned(), |p| format!("event {p}"));
            format!("from event {}, {known} is known of: {}", body["ends"]["position"], text("reason"))
        }
        "recalled" => {
            let found = &body["found"];
            let word = found.as_str().or_else(|| found.as_object()?.keys().next().map(String::as_str));
            format!("{} {}", text("step"), word.unwrap_or_default())
        }
        "reconciled" => {
            let steps = body["steps"].as_array();
            let count = |word: &str| {
                let became = |s: &&Value| s["became"] == word || s["became"].get(word).is_some();
                steps.into_iter().flatten().filter(became).count()
            };
            let (done, partial, passed) = (count("done"), count("partial"), count("passed"));
            format!("{done} done, {partial} in part, {passed} passed, {} for a person", count("parked"))
        }
        "closed" => text("verdict").to_owned(),
        "opened" => format!("{} on {} pid {}", text("program"), text("host"), body["pid"]),
        "compared" | "proved" => {
            format!("{} differences", body["differences"].as_array().map_or(0, Vec::len))
        }
        "checked" => {
            let broken = body["broken"].as_array().map_or(0, Vec::len);
            format!("{} {} looked at, {broken} broken", text("step"), body["looked"])
        }
        "waiting" | "parked" => {
            format!("{} {}", text("step"), body["why"]["message"].as_str().unwrap_or_default())
        }
        "probed" => {
            let found = &body["found"];
            let word = found.as_str().or_else(|| found.as_object()?.keys().next().map(String::as_str));
            format!("{} {} {}", text("step"), text("act"), word.unwrap_or_default())
        }
        _ => text("step").to_owned(),
    }
}
