//! Engine: what it does to a step that another one holds what it works on. Pure.

use crate::ids::Direction;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::run::event::*;
use crate::run::fold::apply::Judged;
use crate::run::state::*;

impl RunState {
    /// Where the step stands does not change: it begins as soon as it can.
    pub(super) fn hold_up(&mut self, at: Index, held: &HeldUp) -> Judged {
        let (stands, back) = (self.at(at), self.back.as_ref());
        let begins = match held.direction {
            Direction::Do => {
                let begins = matches!(
                    stands.forward,
                    ForwardState::Idle | ForwardState::Partial | ForwardState::Retrying { .. }
                );
                begins && back.is_none() && self.open.contains(&at)
            }
            Direction::Undo => {
                let begins = matches!(stands.undo, UndoState::Pending | UndoState::Retrying { .. });
                begins && back.is_some_and(|back| back.ready.contains(&at))
            }
        };
        if !begins || !matches!(self.graph.step(at).node, Node::Act { .. }) {
            return Err("its turn to begin has not come");
        }
        self.held_up.insert(at, held.clone());
        Ok(())
    }
}
