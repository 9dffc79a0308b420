//! Engine: what an unfinished step waits for, since when and until when. Pure.

use crate::fault::{Fault, FaultKind};
use crate::ids::StepId;
use crate::run::event::HeldUp;
use crate::run::state::{ForwardState, RunDirection, RunState, UndoState};
use serde::Serialize;

/// What an unfinished step waits for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepWait {
    /// Since when, in wall milliseconds since 1970.
    pub since_ms: i64,
    /// Nothing happens before this date, in wall milliseconds since 1970; `None` where no date is set.
    pub until_ms: Option<i64>,
    /// What was said last, where anything was.
    pub why: Option<Fault>,
    /// Steps that have to be over before its turn comes.
    pub behind: Vec<StepId>,
}

impl RunState {
    /// What a step waits for; `None` where it is over, or has nothing to do in the direction of the run.
    pub fn wait_of(&self, id: &StepId) -> Option<StepWait> {
        let (step, stands) = self.step(id).filter(|_| self.verdict().is_none())?;
        let ready = match self.direction() {
            RunDirection::Forward if stands.forward.is_settled() => return None,
            RunDirection::Forward => self.is_open(id),
            RunDirection::Back { .. } if stands.undo.is_finished() => return None,
            RunDirection::Back { .. } => self.is_undo_open(id),
        };
        let back = *self.direction() != RunDirection::Forward;
        let over = |id: &StepId| {
            self.step(id).is_some_and(|(_, other)| match back {
                false => other.forward.is_settled(),
                true => other.undo.is_finished(),
            })
        };
        let dependents = self.plan().steps.iter().filter(|other| back && other.needs.contains(id));
        let needs: Vec<&StepId> = match back {
            false => step.needs.iter().collect(),
            true => dependents.map(|other| &other.id).collect(),
        };
        let touched = needs.iter().filter_map(|need| self.step(need)).map(|(_, other)| other.since_ms);
        let since_ms = [stands.since_ms].into_iter().chain(touched).filter(|ms| *ms > 0).max();
        let (until_ms, why) = match stands.undo {
            UndoState::None => (stands.forward.until_ms(), stands.forward.why()),
            _ => (stands.undo.until_ms(), stands.undo.why()),
        };
        let why = self.held_up(id).map(HeldUp::why).or_else(|| why.cloned());
        let behind = needs.into_iter().filter(|need| !ready && !over(need)).cloned().collect();
        let since_ms = since_ms.unwrap_or(self.planned_ms);
        Some(StepWait { since_ms, until_ms: until_ms.filter(|ms| *ms > 0), why, behind })
    }
}

impl HeldUp {
    /// Why the step does not begin.
    pub fn why(&self) -> Fault {
        let what =
            format!("{}:{} holds it, and what that left there is not known yet", self.by, self.by_step);
        Fault::new(FaultKind::Conflict, "HeldUp", what).at(self.key.as_str())
    }
}

impl UndoState {
    /// The date that is waited for, if one is, in wall milliseconds since 1970.
    pub fn until_ms(&self) -> Option<i64> {
        match self {
            Self::Retrying { until_ms, .. } | Self::PropagationDelay { until_ms } => Some(*until_ms),
            Self::Doubt(look) => Some(look.until_ms),
            Self::None
            | Self::NotNeeded
            | Self::Pending
            | Self::Began
            | Self::Parked { .. }
            | Self::Attesting
            | Self::ByHand
            | Self::Undone
            | Self::Left => None,
        }
    }

    /// Why it is not taken back yet, where anything was said.
    pub fn why(&self) -> Option<&Fault> {
        match self {
            Self::Retrying { why, .. } | Self::Parked { why, .. } => Some(why),
            Self::Doubt(look) => look.why.as_ref(),
            _ => None,
        }
    }

    /// Whether there is nothing more to do about it.
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::NotNeeded | Self::Undone | Self::Left)
    }
}

impl ForwardState {
    /// The date that is waited for, if one is, in wall milliseconds since 1970.
    pub fn until_ms(&self) -> Option<i64> {
        match self {
            Self::Retrying { until_ms, .. } | Self::Soaking { until_ms, .. } => Some(*until_ms),
            Self::Doubt(look) | Self::Waiting(look) => Some(look.until_ms),
            Self::Idle
            | Self::Began
            | Self::Accepted(_)
            | Self::Partial
            | Self::Parked { .. }
            | Self::Attesting
            | Self::Done { .. }
            | Self::Skipped => None,
        }
    }

    /// Why it is not done yet, where anything was said.
    pub fn why(&self) -> Option<&Fault> {
        match self {
            Self::Retrying { why, .. } | Self::Parked { why, .. } => Some(why),
            Self::Doubt(look) | Self::Waiting(look) => look.why.as_ref(),
            _ => None,
        }
    }
}
