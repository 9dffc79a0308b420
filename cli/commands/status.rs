//! CLI: `rehome status`. Reads the log; works beside a runner and offline.

use crate::args::ReadFrom;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::source::Source;
use crate::view::{MoveView, State};
use crate::{left_out, render, store, waves};
use clap::Args;
use rehome_orchestrator::{Clock, SystemClock};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Show what is done, running, waiting or failed, and why. Offline.
#[derive(Args, Debug)]
pub(crate) struct Status {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: Option<String>,
    /// Show each move, however many there are.
    #[arg(long)]
    pub(crate) all: bool,
    /// Say where they stand with the exit code too: 10 something failed or was undone, 17 somebody is needed, 11 clocks
    /// or a runner are waited for, 0 nothing is left to do.
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
}

impl Execute for Status {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        status(c, &self).await
    }
}

/// Shows where everything stands.
async fn status(c: &Context<'_>, args: &Status) -> Result<Exit, CliError> {
    let source = Source::open(c, &args.from)?;
    let log = source.log();
    let selection = source.select(c, args.select.as_deref()).await?;
    let mut views = store::views(log, &selection.runs).await?;
    let head =
        log.head().await.map_err(|e| CliError::because(Exit::Damaged, "failed to read the log", &e))?;
    let runner = source.presence();
    runner.judge_views(&mut views);
    waves::mark(log, &mut views).await?;
    crate::hint_views::complete(c.output.hints(), &mut views);
    let batches: BTreeSet<&str> = views.iter().map(|view| view.batch.as_str()).collect();
    let left_out = left_out::of_batches(log, batches).await;
    for (batch, left) in &left_out {
        let (many, show) = (left.len(), quoted(batch));
        c.output.note(&format!("left out  {many} of batch {batch}; which and why:  rehome show {show}"));
    }
    let value = json!({
        "format_version": "1.0",
        "batch": selection.batch,
        "left_out": left_out,
        "runner": runner.value(),
        "log": {"events": head.position, "head": head.hash.to_string()},
        "counts": counts(&views),
        "moves": views,
    });
    let line = runner.line(&views).map(|line| c.output.hints().complete(&line));
    let text = if args.all {
        render::status::each(&views, line.as_deref())
    } else {
        render::status::text(&views, line.as_deref(), SystemClock.now_ms())
    };
    c.output.result(&text, &value)?;
    Ok(if args.exit_code { exit_code(&views) } else { Exit::Done })
}

/// How many moves are in each state; they add up to the total.
fn counts(views: &[MoveView]) -> Value {
    let mut counts = Map::new();
    counts.insert("total".to_owned(), views.len().into());
    for &state in State::ALL {
        let count = views.iter().filter(|v| v.state == state).count();
        counts.insert(state.word().replace('-', "_"), count.into());
    }
    Value::Object(counts)
}

/// Where moves stand, for a script. What failed comes before what waits for people, and that before clocks.
fn exit_code(views: &[MoveView]) -> Exit {
    let of = |state: State| match state {
        State::Failed | State::RolledBack | State::Stale => Exit::Partly,
        State::NeedsPerson | State::Paused | State::AwaitingCleanup | State::Planned => Exit::NeedsPerson,
        State::Waiting | State::Running | State::Soaking => Exit::Waiting,
        State::Done | State::Superseded => Exit::Done,
    };
    let codes: Vec<Exit> = views.iter().map(|view| of(view.state)).collect();
    let order = [Exit::Partly, Exit::NeedsPerson, Exit::Waiting];
    order.into_iter().find(|code| codes.contains(code)).unwrap_or(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_learns_what_is_most_urgent_and_nothing_to_do_is_no_wait() {
        let of = |states: &[State]| {
            let views: Vec<MoveView> = states.iter().map(|state| MoveView::standing(*state)).collect();
            exit_code(&views)
        };
        assert_eq!(of(&[]), Exit::Done);
        assert_eq!(of(&[State::Done, State::Superseded]), Exit::Done);
        assert_eq!(of(&[State::Done, State::Soaking]), Exit::Waiting);
        assert_eq!(of(&[State::Soaking, State::NeedsPerson]), Exit::NeedsPerson);
        assert_eq!(of(&[State::NeedsPerson, State::Failed, State::Running]), Exit::Partly);
    }
}
