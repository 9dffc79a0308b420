//! CLI: `rehome history`. Reads the log; works beside a runner and offline.

use crate::args::{AsOf, ReadFrom};
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::interrupt::Handling;
use crate::render::history::line;
use crate::rows::{Column, List};
use crate::sample::sample;
use crate::source::Source;
use crate::store;
use clap::Args;
use rehome_orchestrator::{RunId, mask};
use rehome_store::{Position, Stored, StreamId};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// Print every event in order.
///
/// Works offline, and beside a runner.
#[derive(Args, Debug)]
pub(crate) struct History {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: Option<String>,
    /// Go on with every event that comes, until interrupted.
    #[arg(short = 'F', long, conflicts_with_all = ["bundle", "at"])]
    pub(crate) follow: bool,
    /// Only so many moves of those, drawn by --seed: the same seed draws the same ones again.
    #[arg(long, value_name = "N", conflicts_with = "follow")]
    pub(crate) sample: Option<usize>,
    /// By what the sample is drawn.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "sample")]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    #[command(flatten)]
    pub(crate) when: AsOf,
}

impl Execute for History {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let select = self.select.as_deref();
        if self.follow && !c.output.is_stream() {
            let what = "one document has an end, and what is followed has none";
            return Err(CliError::new(Exit::Usage, what)
                .next("a line of JSON for each event: rehome history --follow -o jsonl"));
        }
        let source = Source::open_at(c, &self.from, &self.when).await?;
        let log = source.log();
        // Events come page by page; whether there is anything beside them, the head says.
        log.head().await.map_err(|e| store::unreadable(&e))?;
        let wanted = match self.sample {
            Some(many) => Some(self.drawn(c, &source, many).await?),
            None => store::streams(log, select).await?,
        };
        let (mut after, mut values, mut header) = (Position(0), Vec::new(), true);
        let handling = self.follow.then(Handling::begin);
        loop {
            let page = log.read_all(after, PAGE).await;
            let page = page.map_err(|e| CliError::because(Exit::Damaged, "failed to read the log", &e))?;
            let full = page.len() == PAGE;
            after = page.last().map_or(after, |event| event.position);
            let is_wanted =
                |event: &&Stored| wanted.as_ref().is_none_or(|wanted| wanted.contains(&event.record.stream));
            let events: Vec<&Stored> = page.iter().filter(is_wanted).collect();
            if c.output.is_stream() {
                print(c, &events, header)?;
                header = false;
            } else {
                values.extend(events.into_iter().map(value));
            }
            match &handling {
                _ if !c.output.is_heard() => break,
                _ if full => {}
                None => break,
                Some(handling) => tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    signal = handling.next() => return Ok(signal.exit()),
                },
            }
        }
        source.select(c, select).await?;
        if !c.output.is_stream() {
            c.output.result("", &json!({"format_version": "1.0", "events": values}))?;
        }
        Ok(Exit::Done)
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none() && self.when.at.is_none() && !self.follow
    }
}

impl History {
    /// The streams of a sample of the moves that were named.
    async fn drawn(
        &self,
        c: &Context<'_>,
        source: &Source,
        many: usize,
    ) -> Result<BTreeSet<StreamId>, CliError> {
        let population = source.select(c, self.select.as_deref()).await?.runs;
        let all = population.len();
        let drawn = sample(self.seed, many, population);
        c.output.note(&format!(
            "note: population {}; a sample of {}, which --sample {many} --seed {} draws again",
            counted(all, "move"),
            drawn.len(),
            self.seed
        ));
        Ok(drawn.iter().map(RunId::stream).collect())
    }
}

/// How often what is followed is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// An event as a row.
const COLUMNS: &[Column] = &[
    ("position", "/position"),
    ("at", "/at"),
    ("stream", "/stream"),
    ("sequence", "/sequence"),
    ("kind", "/kind"),
    ("version", "/version"),
    ("actor", "/actor"),
    ("hash", "/hash"),
];

/// Prints events as they come.
fn print(c: &Context<'_>, events: &[&Stored], header: bool) -> Result<(), CliError> {
    if c.output.is_text() {
        return events.iter().try_for_each(|event| c.output.result(&line(event), &Value::Null));
    }
    let rows = || events.iter().map(|event| value(event)).collect();
    c.output.list("", &Value::Null, &List { header, ..List::whole(COLUMNS, &rows) })
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
