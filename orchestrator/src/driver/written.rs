//! Engine: what the end of a way back compares beside the facts: everything that was written. Reads only.

use crate::driver::actor::Actor;
use crate::driver::work::Comparison;
use crate::plan::graph::Index;
use crate::run::state::UndoState;

impl Actor {
    /// On the way back: a comparison of each thing that was written with what it was before.
    pub(crate) fn written(&self) -> Vec<Comparison> {
        let compare = |at: Index| {
            let step = self.state.at(at);
            let gone = matches!(step.undo, UndoState::Undone | UndoState::NotNeeded);
            if !gone || step.attempts == 0 || step.before.is_none() {
                return None;
            }
            let (activity, step) = self.recorded(at).ok()?;
            Some(activity.restored(step))
        };
        if self.state.back.is_none() {
            return Vec::new();
        }
        (0..self.state.graph.len()).filter_map(compare).collect()
    }
}
