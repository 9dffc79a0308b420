//! Engine: what became of steps whose record is lost, concluded from what is there and from what needs
//! what. Pure.
//!
//! An effect that only its step can have brought about proves the step, and that everything which the step
//! needs was done before it. An effect that others may have brought about counts only when its turn can have
//! come. What should be there and is not, or is somebody else's, is left to a person; so is what cannot be
//! told. What people decided is never concluded: gates and by-hand steps are asked for again.

use crate::activity::{Evidence, Reversibility};
use crate::fault::{Fault, FaultKind};
use crate::json::Json;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::run::event::*;
use crate::run::fold::forward::foreign;
use crate::run::state::{ForwardState, Lost, RunState};
use serde_json::Value;

/// What is concluded of all steps, in the order of the plan.
pub(crate) fn reconcile(run: &RunState, lost: &Lost) -> Vec<ReconciledStep> {
    let mut work = Work { run, lost, was: was_done(run, lost), clear: Vec::new(), out: Vec::new() };
    for at in 0..run.graph.len() {
        work.step(at);
    }
    let mut out = work.out;
    out.extend(passed(run, &out));
    out.sort_by_key(|(at, _)| *at);
    out.into_iter()
        .map(|(at, outcome)| ReconciledStep { step: run.graph.step(at).id.clone(), outcome })
        .collect()
}

/// For each step, whether something behind it proves that it was done.
fn was_done(run: &RunState, lost: &Lost) -> Vec<bool> {
    let mut was = vec![false; run.steps.len()];
    for at in (0..run.graph.len()).rev() {
        let proves = lost.found.get(&at).is_some_and(is_ours);
        if proves || was[at as usize] {
            run.graph.needs(at).iter().for_each(|need| was[*need as usize] = true);
        }
    }
    was
}

fn is_ours(observed: &Observed) -> bool {
    observed.evidence == Evidence::Conclusive
        && matches!(observed.found, ObservedEffect::InPlace(_) | ObservedEffect::Partly(_))
}

struct Work<'a> {
    run: &'a RunState,
    lost: &'a Lost,
    was: Vec<bool>,
    /// For each step so far, whether it and all acts that it needs are over.
    clear: Vec<bool>,
    out: Vec<(Index, ReconciledOutcome)>,
}

impl Work<'_> {
    fn step(&mut self, at: Index) {
        let needs = self.run.graph.needs(at);
        let ready = needs.iter().all(|need| self.clear[*need as usize]);
        let outcome = match (&self.run.graph.step(at).node, self.lost.found.get(&at)) {
            (Node::Act { reversibility, .. }, Some(found)) => {
                let last = *reversibility == Reversibility::Irreversible;
                self.act(at, found, ready, last)
            }
            (_, _) => None,
        };
        let acts = matches!(self.run.graph.step(at).node, Node::Act { .. });
        let over = match &outcome {
            Some(ReconciledOutcome::Done | ReconciledOutcome::Passed) => true,
            Some(ReconciledOutcome::Partial | ReconciledOutcome::Parked { .. }) => false,
            None => !acts || self.run.at(at).forward.is_settled(),
        };
        self.clear.push(ready && over);
        self.out.extend(outcome.map(|outcome| (at, outcome)));
    }

    fn act(&self, at: Index, found: &Observed, ready: bool, last: bool) -> Option<ReconciledOutcome> {
        let step = self.run.at(at);
        let was = self.was[at as usize];
        let due = was || ready;
        if step.forward.is_settled() {
            let other = |now: &Json| step.output.as_ref().is_some_and(|then| differs(then, now));
            return match &found.found {
                ObservedEffect::Absent if found.evidence != Evidence::Inconclusive => {
                    Some(parked(gone(), false))
                }
                ObservedEffect::InPlace(now) if found.evidence == Evidence::Conclusive && other(now) => {
                    Some(parked(another(), false))
                }
                _ => None,
            };
        }
        match (&found.found, found.evidence) {
            (ObservedEffect::InPlace(_), Evidence::Conclusive) => Some(ReconciledOutcome::Done),
            (ObservedEffect::InPlace(_), Evidence::AbsenceOnly | Evidence::Inconclusive) => {
                (due || last).then_some(ReconciledOutcome::Done)
            }
            (ObservedEffect::Partly(_), evidence) => {
                (due || evidence == Evidence::Conclusive).then_some(ReconciledOutcome::Partial)
            }
            (ObservedEffect::Absent, Evidence::Inconclusive) => was.then_some(ReconciledOutcome::Done),
            (ObservedEffect::Absent, Evidence::Conclusive | Evidence::AbsenceOnly) => {
                was.then(|| parked(gone(), false))
            }
            (_, _) if matches!(step.forward, ForwardState::Parked { .. }) => None,
            (ObservedEffect::Foreign(difference), _) => due.then(|| parked(foreign(difference), false)),
            (ObservedEffect::Untold(why), _) => due.then(|| parked(why.clone(), true)),
        }
    }
}

/// What a program waits for and compares was passed when a step behind it was done. A soak protects what
/// cannot be undone: only that proves that it is over.
fn passed(run: &RunState, concluded: &[(Index, ReconciledOutcome)]) -> Vec<(Index, ReconciledOutcome)> {
    let mut behind = vec![(false, false); run.steps.len()];
    let mut out = Vec::new();
    for at in (0..run.graph.len()).rev() {
        let node = &run.graph.step(at).node;
        let done =
            concluded.iter().any(|(index, outcome)| *index == at && *outcome == ReconciledOutcome::Done);
        let last = matches!(node, Node::Act { reversibility: Reversibility::Irreversible, .. });
        let (done_behind, last_behind) = behind[at as usize];
        let (done_here, last_here) = (done_behind || done, last_behind || done && last);
        for need in run.graph.needs(at) {
            let (done, last) = &mut behind[*need as usize];
            (*done, *last) = (*done || done_here, *last || last_here);
        }
        let waits = matches!(
            run.at(at).forward,
            ForwardState::Idle | ForwardState::Waiting(_) | ForwardState::Soaking { .. }
        );
        let over = match node {
            Node::Wait { .. } | Node::Check { .. } | Node::PropagationDelay { .. } => done_behind,
            Node::Soak { .. } => last_behind,
            Node::Act { .. } | Node::Gate { .. } | Node::ByHand { .. } => false,
        };
        if over && waits {
            out.push((at, ReconciledOutcome::Passed));
        }
    }
    out
}

/// Whether two outputs name different things; a name that only one of them has says nothing.
fn differs(then: &Json, now: &Json) -> bool {
    let read = |json: &Json| serde_json::from_str::<Value>(json.get()).unwrap_or_default();
    let (Value::Object(then), Value::Object(now)) = (read(then), read(now)) else { return false };
    then.iter().any(|(name, then)| match (then.as_str(), now.get(name).and_then(Value::as_str)) {
        (Some(then), Some(now)) => !then.eq_ignore_ascii_case(now),
        (_, _) => false,
    })
}

fn parked(why: Fault, doubt: bool) -> ReconciledOutcome {
    ReconciledOutcome::Parked { why, doubt }
}

fn gone() -> Fault {
    let what = "it was done, and its effect is not there: it was taken back or left out in the lost part of the \
                record, or somebody else took it away";
    Fault::new(FaultKind::Differs, "Gone", what)
}

fn another() -> Fault {
    let what = "what is there is not what this step made: it was made again, in the lost part of the record or \
                by somebody else";
    Fault::new(FaultKind::Differs, "AnotherOne", what)
}
