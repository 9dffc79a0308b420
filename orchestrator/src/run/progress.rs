//! Engine: how far a run is, for the batch that it is of. Pure.

use crate::plan::{Node, Phase};
use crate::run::event::Verdict;
use crate::run::state::{Progress, RunState};

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunProgress {
    /// Nothing was attempted, and nothing is to be taken back.
    NotBegun,
    /// It is on its way.
    Underway,
    /// All of its way forward is done but for soaks; whoever looks can see whether it is well.
    Through,
    /// A step of the way forward waits for a decision, or the run goes back.
    Failed,
    /// It is over.
    Closed(Verdict),
}

impl RunState {
    /// How far it is.
    pub fn progress(&self) -> RunProgress {
        let step = |at: &u32| self.graph.step(*at);
        let forward = |at: &u32| step(at).phase == Phase::Forward;
        let soaks = |at: &u32| matches!(step(at).node, Node::Soak { .. });
        let blocked = |at: &u32| self.at(*at).forward.progress() == Progress::Blocked;
        match self.verdict() {
            Some(verdict) => RunProgress::Closed(verdict),
            None if self.back.is_some() || self.open.iter().filter(|at| forward(at)).any(blocked) => {
                RunProgress::Failed
            }
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
}
