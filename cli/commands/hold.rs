//! CLI: `rehome hold`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::gate::{self, GateArgs};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use clap::Args;

/// Keep a wave or the clean-up until somebody releases it.
///
/// A wave that has begun goes on, and so does a clean-up: `pause` is for what is under way.
#[derive(Args, Debug)]
pub(crate) struct Hold {
    #[command(flatten)]
    pub(crate) gate: GateArgs,
    /// Why.
    #[arg(long)]
    pub(crate) reason: String,
}

impl Execute for Hold {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        gate::ask(c, &self.gate, true, &self.reason).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.gate.select))])
    }
}
