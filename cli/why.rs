//! CLI: why a step ran, waited, was tried again or taken back, from the events of its move alone. Pure.

use crate::time::stamp;
use rehome_orchestrator::{
    Direction, End, Entry, Event, Found, Illegal, Node, Request, RunState, StepId, fold_into,
};
use serde::Serialize;

/// Something that happened to a step, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    pub(crate) position: u64,
    pub(crate) at: String,
    pub(crate) who: String,
    pub(crate) what: String,
    /// The event that it follows from, in words; empty where it is an answer of the world.
    pub(crate) because: String,
}

/// All of it, and where that leaves the step.
#[derive(Debug, Serialize)]
pub(crate) struct Why {
    pub(crate) title: String,
    pub(crate) lines: Vec<Line>,
    /// Why nothing goes on, where nothing does.
    pub(crate) now: String,
}

/// What an event left behind, which another one may follow from.
struct Cause {
    position: u64,
    words: String,
}

impl Cause {
    fn said(&self) -> String {
        format!("{} (event {})", self.words, self.position)
    }
}

/// What is known so far of one step, while its move is read.
struct Reading<'a> {
    step: &'a StepId,
    needs: Vec<StepId>,
    /// The event with which each of the steps that it needs was over.
    over: Vec<(StepId, u64)>,
    approved: Option<Cause>,
    turned: Option<Cause>,
    /// Why the next attempt is made, where it is not the first.
    again: Option<Cause>,
    lines: Vec<Line>,
}

/// Explains one step by its move's events.
///
/// # Errors
/// When an event could not follow the one before.
pub(crate) fn why(entries: &[Entry<Event>], step: &StepId) -> Result<Option<Why>, Illegal> {
    let mut state: Option<RunState> = None;
    let mut reading = Reading {
        step,
        needs: Vec::new(),
        over: Vec::new(),
        approved: None,
        turned: None,
        again: None,
        lines: Vec::new(),
    };
    for entry in entries {
        fold_into(&mut state, entry)?;
        let Some(state) = &state else { continue };
        if reading.needs.is_empty()
            && let Some((known, _)) = state.step(step)
        {
            reading.needs.clone_from(&known.needs);
        }
        reading.take(entry);
        let is_over = |need: &StepId| state.step(need).is_some_and(|(_, stands)| stands.forward.is_settled());
        for need in reading.needs.clone() {
            if is_over(&need) && !reading.over.iter().any(|(known, _)| *known == need) {
                reading.over.push((need, entry.position));
            }
        }
    }
    let Some(state) = state else { return Ok(None) };
    let Some((known, _)) = state.step(step) else { return Ok(None) };
    let (title, now) = (known.title.clone(), reading.now(&state));
    Ok(Some(Why { title, lines: reading.lines, now }))
}

impl Reading<'_> {
    fn line(&mut self, entry: &Entry<Event>, what: String, because: String) {
        let (position, at, who) = (entry.position, stamp(entry.at_ms), entry.actor.to_string());
        self.lines.push(Line { position, at, who, what, because });
    }

    fn take(&mut self, entry: &Entry<Event>) {
        let position = entry.position;
        let cause = |words: String| Some(Cause { position, words });
        match &entry.event {
            Event::Approved(approved) if approved.gate.is_none() => {
                self.approved = cause(format!("{} approved the plan: {}", entry.actor, approved.reason));
            }
            Event::Approved(approved) => {
                let gate = approved.gate.as_deref().unwrap_or_default();
                self.approved = cause(format!("{} opened the gate {gate}: {}", entry.actor, approved.reason));
            }
            Event::RollbackStarted(turned) => {
                if let Some(failed) = &turned.failed {
                    self.turned = cause(format!("the move was turned, because step {failed} failed"));
                }
                self.again = None;
            }
            Event::Requested(asked) => self.asked(entry, &asked.request, &asked.reason),
            event => self.of_step(entry, event),
        }
    }

    fn asked(&mut self, entry: &Entry<Event>, request: &Request, reason: &str) {
        let (words, of) = match request {
            Request::Retry(step) => ("asked for another attempt", vec![step]),
            Request::Skip(steps) => ("left it out", steps.iter().collect()),
            Request::MarkDone(step) => ("said that it is done", vec![step]),
            Request::Acknowledge(step) => ("said that they did it", vec![step]),
            Request::Adopt(step) => ("took what somebody else put there", vec![step]),
            Request::RollBack => {
                let words = format!("{} asked for the way back: {reason}", entry.actor);
                self.turned = Some(Cause { position: entry.position, words });
                self.again = None;
                return;
            }
            Request::Pause | Request::Resume => return,
        };
        if of.contains(&self.step) {
            self.line(entry, format!("a person {words}"), reason.to_owned());
            let words = format!("{} {words}: {reason}", entry.actor);
            self.again = Some(Cause { position: entry.position, words });
        }
    }

    fn of_step(&mut self, entry: &Entry<Event>, event: &Event) {
        let position = entry.position;
        let (step, what, again) = match event {
            Event::Began(began) => {
                if began.step == *self.step {
                    let because = self.reason(began.direction, began.attempt);
                    let what = format!("attempt {} to {} begins", began.attempt, verb(began.direction));
                    self.line(entry, what, because);
                }
                return;
            }
            Event::Accepted(said) => (&said.step, "Azure took it and works on it".to_owned(), None),
            Event::Ended(said) => {
                let (what, again) = ended(&said.end);
                (&said.step, what, again)
            }
            Event::Probed(probed) => {
                let (what, again) = match &probed.found {
                    Found::Applied(_) => ("it was looked for, and is in place", None),
                    Found::Partial(_) => {
                        ("it was looked for, and is partly in place", Some("part of it was missing"))
                    }
                    Found::NotApplied => {
                        ("it was looked for, and is not in place", Some("the attempt before had no effect"))
                    }
                    Found::Foreign(_) => ("it was looked for, and something else is there", None),
                };
                (&probed.step, what.to_owned(), again.map(ToOwned::to_owned))
            }
            Event::Waiting(look) => {
                let Some(step) = &look.step else { return };
                let what = format!(
                    "look {} found it missing, and the next is not before {}: {}",
                    look.check,
                    stamp(look.until_ms),
                    look.why
                );
                (step, what, None)
            }
            Event::TimerSet(timer) => {
                (&timer.step, format!("it waits until {}", stamp(timer.until_ms)), None)
            }
            Event::WaitCompleted(done) => (&done.step, "what it waited for is there".to_owned(), None),
            Event::Checked(checked) => {
                let what = format!(
                    "{} promises were compared, {} of them broken",
                    checked.looked,
                    checked.broken.len()
                );
                (&checked.step, what, None)
            }
            Event::Parked(parked) => (&parked.step, format!("it stopped for a person: {}", parked.why), None),
            Event::HeldUp(held) => {
                let what = format!(
                    "it did not begin: {} is held by {}:{}, which has stopped",
                    held.key.as_str(),
                    held.by,
                    held.by_step
                );
                (&held.step, what, None)
            }
            _ => return,
        };
        if step == self.step {
            let because = match event {
                Event::TimerSet(_) | Event::Checked(_) => self.reason(Direction::Do, 1),
                _ => String::new(),
            };
            self.line(entry, what, because);
            self.again = again.map(|words| Cause { position, words }).or(self.again.take());
        }
    }

    /// Why an attempt is made.
    fn reason(&mut self, direction: Direction, attempt: u32) -> String {
        if let Some(again) = self.again.take() {
            return again.said();
        }
        if let (Direction::Undo, Some(turned)) = (direction, &self.turned) {
            return format!("{}, and nothing that needs it was left", turned.said());
        }
        if attempt > 1 {
            return "the attempt before ended without its effect".to_owned();
        }
        let over: Vec<String> = self.over.iter().map(|(need, at)| format!("{need} (event {at})")).collect();
        let approved = self.approved.as_ref().map(Cause::said);
        match (over.is_empty(), approved) {
            (true, Some(approved)) => format!("{approved}, and it needs no other step"),
            (true, None) => "it needs no other step".to_owned(),
            (false, _) => format!("everything that it needs was over: {}", over.join(", ")),
        }
    }

    /// What keeps it from going on.
    fn now(&self, state: &RunState) -> String {
        let Some((known, stands)) = state.step(self.step) else { return String::new() };
        if state.verdict().is_some() {
            return "the move is over".to_owned();
        }
        if stands.forward.is_settled() && self.turned.is_none() {
            return "it is over".to_owned();
        }
        if !state.is_approved() {
            return "the plan is not approved".to_owned();
        }
        if state.is_paused() {
            return "the move is paused by a person".to_owned();
        }
        let Some(wait) = state.wait_of(self.step) else { return "it is over".to_owned() };
        let behind: Vec<String> = wait.behind.iter().map(ToString::to_string).collect();
        let date = wait.until_ms.map(|until| format!(", not before {}", stamp(until))).unwrap_or_default();
        match (behind.is_empty(), &wait.why, &known.node) {
            (false, _, _) => format!("it comes after {}", behind.join(", ")),
            (true, Some(why), _) => format!("{why}{date}"),
            (true, None, Node::ByHand { .. }) => "a person has to do it".to_owned(),
            (true, None, Node::Gate { .. }) => "somebody has to approve what is behind it".to_owned(),
            (true, None, _) => format!("it is its turn{date}"),
        }
    }
}

fn verb(direction: Direction) -> &'static str {
    match direction {
        Direction::Do => "do it",
        Direction::Undo => "take it back",
    }
}

fn ended(end: &End) -> (String, Option<String>) {
    match end {
        End::Applied(_) => ("Azure did it".to_owned(), None),
        End::Retry { until_ms, why } => (
            format!("Azure did not do it, and it is sent again, not before {}: {why}", stamp(*until_ms)),
            Some(format!("the attempt before was not carried out: {why}")),
        ),
        End::Refused(why) => (format!("Azure refused it: {why}"), None),
        End::Unknown(why) => (format!("nobody knows whether Azure did it, so it is looked for: {why}"), None),
    }
}
