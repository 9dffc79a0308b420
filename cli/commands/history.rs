//! CLI: `rehome history`. Reads the log; works beside a runner and offline.

use crate::args::ReadFrom;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::render::history::line;
use crate::source::Source;
use crate::store;
use clap::Args;
use rehome_orchestrator::mask;
use rehome_store::{Position, Stored};
use serde_json::{Value, json};

/// Print every event in order. Offline.
#[derive(Args, Debug)]
pub(crate) struct History {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: Option<String>,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
}

impl Execute for History {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (select, from) = (self.select.as_deref(), &self.from);
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
                    if c.output.is_json() {
                        values.push(value(event));
                    } else {
                        c.output.result(&line(event), &Value::Null)?;
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

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none()
    }
}

/// Events read at once.
const PAGE: usize = 1_000;

/// An event as programs read it. Poll addresses are credentials and are left out.
fn value(event: &Stored) -> Value {
    let told = mask(event).ok().map(|masked| masked.map_or(event.record.body.clone(), String::into_bytes));
    let body: Value = told.and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or(Value::Null);
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
