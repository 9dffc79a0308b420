//! Engine: how far a run is, for the batch that it is of. Pure.

use crate::plan::{Node, Phase};
use crate::run::event::Verdict;
use crate::run::state::{Progress, RunDirection, RunState};

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunProgress {
    /// Nothing was attempted, and nothing is to be taken back.
    #[default]
    NotBegun,
    /// It is on its way.
    Underway,
    /// All of its way forward is done but for soaks; whoever looks can see whether it is well.
    Through,
    /// A step of the way forward waits for a decision.
    Failed,
    /// It goes back.
    Back,
    /// It is over.
    Closed(Verdict),
}

/// What a batch has to know of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunReport {
    /// How far it is.
    pub progress: RunProgress,
    /// A step of its way forward waits for a decision, or made it go back.
    pub failed: bool,
    /// Whether it can still be taken back.
    pub returns: bool,
    /// All that it does next waits for a person or a date.
    pub waits: bool,
    /// The outcome of something that was begun is open.
    pub in_flight: bool,
    /// It went back, and something is not as it was before.
    pub differs: bool,
}

impl RunState {
    /// What a batch has to know of it.
    pub fn report(&self) -> RunReport {
        let progress = self.progress();
        let turned = matches!(&self.direction, RunDirection::Back { failed: Some(_) });
        let returns = self.past_return.is_none() && !matches!(progress, RunProgress::Closed(_));
        let patient = |at: &u32| {
            matches!(
                self.graph.step(*at).node,
                Node::ByHand { .. } | Node::Gate { .. } | Node::Soak { .. } | Node::PropagationDelay { .. }
            )
        };
        RunReport {
            progress,
            failed: turned || self.is_blocked(),
            returns,
            waits: self.has_begun() && self.open.iter().all(patient),
            in_flight: self.open.iter().any(|at| self.is_unsettled(*at)),
            differs: self.proof().is_some_and(|differences| !differences.is_empty()),
        }
    }

    /// How far it is.
    pub fn progress(&self) -> RunProgress {
        let step = |at: &u32| self.graph.step(*at);
        let forward = |at: &u32| step(at).phase == Phase::Forward;
        let soaks = |at: &u32| matches!(step(at).node, Node::Soak { .. });
        match self.verdict() {
            Some(verdict) => RunProgress::Closed(verdict),
            None if self.back.is_some() => RunProgress::Back,
            None if self.is_blocked() => RunProgress::Failed,
            None if !self.has_begun() => RunProgress::NotBegun,
            // What is open is what everything else that is left stands behind.
            None if self.open.iter().any(|at| forward(at) && !soaks(at)) => RunProgress::Underway,
            None => {
                let left = |at: &u32| forward(at) && !soaks(at) && !self.at(*at).forward.is_settled();
                if (0..self.graph.len()).any(|at| left(&at)) {
                    RunProgress::Underway
                } else {
                    RunProgress::Through
                }
            }
        }
    }

    /// Whether a step of the way forward waits for a decision.
    fn is_blocked(&self) -> bool {
        let forward = |at: &&u32| self.graph.step(**at).phase == Phase::Forward;
        self.open.iter().filter(forward).any(|at| self.at(*at).forward.progress() == Progress::Blocked)
    }
}
