//! CLI: what a person asks of a batch as a whole: it is appended to the batch's own record, and a runner acts on it.

use crate::context::Context;
use crate::error::{CliError, Exit, causes};
use crate::hint::quoted;
use crate::{store, witness};
use rehome_orchestrator::{BatchError, BatchLoaded, BatchRequest, BatchRequested, Clock, SystemClock};
use rehome_store::Log;
use serde_json::json;
use std::sync::Arc;

/// Records what is asked of a batch.
///
/// # Errors
/// When there is no such batch, or it cannot be asked where it stands.
pub(crate) async fn ask(
    actor: &Arc<str>,
    log: &dyn Log,
    batch: &str,
    request: BatchRequest,
    reason: &str,
) -> Result<(), CliError> {
    if reason.trim().is_empty() {
        return Err(CliError::new(Exit::Usage, "an act of a person needs a reason"));
    }
    let asked = BatchRequested { request, reason: reason.to_owned() };
    BatchLoaded::ask(log, batch, actor, SystemClock.now_ms(), asked).await.map_err(|e| match e {
        BatchError::NoBatch(_) => CliError::new(Exit::NotFound, causes(&e)).next("rehome status"),
        BatchError::Refused { .. } => {
            CliError::new(Exit::Usage, causes(&e)).next(format!("rehome status {}", quoted(batch)))
        }
        _ => store::write_error(&e),
    })
}

/// Records what is asked of a batch, and says so.
///
/// # Errors
/// As [`ask`].
pub(crate) async fn of_batch(
    c: &Context<'_>,
    batch: &str,
    request: BatchRequest,
    reason: &str,
    said: &str,
) -> Result<Exit, CliError> {
    all_of_batch(c, batch, vec![request], reason, said).await
}

/// The same for several things, one after the other.
///
/// # Errors
/// As [`ask`]; what was asked before stays asked.
pub(crate) async fn all_of_batch(
    c: &Context<'_>,
    batch: &str,
    requests: Vec<BatchRequest>,
    reason: &str,
    said: &str,
) -> Result<Exit, CliError> {
    let log = store::open_to_write(&c.global.db).await?;
    let actor = store::actor(c.global.actor.as_deref());
    for request in requests {
        ask(&actor, &*log, batch, request, reason).await?;
    }
    witness::follow(c, &log).await?;
    let value = json!({"format_version": "1.0", "batch": batch, "recorded": said});
    c.output.result(&format!("recorded: {said}"), &value)?;
    c.output.next(&format!("rehome status {}", quoted(batch)));
    Ok(Exit::Done)
}
