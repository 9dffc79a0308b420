//! Engine: what the loss of a record's end does to a run, and what is concluded from the world. Pure.

use crate::activity::Reversibility;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::run::event::*;
use crate::run::fold::apply::{Illegal, Judged, here};
use crate::run::state::*;
use std::collections::BTreeMap;

impl RunState {
    /// Whether the end of its record is lost, and the world was not looked at since.
    pub fn is_restored(&self) -> bool {
        self.lost.is_some()
    }

    /// What was under way may have ended since, and anything may have been begun.
    pub(crate) fn restore(&mut self, at_ms: i64) {
        self.held_up.clear();
        for step in &mut self.steps {
            if matches!(
                step.forward,
                ForwardState::Began | ForwardState::Accepted(_) | ForwardState::Doubt(_)
            ) {
                step.forward = ForwardState::Doubt(PollState::NOW);
                (step.outcome_uncertain, step.began_ms, step.since_ms, step.first_ms) =
                    (true, at_ms, at_ms, None);
            }
            if matches!(step.undo, UndoState::Began | UndoState::Doubt(_)) {
                step.undo = UndoState::Doubt(PollState::NOW);
                (step.undo_began_ms, step.since_ms, step.undo_first_ms) = (at_ms, at_ms, None);
            }
        }
        // On the way back nothing new is begun, and to undo again what is undone does nothing.
        if self.back.is_none() {
            let turn = self.lost.as_ref().is_some_and(|lost| lost.turn);
            self.lost = Some(Lost { since_ms: at_ms, found: BTreeMap::new(), turn });
        }
    }

    pub(crate) fn observe(&mut self, at: Index, observed: &Observed) -> Judged {
        let acts = matches!(self.graph.step(at).node, Node::Act { .. });
        let step = &mut self.steps[at as usize];
        let Some(lost) = self.lost.as_mut().filter(|_| acts && step.forward != ForwardState::Skipped) else {
            return Err("nothing of its record is lost");
        };
        if lost.found.insert(at, observed.clone()).is_some() {
            return Err("it was looked at before");
        }
        // What later steps refer to has to be known, to look at these.
        if let (ObservedEffect::InPlace(output) | ObservedEffect::Partly(output), None) =
            (&observed.found, &step.output)
        {
            step.output = Some(output.clone());
        }
        Ok(())
    }

    /// Takes in what was concluded; from here on the run goes on as any other.
    pub(crate) fn reconcile(
        &mut self,
        event: &Event,
        reconciled: &Reconciled,
        at_ms: i64,
    ) -> Result<(), Illegal> {
        let Some(lost) = self.lost.take() else {
            return Err(here(event, "nothing of its record is lost"));
        };
        for concluded in &reconciled.steps {
            let id = &concluded.step;
            let at = self.graph.find(id).ok_or_else(|| Illegal::NoStep(id.clone()))?;
            let judged = self.outcome(at, &concluded.outcome, lost.found.get(&at), lost.since_ms);
            judged.map_err(|because| here(event, &format!("step {id}: {because}")))?;
            self.steps[at as usize].since_ms = at_ms;
        }
        match (lost.turn, self.past_return) {
            (false, _) => Ok(()),
            (true, None) => self.turn(event, None),
            // There is no way back any more, and nobody asked to go on.
            (true, Some(_)) => {
                self.paused = true;
                Ok(())
            }
        }
    }

    fn outcome(
        &mut self,
        at: Index,
        outcome: &ReconciledOutcome,
        found: Option<&Observed>,
        since_ms: i64,
    ) -> Judged {
        let node = self.graph.step(at).node.clone();
        match (outcome, found) {
            (ReconciledOutcome::Passed, None)
                if matches!(
                    node,
                    Node::Wait { .. }
                        | Node::PropagationDelay { .. }
                        | Node::Check { .. }
                        | Node::Soak { .. }
                ) =>
            {
                if self.steps[at as usize].forward.is_settled() {
                    return Err("it is over already");
                }
                self.settle(at, ForwardState::Done { ours: true });
                return Ok(());
            }
            (
                ReconciledOutcome::Done | ReconciledOutcome::Partial | ReconciledOutcome::Parked { .. },
                Some(_),
            ) => {}
            (_, _) => return Err("nothing was found that says so"),
        }
        let settled = self.steps[at as usize].forward.is_settled();
        if settled && !matches!(outcome, ReconciledOutcome::Parked { .. }) {
            return Err("it is over already");
        }
        if let Some(found) = found {
            let step = &mut self.steps[at as usize];
            step.input = step.input.take().or_else(|| Some(found.input.clone()));
            step.before = step.before.take().or_else(|| found.before.clone());
            // An attempt was made of which the record is lost.
            step.attempts = step.attempts.max(1);
            (step.began_ms, step.outcome_uncertain, step.first_ms) = (since_ms, true, None);
            if let ObservedEffect::InPlace(output) | ObservedEffect::Partly(output) = &found.found
                && !settled
            {
                step.output = Some(output.clone());
            }
        }
        let last = matches!(node, Node::Act { reversibility: Reversibility::Irreversible, .. });
        match outcome {
            ReconciledOutcome::Done => {
                self.compared = true;
                if last {
                    self.past_return = Some(at);
                }
                self.settle(at, ForwardState::Done { ours: true });
            }
            ReconciledOutcome::Partial => {
                self.compared = true;
                let step = &mut self.steps[at as usize];
                (step.partial, step.forward) = (true, ForwardState::Partial);
            }
            ReconciledOutcome::Parked { why, doubt } => {
                if settled {
                    self.unsettle(at);
                }
                self.steps[at as usize].forward = ForwardState::Parked { why: why.clone(), doubt: *doubt };
            }
            ReconciledOutcome::Passed => {}
        }
        Ok(())
    }

    /// What was over is not: its dependents have to wait again. The reverse of `settle`.
    fn unsettle(&mut self, at: Index) {
        self.settled -= 1;
        if self.unmet[at as usize] > 0 {
            return;
        }
        self.open.insert(at);
        let graph = self.graph.clone();
        let mut reopened = vec![at];
        while let Some(at) = reopened.pop() {
            for dependent in graph.dependents(at) {
                let unmet = &mut self.unmet[*dependent as usize];
                *unmet += 1;
                if *unmet > 1 {
                    continue;
                }
                if self.steps[*dependent as usize].forward.is_settled() {
                    reopened.push(*dependent);
                } else {
                    self.open.remove(dependent);
                }
            }
        }
    }
}
