//! CLI: `rehome throttle`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::steer;
use clap::Args;
use rehome_orchestrator::BatchRequest;

/// Have fewer or more moves of a batch at work at once.
///
/// It counts from now on; moves that are at work finish.
#[derive(Args, Debug)]
pub(crate) struct Throttle {
    /// BATCH
    pub(crate) batch: String,
    /// How many moves. What waits for a person or a date does not count.
    #[arg(id = "moves", long = "parallel", value_name = "N", required_unless_present = "withdraw")]
    pub(crate) parallel: Option<u64>,
    /// As many as the plan says again.
    #[arg(long, conflicts_with = "moves")]
    pub(crate) withdraw: bool,
    /// Why.
    #[arg(long)]
    pub(crate) reason: String,
}

impl Execute for Throttle {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let said = match self.parallel {
            Some(most) => format!("at most {most} moves are at work at once"),
            None => "as many moves are at work at once as was planned".to_owned(),
        };
        steer::of_batch(c, &self.batch, BatchRequest::Throttle(self.parallel), &self.reason, &said).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.batch))])
    }
}
