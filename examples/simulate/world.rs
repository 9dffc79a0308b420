//! The outside world of a simulation: shelves that hold one thing, and halls that hold a list of names.
//!
//! It is slow, it loses answers, it works on things for a while, other people change it, and it remembers
//! who did what. It also watches its caller: an effect without a durable intent, a repetition without a
//! look, or two calls on one thing at once are breaches.

use super::checker_log::CheckerLog;
use super::fault_plan::{Dice, FaultPlan, Trouble};
use rehome_orchestrator::harness::VirtualClock;
use rehome_orchestrator::*;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Who put something where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    Original,
    Stranger,
    Ours(RunId, StepId),
}

/// What stands on a shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) thing: String,
    pub(crate) by: Author,
}

#[derive(Default)]
pub(crate) struct Things {
    pub(crate) shelves: BTreeMap<String, Item>,
    pub(crate) halls: BTreeMap<String, Vec<String>>,
    /// What others put where, and nobody else took away.
    pub(crate) put_by_others: Vec<(String, String)>,
    /// Answers of long-running operations; `None` while they run.
    operations: BTreeMap<String, Option<Result<Value, Fault>>>,
    /// Whose requests are on their way to what, or still at work on it; also when the caller has died.
    under_way: Vec<Place>,
    /// How often each call was made, which decides its fate.
    times: BTreeMap<String, u64>,
    breaches: Vec<String>,
    calm: bool,
}

pub(crate) struct World {
    pub(crate) faults: FaultPlan,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) log: Arc<CheckerLog>,
    things: Mutex<Things>,
}

/// What becomes of a call.
enum Fate {
    Answered,
    Works(u64),
    Lost { effect: bool, late_ms: u64 },
    Throttled,
    Broken,
    Refused,
}

/// An effect that was lost turns up within this time at the latest.
pub(crate) const LATE_MAX_MS: u64 = 5_000;

/// Which thing a request is for, and whose it is.
type Place = (String, RunId, StepId);

/// What an effect does to the world: an answer, or why it cannot be.
pub(crate) type Effect = Box<dyn FnOnce(&mut Things) -> Result<Value, Fault> + Send>;

impl World {
    pub(crate) fn new(faults: FaultPlan, clock: Arc<VirtualClock>, log: Arc<CheckerLog>) -> Arc<Self> {
        Arc::new(Self { faults, clock, log, things: Mutex::default() })
    }

    pub(crate) fn things(&self) -> MutexGuard<'_, Things> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn breach(&self, what: String) {
        self.things().breaches.push(what);
    }

    pub(crate) fn breaches(&self) -> Vec<String> {
        self.things().breaches.clone()
    }

    /// From here on nothing goes wrong any more.
    pub(crate) fn calm(&self) {
        self.things().calm = true;
    }

    pub(crate) async fn pause(&self, ms: u64) {
        // Latencies pass whatever the wall clock is set to.
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// The dice for one call, and how often it was made.
    fn dice(&self, purpose: &str) -> (Dice, u64) {
        let mut things = self.things();
        let nth = things.times.entry(purpose.to_owned()).or_default();
        *nth += 1;
        (Dice::of(self.faults.seed, purpose, *nth), *nth)
    }

    fn fate(&self, dice: &mut Dice, may_work: bool, call: &str) -> Fate {
        let fate = self.thrown(dice, may_work);
        let spared = !matches!(fate, Fate::Answered) && !self.faults.struck.strikes(|| call.to_owned());
        if spared { Fate::Answered } else { fate }
    }

    fn thrown(&self, dice: &mut Dice, may_work: bool) -> Fate {
        if self.things().calm {
            return Fate::Answered;
        }
        let (lost, moody) = (self.faults.has(Trouble::Lost), self.faults.has(Trouble::Moody));
        match dice.below(100) {
            0..8 if lost => Fate::Lost { effect: true, late_ms: 0 },
            8..14 if lost => Fate::Lost { effect: false, late_ms: 0 },
            14..20 if lost => Fate::Lost { effect: true, late_ms: dice.below(LATE_MAX_MS) },
            20..28 if moody => Fate::Throttled,
            28..31 if moody => Fate::Broken,
            31..33 if moody => Fate::Refused,
            33..45 if moody && may_work => Fate::Works(dice.below(60_000)),
            _ => Fate::Answered,
        }
    }

    /// Sends a write. The effect is the world's: it takes place even when the caller dies meanwhile.
    pub(crate) async fn write<T: DeserializeOwned>(
        self: &Arc<Self>,
        call: &Call,
        on: &str,
        effect: Effect,
    ) -> Outcome<T> {
        self.check_intent(call).await;
        self.arrive(call, on);
        let purpose = format!("{} {} {}", call.run(), call.step(), seed_word(call.direction()));
        let (mut dice, nth) = self.dice(&purpose);
        let fate = self.fate(&mut dice, true, &format!("{purpose} {nth}"));
        let (there, back) = (dice.below(300), dice.below(300));
        let (tell, told) = oneshot::channel();
        let me = self.clone();
        let at = (on.to_owned(), call.run().clone(), call.step().clone());
        tokio::spawn(async move {
            me.pause(there).await;
            let answer = me.clone().answer(fate, &purpose, at, effect).await;
            me.pause(back).await;
            // Nobody listens when the caller has died.
            drop(tell.send(answer));
        });
        read(told.await.unwrap_or_else(|_| Outcome::Unknown(fault(FaultKind::Broken, "Cut"))))
    }

    /// Two requests may not be under way to one thing, unless they are of one step.
    fn arrive(&self, call: &Call, on: &str) {
        let mut things = self.things();
        let (run, step) = (call.run().clone(), call.step().clone());
        let other = things.under_way.iter().find(|(place, r, s)| place == on && (*r != run || *s != step));
        if let Some((_, r, s)) = other {
            let what = format!("{run} {step} and {r} {s} work on {on} at once");
            things.breaches.push(what);
        }
        things.under_way.push((on.to_owned(), run, step));
    }

    async fn answer(self: Arc<Self>, fate: Fate, purpose: &str, at: Place, effect: Effect) -> Outcome<Value> {
        let lost = |code| Outcome::Unknown(fault(FaultKind::Broken, code));
        match fate {
            Fate::Answered => match self.land(&at, effect) {
                Ok(value) => Outcome::Applied(value),
                Err(why) => Outcome::Refused(why),
            },
            Fate::Works(for_ms) => {
                let address = format!("{purpose} {}", self.clock.now_ms());
                self.things().operations.insert(address.clone(), None);
                let (me, name) = (self.clone(), address.clone());
                tokio::spawn(async move {
                    me.pause(for_ms).await;
                    let answer = me.land(&at, effect);
                    me.things().operations.insert(name, Some(answer));
                });
                Outcome::Accepted(Operation { address, after_ms: 5_000 })
            }
            Fate::Lost { effect: true, late_ms } => {
                let me = self.clone();
                let land = async move {
                    me.pause(late_ms).await;
                    drop(me.land(&at, effect));
                };
                if late_ms == 0 {
                    land.await
                } else {
                    drop(tokio::spawn(land))
                }
                lost("AnswerLost")
            }
            Fate::Lost { effect: false, .. } => {
                self.gone(&at);
                lost("RequestLost")
            }
            Fate::Throttled => {
                self.gone(&at);
                let why = fault(FaultKind::Throttled, "TooManyRequests");
                Outcome::Retry { after: Some(Duration::from_secs(7)), why }
            }
            Fate::Broken => {
                self.gone(&at);
                Outcome::Retry { after: None, why: fault(FaultKind::Unavailable, "Broken") }
            }
            Fate::Refused => {
                self.gone(&at);
                Outcome::Refused(fault(FaultKind::Denied, "Refused"))
            }
        }
    }

    fn land(&self, at: &Place, effect: Effect) -> Result<Value, Fault> {
        self.gone(at);
        effect(&mut self.things())
    }

    fn gone(&self, at: &Place) {
        let mut things = self.things();
        if let Some(index) = things.under_way.iter().position(|other| other == at) {
            things.under_way.swap_remove(index);
        }
    }

    pub(crate) async fn poll<T: DeserializeOwned>(&self, operation: &Operation) -> Outcome<T> {
        self.pause(50).await;
        let answer = self.things().operations.get(&operation.address).cloned();
        read(match answer {
            Some(Some(Ok(value))) => Outcome::Applied(value),
            Some(Some(Err(why))) => Outcome::Refused(why),
            Some(None) => Outcome::Accepted(operation.clone()),
            None => Outcome::Unknown(fault(FaultKind::Missing, "NoSuchOperation")),
        })
    }

    /// Reads something; `Err` when there is no answer.
    pub(crate) async fn look<T>(&self, purpose: &str, read: impl FnOnce(&Things) -> T) -> Result<T, Fault> {
        let (mut dice, nth) = self.dice(purpose);
        self.pause(dice.below(200)).await;
        let moody = self.faults.has(Trouble::Moody) && !self.things().calm;
        if moody && dice.happens(60) && self.faults.struck.strikes(|| format!("{purpose} {nth}")) {
            return Err(fault(FaultKind::Unavailable, "NoAnswer"));
        }
        Ok(read(&self.things()))
    }

    /// Nothing happens unrecorded, and nothing twice by guess: read from the log, not from the engine.
    async fn check_intent(&self, call: &Call) {
        if let Err(what) = self.log.check_intent(call).await {
            self.breach(what);
        }
    }
}

impl Things {
    /// Whether the world still works on an operation of this step.
    pub(crate) fn works_on(&self, run: &str, step: &str, direction: Direction) -> bool {
        let start = format!("{run} {step} {} ", seed_word(direction));
        self.operations.iter().any(|(address, answer)| address.starts_with(&start) && answer.is_none())
    }
}

fn read<T: DeserializeOwned>(answer: Outcome<Value>) -> Outcome<T> {
    match answer {
        Outcome::Applied(value) => match serde_json::from_value(value) {
            Ok(value) => Outcome::Applied(value),
            Err(e) => Outcome::Unknown(Fault::new(FaultKind::Bug, "Answer", e.to_string())),
        },
        Outcome::Accepted(operation) => Outcome::Accepted(operation),
        Outcome::Retry { after, why } => Outcome::Retry { after, why },
        Outcome::Refused(why) => Outcome::Refused(why),
        Outcome::Unknown(why) => Outcome::Unknown(why),
    }
}

pub(crate) fn fault(kind: FaultKind, code: &str) -> Fault {
    Fault::new(kind, code, "as the weather would have it")
}

/// A direction as seeds spell it: another word would give every seed another world.
fn seed_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Do => "Run",
        Direction::Undo => "Undo",
    }
}
