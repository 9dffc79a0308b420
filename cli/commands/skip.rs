//! CLI: `rehome skip`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::step::resolve_step_id;
use crate::{request, steer, store};
use clap::Args;
use rehome_orchestrator::{BatchRequest, ForwardState, Node, Request, Reversibility, RunId};

/// Leave a step out, or a whole move that has not begun.
///
/// With a step, every step that needs its output is left out too.
#[derive(Args, Debug)]
pub(crate) struct Skip {
    /// MOVE:STEP, or MOVE
    pub(crate) step: String,
    /// Leave the move out no longer.
    #[arg(long)]
    pub(crate) withdraw: bool,
    /// The reason, for the record.
    #[arg(long)]
    pub(crate) reason: String,
    /// Do not ask for confirmation, not even where the old identity is then deleted before its turn.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

impl Execute for Skip {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (text, yes, reason) = (&self.step, self.yes, &self.reason);
        if !text.contains(':') {
            return a_move(c, &RunId::new(text.as_str()), self.withdraw, reason).await;
        }
        if self.withdraw {
            return Err(CliError::new(
                Exit::Usage,
                "a step that was left out stays out; a whole move can be taken in again",
            ));
        }
        let (run, named) = store::split_step(text)?;
        let log = store::open_to_read(&c.global.db)?;
        let state = store::read_run(&*log, &run).await?.state;
        let named = resolve_step_id(&state, named);
        if let Some((of, stands)) = state.step(&named)
            && matches!(of.node, Node::Act { reversibility: Reversibility::Irreversible, .. })
            && stands.forward == ForwardState::Idle
        {
            let question = format!("Leave step {named} of {run} out for good ({})?", of.title);
            if !yes && !c.output.ask(&question, "--yes").await? {
                return Err(CliError::new(Exit::Failed, "nothing was left out"));
            }
        }
        request::step(c, text, |s| Request::Skip(vec![s]), reason).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome show {}", quoted(&self.step))])
    }
}

/// Leaves a move out that has not begun, or takes it in again.
async fn a_move(c: &Context<'_>, run: &RunId, withdraw: bool, reason: &str) -> Result<Exit, CliError> {
    let state = store::read_run(&*store::open_to_read(&c.global.db)?, run).await?.state;
    if state.has_begun() || state.verdict().is_some() {
        let what =
            format!("{run} has begun, or is over: only a move that has not begun is left out as a whole");
        return Err(CliError::new(Exit::Usage, what).next(format!("rehome rollback {run} --reason TEXT")));
    }
    let (request, said) = match withdraw {
        true => (BatchRequest::Include(run.clone()), format!("{run} is left out no longer")),
        false => (BatchRequest::Skip(run.clone()), format!("{run} is left out")),
    };
    steer::of_batch(c, &state.planned().batch, request, reason, &said).await
}
