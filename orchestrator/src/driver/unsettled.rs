//! Engine: what steps held whose outcome is open, when a run is taken up again. Touches memory only.

use crate::driver::actor::Actor;
use crate::plan::Node;

impl Actor {
    /// Holds again what was held by steps whose outcome is open.
    pub(crate) fn hold_unsettled(&mut self) {
        for at in 0..self.state.graph.len() {
            if let (true, Some(input), Node::Act { activity, .. }) =
                (self.state.is_unsettled(at), self.state.input(at), &self.state.graph.step(at).node)
                && let Ok(activity) = self.shared.engine.registry.find_activity(activity)
                && let Ok(keys) = activity.locks(input)
                && let Some(held) = self.shared.locks.try_hold(&keys)
            {
                self.held.insert(at, held);
            }
        }
    }
}
