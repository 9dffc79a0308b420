//! CLI: `rehome release`. Appends a request; a runner acts on it.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::print_failure::PrintFailure;
use crate::{steer, store, witness};
use clap::Args;
use rehome_orchestrator::BatchRequest;
use serde_json::json;

/// Let a wave begin that waits for somebody, or hold one back.
///
/// It begins as soon as its turn comes.
#[derive(Args, Debug)]
pub(crate) struct Release {
    /// BATCH
    pub(crate) batch: String,
    /// The name of the wave.
    #[arg(long)]
    pub(crate) wave: String,
    /// Keep it instead, until somebody releases it.
    #[arg(long)]
    pub(crate) hold: bool,
    /// Why.
    #[arg(long)]
    pub(crate) reason: String,
}

impl Execute for Release {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let Self { batch, wave, hold, reason } = self;
        let log = store::open_to_write(&c.global.db).await?;
        let request =
            if hold { BatchRequest::Hold(wave.clone()) } else { BatchRequest::Release(wave.clone()) };
        steer::ask(&store::actor(c.global.actor.as_deref()), &*log, &batch, request, &reason).await?;
        witness::follow(c, &log).await?;
        let (said, value) = match hold {
            true => (format!("recorded: wave {wave} is kept"), "held"),
            false => (format!("recorded: wave {wave} is let loose when its turn comes"), "released"),
        };
        c.output.result(
            &said,
            &json!({"format_version": "1.0", "batch": batch, "wave": wave, "recorded": value}),
        )?;
        c.output.next(&format!("rehome run {}", quoted(&batch)));
        Ok(Exit::Done)
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.batch))])
    }
}
