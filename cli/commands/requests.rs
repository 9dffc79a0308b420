//! CLI: ack, retry, skip, mark-done, pause, resume. Each appends a request; a runner acts on it.

use super::Context;
use crate::error::{CliError, Exit};
use crate::{anchor, store};
use rehome_orchestrator::{Clock, Forward, Request, RunId, StepId, SystemClock, Undo, ask};
use rehome_store::{Log, RunnerLock};
use serde_json::json;

/// Asks something of one step.
pub(crate) async fn step(
    c: &Context<'_>,
    text: &str,
    request: impl Fn(StepId) -> Request,
    reason: &str,
) -> Result<Exit, CliError> {
    let (run, step) = store::split_step(text)?;
    let log = store::open_to_write(&c.global.db).await?;
    let touched = record(c, &*log, &run, request(step), reason).await?;
    anchor::follow(&log).await?;
    told(c, &run, &touched)
}

/// Asks for another try of one step, or of all parked steps of a move.
pub(crate) async fn retry(c: &Context<'_>, text: &str, reason: &str) -> Result<Exit, CliError> {
    if text.contains(':') {
        return step(c, text, Request::Retry, reason).await;
    }
    let log = store::open_to_write(&c.global.db).await?;
    for run in store::select(&*log, Some(text)).await?.runs {
        let state = store::read_run(&*log, &run).await?.state;
        let parked: Vec<StepId> = state
            .steps()
            .filter(|(_, s)| {
                matches!(s.forward, Forward::Parked { .. }) && s.undo == Undo::None
                    || matches!(s.undo, Undo::Parked { .. })
            })
            .map(|(step, _)| step.id.clone())
            .collect();
        for step in &parked {
            record(c, &*log, &run, Request::Retry(step.clone()), reason).await?;
        }
        told(c, &run, &parked)?;
    }
    anchor::follow(&log).await?;
    Ok(Exit::Done)
}

/// Asks something of a move or of every move of a batch.
pub(crate) async fn whole(
    c: &Context<'_>,
    select: &str,
    request: &Request,
    reason: &str,
) -> Result<Exit, CliError> {
    let log = store::open_to_write(&c.global.db).await?;
    for run in store::select(&*log, Some(select)).await?.runs {
        if store::read_run(&*log, &run).await?.state.verdict().is_none() {
            record(c, &*log, &run, request.clone(), reason).await?;
            told(c, &run, &[])?;
        }
    }
    anchor::follow(&log).await?;
    Ok(Exit::Done)
}

async fn record(
    c: &Context<'_>,
    log: &dyn Log,
    run: &RunId,
    request: Request,
    reason: &str,
) -> Result<Vec<StepId>, CliError> {
    if reason.trim().is_empty() {
        return Err(CliError::new(Exit::Usage, "an act of a person needs a reason"));
    }
    let actor = store::actor(c.global.actor.as_deref());
    ask(log, run, &actor, SystemClock.now_ms(), request, reason).await.map_err(|e| store::request_error(&e))
}

fn told(c: &Context<'_>, run: &RunId, touched: &[StepId]) -> Result<Exit, CliError> {
    let steps: Vec<&str> = touched.iter().map(StepId::as_str).collect();
    let text = match steps[..] {
        [] => format!("recorded for {run}"),
        [_, ..] => format!("recorded for {run}: step {}", steps.join(", ")),
    };
    c.output
        .result(&text, &json!({"format_version": "1.0", "run": run, "steps": steps, "recorded": true}))?;
    match RunnerLock::holder(&c.global.db) {
        Some(holder) => {
            c.output.talk(&format!("the runner on {} (process {}) acts on it", holder.host, holder.pid))
        }
        None => c.output.talk("next: rehome run BATCH"),
    }
    Ok(Exit::Done)
}
