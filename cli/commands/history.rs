//! CLI: `rehome history`. Reads the log; works beside a runner and offline.

use crate::args::ReadFrom;
use crate::command::Execute;
use crate::context::Context;
use crate::error::one_line;
use crate::error::{CliError, Exit};
use crate::source::Source;
use crate::store;
use clap::Args;
use rehome_orchestrator::MASK;
use rehome_store::{Position, Stored};
use serde_json::{Value, json};

/// Every event in order. Offline.
#[derive(Args, Debug)]
pub(crate) struct History {
    /// MOVE or BATCH
    pub(crate) select: Option<String>,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
}

impl Execute for History {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        history(c, self.select.as_deref(), &self.from).await
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none()
    }
}

/// Events read at once.
const PAGE: usize = 1_000;

/// Prints every event, or those of a batch or a move.
pub(crate) async fn history(
    c: &Context<'_>,
    select: Option<&str>,
    from: &ReadFrom,
) -> Result<Exit, CliError> {
    let source = Source::open(c, from)?;
    let log = source.log();
    // Events come page by page; whether there is anything beside them, the head says.
    log.head().await.map_err(|e| store::unreadable(&e))?;
    let wanted = store::streams(log, select).await?;
    let mut after = Position(0);
    let mut values = Vec::new();
    loop {
        let page = log.read_all(after, PAGE).await;
        let page = page.map_err(|e| CliError::because(Exit::Damaged, "failed to read the log", &e))?;
        let full = page.len() == PAGE;
        for event in &page {
            after = event.position;
            if wanted.as_ref().is_none_or(|wanted| wanted.contains(&event.record.stream)) {
                let value = value(event);
                if c.output.is_json() {
                    values.push(value);
                } else {
                    c.output.result(&line(event, &value["body"]), &Value::Null)?;
                }
            }
        }
        if !full {
            break;
        }
    }
    source.select(c, select).await?;
    if c.output.is_json() {
        c.output.result("", &json!({"format_version": "1.0", "events": values}))?;
    }
    Ok(Exit::Done)
}

/// An event as programs read it. Poll addresses are credentials and are left out.
fn value(event: &Stored) -> Value {
    let mut body: Value = serde_json::from_slice(&event.record.body).unwrap_or(Value::Null);
    if let Some(operation) = body.get_mut("operation").and_then(Value::as_object_mut) {
        operation.insert("address".to_owned(), Value::from(MASK));
    }
    let mut value = json!({
        "position": event.position,
        "stream": event.record.stream.as_str(),
        "sequence": event.sequence,
        "kind": event.record.kind,
        "version": event.record.version,
        "at": crate::time::stamp(event.record.at_ms),
        "actor": &*event.record.actor,
        "body": body,
        "hash": event.hash.to_string(),
    });
    if let Some(withheld) = event.withheld {
        value["withheld"] = json!(withheld.why);
    }
    value
}

/// OutputFile, time, who, what.
fn line(event: &Stored, body: &Value) -> String {
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
