//! Engine: how a person's acts get into the log, from any process, beside a runner or without one.

use crate::fault::Fault;
use crate::ids::{Direction, RunId, StepId};
use crate::recovery::history::{self, HistoryError};
use crate::run::codec::Recorded;
use crate::run::event::{Approved, Event, Parked, Request, Requested};
use crate::run::fold::apply::Illegal;
use rehome_store::{Append, AppendError, Log, Record};
use std::borrow::Cow;
use std::sync::Arc;

/// Why a person's act was not written down. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The run's record could not be read.
    #[error("failed to read the record of {run}")]
    History {
        /// The run.
        run: RunId,
        /// Why.
        source: HistoryError,
    },
    /// It cannot be asked for where the run stands.
    #[error("that cannot be asked of {run} now")]
    Illegal {
        /// The run.
        run: RunId,
        /// Why.
        source: Illegal,
    },
    /// It could not be written.
    #[error("failed to append to the log")]
    Append(#[from] AppendError),
}

/// Others may write at the same time; after this many collisions something is wrong.
const TRIES: usize = 50;

/// Writes down what a person asks of one run. A skip takes everything with it that would need the
/// output; the steps are returned.
///
/// # Errors
/// When it does not fit where the run stands, or the log fails.
pub async fn ask(
    log: &dyn Log,
    run: &RunId,
    actor: &Arc<str>,
    now_ms: i64,
    request: Request,
    reason: &str,
) -> Result<Vec<StepId>, RequestError> {
    let mut touched = Vec::new();
    write(log, run, actor, now_ms, |state| {
        let request = match &request {
            Request::Skip(steps) if state.proof().is_none() && state.back.is_none() => {
                Request::Skip(steps.iter().flat_map(|s| crate::run::fold::apply::cascade(state, s)).collect())
            }
            Request::Skip(_)
            | Request::Retry(_)
            | Request::MarkDone(_)
            | Request::Acknowledge(_)
            | Request::Adopt(_)
            | Request::Pause
            | Request::Resume
            | Request::RollBack => request.clone(),
        };
        touched = match &request {
            Request::Skip(steps) => steps.clone(),
            Request::Retry(s) | Request::MarkDone(s) | Request::Acknowledge(s) | Request::Adopt(s) => {
                vec![s.clone()]
            }
            Request::Pause | Request::Resume | Request::RollBack => Vec::new(),
        };
        Event::Requested(Requested { request, reason: reason.to_owned() })
    })
    .await?;
    Ok(touched)
}

/// Writes down that a person opens a gate of one run, and answers for these steps, which were left out.
///
/// # Errors
/// When the gate is not waiting, a step was left out that nobody answers for, or the log fails.
pub async fn open_gate(
    log: &dyn Log,
    run: &RunId,
    actor: &Arc<str>,
    now_ms: i64,
    (gate, accepts): (&str, &[StepId]),
    reason: &str,
) -> Result<(), RequestError> {
    write(log, run, actor, now_ms, |state| {
        Event::Approved(Approved {
            gate: Some(gate.to_owned()),
            digest: state.planned().digest.clone(),
            reason: reason.to_owned(),
            accepts: accepts.to_vec(),
        })
    })
    .await
}

/// Writes down that a run does not go on without a person, because of what was found while it soaks or waits for an
/// approval.
///
/// # Errors
/// When it does neither at that step any more, or the log fails.
pub async fn park(
    log: &dyn Log,
    run: &RunId,
    actor: &Arc<str>,
    now_ms: i64,
    step: &StepId,
    why: &Fault,
) -> Result<(), RequestError> {
    write(log, run, actor, now_ms, |_| {
        Event::Parked(Parked { step: step.clone(), direction: Direction::Do, why: why.clone() })
    })
    .await
}

async fn write(
    log: &dyn Log,
    run: &RunId,
    actor: &Arc<str>,
    now_ms: i64,
    mut event: impl FnMut(&crate::run::state::RunState) -> Event + Send,
) -> Result<(), RequestError> {
    let mut tries = 0;
    loop {
        let loaded = history::load(log, run).await;
        let mut loaded = loaded.map_err(|source| RequestError::History { run: run.clone(), source })?;
        let event = event(&loaded.state);
        loaded
            .state
            .apply(now_ms, &event)
            .map_err(|source| RequestError::Illegal { run: run.clone(), source })?;
        let append = Append {
            expect: vec![(run.stream(), loaded.sequence)],
            records: vec![record(run, actor, now_ms, &event)],
        };
        match log.append(append).await {
            Ok(_) => return Ok(()),
            Err(AppendError::Conflict { .. }) if tries < TRIES => tries += 1,
            Err(e) => return Err(e.into()),
        }
    }
}

pub(crate) fn record(run: &RunId, actor: &Arc<str>, at_ms: i64, event: &Event) -> Record {
    let (kind, version) = event.kind();
    Record {
        stream: run.stream(),
        kind: Cow::Borrowed(kind),
        version,
        at_ms,
        actor: actor.clone(),
        body: event.encode(),
    }
}
