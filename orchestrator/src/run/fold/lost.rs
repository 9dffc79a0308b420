//! Engine: what the loss of a record's end does to a run, and what is concluded from the world. Pure.

use crate::activity::Reversibility;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::run::event::*;
use crate::run::fold::apply::{Illegal, here};
use crate::run::state::*;
use std::collections::BTreeMap;

/// Why an event does not fit a step, in words.
type Judged = Result<(), &'static str>;

impl RunState {
    /// Whether the end of its record is lost, and the world was not looked at since.
    pub fn is_restored(&self) -> bool {
        self.lost.is_some()
    }

    /// What was under way may have ended since, and anything may have been begun.
    pub(crate) fn restore(&mut self, at_ms: i64) {
        for step in &mut self.steps {
            if matches!(step.forward, Forward::Began | Forward::Accepted(_) | Forward::Doubt(_)) {
                step.forward = Forward::Doubt(Look::NOW);
                (step.murky, step.began_ms, step.since_ms, step.first_ms) = (true, at_ms, at_ms, None);
            }
            if matches!(step.undo, Undo::Began | Undo::Doubt(_)) {
                step.undo = Undo::Doubt(Look::NOW);
                (step.undo_began_ms, step.since_ms, step.undo_first_ms) = (at_ms, at_ms, None);
            }
        }
        // On the way back nothing new is begun, and to undo again what is undone does nothing.
        if self.back.is_none() {
            let turn = self.lost.as_ref().is_some_and(|lost| lost.turn);
            self.lost = Some(Lost { since_ms: at_ms, found: BTreeMap::new(), turn });
        }
    }

    pub(crate) fn recall(&mut self, at: Index, recalled: &Recalled) -> Judged {
        let acts = matches!(self.graph.step(at).node, Node::Act { .. });
        let step = &mut self.steps[at as usize];
        let Some(lost) = self.lost.as_mut().filter(|_| acts && step.forward != Forward::Skipped) else {
            return Err("nothing of its record is lost");
        };
        if lost.found.insert(at, recalled.clone()).is_some() {
            return Err("it was looked at before");
        }
        // What later steps refer to has to be known, to look at these.
        if let (Memory::InPlace(output) | Memory::Partly(output), None) = (&recalled.found, &step.output) {
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
            let judged = self.became(at, &concluded.became, lost.found.get(&at), lost.since_ms);
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

    fn became(&mut self, at: Index, became: &Became, found: Option<&Recalled>, since_ms: i64) -> Judged {
        let node = self.graph.step(at).node.clone();
        match (became, found) {
            (Became::Passed, None)
                if matches!(
                    node,
                    Node::Wait { .. } | Node::Pause { .. } | Node::Check { .. } | Node::Soak { .. }
                ) =>
            {
                if self.steps[at as usize].forward.is_settled() {
                    return Err("it is over already");
                }
                self.settle(at, Forward::Done { ours: true });
                return Ok(());
            }
            (Became::Done | Became::Partial | Became::Parked { .. }, Some(_)) => {}
            (_, _) => return Err("nothing was found that says so"),
        }
        let settled = self.steps[at as usize].forward.is_settled();
        if settled && !matches!(became, Became::Parked { .. }) {
            return Err("it is over already");
        }
        if let Some(found) = found {
            let step = &mut self.steps[at as usize];
            step.input = step.input.take().or_else(|| Some(found.input.clone()));
            step.before = step.before.take().or_else(|| found.before.clone());
            // An attempt was made of which the record is lost.
            step.attempts = step.attempts.max(1);
            (step.began_ms, step.murky, step.first_ms) = (since_ms, true, None);
            if let Memory::InPlace(output) | Memory::Partly(output) = &found.found
                && !settled
            {
                step.output = Some(output.clone());
            }
        }
        let last = matches!(node, Node::Act { reversibility: Reversibility::Irreversible, .. });
        match became {
            Became::Done => {
                self.compared = true;
                if last {
                    self.past_return = Some(at);
                }
                self.settle(at, Forward::Done { ours: true });
            }
            Became::Partial => {
                self.compared = true;
                let step = &mut self.steps[at as usize];
                (step.partial, step.forward) = (true, Forward::Partial);
            }
            Became::Parked { why, doubt } => {
                if settled {
                    self.unsettle(at);
                }
                self.steps[at as usize].forward = Forward::Parked { why: why.clone(), doubt: *doubt };
            }
            Became::Passed => {}
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
