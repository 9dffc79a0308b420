//! CLI: `rehome resume`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::request;
use clap::Args;
use rehome_orchestrator::{BatchRequest, Request};

/// Go on after a pause, or after moves failed.
#[derive(Args, Debug)]
pub(crate) struct Resume {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: String,
    /// The reason, for the record.
    #[arg(long, default_value = "resumed")]
    pub(crate) reason: String,
}

impl Execute for Resume {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let of_batch = (Some(&BatchRequest::Resume as request::OfBatch<'_>), &Request::Resume);
        request::of_moves(c, &self.select, of_batch, &self.reason).await
    }

    fn holds_batch(&self) -> bool {
        true
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.select))])
    }
}
