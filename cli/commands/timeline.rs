//! CLI: `rehome timeline`. Reads the log; works offline.

use crate::args::{AsOf, ReadFrom};
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::rows::{Column, List};
use crate::source::Source;
use crate::store::Selection;
use crate::{over_time, pictures, render, store};
use clap::{Args, ValueEnum};
use rehome_orchestrator::RunId;
use serde_json::{Value, json};

/// Show what each step of a move did, and when; or each wave.
///
/// Of a move every attempt, every wait and every stop; of a batch its waves over the calendar. From the record alone. Works
/// offline, and beside a runner.
#[derive(Args, Debug)]
pub(crate) struct Timeline {
    /// MOVE, the name or the id of an identity, or BATCH
    pub(crate) what: String,
    /// How it is drawn.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub(crate) format: Form,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    #[command(flatten)]
    pub(crate) when: AsOf,
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

/// A wave as a row.
const WAVES: &[Column] = &[
    ("wave", "/wave"),
    ("moves", "/moves"),
    ("through", "/through"),
    ("stands", "/stands"),
    ("from_ms", "/from_ms"),
    ("to_ms", "/to_ms"),
    ("begins_ms", "/begins_ms"),
];

fn nothing() -> CliError {
    CliError::new(Exit::NotFound, "there is no such move").next("rehome status")
}

impl Execute for Timeline {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let source = Source::open_at(c, &self.from, &self.when).await?;
        let selection = store::select(source.log(), Some(&self.what)).await?;
        match &selection.batch {
            Some(_) => self.of_batch(c, &source, &selection).await,
            None => self.of_move(c, &source, selection.runs.last().ok_or_else(nothing)?).await,
        }
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none()
    }
}

impl Timeline {
    async fn of_move(&self, c: &Context<'_>, source: &Source, run: &RunId) -> Result<Exit, CliError> {
        let of = over_time::of_move(source, run).await?.ok_or_else(nothing)?;
        let text = match self.format {
            Form::Text => render::timeline::text(&of),
            Form::Svg => pictures::timeline::picture(&of).file(),
        };
        let rows = || -> Vec<Value> {
            let each = of.rows.iter().flat_map(|row| row.bars.iter().map(move |bar| (row, bar)));
            each.map(|(row, bar)| json!({"step": row.step, "title": row.title, "bar": bar})).collect()
        };
        let value = json!({"format_version": "1.0", "timeline": of});
        c.output.list(&text, &value, &List::whole(COLUMNS, &rows))?;
        Ok(Exit::Done)
    }

    async fn of_batch(&self, c: &Context<'_>, source: &Source, of: &Selection) -> Result<Exit, CliError> {
        let (_, mut calendar) = over_time::of_batch(source, of.batch.as_deref().unwrap_or_default()).await?;
        calendar.waves.retain(|row| of.wave.as_ref().is_none_or(|wave| row.wave == *wave));
        let text = match self.format {
            Form::Text => render::timeline::waves(&calendar),
            Form::Svg => pictures::calendar::picture(&calendar).file(),
        };
        let rows = || calendar.waves.iter().map(|row| json!(row)).collect();
        let value = json!({"format_version": "1.0", "calendar": calendar});
        c.output.list(&text, &value, &List::whole(WAVES, &rows))?;
        Ok(Exit::Done)
    }
}
