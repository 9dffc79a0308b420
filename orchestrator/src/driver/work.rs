//! Engine: what is in flight for one run, each piece a future. Calls activities; writes nothing down.

use crate::activity::registry::{AnyActivity, AnyCondition, AnyWorkflow, StepData};
use crate::activity::{Call, ConditionResult, Evidence, Finding, Operation, Outcome, Probe, ResourceKey};
use crate::driver::engine::Shared;
use crate::driver::holds::Free;
use crate::driver::locks::{Held, Holder, Locks};
use crate::driver::observation::{self, Observation};
use crate::driver::permit;
use crate::fault::{Difference, Fault, FaultKind};
use crate::ids::{Direction, RunId, StepId};
use crate::json::Json;
use crate::plan::graph::Index;
use crate::run::event::Event;
use crate::time::scale::millis;
use crate::verify::promises::{Promise, VERIFY_AT_ONCE, findings};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What came of a piece of work.
pub(crate) enum WorkResult {
    /// An attempt may begin: its resources are held and what was there before is read.
    Prepared(Ready),
    /// What was there before could not be read.
    Unprepared {
        at: Index,
        direction: Direction,
        why: Fault,
    },
    /// What the step works on is held until a person decides about another one.
    HeldUp {
        at: Index,
        direction: Direction,
        key: ResourceKey,
        by: Holder,
    },
    Attempted {
        at: Index,
        direction: Direction,
        attempt: u32,
        outcome: Outcome<Json>,
        call: Arc<Call>,
        permit: OwnedSemaphorePermit,
    },
    Polled {
        at: Index,
        attempt: u32,
        outcome: Outcome<Json>,
    },
    Probed {
        at: Index,
        direction: Direction,
        probe: Probe<Json>,
    },
    Observed {
        at: Index,
        observation: Observation,
    },
    Looked {
        at: Index,
        met: ConditionResult,
    },
    Verified {
        at: Index,
        looked: u32,
        broken: Vec<Finding>,
    },
    Surveyed {
        /// When the survey began.
        at_ms: i64,
        found: Result<Vec<Difference>, Fault>,
    },
}

pub(crate) type Work = BoxFuture<'static, WorkResult>;

/// A piece of work that was started for a step, or why it could not be.
pub(crate) type Started = Result<(Option<Index>, Work), (Index, Direction, Fault)>;

/// An event that is folded but not yet in the log.
pub(crate) struct Pending {
    pub(crate) at_ms: i64,
    pub(crate) event: Event,
    /// It says what the world answered, so it is true whatever else was written meanwhile.
    pub(crate) result: bool,
    /// What may start when the event is in the log.
    pub(crate) start: Option<Ready>,
}

/// An attempt that may begin.
pub(crate) struct Ready {
    pub(crate) at: Index,
    pub(crate) direction: Direction,
    pub(crate) activity: Arc<dyn AnyActivity>,
    pub(crate) input: Json,
    pub(crate) before: Json,
    pub(crate) was: Option<Json>,
    pub(crate) held: Held,
    pub(crate) permit: OwnedSemaphorePermit,
    /// Resources that other runners might begin on meanwhile.
    pub(crate) free: Vec<Free>,
}

/// Waits for resources and a permit, then reads what is there before.
pub(crate) struct Preparation {
    pub(crate) at: Index,
    pub(crate) direction: Direction,
    pub(crate) activity: Arc<dyn AnyActivity>,
    pub(crate) input: Json,
    /// What is known to have been there before; otherwise it is read.
    pub(crate) before: Option<Json>,
    pub(crate) was: Option<Json>,
    pub(crate) keys: Vec<ResourceKey>,
    /// The resources that it shares with steps of other runners, and the step, where there are other runners.
    pub(crate) shared: Option<(RunId, StepId, Vec<ResourceKey>)>,
    /// How long it is until its turn.
    pub(crate) turn: Option<Duration>,
}

impl Preparation {
    /// Ready without waiting or reading, if that is possible: with the permit of the attempt that has just ended, or one that
    /// is free.
    pub(crate) fn at_once(
        self,
        locks: &Locks,
        permits: &Arc<Semaphore>,
        spare: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<Ready, Self> {
        let reads = self.before.is_none() && self.activity.reads_before();
        if self.turn.is_some() || self.shared.is_some() || reads {
            return Err(self);
        }
        let permit = spare.take().or_else(|| permits.clone().try_acquire_owned().ok());
        let held = permit.is_some().then(|| locks.try_hold(&self.keys)).flatten();
        match (held, permit) {
            (Some(held), Some(permit)) => Ok(self.ready(held, permit, None, Vec::new())),
            (_, _) => Err(self),
        }
    }

    pub(crate) fn later(self, shared: Arc<Shared>) -> Work {
        Box::pin(async move {
            let Shared { locks, permits, engine, .. } = &*shared;
            if let Some(turn) = self.turn {
                engine.clock.sleep_until(engine.clock.now_ms().saturating_add(millis(turn))).await;
            }
            let (at, direction) = (self.at, self.direction);
            let held = match locks.hold(&self.keys).await {
                Ok(held) => held,
                Err((key, by)) => return WorkResult::HeldUp { at, direction, key, by },
            };
            let free = match &self.shared {
                None => Ok(Ok(Vec::new())),
                Some((run, step, keys)) => {
                    shared.holds.free(&*engine.log, (&*engine.clock, engine.look_ms), (run, step), keys).await
                }
            };
            let free = match free {
                Ok(Ok(free)) => free,
                Ok(Err((key, by))) => return WorkResult::HeldUp { at, direction, key, by },
                Err(e) => {
                    let why = Fault::new(FaultKind::Unavailable, "HoldsNotRead", e.to_string());
                    return WorkResult::Unprepared { at, direction, why };
                }
            };
            let permit = permits.clone().acquire_owned().await.expect("the semaphore is never closed");
            if self.before.is_some() {
                return WorkResult::Prepared(self.ready(held, permit, None, free));
            }
            let (before, permit) =
                permit::with(permit, self.activity.clone().before(self.input.clone())).await;
            match before {
                Ok(before) => WorkResult::Prepared(self.ready(held, permit, Some(before), free)),
                Err(why) => WorkResult::Unprepared { at, direction, why },
            }
        })
    }

    fn ready(self, held: Held, permit: OwnedSemaphorePermit, read: Option<Json>, free: Vec<Free>) -> Ready {
        Ready {
            at: self.at,
            direction: self.direction,
            activity: self.activity,
            input: self.input,
            before: self.before.or(read).unwrap_or_else(|| Json::of(&())),
            was: self.was,
            held,
            permit,
            free,
        }
    }
}

impl Ready {
    /// Sends what there is to send; only after the intent is durable.
    pub(crate) fn attempt(self, call: Arc<Call>) -> (Held, Work) {
        let Self { at, direction, activity, input, before, was, held, permit, free: _ } = self;
        let work = Box::pin(async move {
            let step = StepData { input, before, output: was };
            // What has begun counts as in flight also while it waits: after a crash each of these is in doubt.
            call.admit().await;
            let outcome = match direction {
                Direction::Do => activity.run(call.clone(), step).await,
                Direction::Undo => activity.undo(call.clone(), step).await,
            };
            WorkResult::Attempted { at, direction, attempt: call.attempt(), outcome, call, permit }
        });
        (held, work)
    }
}

/// One of the reading pieces of work, which need a permit and nothing else.
pub(crate) fn reading(
    permits: Arc<Semaphore>,
    work: impl Future<Output = WorkResult> + Send + 'static,
) -> Work {
    Box::pin(async move {
        let permit = permits.acquire_owned().await.expect("the semaphore is never closed");
        permit::with(permit, work).await.0
    })
}

pub(crate) async fn poll(
    at: Index,
    attempt: u32,
    activity: Arc<dyn AnyActivity>,
    step: StepData,
    operation: Operation,
) -> WorkResult {
    WorkResult::Polled { at, attempt, outcome: activity.poll(step, operation).await }
}

/// Looks whether an effect is there; on the way back, whether what was taken back is gone.
pub(crate) async fn probe(
    at: Index,
    direction: Direction,
    activity: Arc<dyn AnyActivity>,
    step: StepData,
) -> WorkResult {
    let probe = match direction {
        Direction::Do => activity.probe(step).await,
        Direction::Undo => activity.probe_undo(step).await,
    };
    WorkResult::Probed { at, direction, probe }
}

pub(crate) async fn observe(
    at: Index,
    activity: Arc<dyn AnyActivity>,
    input: Json,
    before: Option<Json>,
    evidence: Evidence,
) -> WorkResult {
    WorkResult::Observed { at, observation: observation::look(activity, input, before, evidence).await }
}

impl WorkResult {
    /// The answer to a probe of a step whose before image had to be worked out.
    pub(crate) fn of_observation(at: Index, direction: Direction, observation: Observation) -> Self {
        let probe = observation.found.unwrap_or_else(|why| Probe::Unsettled { after: None, why });
        Self::Probed { at, direction, probe }
    }
}

/// Looks for an effect whose before image has to be worked out.
pub(crate) async fn probe_without_before(
    at: Index,
    direction: Direction,
    activity: Arc<dyn AnyActivity>,
    input: Json,
) -> WorkResult {
    WorkResult::of_observation(
        at,
        direction,
        observation::look(activity, input, None, Evidence::Inconclusive).await,
    )
}

pub(crate) async fn look(at: Index, condition: Arc<dyn AnyCondition>, input: Json) -> WorkResult {
    WorkResult::Looked { at, met: condition.check(input).await }
}

pub(crate) async fn verify(at: Index, promises: Vec<Promise>) -> WorkResult {
    let findings = findings(promises).await;
    let looked = u32::try_from(findings.len()).unwrap_or(u32::MAX);
    WorkResult::Verified { at, looked, broken: findings.into_iter().filter(|f| !f.holds).collect() }
}

/// A comparison of one thing that was written with what it was before, which nobody has begun yet.
pub(crate) type Comparison = BoxFuture<'static, Result<Vec<Difference>, Fault>>;

/// Reads the facts and compares them, and then everything that was written and taken back.
pub(crate) async fn survey(
    workflow: Arc<dyn AnyWorkflow>,
    found: impl Future<Output = (i64, Result<Json, Fault>)> + Send,
    facts: Json,
    written: Vec<Comparison>,
    permits: Arc<Semaphore>,
) -> WorkResult {
    let (at_ms, found) = found.await;
    let found = found.and_then(|found| workflow.differences(&facts, &found));
    let mut differences = match found {
        Ok(differences) => differences,
        Err(why) => return WorkResult::Surveyed { at_ms, found: Err(why) },
    };
    let permit = permits.acquire_owned().await.expect("the semaphore is never closed");
    let compared: Vec<_> = stream::iter(written).buffered(VERIFY_AT_ONCE).collect().await;
    drop(permit);
    for found in compared {
        match found {
            // Several steps may have written the same thing.
            Ok(found) => found.into_iter().for_each(|one| {
                if !differences.iter().any(|other| other.fact == one.fact) {
                    differences.push(one);
                }
            }),
            Err(why) => return WorkResult::Surveyed { at_ms, found: Err(why) },
        }
    }
    WorkResult::Surveyed { at_ms, found: Ok(differences) }
}
