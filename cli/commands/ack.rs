//! CLI: `rehome ack`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::request;
use clap::Args;
use rehome_orchestrator::Request;

/// Say that a by-hand step is done.
#[derive(Args, Debug)]
pub(crate) struct Ack {
    /// MOVE:STEP
    pub(crate) step: String,
    /// What you did.
    #[arg(long)]
    pub(crate) note: String,
}

impl Execute for Ack {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        request::step(c, &self.step, Request::Acknowledge, &self.note).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--note", &mut self.note))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome show {}", quoted(&self.step))])
    }
}
