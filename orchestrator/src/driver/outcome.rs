//! Engine: what came of a piece of work, as the event to write down. Pure.

use crate::activity::{Exchange, Outcome, Probe};
use crate::fault::{Fault, FaultKind};
use crate::ids::{Direction, RunId, StepId};
use crate::json::Json;
use crate::plan::Retry;
use crate::run::event::*;
use crate::time::scale::{TimeScale, millis, next_date};
use std::time::Duration;

/// The moment and the step that something is judged for.
pub(crate) struct StepContext<'a> {
    pub(crate) run: &'a RunId,
    pub(crate) step: &'a StepId,
    pub(crate) now_ms: i64,
    pub(crate) time_scale: TimeScale,
    pub(crate) retry: &'a Retry,
    pub(crate) settling_ms: u64,
}

impl StepContext<'_> {
    pub(crate) fn date(&self, tries: u32, wished: Option<Duration>) -> i64 {
        next_date(self.now_ms, self.time_scale, self.retry, (self.run, self.step), tries, wished)
    }

    /// The event for the answer to an attempt.
    pub(crate) fn attempted(
        &self,
        direction: Direction,
        attempt: u32,
        outcome: Outcome<Json>,
        exchanges: Vec<Exchange>,
    ) -> Event {
        let step = self.step.clone();
        let end = match outcome {
            Outcome::Accepted(operation) => {
                return Event::Accepted(Accepted { step, direction, attempt, operation, exchanges });
            }
            Outcome::Applied(output) => End::Applied(output),
            Outcome::Retry { after, why } => End::Retry { until_ms: self.date(attempt, after), why },
            Outcome::Refused(why) => End::Refused(why),
            Outcome::Unknown(why) => End::Unknown(why),
        };
        Event::Ended(Ended { step, direction, attempt, end, exchanges })
    }

    /// The event for the answer to a probe. That a request had no effect ("not there" of a forward step,
    /// "still there" of an undo) is believed only when it is too late for the effect to turn up.
    pub(crate) fn probed(
        &self,
        direction: Direction,
        began_ms: Option<i64>,
        checks: u32,
        tries: u32,
        probe: Probe<Json>,
    ) -> Event {
        let no_effect = match direction {
            Direction::Do => matches!(probe, Probe::NotApplied),
            Direction::Undo => matches!(probe, Probe::Applied(_) | Probe::Partial(_)),
        };
        let settled = began_ms.map(|began| self.settled(began, checks));
        if let Some(until_ms) = settled.filter(|date| no_effect && *date > self.now_ms) {
            return self.waiting(direction, checks, until_ms, not_certain());
        }
        let found = match probe {
            Probe::Applied(output) => Found::Applied(output),
            Probe::Partial(output) => Found::Partial(output),
            Probe::Foreign(difference) => Found::Foreign(difference),
            Probe::NotApplied => Found::NotApplied,
            Probe::InProgress { after } => {
                return self.waiting(direction, checks, self.date(checks, after), in_progress());
            }
            Probe::Unsettled { after, why } => {
                return self.waiting(direction, checks, self.date(checks, after), why);
            }
        };
        // What is tried again is never tried again at once.
        let again = match direction {
            Direction::Do => matches!(found, Found::NotApplied | Found::Partial(_)),
            Direction::Undo => matches!(found, Found::Applied(_) | Found::Partial(_)),
        };
        let until_ms = again.then(|| self.date(tries.max(1), None));
        Event::Probed(Probed { step: self.step.clone(), direction, found, until_ms })
    }

    /// When a request that was begun then can have no effect any more. A beginning in the future means that
    /// the clock was set back: then one settling time is waited from now.
    fn settled(&self, began_ms: i64, checks: u32) -> i64 {
        let settling = self.time_scale.wall_ms(self.settling_ms);
        match (began_ms > self.now_ms, checks) {
            (false, _) => began_ms.saturating_add(settling),
            (true, 0 | 1) => self.now_ms.saturating_add(settling),
            (true, _) => self.now_ms,
        }
    }

    pub(crate) fn waiting(&self, direction: Direction, check: u32, until_ms: i64, why: Fault) -> Event {
        Event::Waiting(Waiting { step: Some(self.step.clone()), direction, check, until_ms, why })
    }

    /// When a long-running operation is asked after again.
    pub(crate) fn next_poll(&self, after_ms: u64) -> i64 {
        self.now_ms.saturating_add(millis(Duration::from_millis(after_ms)))
    }
}

fn not_certain() -> Fault {
    let what = "no effect is to be seen, but the request without an answer may still take effect";
    Fault::new(FaultKind::Broken, "NotYetCertain", what)
}

fn in_progress() -> Fault {
    Fault::new(FaultKind::Conflict, "InProgress", "the other side is still working on it")
}
