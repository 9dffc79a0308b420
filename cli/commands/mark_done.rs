//! CLI: `rehome mark-done`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::request;
use clap::Args;
use rehome_orchestrator::Request;

/// Say that a failed step was done by other means.
///
/// Azure is read before that is believed.
#[derive(Args, Debug)]
pub(crate) struct MarkDone {
    /// MOVE:STEP
    pub(crate) step: String,
    /// Who did it, and how, for the record.
    #[arg(long)]
    pub(crate) reason: String,
}

impl Execute for MarkDone {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        request::step(c, &self.step, Request::MarkDone, &self.reason).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome show {}", quoted(&self.step))])
    }
}
