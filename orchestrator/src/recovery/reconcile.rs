//! Engine: what became of steps whose record is lost, concluded from what is there and from what needs
//! what. Pure.
//!
//! An effect that only its step can have brought about proves the step, and that everything which the step
//! needs was done before it. An effect that others may have brought about counts only when its turn can have
//! come. What should be there and is not, or is somebody else's, is left to a person; so is what cannot be
//! told. What people decided is never concluded: gates and by-hand steps are asked for again.

use crate::activity::{Reversibility, Trace};
use crate::fault::{Fault, FaultKind};
use crate::json::Json;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::run::event::*;
use crate::run::fold::forward::foreign;
use crate::run::state::{Forward, Lost, RunState};
use serde_json::Value;

/// What is concluded of all steps, in the order of the plan.
pub(crate) fn conclude(run: &RunState, lost: &Lost) -> Vec<Concluded> {
    let mut work = Work { run, lost, was: was_done(run, lost), clear: Vec::new(), out: Vec::new() };
    for at in 0..run.graph.len() {
        work.step(at);
    }
    let mut out = work.out;
    out.extend(passed(run, &out));
    out.sort_by_key(|(at, _)| *at);
    out.into_iter().map(|(at, became)| Concluded { step: run.graph.step(at).id.clone(), became }).collect()
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

fn is_ours(recalled: &Recalled) -> bool {
    recalled.trace == Trace::Ours && matches!(recalled.found, Memory::InPlace(_) | Memory::Partly(_))
}

struct Work<'a> {
    run: &'a RunState,
    lost: &'a Lost,
    was: Vec<bool>,
    /// For each step so far, whether it and all acts that it needs are over.
    clear: Vec<bool>,
    out: Vec<(Index, Became)>,
}

impl Work<'_> {
    fn step(&mut self, at: Index) {
        let needs = self.run.graph.needs(at);
        let ready = needs.iter().all(|need| self.clear[*need as usize]);
        let became = match (&self.run.graph.step(at).node, self.lost.found.get(&at)) {
            (Node::Act { reversibility, .. }, Some(found)) => {
                let last = *reversibility == Reversibility::Irreversible;
                self.act(at, found, ready, last)
            }
            (_, _) => None,
        };
        let acts = matches!(self.run.graph.step(at).node, Node::Act { .. });
        let over = match &became {
            Some(Became::Done | Became::Passed) => true,
            Some(Became::Partial | Became::Parked { .. }) => false,
            None => !acts || self.run.at(at).forward.is_settled(),
        };
        self.clear.push(ready && over);
        self.out.extend(became.map(|became| (at, became)));
    }

    fn act(&self, at: Index, found: &Recalled, ready: bool, last: bool) -> Option<Became> {
        let step = self.run.at(at);
        let was = self.was[at as usize];
        let due = was || ready;
        if step.forward.is_settled() {
            let other = |now: &Json| step.output.as_ref().is_some_and(|then| differs(then, now));
            return match &found.found {
                Memory::Absent if found.trace != Trace::Nothing => Some(parked(gone(), false)),
                Memory::InPlace(now) if found.trace == Trace::Ours && other(now) => {
                    Some(parked(another(), false))
                }
                _ => None,
            };
        }
        match (&found.found, found.trace) {
            (Memory::InPlace(_), Trace::Ours) => Some(Became::Done),
            (Memory::InPlace(_), Trace::Anybodys | Trace::Nothing) => (due || last).then_some(Became::Done),
            (Memory::Partly(_), trace) => (due || trace == Trace::Ours).then_some(Became::Partial),
            (Memory::Absent, Trace::Nothing) => was.then_some(Became::Done),
            (Memory::Absent, Trace::Ours | Trace::Anybodys) => was.then(|| parked(gone(), false)),
            (_, _) if matches!(step.forward, Forward::Parked { .. }) => None,
            (Memory::Foreign(difference), _) => due.then(|| parked(foreign(difference), false)),
            (Memory::Untold(why), _) => due.then(|| parked(why.clone(), true)),
        }
    }
}

/// What a program waits for and compares was passed when a step behind it was done. A soak protects what
/// cannot be undone: only that proves that it is over.
fn passed(run: &RunState, concluded: &[(Index, Became)]) -> Vec<(Index, Became)> {
    let mut behind = vec![(false, false); run.steps.len()];
    let mut out = Vec::new();
    for at in (0..run.graph.len()).rev() {
        let node = &run.graph.step(at).node;
        let done = concluded.iter().any(|(index, became)| *index == at && *became == Became::Done);
        let last = matches!(node, Node::Act { reversibility: Reversibility::Irreversible, .. });
        let (done_behind, last_behind) = behind[at as usize];
        let (done_here, last_here) = (done_behind || done, last_behind || done && last);
        for need in run.graph.needs(at) {
            let (done, last) = &mut behind[*need as usize];
            (*done, *last) = (*done || done_here, *last || last_here);
        }
        let waits =
            matches!(run.at(at).forward, Forward::Idle | Forward::Waiting(_) | Forward::Soaking { .. });
        let over = match node {
            Node::Wait { .. } | Node::Check { .. } | Node::Pause { .. } => done_behind,
            Node::Soak { .. } => last_behind,
            Node::Act { .. } | Node::Gate { .. } | Node::ByHand { .. } => false,
        };
        if over && waits {
            out.push((at, Became::Passed));
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

fn parked(why: Fault, doubt: bool) -> Became {
    Became::Parked { why, doubt }
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
