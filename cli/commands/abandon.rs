//! CLI: `rehome abandon`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::steer;
use clap::Args;
use rehome_orchestrator::BatchRequest;

/// Give a batch up, and leave Azure as it is.
///
/// Nothing more of it is begun. It can still be rolled back.
#[derive(Args, Debug)]
pub(crate) struct Abandon {
    /// BATCH
    pub(crate) batch: String,
    /// The name of the batch again.
    #[arg(long, value_name = "NAME", required_unless_present = "withdraw")]
    pub(crate) confirm: Option<String>,
    /// Take it up again.
    #[arg(long)]
    pub(crate) withdraw: bool,
    /// Why.
    #[arg(long)]
    pub(crate) reason: String,
}

impl Execute for Abandon {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let name = quoted(&self.batch);
        if !self.withdraw && self.confirm.as_deref() != Some(self.batch.as_str()) {
            let what = "a batch is given up under its own name: say it again";
            let next = format!("rehome abandon {name} --confirm {name} --reason TEXT");
            return Err(CliError::new(Exit::Usage, what).next(next));
        }
        let (request, said) = match self.withdraw {
            true => (BatchRequest::TakeUp, "the batch is taken up again"),
            false => {
                (BatchRequest::Abandon, "nothing more of the batch is begun, and Azure is left as it is")
            }
        };
        steer::of_batch(c, &self.batch, request, &self.reason, said).await
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.batch))])
    }
}
