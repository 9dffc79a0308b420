//! CLI: `rehome ack`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::request;
use clap::Args;
use rehome_orchestrator::Request;

/// Say that by-hand steps are done; recorded under your name.
///
/// Several at once are recorded all or none.
#[derive(Args, Debug)]
pub(crate) struct Ack {
    /// MOVE:STEP, one or several that were done together
    #[arg(required = true, value_name = "STEP")]
    pub(crate) steps: Vec<String>,
    /// What you did, for the record.
    #[arg(long)]
    pub(crate) note: String,
}

impl Execute for Ack {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        request::steps(c, &self.steps, Request::Acknowledge, &self.note).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--note", &mut self.note))
    }

    fn print_failure(&self) -> PrintFailure {
        let shows = self.steps.iter().map(|step| format!("rehome show {}", quoted(step)));
        PrintFailure::in_the_log(shows.collect::<Vec<_>>())
    }
}
