//! CLI: `rehome adopt`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::request;
use clap::Args;
use rehome_orchestrator::Request;

/// Take what somebody else put there as a step's effect.
///
/// The step stopped because of it. It stays theirs: it is neither verified nor taken back.
#[derive(Args, Debug)]
pub(crate) struct Adopt {
    /// MOVE:STEP
    pub(crate) step: String,
    /// Whose change it is, and why it may stay, for the record.
    #[arg(long)]
    pub(crate) reason: String,
}

impl Execute for Adopt {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        request::step(c, &self.step, Request::Adopt, &self.reason).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome show {}", quoted(&self.step))])
    }
}
