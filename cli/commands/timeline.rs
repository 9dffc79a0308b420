//! CLI: `rehome timeline`. Reads the log; works offline.

use crate::args::ReadFrom;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit, causes, damaged};
use crate::pictures;
use crate::rows::{Column, List};
use crate::source::Source;
use crate::{render, store, timeline};
use clap::{Args, ValueEnum};
use rehome_orchestrator::{Clock, Entry, Event, SystemClock, entries};
use serde_json::{Value, json};

/// Show what each step of a move did, and when.
///
/// Every attempt, every wait and every stop, from the record alone. Works offline, and beside a runner.
#[derive(Args, Debug)]
pub(crate) struct Timeline {
    /// MOVE, or the name or the id of an identity
    pub(crate) what: String,
    /// How it is drawn.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub(crate) format: Form,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
}

/// How a timeline is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A line for each stretch of time.
    Text,
    /// A picture: `rehome timeline MOVE --format svg > move.svg`.
    Svg,
}

/// A stretch of time as a row.
const COLUMNS: &[Column] = &[
    ("step", "/step"),
    ("title", "/title"),
    ("what", "/bar/label"),
    ("from_ms", "/bar/from_ms"),
    ("to_ms", "/bar/to_ms"),
];

impl Execute for Timeline {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let source = Source::open(c, &self.from)?;
        let selection = store::select(source.log(), Some(&self.what)).await?;
        if selection.batch.is_some() && selection.runs.len() > 1 {
            return Err(CliError::new(Exit::Usage, "a timeline is of one move, and a batch has several")
                .next("name one of its moves: rehome status --all"));
        }
        let nothing = || CliError::new(Exit::NotFound, "there is no such move").next("rehome status");
        let run = selection.runs.last().ok_or_else(nothing)?;
        let all: Vec<Entry<Event>> =
            entries(source.log(), &run.stream()).await.map_err(|e| store::unreadable(&e))?;
        let of = timeline::timeline(run, &all, SystemClock.now_ms());
        let of = of.map_err(|e| damaged(&causes(&e)))?.ok_or_else(nothing)?;
        let text = match self.format {
            Form::Text => render::timeline::text(&of),
            Form::Svg => pictures::timeline::picture(&of).file(),
        };
        let rows = || -> Vec<Value> {
            let each = of.rows.iter().flat_map(|row| row.bars.iter().map(move |bar| (row, bar)));
            each.map(|(row, bar)| json!({"step": row.step, "title": row.title, "bar": bar})).collect()
        };
        c.output.list(
            &text,
            &json!({"format_version": "1.0", "timeline": of}),
            &List::whole(COLUMNS, &rows),
        )?;
        Ok(Exit::Done)
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none()
    }
}
