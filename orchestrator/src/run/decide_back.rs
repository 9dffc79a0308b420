//! Engine: the decider's way back: what is in flight is settled, what was done is undone, the world is compared. Pure.

use super::decide::{Command, Decider, VAIN_MAX};
use crate::ids::Direction;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::run::event::*;
use crate::run::state::*;

impl Decider<'_> {
    pub(super) fn go_back(&mut self, back: &Back) {
        let mut settling = false;
        for at in &back.unsettled {
            settling |= self.run.at(*at).forward.progress() != Progress::Blocked;
            if let (false, Node::Act { retry, settling_ms, .. }) =
                (self.live.steps.contains(at), &self.run.graph.step(*at).node)
            {
                self.unsettled(*at, retry, *settling_ms);
            }
        }
        // Whatever is in flight must be known before anything is taken back.
        if settling {
            return;
        }
        self.look_again(back);
        for at in &back.ready {
            if !self.live.steps.contains(at) {
                self.undo_step(*at, back);
            }
        }
        if back.unfinished.is_empty() && back.unsettled.is_empty() {
            self.finish(back);
        } else if self.out.commands.is_empty()
            && self.out.wake_ms.is_none()
            && self.out.soak_ms.is_none()
            && self.live.steps.is_empty()
        {
            self.out.people = true;
        }
    }

    /// Looks once more at each step that was undone, when it is too late for its effect to turn up.
    fn look_again(&mut self, back: &Back) {
        for at in &back.unchecked {
            if self.live.steps.contains(at) {
                continue;
            }
            let (step, node) = (self.run.at(*at), &self.run.graph.step(*at).node);
            let settling = match node {
                Node::Act { settling_ms, .. } if step.outcome_uncertain => {
                    self.time_scale.wall_ms(*settling_ms)
                }
                _ => 0,
            };
            let date = step.began_ms.saturating_add(settling);
            if date > self.now_ms {
                self.out.wake(date);
            } else {
                self.out.commands.push(Command::Probe { at: *at, direction: Direction::Undo });
            }
        }
    }

    fn undo_step(&mut self, at: Index, back: &Back) {
        let step = self.run.at(at);
        let (retry, settling_ms) = match &self.run.graph.step(at).node {
            Node::Act { retry, settling_ms, .. } => (retry, settling_ms),
            Node::PropagationDelay { back_ms, .. } => return self.propagation_delay(at, *back_ms),
            Node::Wait { .. }
            | Node::Soak { .. }
            | Node::Gate { .. }
            | Node::ByHand { .. }
            | Node::Check { .. } => {
                self.out.people = true;
                return;
            }
        };
        match &step.undo {
            // What was undone is looked at before what it needed is: undoing that may put back what it took away.
            UndoState::Pending if !back.unchecked.is_empty() => {}
            UndoState::Pending => self.begin(at, Direction::Undo, false),
            UndoState::Retrying { why, .. } if step.undo_vain >= VAIN_MAX => {
                self.give_up(at, Direction::Undo, Some(why.clone()));
            }
            UndoState::Retrying { why, .. }
                if self.is_over(
                    step.undo_attempts - step.undo_attempts_before_reset,
                    step.undo_first_ms,
                    step.since_ms,
                    retry,
                ) =>
            {
                self.give_up(at, Direction::Undo, Some(why.clone()));
            }
            UndoState::Retrying { until_ms, .. } if self.is_ahead(*until_ms, step) => {
                self.out.wake(*until_ms)
            }
            UndoState::Retrying { .. } => self.begin(at, Direction::Undo, false),
            UndoState::Began | UndoState::Attesting => {
                self.out.commands.push(Command::Probe { at, direction: Direction::Undo });
            }
            UndoState::Doubt(look) => {
                let limit = retry.give_up_after_ms.saturating_add(*settling_ms);
                self.look(at, Direction::Undo, look, step.undo_first_ms, limit);
            }
            UndoState::Parked { .. } | UndoState::ByHand => self.out.people = true,
            UndoState::None
            | UndoState::NotNeeded
            | UndoState::PropagationDelay { .. }
            | UndoState::Undone
            | UndoState::Left => {}
        }
    }

    /// Everything is undone and was looked at: look at the world as a whole.
    fn finish(&mut self, back: &Back) {
        if !back.unchecked.is_empty() || self.live.surveying {
            return;
        }
        if back.verified.is_some() {
            self.out.record(Event::Closed(Closed { verdict: Verdict::RolledBack }));
        } else if back.next_proof_ms > self.now_ms {
            self.out.wake(back.next_proof_ms);
        } else {
            self.out.commands.push(Command::Survey);
        }
    }
}
