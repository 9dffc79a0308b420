//! CLI: `rehome history`. Reads the log; works beside a runner and offline.

use super::Context;
use crate::args::ReadFrom;
use crate::error::{CliError, Exit};
use crate::source::Source;
use crate::{render, store};
use rehome_orchestrator::MASK;
use rehome_store::{Position, Stored};
use serde_json::{Value, json};

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
                    c.output.result(&render::history::line(event, &value["body"]), &Value::Null)?;
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
