//! Engine: what an activity and a condition are. Touches nothing.
//!
//! An activity is one effect on the outside world: it can put the effect in place (`run`), find out
//! whether it is there (`probe`), take it back (`undo`) and prove that it is as promised (`verify`).
//! Only `run` and `undo` are handed a [`Call`], and only the driver can make one: code that has no
//! `Call` cannot be given a way to write.

use crate::activity::call::Call;
use crate::activity::outcome::{
    ConditionResult, Evidence, Finding, Operation, Outcome, Probe, Reversibility,
};
use crate::fault::{Difference, Fault};
use crate::ids::Direction;
use crate::json::Json;
use crate::plan::Retry;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::time::Duration;

/// What the log can keep: inputs, before images, outputs.
pub trait Data: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}
impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Data for T {}

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
    /// What may be concluded from the effect when the record of a step is lost, where that is the same for every input.
    const EVIDENCE: Evidence = Evidence::Inconclusive;

    /// What the plan says.
    type Input: Data;
    /// What was there before; `()` when nothing has to be read, which saves a commit.
    type Before: Data;
    /// What later steps may refer to: an object, or `()`.
    type Output: Data;

    /// What the step holds exclusively from `before` until its end, across runs.
    fn locks(&self, input: &Self::Input) -> Vec<ResourceKey>;

    /// How long an attempt has to wait for its turn, where the other side takes only so many in a time; the turn is taken
    /// by asking. It is waited for before the intent is written: what waits was not begun, and a crash leaves nothing in
    /// doubt.
    fn turn(&self, input: &Self::Input, direction: Direction) -> Option<Duration> {
        let _ = (input, direction);
        None
    }

    /// Reads what is there before the effect; durable before anything is sent. It need not be said where there is
    /// nothing to keep, because `Before` is `()`.
    fn before(&self, input: &Self::Input) -> impl Future<Output = Result<Self::Before, Fault>> + Send {
        let _ = input;
        async { Json::of(&()).read("before image") }
    }

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
    fn evidence(&self, input: &Self::Input) -> Evidence {
        let _ = input;
        Self::EVIDENCE
    }

    /// Works out what was there before an effect that may be in place already, when the record of it is lost;
    /// `None` where that cannot be told for certain. Never asked when there is nothing to read before.
    fn reconstruct_before(
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

    /// Compares what is there with what was promised. Where nothing else is said, the promise is that `probe` finds
    /// the effect.
    fn verify(
        &self,
        input: &Self::Input,
        before: &Self::Before,
        output: &Self::Output,
    ) -> impl Future<Output = Result<Vec<Finding>, Fault>> + Send {
        let _ = output;
        async {
            let found = match self.probe(input, before).await {
                Probe::Applied(_) => "in place",
                Probe::Partial(_) => "in place in part",
                Probe::NotApplied => "not in place",
                Probe::Foreign(_) => "not ours",
                Probe::InProgress { .. } => "in progress",
                Probe::Unsettled { why, .. } => return Err(why),
            };
            let expected = "in place".to_owned();
            let (fact, holds) = (Self::NAME.to_owned(), found == expected);
            Ok(vec![Finding { fact, expected, found: Some(found.to_owned()), holds }])
        }
    }

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
    fn check(&self, input: &Self::Input) -> impl Future<Output = ConditionResult> + Send;

    /// Compares what is there with what was waited for, where that is a promise and not only a moment.
    fn verify(&self, input: &Self::Input) -> impl Future<Output = Result<Vec<Finding>, Fault>> + Send {
        let _ = input;
        async { Ok(Vec::new()) }
    }
}
