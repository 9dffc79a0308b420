//! CLI: `rehome skip`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::request;
use crate::store;
use crate::view::resolve_step_id;
use clap::Args;
use rehome_orchestrator::{ForwardState, Node, Request, Reversibility};

/// Leave a step out, and every step that needs its output.
#[derive(Args, Debug)]
pub(crate) struct Skip {
    /// MOVE:STEP
    pub(crate) step: String,
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
