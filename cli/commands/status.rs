//! CLI: `rehome status`. Reads the log; works beside a runner and offline.

use crate::args::ReadFrom;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::source::Source;
use crate::view::{MoveView, State, view};
use crate::{render, store};
use clap::Args;
use serde_json::{Map, Value, json};

/// What is done, running, waiting or failed, and why. Offline.
#[derive(Args, Debug)]
pub(crate) struct Status {
    /// MOVE or BATCH
    pub(crate) select: Option<String>,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
}

impl Execute for Status {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        status(c, self.select.as_deref(), &self.from).await
    }
}

/// Shows where everything stands.
pub(crate) async fn status(c: &Context<'_>, select: Option<&str>, from: &ReadFrom) -> Result<Exit, CliError> {
    let source = Source::open(c, from)?;
    let log = source.log();
    let selection = source.select(c, select).await?;
    let mut views = Vec::with_capacity(selection.runs.len());
    for run in &selection.runs {
        let loaded = store::read_run(log, run).await?;
        views.push(view(run, &loaded.state));
    }
    let head =
        log.head().await.map_err(|e| CliError::because(Exit::Damaged, "failed to read the log", &e))?;
    let runner = source.presence();
    runner.judge_views(&mut views);
    crate::hint_views::complete(c.output.hints(), &mut views);
    let value = json!({
        "format_version": "1.0",
        "batch": selection.batch,
        "runner": runner.value(),
        "log": {"events": head.position, "head": head.hash.to_string()},
        "counts": counts(&views),
        "moves": views,
    });
    let line = runner.line(&views).map(|line| c.output.hints().complete(&line));
    c.output.result(&render::status::text(&views, line.as_deref()), &value)?;
    Ok(Exit::Done)
}

/// How many moves are in each state; they add up to the total.
fn counts(views: &[MoveView]) -> Value {
    let mut counts = Map::new();
    counts.insert("total".to_owned(), views.len().into());
    for state in State::ALL {
        let count = views.iter().filter(|v| v.state == state).count();
        counts.insert(state.word().replace('-', "_"), count.into());
    }
    Value::Object(counts)
}
