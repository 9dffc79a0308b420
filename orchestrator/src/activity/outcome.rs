//! Engine: the words in which activities and conditions answer. Touches nothing.

use crate::fault::{Difference, Fault};
use serde::{Deserialize, Serialize};
use std::time::Duration;

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
pub enum Evidence {
    /// Nobody but this step makes such an effect: that it is there proves that the step was done.
    #[serde(rename = "ours")]
    Conclusive,
    /// Others may have brought it about as well; that it is gone again shows.
    #[serde(rename = "anybodys")]
    AbsenceOnly,
    /// It may look so or not so for other reasons: shared, without a trace, or taken back by a later step.
    #[serde(rename = "nothing")]
    Inconclusive,
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

/// The answer of one look at a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum ConditionResult {
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
