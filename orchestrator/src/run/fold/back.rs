//! Engine: what events do to a step on the way back, and in which order steps come to their turn. Pure.

use crate::fault::{Fault, FaultKind};
use crate::ids::StepId;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::plan::template::Template;
use crate::run::event::*;
use crate::run::fold::apply::{Illegal, Judged, count, here};
use crate::run::fold::forward::foreign;
use crate::run::state::*;
use std::collections::BTreeSet;

impl RunState {
    /// Turns the run: every step is judged, what is known at once, the rest when it settles.
    pub(crate) fn turn(&mut self, event: &Event, failed: Option<StepId>) -> Result<(), Illegal> {
        if self.back.is_some() {
            return Err(here(event, "the move goes back"));
        }
        if let Some(step) = self.past_return() {
            return Err(here(event, &format!("step {step} may have happened, and it cannot be undone")));
        }
        if let Some(lost) = &mut self.lost {
            lost.turn = true;
            return Ok(());
        }
        self.held_up.clear();
        let all = 0..self.graph.len();
        self.direction = RunDirection::Back { failed };
        self.back = Some(Back {
            unsettled: BTreeSet::new(),
            blockers: all.clone().map(|at| count(self.graph.dependents(at).len())).collect(),
            ready: BTreeSet::new(),
            unfinished: all.clone().collect(),
            unchecked: BTreeSet::new(),
            proofs: 0,
            next_proof_ms: 0,
            verified: None,
        });
        all.for_each(|at| self.classify(at));
        Ok(())
    }

    /// On the way back: judges whether a step has something to undo, once that is certain.
    pub(crate) fn classify(&mut self, at: Index) {
        let (Some(back), step) = (&mut self.back, &mut self.steps[at as usize]) else { return };
        if step.undo != UndoState::None {
            return;
        }
        let node = &self.graph.step(at).node;
        let undo = match &step.forward {
            ForwardState::Began
            | ForwardState::Accepted(_)
            | ForwardState::Doubt(_)
            | ForwardState::Attesting
            | ForwardState::Parked { doubt: true, .. } => {
                back.unsettled.insert(at);
                return;
            }
            ForwardState::Done { ours: true } => match node {
                Node::Act { .. } => UndoState::Pending,
                Node::ByHand { undo: Template::Known(words), .. } if words.is_null() => UndoState::NotNeeded,
                Node::ByHand { .. } => UndoState::ByHand,
                Node::PropagationDelay { .. } => UndoState::Pending,
                Node::Wait { .. } | Node::Soak { .. } | Node::Gate { .. } | Node::Check { .. } => {
                    UndoState::NotNeeded
                }
            },
            // Skipping the forward delay does not skip the rollback delay.
            ForwardState::Skipped if matches!(node, Node::PropagationDelay { .. }) => UndoState::Pending,
            ForwardState::Partial
            | ForwardState::Retrying { .. }
            | ForwardState::Parked { doubt: false, .. }
                if step.partial =>
            {
                UndoState::Pending
            }
            // The step changed more than its effect, and a person went on all the same.
            ForwardState::Skipped if step.partial => UndoState::Pending,
            ForwardState::Idle
            | ForwardState::Partial
            | ForwardState::Retrying { .. }
            | ForwardState::Waiting(_)
            | ForwardState::Soaking { .. }
            | ForwardState::Parked { doubt: false, .. }
            | ForwardState::Done { ours: false }
            | ForwardState::Skipped => UndoState::NotNeeded,
        };
        step.undo = undo;
        back.unsettled.remove(&at);
        self.advance(at);
    }

    /// Lets a step, and then those that it needs, come to their turn when nothing stands before them.
    fn advance(&mut self, first: Index) {
        let Some(back) = &mut self.back else { return };
        let mut ahead = vec![first];
        while let Some(at) = ahead.pop() {
            if back.blockers[at as usize] > 0 || !back.unfinished.contains(&at) {
                continue;
            }
            if let (Node::PropagationDelay { back_ms, .. }, UndoState::Pending) =
                (&self.graph.step(at).node, &self.steps[at as usize].undo)
            {
                let undone = |on: &Index| self.steps[*on as usize].undo == UndoState::Undone;
                if *back_ms == 0 || !self.graph.dependents(at).iter().any(undone) {
                    self.steps[at as usize].undo = UndoState::NotNeeded;
                }
            }
            match self.steps[at as usize].undo {
                UndoState::NotNeeded | UndoState::Undone | UndoState::Left => {
                    back.unfinished.remove(&at);
                    back.ready.remove(&at);
                    for need in self.graph.needs(at) {
                        back.blockers[*need as usize] -= 1;
                        ahead.push(*need);
                    }
                }
                UndoState::Pending | UndoState::ByHand => {
                    back.ready.insert(at);
                }
                UndoState::None
                | UndoState::Began
                | UndoState::Doubt(_)
                | UndoState::Retrying { .. }
                | UndoState::Parked { .. }
                | UndoState::PropagationDelay { .. }
                | UndoState::Attesting => {}
            }
        }
    }

    /// A pause on the way back has its date.
    pub(crate) fn set_undo_timer(&mut self, at: Index, timed: &TimerSet) -> Judged {
        let has_propagation_delay = matches!(self.graph.step(at).node, Node::PropagationDelay { .. });
        if !has_propagation_delay || !self.is_ready(at) || self.steps[at as usize].undo != UndoState::Pending
        {
            return Err("it has no date to wait for on the way back");
        }
        self.steps[at as usize].undo = UndoState::PropagationDelay { until_ms: timed.until_ms };
        Ok(())
    }

    /// A pause on the way back is over.
    pub(crate) fn complete_undo_wait(&mut self, at: Index) -> Judged {
        let UndoState::PropagationDelay { .. } = self.steps[at as usize].undo else {
            return Err("it was not waiting on the way back");
        };
        self.steps[at as usize].undo = UndoState::NotNeeded;
        self.advance(at);
        Ok(())
    }

    /// What was finished is not: its effect turned up late.
    fn reopen(&mut self, at: Index) {
        let Some(back) = &mut self.back else { return };
        back.unchecked.remove(&at);
        back.ready.insert(at);
        if back.unfinished.insert(at) {
            for need in self.graph.needs(at) {
                back.blockers[*need as usize] += 1;
            }
        }
    }

    fn undone(&mut self, at: Index) {
        self.steps[at as usize].undo = UndoState::Undone;
        if let (Some(back), Node::Act { .. }) = (&mut self.back, &self.graph.step(at).node) {
            back.unchecked.insert(at);
        }
        self.advance(at);
    }

    fn is_ready(&self, at: Index) -> bool {
        self.back.as_ref().is_some_and(|back| back.ready.contains(&at))
    }

    fn is_unchecked(&self, at: Index) -> bool {
        self.back.as_ref().is_some_and(|back| back.unchecked.contains(&at))
    }

    pub(crate) fn begin_undo(&mut self, at: Index, began: &Began, at_ms: i64) -> Judged {
        if !self.is_ready(at) {
            return Err("its turn to be undone has not come");
        }
        let step = &mut self.steps[at as usize];
        match step.undo {
            UndoState::Pending | UndoState::Retrying { .. } => {}
            UndoState::None
            | UndoState::NotNeeded
            | UndoState::Began
            | UndoState::Doubt(_)
            | UndoState::Parked { .. }
            | UndoState::PropagationDelay { .. }
            | UndoState::Attesting
            | UndoState::ByHand
            | UndoState::Undone
            | UndoState::Left => return Err("its undo cannot be begun where it stands"),
        }
        if began.attempt != step.undo_attempts + 1 {
            return Err("the number of its attempt is out of order");
        }
        step.undo_attempts = began.attempt;
        step.undo_first_ms.get_or_insert(at_ms);
        step.undo_began_ms = at_ms;
        step.undo = UndoState::Began;
        if began.attempt == 1 {
            self.last_error.remove(&at);
        }
        Ok(())
    }

    pub(crate) fn end_undo(&mut self, at: Index, ended: &Ended) -> Judged {
        let step = &mut self.steps[at as usize];
        if step.undo != UndoState::Began || ended.attempt != step.undo_attempts {
            return Err("no such attempt to undo it is under way");
        }
        self.heard(at, &ended.end);
        let step = &mut self.steps[at as usize];
        // An answer of success that is no news: what follows it is counted.
        let answered = match &ended.end {
            End::Applied(_) => true,
            End::Unknown(why) => why.kind == FaultKind::Differs,
            End::Retry { .. } | End::Refused(_) => false,
        };
        step.undo_vain = step.undo_vain.saturating_add(u8::from(answered));
        match &ended.end {
            End::Applied(_) => self.undone(at),
            End::Retry { until_ms, why } => {
                step.undo = UndoState::Retrying { until_ms: *until_ms, why: why.clone() };
            }
            End::Refused(why) => step.undo = UndoState::Parked { why: why.clone(), doubt: false },
            End::Unknown(why) => {
                step.undo = UndoState::Doubt(PollState { checks: 0, until_ms: 0, why: Some(why.clone()) });
            }
        }
        Ok(())
    }

    pub(crate) fn probe_undo(&mut self, at: Index, probed: &Probed) -> Judged {
        let unchecked = self.is_unchecked(at);
        let again = self.undo_again(at, probed.until_ms);
        let step = &mut self.steps[at as usize];
        match (&step.undo, &probed.found) {
            (UndoState::Began | UndoState::Doubt(_) | UndoState::Attesting, Found::NotApplied) => {
                self.undone(at)
            }
            (UndoState::Began | UndoState::Doubt(_), Found::Applied(_) | Found::Partial(_)) => {
                if step.undo == UndoState::Began || probed.until_ms.is_none() {
                    // The program may have been dead for long: the clock for giving up starts again.
                    step.undo_first_ms = None;
                }
                step.undo = again;
                self.advance(at);
            }
            (UndoState::Attesting, Found::Applied(_) | Found::Partial(_)) => {
                step.undo = UndoState::Parked { why: still_there(), doubt: false };
            }
            (UndoState::Began | UndoState::Doubt(_) | UndoState::Attesting, Found::Foreign(difference)) => {
                let why = self.explained(at, foreign(difference));
                self.steps[at as usize].undo = UndoState::Parked { why, doubt: false };
            }
            (UndoState::Undone, Found::NotApplied | Found::Foreign(_)) if unchecked => {
                self.back.iter_mut().for_each(|back| {
                    back.unchecked.remove(&at);
                });
            }
            (UndoState::Undone, Found::Applied(_) | Found::Partial(_)) if unchecked => {
                step.undo = again;
                self.reopen(at);
                self.advance(at);
            }
            (
                UndoState::None
                | UndoState::NotNeeded
                | UndoState::Pending
                | UndoState::Retrying { .. }
                | UndoState::Parked { .. }
                | UndoState::PropagationDelay { .. }
                | UndoState::ByHand
                | UndoState::Undone
                | UndoState::Left,
                _,
            ) => return Err("nothing about its undo is in doubt"),
        }
        Ok(())
    }

    /// An undo whose effect is not to be seen is tried again, not before its date. Older records have none.
    fn undo_again(&self, at: Index, until_ms: Option<i64>) -> UndoState {
        match until_ms {
            Some(until_ms) => UndoState::Retrying {
                until_ms,
                why: self.last_error.get(&at).cloned().unwrap_or_else(not_gone),
            },
            None => UndoState::Pending,
        }
    }

    pub(crate) fn wait_undo(&mut self, at: Index, look: PollState) -> Judged {
        let unchecked = self.is_unchecked(at);
        let step = &mut self.steps[at as usize];
        match step.undo {
            UndoState::Began => {
                step.undo_first_ms = None;
                step.undo = UndoState::Doubt(look);
            }
            UndoState::Doubt(_) => step.undo = UndoState::Doubt(look),
            UndoState::Attesting => {
                step.undo = UndoState::Parked { why: look.why.unwrap_or_else(still_there), doubt: true };
            }
            UndoState::Undone if unchecked => {
                step.undo = UndoState::Doubt(look);
                self.reopen(at);
            }
            UndoState::None
            | UndoState::NotNeeded
            | UndoState::Pending
            | UndoState::Retrying { .. }
            | UndoState::Parked { .. }
            | UndoState::PropagationDelay { .. }
            | UndoState::ByHand
            | UndoState::Undone
            | UndoState::Left => return Err("nothing about its undo is in doubt"),
        }
        Ok(())
    }

    pub(crate) fn park_undo(&mut self, at: Index, why: &Fault) -> Judged {
        let step = &mut self.steps[at as usize];
        let doubt = match step.undo {
            UndoState::Began | UndoState::Doubt(_) => true,
            UndoState::Pending | UndoState::Retrying { .. } => false,
            UndoState::None
            | UndoState::NotNeeded
            | UndoState::Parked { .. }
            | UndoState::PropagationDelay { .. }
            | UndoState::Attesting
            | UndoState::ByHand
            | UndoState::Undone
            | UndoState::Left => return Err("its undo cannot be parked where it stands"),
        };
        step.undo = UndoState::Parked { why: why.clone(), doubt };
        Ok(())
    }

    /// A person decides about a step on the way back.
    pub(crate) fn ask_back(&mut self, at: Index, request: &Request) -> Judged {
        let ready = self.is_ready(at);
        let step = &mut self.steps[at as usize];
        match (request, &step.undo) {
            (Request::Retry(_), UndoState::Parked { doubt, .. }) => {
                step.undo = if *doubt { UndoState::Doubt(PollState::NOW) } else { UndoState::Pending };
                step.undo_attempts_before_reset = step.undo_attempts;
                step.undo_vain = 0;
                step.undo_first_ms = None;
                self.advance(at);
            }
            (Request::Skip(_), UndoState::Parked { .. } | UndoState::ByHand) => {
                step.undo = UndoState::Left;
                self.advance(at);
            }
            // Whoever skips the rollback delay answers for what comes too early.
            (Request::Skip(_), UndoState::PropagationDelay { .. }) => return self.complete_undo_wait(at),
            (Request::MarkDone(_), UndoState::Parked { .. }) => step.undo = UndoState::Attesting,
            (Request::Acknowledge(_), UndoState::ByHand) if ready => self.undone(at),
            (Request::Skip(_), UndoState::None)
                if matches!(step.forward, ForwardState::Parked { doubt: true, .. }) =>
            {
                step.undo = UndoState::Left;
                self.back.iter_mut().for_each(|back| {
                    back.unsettled.remove(&at);
                });
                self.advance(at);
            }
            (Request::Retry(_), UndoState::None)
                if matches!(step.forward, ForwardState::Parked { doubt: true, .. }) =>
            {
                step.forward = ForwardState::Doubt(PollState::NOW);
                step.first_ms = None;
            }
            (
                Request::Retry(_)
                | Request::Skip(_)
                | Request::MarkDone(_)
                | Request::Acknowledge(_)
                | Request::Adopt(_)
                | Request::Pause
                | Request::Resume
                | Request::RollBack,
                _,
            ) => return Err("that cannot be asked for it where its undo stands"),
        }
        Ok(())
    }
}

fn not_gone() -> Fault {
    let why = "the undo was answered, and the effect is still there";
    Fault::new(FaultKind::Differs, "StillThere", why)
}

fn still_there() -> Fault {
    let what = "a person said that it is undone, but the effect is still there";
    Fault::new(FaultKind::Differs, "NotUndone", what)
}
