//! CLI: `rehome pause`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::request;
use clap::Args;
use rehome_orchestrator::Request;

/// Start no new step; steps in flight finish.
///
/// Soaks go on, and `rollback` and `verify` work all the same.
#[derive(Args, Debug)]
pub(crate) struct Pause {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: String,
    /// The reason, for the record.
    #[arg(long)]
    pub(crate) reason: String,
}

impl Execute for Pause {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        request::of_moves(c, &self.select, (None, &Request::Pause), &self.reason).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.select))])
    }
}
