//! Engine: the decider. From where a run stands and what is in flight to what happens next. Pure.

use crate::batch::{Hold, HoldCause};
use crate::fault::{Fault, FaultKind};
use crate::ids::Direction;
use crate::plan::graph::Index;
use crate::plan::{Node, OnFailure, Phase, Retry};
use crate::run::event::*;
use crate::run::soak;
use crate::run::state::*;
use crate::time::scale::TimeScale;
use std::collections::{BTreeMap, BTreeSet};

/// What this process has in flight, and what it looked at without a need to write it down.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Steps that something is being done with.
    pub(crate) steps: BTreeSet<Index>,
    /// The facts are being read.
    pub(crate) surveying: bool,
    /// Reading the facts failed: not again before this date.
    pub(crate) no_survey_before: i64,
    /// When this process took the run up.
    pub(crate) started_ms: i64,
    /// What time it is where the effects are, if the other side has said it.
    pub(crate) elsewhere_ms: Option<i64>,
    /// Steps that were asked after in vain: not again before these dates.
    pub(crate) not_before: BTreeMap<Index, i64>,
    /// Steps that cannot begin before a person decides about a step that holds what they work on.
    pub(crate) behind: BTreeMap<Index, Direction>,
    /// Why its batch lets it begin nothing new on its way forward.
    pub(crate) hold: Option<Hold>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    /// Read the facts and compare them.
    Survey,
    /// Make an attempt.
    Begin { at: Index, direction: Direction, keep_before: bool },
    /// Ask after a long-running operation.
    Poll { at: Index },
    /// Look whether an effect is in place.
    Probe { at: Index, direction: Direction },
    /// Look what became of a step whose record is lost.
    Observe { at: Index },
    /// Look whether a condition holds.
    Look { at: Index },
    /// Compare promises with the world.
    Verify { at: Index },
    /// Write down what is decided without looking.
    Record(Event),
}

/// What to do now, and what is waited for.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Decision {
    pub(crate) commands: Vec<Command>,
    /// The next date on which something is to be done by itself, other than a soak.
    pub(crate) wake_ms: Option<i64>,
    /// The next end of a soak.
    pub(crate) soak_ms: Option<i64>,
    /// Whether a person has something to decide or do, other than to open a gate.
    pub(crate) people: bool,
}

impl Decision {
    pub(super) fn wake(&mut self, date: i64) {
        self.wake_ms = Some(self.wake_ms.map_or(date, |d| d.min(date)));
    }

    fn soak(&mut self, date: i64) {
        self.soak_ms = Some(self.soak_ms.map_or(date, |d| d.min(date)));
    }

    pub(super) fn record(&mut self, event: Event) {
        self.commands.push(Command::Record(event));
    }
}

/// Decides. Every record that it asks for is legal in `run`; the caller folds it and asks again.
pub(crate) fn decide(run: &RunState, live: &Live, now_ms: i64, time_scale: TimeScale) -> Decision {
    let mut decision = Decision::default();
    let mut decider = Decider { run, live, now_ms, time_scale, out: &mut decision };
    if run.closed.is_some() {
        return decision;
    }
    match (&run.back, run.approved) {
        (None, true) if run.lost.is_some() => decider.look_around(),
        (Some(back), _) => decider.go_back(back),
        (None, false) => decision.people = true,
        (None, true) => decider.go_forward(),
    }
    decision
}

/// A program that did nothing about a step for this long was not running, however short its own timers are.
const PAUSE_MIN_MS: i64 = 20;

/// A pause that is no longer than this is waited for; a longer one is left like a soak, to be come back to.
const BRIEF_MS: u64 = 3_600_000;

/// After so many attempts that were answered with success and changed nothing, more of them change nothing either.
pub(super) const VAIN_MAX: u8 = 2;

/// Time alone ends nothing before so many tries: one that took long by itself says nothing about the next.
const TRIES_MIN: u32 = 3;

pub(super) struct Decider<'a> {
    pub(super) run: &'a RunState,
    pub(super) live: &'a Live,
    pub(super) now_ms: i64,
    pub(super) time_scale: TimeScale,
    pub(super) out: &'a mut Decision,
}

impl Decider<'_> {
    /// The end of the record is lost: before anything is begun, every effect is looked for, and only when
    /// nothing that was sent in the lost part can turn up any more.
    fn look_around(&mut self) {
        let Some(lost) = &self.run.lost else { return };
        let settling = |at: Index| match &self.run.graph.step(at).node {
            Node::Act { settling_ms, .. } => *settling_ms,
            _ => 0,
        };
        let settling_ms = (0..self.run.graph.len()).map(settling).max().unwrap_or(0);
        let since_ms = lost.since_ms.min(self.live.started_ms);
        let date = since_ms.saturating_add(self.time_scale.wall_ms(settling_ms));
        // A start in the future means that the clock was set back while this process waited.
        if date > self.now_ms && self.live.started_ms <= self.now_ms {
            return self.out.wake(date);
        }
        let mut looking = false;
        for at in 0..self.run.graph.len() {
            let (node, stands) = (&self.run.graph.step(at).node, self.run.at(at));
            let known = |id: &&crate::ids::StepId| self.run.output(id).is_some();
            let seen = stands.forward == ForwardState::Skipped || lost.found.contains_key(&at);
            if !matches!(node, Node::Act { .. }) || seen || !node.references().iter().all(known) {
                continue;
            }
            looking = true;
            let not_before = self.live.not_before.get(&at).copied().unwrap_or(0);
            if self.live.steps.contains(&at) {
                continue;
            } else if not_before > self.now_ms {
                self.out.wake(not_before);
            } else {
                self.out.commands.push(Command::Observe { at });
            }
        }
        if !looking {
            let steps = crate::recovery::reconcile::reconcile(self.run, lost);
            self.out.record(Event::Reconciled(Reconciled { steps }));
        }
    }

    fn go_forward(&mut self) {
        if !self.run.compared {
            if self.is_held() {
                // It has not begun.
            } else if self.live.no_survey_before > self.now_ms {
                self.out.wake(self.live.no_survey_before);
            } else if !self.live.surveying {
                self.out.commands.push(Command::Survey);
            }
            return;
        }
        if let Some(failed) = self.failed() {
            return self.out.record(Event::RollbackStarted(RollbackStarted { failed: Some(failed) }));
        }
        if self.run.settled == self.run.graph.len() {
            return self.out.record(Event::Closed(Closed { verdict: Verdict::Done }));
        }
        for at in &self.run.open {
            if !self.live.steps.contains(at) {
                self.forward_step(*at);
            }
        }
    }

    /// A step of the way to the goal that cannot be done, when the plan says to go back then.
    fn failed(&self) -> Option<crate::ids::StepId> {
        if self.run.plan().on_failure == OnFailure::Park {
            return None;
        }
        let parked = |at: &&Index| self.run.at(**at).forward.progress() == Progress::Blocked;
        // What somebody else has changed since is no failure of this run: a person decides about it.
        let soaks = |at: &Index| matches!(self.run.graph.step(*at).node, Node::Soak { .. });
        let forward = |at: &&Index| self.run.graph.step(**at).phase == Phase::Forward && !soaks(at);
        self.run.open.iter().filter(forward).find(parked).map(|at| self.run.graph.step(*at).id.clone())
    }

    fn forward_step(&mut self, at: Index) {
        match &self.run.graph.step(at).node {
            Node::Act { retry, settling_ms, .. } => self.act(at, retry, *settling_ms),
            Node::Wait { retry, .. } => self.wait(at, retry),
            Node::Soak { for_ms } => self.soak(at, *for_ms),
            Node::PropagationDelay { for_ms, .. } => self.propagation_delay(at, *for_ms),
            Node::Gate { .. } => {}
            Node::ByHand { .. } => self.out.people = true,
            Node::Check { .. } => match self.run.at(at).forward {
                ForwardState::Idle if !self.is_held() => {
                    match self.live.not_before.get(&at).copied().filter(|date| *date > self.now_ms) {
                        Some(date) => self.out.wake(date),
                        None => self.out.commands.push(Command::Verify { at }),
                    }
                }
                ForwardState::Idle => {}
                _ => self.out.people = true,
            },
        }
    }

    /// Whether nothing new is begun on the way forward; says what ends that.
    fn is_held(&mut self) -> bool {
        match self.live.hold {
            _ if self.run.paused => self.out.people = true,
            Some(Hold { until_ms: Some(date), .. }) => self.out.soak(date),
            Some(Hold { cause: HoldCause::Abandoned, .. }) => {}
            Some(Hold { until_ms: None, .. }) => self.out.people = true,
            None => return false,
        }
        true
    }

    fn act(&mut self, at: Index, retry: &Retry, settling_ms: u64) {
        let step = self.run.at(at);
        let used = step.attempts - step.attempts_before_reset;
        match &step.forward {
            ForwardState::Idle => self.begin(at, Direction::Do, false),
            ForwardState::Partial if used >= retry.attempts_max => {
                self.give_up(at, Direction::Do, Some(partial()));
            }
            ForwardState::Partial => self.begin(at, Direction::Do, true),
            ForwardState::Retrying { why, .. } if step.vain >= VAIN_MAX => {
                self.give_up(at, Direction::Do, Some(why.clone()));
            }
            ForwardState::Retrying { why, .. } if self.is_over(used, step.first_ms, step.since_ms, retry) => {
                self.give_up(at, Direction::Do, Some(why.clone()));
            }
            ForwardState::Retrying { until_ms, .. } if self.is_ahead(*until_ms, step) => {
                self.out.wake(*until_ms)
            }
            ForwardState::Retrying { .. } => self.begin(at, Direction::Do, step.partial),
            ForwardState::Began
            | ForwardState::Accepted(_)
            | ForwardState::Doubt(_)
            | ForwardState::Attesting
            | ForwardState::Parked { .. } => self.unsettled(at, retry, settling_ms),
            ForwardState::Waiting(_)
            | ForwardState::Soaking { .. }
            | ForwardState::Done { .. }
            | ForwardState::Skipped => {}
        }
    }

    /// A forward step whose outcome is open: the same in both directions.
    pub(super) fn unsettled(&mut self, at: Index, retry: &Retry, settling_ms: u64) {
        let step = self.run.at(at);
        match &step.forward {
            ForwardState::Began | ForwardState::Attesting => {
                self.out.commands.push(Command::Probe { at, direction: Direction::Do });
            }
            ForwardState::Accepted(operation) => {
                let first = step.since_ms.saturating_add_unsigned(operation.after_ms);
                let date = self.live.not_before.get(&at).copied().unwrap_or(first);
                if date > self.now_ms {
                    self.out.wake(date);
                } else {
                    self.out.commands.push(Command::Poll { at });
                }
            }
            ForwardState::Doubt(look) => {
                let limit = retry.give_up_after_ms.saturating_add(settling_ms);
                self.look(at, Direction::Do, look, step.first_ms, limit);
            }
            ForwardState::Parked { .. } => self.out.people = true,
            ForwardState::Idle
            | ForwardState::Partial
            | ForwardState::Retrying { .. }
            | ForwardState::Waiting(_)
            | ForwardState::Soaking { .. }
            | ForwardState::Done { .. }
            | ForwardState::Skipped => {}
        }
    }

    pub(super) fn look(
        &mut self,
        at: Index,
        direction: Direction,
        look: &PollState,
        first_ms: Option<i64>,
        limit_ms: u64,
    ) {
        let Node::Act { retry, .. } = &self.run.graph.step(at).node else { return };
        let since_ms = self.run.at(at).since_ms;
        let late = first_ms.is_some_and(|first| self.is_late(first, limit_ms, since_ms, retry));
        if late && look.checks > 1 {
            self.give_up(at, direction, look.why.clone());
        } else if self.is_ahead(look.until_ms, self.run.at(at)) {
            self.out.wake(look.until_ms);
        } else {
            self.out.commands.push(Command::Probe { at, direction });
        }
    }

    fn wait(&mut self, at: Index, retry: &Retry) {
        let step = self.run.at(at);
        match &step.forward {
            ForwardState::Waiting(look) if self.is_over(look.checks, step.first_ms, step.since_ms, retry) => {
                self.give_up(at, Direction::Do, look.why.clone());
            }
            ForwardState::Waiting(look) if self.is_ahead(look.until_ms, step) => {
                self.wake_or_leave(look.until_ms)
            }
            ForwardState::Idle | ForwardState::Waiting(_) => self.out.commands.push(Command::Look { at }),
            _ => self.out.people = true,
        }
    }

    /// What is looked at again soon is waited for; what is far ahead is left like a soak.
    fn wake_or_leave(&mut self, until_ms: i64) {
        if until_ms.saturating_sub(self.now_ms) > self.time_scale.wall_ms(BRIEF_MS) {
            self.out.soak(until_ms);
        } else {
            self.out.wake(until_ms);
        }
    }

    fn soak(&mut self, at: Index, for_ms: u64) {
        let id = self.run.graph.step(at).id.clone();
        let elsewhere_ms = self.live.elsewhere_ms;
        match self.run.at(at).forward {
            ForwardState::Soaking { until_ms, elsewhere_ms: then } => {
                let date =
                    soak::end_ms((self.now_ms, elsewhere_ms), self.time_scale, for_ms, (until_ms, then));
                if date > self.now_ms {
                    self.out.soak(date);
                } else {
                    self.out.record(Event::WaitCompleted(WaitCompleted { step: id, elsewhere_ms }));
                }
            }
            ForwardState::Parked { .. } => self.out.people = true,
            _ => {
                let until_ms = self.now_ms.saturating_add(self.time_scale.wall_ms(for_ms));
                self.out.record(Event::TimerSet(TimerSet { step: id, until_ms, elsewhere_ms }));
            }
        }
    }

    /// A pause on the way to the goal, or on the way back.
    pub(super) fn propagation_delay(&mut self, at: Index, for_ms: u64) {
        let id = self.run.graph.step(at).id.clone();
        let (forward, undo) = (&self.run.at(at).forward, &self.run.at(at).undo);
        match (forward, undo) {
            (ForwardState::Soaking { until_ms, .. }, UndoState::None)
            | (_, UndoState::PropagationDelay { until_ms }) => {
                if !self.is_ahead(*until_ms, self.run.at(at)) {
                    self.out.record(Event::WaitCompleted(WaitCompleted { step: id, elsewhere_ms: None }));
                } else if for_ms > BRIEF_MS {
                    self.out.soak(*until_ms);
                } else {
                    self.out.wake(*until_ms);
                }
            }
            _ => {
                // This millisecond has begun already: one more, or it would be a moment too short.
                let until_ms = self.now_ms.saturating_add(self.time_scale.wall_ms(for_ms)).saturating_add(1);
                let until_ms = if for_ms == 0 { self.now_ms } else { until_ms };
                self.out.record(Event::TimerSet(TimerSet { step: id, until_ms, elsewhere_ms: None }));
            }
        }
    }

    pub(super) fn begin(&mut self, at: Index, direction: Direction, keep_before: bool) {
        let date = self.live.not_before.get(&at).copied().unwrap_or(0);
        let held = if direction == Direction::Do { self.is_held() } else { self.run.paused };
        if held {
            self.out.people |= self.run.paused;
        } else if date > self.now_ms {
            self.out.wake(date);
        } else if self.live.behind.get(&at) == Some(&direction) {
            self.out.people = true;
        } else {
            self.out.commands.push(Command::Begin { at, direction, keep_before });
        }
    }

    /// Whether the limits are reached. Time in which nobody tried (the program was not running) does not
    /// count: after it there is always one more try.
    pub(super) fn is_over(&self, used: u32, first_ms: Option<i64>, since_ms: i64, retry: &Retry) -> bool {
        let late = first_ms.is_some_and(|first| self.is_late(first, retry.give_up_after_ms, since_ms, retry));
        used >= retry.attempts_max || (late && used >= TRIES_MIN.min(retry.attempts_max))
    }

    /// Whether a date is still to come. A step that something happened to in the future means that the clock
    /// was set back: then nobody knows how long the wait has been, and it is over.
    pub(super) fn is_ahead(&self, date_ms: i64, step: &StepState) -> bool {
        date_ms > self.now_ms && step.since_ms <= self.now_ms
    }

    fn is_late(&self, first_ms: i64, limit_ms: u64, since_ms: i64, retry: &Retry) -> bool {
        let pause = self.time_scale.wall_ms(retry.cap_ms.saturating_mul(2)).max(PAUSE_MIN_MS);
        self.now_ms > first_ms.saturating_add(self.time_scale.wall_ms(limit_ms))
            && self.now_ms.saturating_sub(since_ms) <= pause
    }

    pub(super) fn give_up(&mut self, at: Index, direction: Direction, last: Option<Fault>) {
        let why = last.unwrap_or_else(|| {
            Fault::new(FaultKind::GaveUp, "GaveUp", "the limits of the plan for trying again are reached")
        });
        let why = self.run.explained(at, why);
        let step = self.run.graph.step(at).id.clone();
        self.out.record(Event::Parked(Parked { step, direction, why }));
    }
}

fn partial() -> Fault {
    let what = "part of the effect is in place, and the rest does not follow";
    Fault::new(FaultKind::GaveUp, "StillPartial", what)
}
