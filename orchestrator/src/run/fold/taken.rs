//! Engine: what it does to a run that one of several runners takes it. Pure.

use crate::run::event::*;
use crate::run::fold::apply::{Illegal, here};
use crate::run::state::*;

impl RunState {
    /// Another runner works on it from here on. Each names the place of the one before, so that of two that take it at once
    /// one is too late, and whoever had it before cannot have it again without another event.
    ///
    /// What was begun and has not ended may be sent as late as this: the one before has a right to send until it is over,
    /// and was over before this. So the time in which an effect may turn up begins here.
    pub(super) fn take(&mut self, event: &Event, taken: &Taken, at_ms: i64) -> Result<(), Illegal> {
        let next = self.epoch() + 1;
        if taken.epoch != next {
            return Err(here(event, &format!("the next to take it is number {next}, not {}", taken.epoch)));
        }
        if !self.approved {
            return Err(here(event, "the plan is not approved"));
        }
        for step in &mut self.steps {
            if step.forward == ForwardState::Began {
                step.began_ms = at_ms;
            }
            if step.undo == UndoState::Began {
                step.undo_began_ms = at_ms;
            }
        }
        self.owner = Some(taken.clone());
        Ok(())
    }
}
