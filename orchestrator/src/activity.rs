//! Engine: what an activity is, and the words in which it answers. Touches nothing.
//!
//! An activity is one effect on the outside world: it can put the effect in place (`run`), find out
//! whether it is there (`probe`), take it back (`undo`) and prove that it is as promised (`verify`).
//! Only `run` and `undo` are handed a [`Call`], and only the driver can make one: code that has no
//! `Call` cannot be given a way to write.

use crate::fault::{Difference, Fault};
use crate::ids::{Act, RunId, StepId};
use crate::plan::Retry;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// What the log can keep: inputs, before images, outputs.
pub trait Data: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}
impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Data for T {}

/// How far an effect can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reversibility {
    /// Undo leaves the world as it was.
    Reversible,
    /// Undo leaves an equivalent, not the same (a new id, a new time stamp).
    Compensable,
    /// There is no undo: the step must stand behind a gate.
    Irreversible,
}

/// What may be concluded from what is there, when the record of a step is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trace {
    /// Nobody but this step makes such an effect: that it is there proves that the step was done.
    Ours,
    /// Others may have brought it about as well; that it is gone again shows.
    Anybodys,
    /// It may look so or not so for other reasons: shared, without a trace, or taken back by a later step.
    Nothing,
}

/// The answer of `run` and of `undo`.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<T> {
    /// The effect is in place.
    Applied(T),
    /// The other side goes on working; `poll` takes over.
    Accepted(Operation),
    /// Certainly not applied; worth sending again. `after` is the other side's own wish, in wall
    /// time; without it the plan's retry rule decides.
    Retry {
        /// How long the other side asked to be left alone.
        after: Option<Duration>,
        /// Why it was not applied.
        why: Fault,
    },
    /// Certainly not applied; not worth sending again.
    Refused(Fault),
    /// May have applied: only a probe may follow.
    Unknown(Fault),
}

/// A long-running operation of the other side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Where to ask; a credential, so it never leaves the log.
    pub address: String,
    /// How long to wait before asking, in wall milliseconds.
    pub after_ms: u64,
}

/// The answer of `probe`: about the effect, not about the object.
#[derive(Clone, Debug, PartialEq)]
pub enum Probe<T> {
    /// The effect is in place, and ours.
    Applied(T),
    /// Part of it is in place; `run` completes it and `undo` removes it.
    Partial(T),
    /// The other side still works on it.
    InProgress {
        /// How long to wait before asking again; the plan's rule without it.
        after: Option<Duration>,
    },
    /// Nothing of it is in place.
    NotApplied,
    /// Something is there that is not ours, or ours was changed by somebody else.
    Foreign(Difference),
    /// It cannot be told yet.
    Unsettled {
        /// How long to wait before asking again; the plan's rule without it.
        after: Option<Duration>,
        /// Why it cannot be told.
        why: Fault,
    },
}

/// One fact that `verify` looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The name of the fact.
    pub fact: String,
    /// What was promised.
    pub expected: String,
    /// What is there; `None` when nothing is.
    pub found: Option<String>,
    /// Whether the promise holds.
    pub holds: bool,
}

/// What a step holds exclusively while it works: compared as text, so spell it in one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceKey(String);

impl ResourceKey {
    /// A key; letter case is folded, because most outside names do not know it.
    pub fn new(name: &str) -> Self {
        Self(name.to_ascii_lowercase())
    }

    /// The folded name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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
}

/// An attempt keeps at most this many exchanges: enough for any one write with its reads.
const EXCHANGES_MAX: usize = 16;

/// The right to write, for one attempt of one act of one step. Only the driver makes one.
#[derive(Debug)]
pub struct Call {
    run: RunId,
    step: StepId,
    act: Act,
    attempt: u32,
    tries: u32,
    request_id: Uuid,
    exchanges: Mutex<Vec<Exchange>>,
}

impl Call {
    pub(crate) fn new(run: RunId, step: StepId, act: Act, attempt: u32, forgiven: u32) -> Self {
        let request_id = crate::ids::request_id(&run, &step, act, attempt);
        let tries = attempt.saturating_sub(forgiven);
        Self { run, step, act, attempt, tries, request_id, exchanges: Mutex::new(Vec::new()) }
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
    pub fn act(&self) -> Act {
        self.act
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

/// One effect on the outside world: one step, one write.
///
/// The engine calls `run` again only after it knows that the effect is not there, and it calls
/// `undo` for a step that never applied, applied in part, or was undone already: all must be safe.
pub trait Activity: Send + Sync + 'static {
    /// Stands in logs for ever, with a version: `"identity.create/1"`. Never unregistered.
    const NAME: &'static str;
    /// How far the effect can be taken back.
    const REVERSIBILITY: Reversibility;
    /// How long after its intent an absent effect may still turn up, in unscaled milliseconds:
    /// the request's time limit and the other side's replication together.
    const SETTLING_MS: u64 = 0;
    /// How often, how long and how slowly it is tried again.
    const RETRY: Retry = Retry::DEFAULT;

    /// What the plan says.
    type Input: Data;
    /// What was there before; `()` when nothing has to be read, which saves a commit.
    type Before: Data;
    /// What later steps may refer to: an object, or `()`.
    type Output: Data;

    /// What the step holds exclusively from `before` until its end, across runs.
    fn locks(&self, input: &Self::Input) -> Vec<ResourceKey>;

    /// Reads what is there before the effect; durable before anything is sent.
    fn before(&self, input: &Self::Input) -> impl Future<Output = Result<Self::Before, Fault>> + Send;

    /// Puts the effect in place.
    fn run(
        &self,
        call: &Call,
        input: &Self::Input,
        before: &Self::Before,
    ) -> impl Future<Output = Outcome<Self::Output>> + Send;

    /// Asks after a long-running operation that `run` started.
    fn poll(
        &self,
        input: &Self::Input,
        before: &Self::Before,
        operation: &Operation,
    ) -> impl Future<Output = Outcome<Self::Output>> + Send {
        let _ = (input, before, operation);
        async {
            Outcome::Unknown(Fault::new(
                crate::fault::FaultKind::Bug,
                "PollUnsupported",
                "the activity accepted an operation that it cannot ask after",
            ))
        }
    }

    /// Finds out whether the effect is there, from the thing itself and never from an index.
    fn probe(
        &self,
        input: &Self::Input,
        before: &Self::Before,
    ) -> impl Future<Output = Probe<Self::Output>> + Send;

    /// Finds out on the way back whether the effect is gone: whatever `probe` finds of it, and what the write did
    /// beyond it.
    fn probe_undo(
        &self,
        input: &Self::Input,
        before: &Self::Before,
        was: Option<&Self::Output>,
    ) -> impl Future<Output = Probe<Self::Output>> + Send {
        let _ = was;
        self.probe(input, before)
    }

    /// After the way back: what of the thing that was written is not as it was before, whoever changed it.
    fn restored(
        &self,
        input: &Self::Input,
        before: &Self::Before,
    ) -> impl Future<Output = Result<Vec<Difference>, Fault>> + Send {
        let _ = (input, before);
        async { Ok(Vec::new()) }
    }

    /// What may be concluded from the effect when the record of the step is lost.
    fn trace(&self, input: &Self::Input) -> Trace {
        let _ = input;
        Trace::Nothing
    }

    /// Works out what was there before an effect that may be in place already, when the record of it is lost;
    /// `None` where that cannot be told for certain. Never asked when there is nothing to read before.
    fn recall(
        &self,
        input: &Self::Input,
    ) -> impl Future<Output = Result<Option<Self::Before>, Fault>> + Send {
        let _ = input;
        async { Ok(None) }
    }

    /// Takes the effect back, and only the effect: what others changed meanwhile stays.
    fn undo(
        &self,
        call: &Call,
        input: &Self::Input,
        before: &Self::Before,
        was: Option<&Self::Output>,
    ) -> impl Future<Output = Outcome<()>> + Send;

    /// Compares what is there with what was promised.
    fn verify(
        &self,
        input: &Self::Input,
        before: &Self::Before,
        output: &Self::Output,
    ) -> impl Future<Output = Result<Vec<Finding>, Fault>> + Send;

    /// A command that a person could type to take the effect back, for the list of what was left.
    fn residue(&self, input: &Self::Input, before: &Self::Before, was: Option<&Self::Output>) -> String;
}

/// Something that is waited for: reads only.
pub trait Condition: Send + Sync + 'static {
    /// Stands in logs for ever, with a version: `"principal.known/1"`.
    const NAME: &'static str;
    /// What the plan says.
    type Input: Data;

    /// Looks once.
    fn check(&self, input: &Self::Input) -> impl Future<Output = Met> + Send;

    /// Compares what is there with what was waited for, where that is a promise and not only a moment.
    fn verify(&self, input: &Self::Input) -> impl Future<Output = Result<Vec<Finding>, Fault>> + Send {
        let _ = input;
        async { Ok(Vec::new()) }
    }
}

/// The answer of one look at a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Met {
    /// It holds.
    Yes,
    /// Not yet; ask again.
    NotYet {
        /// How long to wait; the plan's rule without it.
        after: Option<Duration>,
        /// What is still missing.
        why: Fault,
    },
    /// It can never hold.
    Never(Fault),
}
