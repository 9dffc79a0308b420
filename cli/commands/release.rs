//! CLI: `rehome release`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::gate::{self, GateArgs};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use clap::Args;

/// Let a wave or the clean-up begin that waits for somebody.
///
/// It begins as soon as its turn comes. `hold` keeps it again.
#[derive(Args, Debug)]
pub(crate) struct Release {
    #[command(flatten)]
    pub(crate) gate: GateArgs,
    /// Keep it instead: the same as `rehome hold`.
    #[arg(long, hide = true)]
    pub(crate) hold: bool,
    /// Why.
    #[arg(long)]
    pub(crate) reason: String,
}

impl Execute for Release {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        gate::ask(c, &self.gate, self.hold, &self.reason).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.gate.select))])
    }
}
