//! CLI: what is held and released: a wave before it begins, or the clean-up. Appends a request to the batch.

use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint::quoted;
use crate::{steer, store, witness};
use clap::Args;
use rehome_orchestrator::BatchRequest;
use rehome_store::Log;
use serde_json::json;

/// Which gate of a batch is meant.
#[derive(Args, Debug)]
pub(crate) struct GateArgs {
    /// BATCH/wave:NAME, or BATCH with one of the flags
    pub(crate) select: String,
    /// The name of the wave.
    #[arg(long, conflicts_with = "cleanup")]
    pub(crate) wave: Option<String>,
    /// The clean-up of every move that has not come to it.
    #[arg(long)]
    pub(crate) cleanup: bool,
}

/// A gate that people hold shut or open.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Gate {
    Wave(String),
    CleanUp,
}

impl GateArgs {
    /// The batch and its gate.
    async fn named(&self, log: &dyn Log) -> Result<(String, Gate), CliError> {
        let whole = match &self.wave {
            Some(wave) => format!("{}/wave:{wave}", self.select),
            None => self.select.clone(),
        };
        let selection = store::select(log, Some(&whole)).await?;
        match (selection.batch, selection.wave, self.cleanup) {
            (Some(batch), Some(wave), false) => Ok((batch, Gate::Wave(wave))),
            (Some(batch), None, true) => Ok((batch, Gate::CleanUp)),
            (batch, ..) => {
                let batch = quoted(batch.as_deref().unwrap_or("BATCH"));
                let what = "a wave is held and released, or the clean-up of a batch";
                Err(CliError::new(Exit::Usage, what)
                    .next(format!("name a wave, {batch}/wave:NAME, or say {batch} --cleanup")))
            }
        }
    }
}

/// Records that a gate is held, or released.
///
/// # Errors
/// When there is no such batch or wave, or the batch refuses it.
pub(crate) async fn ask(
    c: &Context<'_>,
    args: &GateArgs,
    hold: bool,
    reason: &str,
) -> Result<Exit, CliError> {
    let log = store::open_to_write(&c.global.db).await?;
    let (batch, gate) = args.named(&*log).await?;
    let (request, said) = match (&gate, hold) {
        (Gate::Wave(wave), true) => (BatchRequest::Hold(wave.clone()), format!("wave {wave} is kept")),
        (Gate::Wave(wave), false) => {
            (BatchRequest::Release(wave.clone()), format!("wave {wave} is let loose when its turn comes"))
        }
        (Gate::CleanUp, true) => {
            (BatchRequest::HoldCleanUp, "no further clean-up begins until somebody releases it".to_owned())
        }
        (Gate::CleanUp, false) => (BatchRequest::ReleaseCleanUp, "the clean-up may begin".to_owned()),
    };
    steer::ask(&store::actor(c.global.actor.as_deref()), &*log, &batch, request, reason).await?;
    witness::follow(c, &log).await?;
    let recorded = if hold { "held" } else { "released" };
    let mut value = json!({"format_version": "1.0", "batch": batch, "recorded": recorded});
    match &gate {
        Gate::Wave(wave) => value["wave"] = json!(wave),
        Gate::CleanUp => value["gate"] = json!("cleanup"),
    }
    c.output.result(&format!("recorded: {said}"), &value)?;
    let name = quoted(&batch);
    c.output.next(&match (hold, gate) {
        (true, _) => format!("rehome status {name}"),
        (false, Gate::Wave(_)) => format!("rehome run {name}"),
        (false, Gate::CleanUp) => format!("rehome cleanup {name} --dry-run"),
    });
    Ok(Exit::Done)
}
