//! CLI: `rehome rollback`. Records the request, then becomes the runner, or follows the one there is.

use crate::args::RunArgs;
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::drive::Goal;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::outcome::{report, report_unmoved};
use crate::print_failure::PrintFailure;
use crate::store::{self, Selection};
use crate::witness;
use crate::work::{Work, batch_of};
use clap::Args;
use rehome_orchestrator::{
    Clock, Node, Request, RequestError, Reversibility, RunDirection, RunId, RunState, SystemClock, Verdict,
    ask,
};
use rehome_store::Backend;
use std::sync::Arc;

/// Undo a move or a batch, newest step first.
///
/// Possible until the old identity is deleted. It ends with a look at everything: what is not as it was before the first
/// step is named, and the exit code is 10.
#[derive(Args, Debug)]
pub(crate) struct Rollback {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: String,
    /// The reason, for the record.
    #[arg(long)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl Execute for Rollback {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (select, reason, args) = (&self.select, &self.reason, &self.run);
        let log = store::open_to_write(&c.global.db).await?;
        let selection = store::select(&*log, Some(select)).await?;
        let (name, batch) = batch_of(&log, &selection).await?;
        let question = format!("Take back {} of batch {name}?", counted(selection.runs.len(), "move"));
        if !args.yes && !c.output.ask(&question, "--yes").await? {
            return Err(CliError::new(Exit::Failed, "not started"));
        }
        let (going, refused) = request(c, &log, &selection, reason).await?;
        for (run, why) in &refused {
            c.output.note(&format!("refused   {run}: {why}"));
        }
        if going.is_empty() {
            let exit = if refused.is_empty() { Exit::Done } else { Exit::Partly };
            return report_unmoved(c, &log, &selection.runs, exit).await;
        }
        // What was asked is known of, even if the cloud is not reached.
        witness::follow(c, &log).await?;
        let work = Work { c, log: &log, name: &name, batch: &batch, goal: Goal::Back };
        let mut driven = work.carry_on(going.clone(), args).await?;
        for run in &going {
            let state = store::read_run(&*log, run).await?.state;
            if let (RunDirection::Forward, Some(step)) = (state.direction(), state.past_return()) {
                // It was only found when the lost part of the record was looked for.
                c.output.note(&format!("refused   {run}: step {step} has happened; the move is paused"));
            }
        }
        if !refused.is_empty() && driven.exit == Exit::Done {
            driven.exit = Exit::Partly;
        }
        report(c, &driven)
    }

    fn holds_batch(&self) -> bool {
        true
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.select))])
    }
}

/// Records the request for every move that can go back; the others are named with the reason.
async fn request(
    c: &Context<'_>,
    log: &Arc<dyn Backend>,
    selection: &Selection,
    reason: &str,
) -> Result<(Vec<RunId>, Vec<(RunId, String)>), CliError> {
    let actor = store::actor(c.global.actor.as_deref());
    let (mut going, mut refused) = (Vec::new(), Vec::new());
    for run in &selection.runs {
        let state = store::read_run(&**log, run).await?.state;
        match (state.verdict(), state.direction()) {
            (Some(Verdict::RolledBack | Verdict::Stale | Verdict::Superseded), _) => continue,
            (Some(Verdict::Done), _) => {
                refused.push((run.clone(), finished(&state).to_owned()));
                continue;
            }
            (None, RunDirection::Back { .. }) => {
                going.push(run.clone());
                continue;
            }
            (None, RunDirection::Forward) => {}
        }
        match ask(&**log, run, &actor, SystemClock.now_ms(), Request::RollBack, reason).await {
            Ok(_) => going.push(run.clone()),
            Err(e @ RequestError::Illegal { .. }) => refused.push((run.clone(), store::refused(&e))),
            Err(e) => return Err(store::request_error(&e)),
        }
    }
    Ok((going, refused))
}

/// Why a finished move does not go back.
fn finished(state: &RunState) -> &'static str {
    let last = |id| match state.step(id).map(|(step, _)| &step.node) {
        Some(Node::Act { reversibility, .. }) => *reversibility == Reversibility::Irreversible,
        _ => false,
    };
    if state.skipped().any(last) {
        "it is finished, without the deletion of the old identity, which was left out; plan a new move back instead"
    } else {
        "it is finished, and the old identity is gone; plan a new move back instead"
    }
}
