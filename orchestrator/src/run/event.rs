//! Engine: what can happen to a run, as the log keeps it. Touches nothing.
//!
//! One struct for each kind; the codec gives each its name and version. Shapes that are in a log are
//! never changed: a new shape gets a new version and the old one is frozen beside it.

pub use crate::run::event_lost::*;

use crate::activity::{Exchange, Finding, Operation, ResourceKey};
use crate::fault::{Difference, Fault};
use crate::ids::{Direction, RunId, StepId};
use crate::json::Json;
use crate::plan::{Node, Plan, shared};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// Something that happened to a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A plan exists.
    Planned(Planned),
    /// A person allowed the plan, or what stands behind a gate.
    Approved(Approved),
    /// The world was compared with the facts that the plan was made from.
    Compared(Compared),
    /// An attempt is about to be made: durable before anything is sent.
    Began(Began),
    /// The other side works on it.
    Accepted(Accepted),
    /// An attempt has an answer, or certainly none.
    Ended(Ended),
    /// The world was read to settle a doubt, or to make sure.
    Probed(Probed),
    /// A look at the world did not settle the matter yet.
    Waiting(Waiting),
    /// A date was set.
    TimerSet(TimerSet),
    /// A condition holds, or a date has come.
    WaitCompleted(WaitCompleted),
    /// Promises were compared with the world.
    Checked(Checked),
    /// A step cannot go on without a person.
    Parked(Parked),
    /// A step cannot begin, because another one holds what it works on until a person decides there.
    HeldUp(HeldUp),
    /// The run goes back.
    RollbackStarted(RollbackStarted),
    /// A person asked for something.
    Requested(Requested),
    /// After the way back, the world was compared with the facts from before the first step.
    RollbackVerified(RollbackVerified),
    /// Nothing more will happen.
    Closed(Closed),
    /// The end of the record is lost.
    Restored(Restored),
    /// The world was read, because the record is lost.
    Observed(Observed),
    /// It was concluded where the run stands.
    Reconciled(Reconciled),
    /// One of several runners works on the run from here on.
    Taken(Taken),
}

/// See [`Event::Planned`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The batch that the run belongs to.
    pub batch: String,
    /// The digest of the batch's document.
    pub digest: String,
    /// What a person asked for.
    pub params: Json,
    /// What was read before the plan was made.
    pub facts: Json,
    /// What else the document says of this run, for people.
    pub about: Json,
    /// The plan.
    #[serde(deserialize_with = "shared::plan")]
    pub plan: Arc<Plan>,
}

impl Planned {
    /// Whether the plan has a kind of step that version 1 of this event did not know.
    pub(crate) fn has_propagation_delay(&self) -> bool {
        self.plan.steps.iter().any(|step| matches!(step.node, Node::PropagationDelay { .. }))
    }
}

/// See [`Event::Approved`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approved {
    /// The gate; `None` for the plan itself.
    pub gate: Option<String>,
    /// The digest of the document that the person saw.
    pub digest: String,
    /// Why.
    pub reason: String,
    /// Steps that were left out, which the person answers for.
    pub accepts: Vec<StepId>,
}

/// See [`Event::Compared`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// What differs; the run is stale when there is any.
    pub differences: Vec<Difference>,
    /// When the survey began that was compared; absent in records of before it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surveyed_at_ms: Option<i64>,
}

/// See [`Event::Began`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Began {
    /// The step.
    pub step: StepId,
    /// Run or undo.
    #[serde(rename = "act")]
    pub direction: Direction,
    /// Which attempt of this act, from 1.
    pub attempt: u32,
    /// The client request id of everything that this attempt sends to Resource Manager to write. Beside it goes the id that is
    /// made from the hash of this event ([`crate::correlation_id`]), and to Graph that one alone.
    pub request_id: Uuid,
    /// What was resolved from the plan; absent when the plan says it in full, or it is as recorded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Json>,
    /// What was there before; absent when it is as recorded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
}

/// See [`Event::Accepted`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The step.
    pub step: StepId,
    /// Run or undo.
    #[serde(rename = "act")]
    pub direction: Direction,
    /// Which attempt.
    pub attempt: u32,
    /// Where to ask.
    pub operation: Operation,
    /// What was exchanged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<Exchange>,
}

/// See [`Event::Ended`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// The step.
    pub step: StepId,
    /// Run or undo.
    #[serde(rename = "act")]
    pub direction: Direction,
    /// Which attempt.
    pub attempt: u32,
    /// How it ended.
    pub end: End,
    /// What was exchanged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<Exchange>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The effect is in place (or taken back), with the output.
    Applied(Json),
    /// Certainly not applied; to be sent again.
    Retry {
        /// Not before this date, in wall milliseconds since 1970.
        until_ms: i64,
        /// Why it was not applied.
        why: Fault,
    },
    /// Certainly not applied; sending again would not help.
    Refused(Fault),
    /// Nobody knows; only a probe may follow.
    Unknown(Fault),
}

/// See [`Event::Probed`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probed {
    /// The step.
    pub step: StepId,
    /// The act whose effect was looked for.
    #[serde(rename = "act")]
    pub direction: Direction,
    /// What was found.
    pub found: Found,
    /// Where it is to be tried again: not before this date, in wall milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
}

/// What a probe found, once it is certain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The effect is in place, with the output.
    Applied(Json),
    /// Part of the effect is in place, with what is known of the output.
    Partial(Json),
    /// The effect is not in place, and it is too late for it to turn up.
    NotApplied,
    /// Something is there that is not ours.
    Foreign(Difference),
}

/// See [`Event::Waiting`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// The step; `None` for the proof at the end of the way back.
    pub step: Option<StepId>,
    /// The act.
    #[serde(rename = "act")]
    pub direction: Direction,
    /// How many looks so far.
    pub check: u32,
    /// The next look is not before this date, in wall milliseconds since 1970.
    pub until_ms: i64,
    /// What is missing.
    pub why: Fault,
}

/// See [`Event::TimerSet`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimerSet {
    /// The step.
    pub step: StepId,
    /// The date, in wall milliseconds since 1970.
    pub until_ms: i64,
    /// What time it was where the effects are; a soak is over when that clock says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere_ms: Option<i64>,
}

/// See [`Event::WaitCompleted`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitCompleted {
    /// The step.
    pub step: StepId,
    /// What time it was where the effects are, when a soak ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere_ms: Option<i64>,
}

/// See [`Event::Checked`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// The step that compared.
    pub step: StepId,
    /// How many promises were looked at.
    pub looked: u32,
    /// Those that do not hold.
    pub broken: Vec<Finding>,
}

/// See [`Event::Parked`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parked {
    /// The step.
    pub step: StepId,
    /// Run or undo.
    #[serde(rename = "act")]
    pub direction: Direction,
    /// Why.
    pub why: Fault,
}

/// See [`Event::RollbackStarted`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollbackStarted {
    /// The step whose failure made it turn; `None` when a person asked.
    pub failed: Option<StepId>,
}

/// See [`Event::Requested`]. Who asked is the record's actor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requested {
    /// What for.
    pub request: Request,
    /// Why.
    pub reason: String,
}

/// What a person can ask of a run that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Try a parked step again.
    Retry(StepId),
    /// Leave steps out: the first was named, the others depend on its output.
    Skip(Vec<StepId>),
    /// Somebody else did it; look, and believe what is there.
    MarkDone(StepId),
    /// A by-hand step is done.
    Acknowledge(StepId),
    /// Start nothing new.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Take everything back.
    RollBack,
    /// Take what somebody else put there for the effect of a parked step; it is not taken back.
    Adopt(StepId),
}

impl Requested {
    /// Whether version 1 of this event did not know what is asked for.
    pub(crate) fn is_newer(&self) -> bool {
        matches!(self.request, Request::Adopt(_))
    }
}

/// See [`Event::RollbackVerified`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollbackVerified {
    /// What is not as it was before the first step.
    pub differences: Vec<Difference>,
}

/// See [`Event::Closed`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    /// How it ended.
    pub verdict: Verdict,
}

/// See [`Event::HeldUp`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldUp {
    /// The step whose turn has come.
    pub step: StepId,
    /// Run or undo.
    #[serde(rename = "act")]
    pub direction: Direction,
    /// The resource that it works on.
    pub key: ResourceKey,
    /// The run that holds the resource.
    pub by: RunId,
    /// The step of that run whose outcome is open.
    pub by_step: StepId,
}

/// See [`Event::Taken`]. Where one runner has the log for itself, no run is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The name of the runner, which no other one ever has.
    pub runner: String,
    /// How many runners took the run so far, this one among them.
    pub epoch: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every step is done or was left out by a person.
    Done,
    /// Everything that was done is undone, or was left by a person.
    RolledBack,
    /// Nothing was done, because the world is not what the plan was made for.
    Stale,
    /// Nothing was done, because a newer plan took its place.
    Superseded,
}
