//! Engine: the right to write, and what is kept of each exchange with the other side. Touches memory only.

use crate::crew::Member;
use crate::ids::{Direction, RunId, StepId, correlation_id};
use rehome_store::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// One exchange with the other side, kept with the result of the attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What was asked: a verb and a place, never a body or a credential.
    pub request: String,
    /// The other side's status number; `None` when no answer came.
    pub status: Option<u16>,
    /// The other side's name for the exchange.
    pub correlation: Option<String>,
    /// What time it was there when it answered, in milliseconds since 1970 UTC, as it said itself: no clock of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_ms: Option<i64>,
}

/// An attempt keeps at most this many exchanges: enough for any one write with its reads.
const EXCHANGES_MAX: usize = 16;

/// The right to write, for one attempt of one act of one step. Only the driver makes one.
#[derive(Debug)]
pub struct Call {
    run: RunId,
    step: StepId,
    direction: Direction,
    attempt: u32,
    tries: u32,
    request_id: Uuid,
    correlation_id: Uuid,
    exchanges: Mutex<Vec<Exchange>>,
    gate: Gate,
}

/// Who says whether this process may send; nobody where it has the log for itself.
#[derive(Clone, Default)]
pub(crate) struct Gate(pub(crate) Option<Arc<Member>>);

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

impl Call {
    pub(crate) fn new(
        run: RunId,
        step: StepId,
        direction: Direction,
        attempt: u32,
        attempts_before_reset: u32,
        request_id: Uuid,
    ) -> Self {
        let tries = attempt.saturating_sub(attempts_before_reset);
        let correlation_id = request_id;
        let (exchanges, gate) = (Mutex::new(Vec::new()), Gate::default());
        Self { run, step, direction, attempt, tries, request_id, correlation_id, exchanges, gate }
    }

    /// The same call, for the intent with this hash.
    pub(crate) fn of_intent(self, intent: Digest) -> Self {
        Self { correlation_id: correlation_id(intent), ..self }
    }

    /// The id that ties everything that this attempt sends to write to the event of its intent; see [`correlation_id`].
    pub fn correlation_id(&self) -> Uuid {
        self.correlation_id
    }

    /// The same for one of several runners.
    pub(crate) fn behind(self, gate: Option<Arc<Member>>) -> Self {
        Self { gate: Gate(gate), ..self }
    }

    /// Waits until this process may send what the attempt has to send. Whoever sends more than one thing asks before each, as
    /// late as it can: one of several runners may have lost its right since. Then this never ends, and nothing is sent.
    pub async fn admit(&self) {
        if let Some(member) = &self.gate.0 {
            member.admit().await;
        }
    }

    /// The client request id: durable before the call, and the same whenever this attempt is named.
    pub fn request_id(&self) -> Uuid {
        self.request_id
    }

    /// The run that the call belongs to.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The step that the call belongs to.
    pub fn step(&self) -> &StepId {
        &self.step
    }

    /// Whether the effect is put in place or taken back.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How many attempts there were since a person last asked for one, with this one.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// Adds an exchange to the record of this attempt.
    pub fn note(&self, exchange: Exchange) {
        let mut kept = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < EXCHANGES_MAX {
            kept.push(exchange);
        }
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
