//! CLI: `rehome note`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::steer;
use clap::Args;
use rehome_orchestrator::BatchRequest;

/// Add a remark to the record of a batch.
#[derive(Args, Debug)]
pub(crate) struct Note {
    /// BATCH
    pub(crate) batch: String,
    /// The remark.
    #[arg(long)]
    pub(crate) text: String,
}

impl Execute for Note {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        steer::of_batch(c, &self.batch, BatchRequest::Note, &self.text, "the remark is in the record").await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--text", &mut self.text))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.batch))])
    }
}
