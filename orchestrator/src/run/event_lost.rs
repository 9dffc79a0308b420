//! Engine: what can happen to a run whose record lost its end, as the log keeps it. Touches nothing.

use crate::activity::Evidence;
use crate::fault::{Difference, Fault};
use crate::ids::StepId;
use crate::json::Json;
use serde::{Deserialize, Serialize};

/// The end of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEnd {
    /// The place of its last event.
    pub position: u64,
    /// The hash of that event, in hex.
    pub hash: String,
}

/// An old copy of the log was put back, and a person says that the newest one is gone. Who said it is the
/// record's actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// Why.
    pub reason: String,
    /// Where the copy ends.
    pub ends: LogEnd,
    /// The end that is known of from outside the log; `None` when nobody knows.
    pub known: Option<LogEnd>,
}

/// The world was read to find out what became of a step in the part of the record that is lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The step.
    pub step: StepId,
    /// What the effect proves.
    #[serde(rename = "trace")]
    pub evidence: Evidence,
    /// What is there.
    pub found: ObservedEffect,
    /// What was resolved from the plan.
    pub input: Json,
    /// What was there before: as recorded, or as worked out from what is there; absent when it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
}

/// What is there of an effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservedEffect {
    /// The effect, with the output.
    InPlace(Json),
    /// Part of the effect, with what is known of the output.
    Partly(Json),
    /// Nothing of it.
    Absent,
    /// Something that is not ours.
    Foreign(Difference),
    /// It cannot be told.
    Untold(Fault),
}

/// What was concluded from all that was looked at; steps that are not named stand where the record has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconciled {
    /// The steps, in the order of the plan.
    pub steps: Vec<ReconciledStep>,
}

/// What was concluded of one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReconciledStep {
    /// The step.
    pub step: StepId,
    /// What became of it.
    #[serde(rename = "became")]
    pub outcome: ReconciledOutcome,
}

/// What became of a step in the part of the record that is lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReconciledOutcome {
    /// It was done.
    Done,
    /// It was done in part.
    Partial,
    /// It was passed: what stands behind it has happened.
    Passed,
    /// A person has to decide.
    Parked {
        /// Why.
        why: Fault,
        /// Whether its effect may be in place.
        doubt: bool,
    },
}
