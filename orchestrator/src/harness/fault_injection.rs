//! Engine, for tests: real activities, conditions, workflows and a real log, with faults around them.

use super::clock::Still;
use super::fault_point::InjectedFault;
use super::injector::{Called, Injector};
use crate::activity::registry::{
    AnyActivity, AnyCondition, AnyWorkflow, OwnedFuture, Registry, StepData, TellFacts,
};
use crate::activity::{
    Call, ConditionResult, Evidence, Finding, Operation, Outcome, Probe, ResourceKey, Reversibility,
};
use crate::fault::{Difference, Fault, FaultKind};
use crate::ids::{Direction, StepId};
use crate::json::Json;
use crate::run::codec::Recorded;
use crate::run::event::Event;
use crate::time::clock::Clock;
use rehome_store::{Append, AppendError, Appended, BoxFuture, Log, LogDecorator, Record};
use std::sync::Arc;
use std::time::Duration;

/// What is around each thing that looks at the world or changes it.
#[derive(Clone)]
pub(crate) struct FaultInjection {
    pub(crate) injector: Injector,
    pub(crate) clock: Arc<dyn Clock>,
    /// The world is not in this runtime: time stands still while it is asked.
    pub(crate) outside: bool,
    /// What cannot be undone is always refused, so that a run that is at its end can still go back.
    pub(crate) no_point_of_no_return: bool,
}

/// Something with faults around it.
struct Faulty<T: ?Sized> {
    name: &'static str,
    inner: Arc<T>,
    injection: FaultInjection,
}

impl<T: ?Sized + Send + Sync + 'static> Faulty<T> {
    /// Looks at the world, unless that goes wrong.
    fn look<R: Send + 'static>(
        self: Arc<Self>,
        what: &'static str,
        look: OwnedFuture<Result<R, Fault>>,
    ) -> OwnedFuture<Result<R, Fault>> {
        Box::pin(async move {
            self.injection.look(what, self.name, look).await.unwrap_or_else(|blind| Err(blind.why()))
        })
    }
}

impl FaultInjection {
    /// The same registry, disturbed.
    pub(crate) fn wrap(&self, registry: Registry) -> Registry {
        registry.wrapped(
            |name, inner| Arc::new(Faulty { name, inner, injection: self.clone() }),
            |name, inner| Arc::new(Faulty { name, inner, injection: self.clone() }),
            |name, inner| Arc::new(Faulty { name, inner, injection: self.clone() }),
        )
    }

    /// Looks at the world, unless that goes wrong: then the reason, and whether it may pass.
    async fn look<T>(
        &self,
        what: &'static str,
        name: &'static str,
        look: impl Future<Output = T>,
    ) -> Result<T, Blind> {
        match self.injector.at_look(what, name) {
            None => Ok(Still::during(self.outside, look).await),
            Some(InjectedFault::CrashBefore) => {
                self.injector.die().await;
                Err(Blind::Passing(lost()))
            }
            Some(InjectedFault::Refused) => Err(Blind::Lasting(refused())),
            Some(_) => Err(Blind::Passing(lost())),
        }
    }
}

/// Why nothing was seen.
enum Blind {
    /// There was no answer.
    Passing(Fault),
    /// It may not be looked at.
    Lasting(Fault),
}

impl Blind {
    fn why(self) -> Fault {
        match self {
            Self::Passing(why) | Self::Lasting(why) => why,
        }
    }
}

fn lost() -> Fault {
    Fault::new(FaultKind::Broken, "Injected", "the connection was cut")
}

fn refused() -> Fault {
    Fault::new(FaultKind::Denied, "Injected", "refused")
}

/// An attempt, as a thing that can be made again.
type Send_ = Arc<dyn Fn() -> OwnedFuture<Outcome<Json>> + Send + Sync>;

impl Faulty<dyn AnyActivity> {
    fn disturb(self: Arc<Self>, call: &Call, send: Send_) -> OwnedFuture<Outcome<Json>> {
        if self.injection.no_point_of_no_return && self.inner.reversibility() == Reversibility::Irreversible {
            return Box::pin(async { Outcome::Refused(refused()) });
        }
        let step = call.step().clone();
        let called = Called { step: step.clone(), direction: call.direction(), activity: self.name };
        let fault = self.injection.injector.at_call(called);
        Box::pin(async move {
            let injection = &self.injection;
            let sent = || Still::during(injection.outside, send());
            match fault {
                None => sent().await,
                Some(InjectedFault::CrashBefore) => {
                    injection.injector.die().await;
                    Outcome::Unknown(lost())
                }
                Some(InjectedFault::CrashAfter) => {
                    self.unheard(&step, &sent().await);
                    injection.injector.die().await;
                    Outcome::Unknown(lost())
                }
                Some(InjectedFault::CrashLate(after_ms)) => {
                    self.later(after_ms, &step, send.clone());
                    injection.injector.die().await;
                    Outcome::Unknown(lost())
                }
                Some(InjectedFault::AnswerLost) => {
                    self.unheard(&step, &sent().await);
                    Outcome::Unknown(lost())
                }
                Some(InjectedFault::RequestLost) => Outcome::Unknown(lost()),
                Some(InjectedFault::Late(after_ms)) => {
                    self.later(after_ms, &step, send.clone());
                    Outcome::Unknown(lost())
                }
                Some(InjectedFault::Refused) => Outcome::Refused(refused()),
                Some(InjectedFault::Retry) => {
                    let why = Fault::new(FaultKind::Throttled, "Injected", "too many requests");
                    Outcome::Retry { after: None, why }
                }
                Some(InjectedFault::Repeated) => {
                    let first = sent().await;
                    // Told to come back later, whoever delivers twice goes on with the answer that came first: a
                    // refusal of the second says nothing of the first.
                    match sent().await {
                        Outcome::Retry { .. } => first,
                        second => second,
                    }
                }
            }
        })
    }

    fn probed(self: Arc<Self>, look: OwnedFuture<Probe<Json>>) -> OwnedFuture<Probe<Json>> {
        Box::pin(async move {
            match self.injection.look("probe", self.name, look).await {
                Ok(probe) => {
                    self.injection.injector.looked();
                    probe
                }
                Err(blind) => Probe::Unsettled { after: None, why: blind.why() },
            }
        })
    }

    fn unheard(&self, step: &StepId, outcome: &Outcome<Json>) {
        if let Outcome::Applied(_) = outcome {
            self.injection.injector.unheard(step);
        }
    }

    /// The request is on its way, whatever becomes of who sent it.
    fn later(self: &Arc<Self>, after_ms: u64, step: &StepId, send: Send_) {
        let (me, step) = (self.clone(), step.clone());
        tokio::spawn(async move {
            let clock = &me.injection.clock;
            clock.sleep_until(clock.now_ms().saturating_add_unsigned(after_ms)).await;
            let outcome = Still::during(me.injection.outside, send()).await;
            me.unheard(&step, &outcome);
        });
    }
}

impl AnyActivity for Faulty<dyn AnyActivity> {
    fn reversibility(&self) -> Reversibility {
        self.inner.reversibility()
    }

    fn reads(&self, input: Option<&Json>) -> Result<(), Fault> {
        self.inner.reads(input)
    }

    fn reads_before(&self) -> bool {
        self.inner.reads_before()
    }

    fn locks(&self, input: &Json) -> Result<Vec<ResourceKey>, Fault> {
        self.inner.locks(input)
    }

    fn turn(&self, input: &Json, direction: Direction) -> Option<Duration> {
        self.inner.turn(input, direction)
    }

    fn before(self: Arc<Self>, input: Json) -> OwnedFuture<Result<Json, Fault>> {
        let look = self.inner.clone().before(input);
        self.look("before", look)
    }

    fn restored(self: Arc<Self>, step: StepData) -> OwnedFuture<Result<Vec<Difference>, Fault>> {
        let look = self.inner.clone().restored(step);
        self.look("restored", look)
    }

    fn evidence(&self, input: &Json) -> Result<Evidence, Fault> {
        self.inner.evidence(input)
    }

    fn reconstruct_before(self: Arc<Self>, input: Json) -> OwnedFuture<Result<Option<Json>, Fault>> {
        self.inner.clone().reconstruct_before(input)
    }

    fn run(self: Arc<Self>, call: Arc<Call>, step: StepData) -> OwnedFuture<Outcome<Json>> {
        let (inner, again) = (self.inner.clone(), call.clone());
        self.disturb(&call, Arc::new(move || inner.clone().run(again.clone(), step.clone())))
    }

    fn poll(self: Arc<Self>, step: StepData, operation: Operation) -> OwnedFuture<Outcome<Json>> {
        Box::pin(async move {
            let look = self.inner.clone().poll(step, operation);
            match self.injection.look("poll", self.name, look).await {
                Ok(outcome) => outcome,
                Err(Blind::Passing(why)) => Outcome::Retry { after: None, why },
                // Nobody answers for the operation any more: only the thing itself can tell.
                Err(Blind::Lasting(why)) => Outcome::Unknown(why),
            }
        })
    }

    fn probe(self: Arc<Self>, step: StepData) -> OwnedFuture<Probe<Json>> {
        let look = self.inner.clone().probe(step);
        self.probed(look)
    }

    fn probe_undo(self: Arc<Self>, step: StepData) -> OwnedFuture<Probe<Json>> {
        let look = self.inner.clone().probe_undo(step);
        self.probed(look)
    }

    fn undo(self: Arc<Self>, call: Arc<Call>, step: StepData) -> OwnedFuture<Outcome<Json>> {
        let (inner, again) = (self.inner.clone(), call.clone());
        self.disturb(&call, Arc::new(move || inner.clone().undo(again.clone(), step.clone())))
    }

    fn verify(self: Arc<Self>, step: StepData) -> OwnedFuture<Result<Vec<Finding>, Fault>> {
        let look = self.inner.clone().verify(step);
        self.look("verify", look)
    }

    fn residue(&self, step: &StepData) -> Result<String, Fault> {
        self.inner.residue(step)
    }
}

impl AnyCondition for Faulty<dyn AnyCondition> {
    fn reads(&self, input: Option<&Json>) -> Result<(), Fault> {
        self.inner.reads(input)
    }

    fn check(self: Arc<Self>, input: Json) -> OwnedFuture<ConditionResult> {
        Box::pin(async move {
            match self.injection.look("check", self.name, self.inner.clone().check(input)).await {
                Ok(met) => met,
                Err(Blind::Passing(why)) => ConditionResult::NotYet { after: None, why },
                Err(Blind::Lasting(why)) => ConditionResult::Never(why),
            }
        })
    }

    fn verify(self: Arc<Self>, input: Json) -> OwnedFuture<Result<Vec<Finding>, Fault>> {
        let look = self.inner.clone().verify(input);
        self.look("verify", look)
    }
}

impl AnyWorkflow for Faulty<dyn AnyWorkflow> {
    /// A survey may fail as a whole; and of one that does not, what it tells a single run may be lost.
    fn survey_all(self: Arc<Self>, params: Vec<Json>, each: TellFacts) -> OwnedFuture<()> {
        Box::pin(async move {
            let (count, each) = (params.len(), Arc::new(each));
            let (injection, name, told) = (self.injection.clone(), self.name, each.clone());
            let told: TellFacts =
                Box::new(move |nth, found| match injection.injector.at_look("facts", name) {
                    None => told(nth, found),
                    Some(InjectedFault::CrashBefore) => drop(injection.injector.die()),
                    Some(InjectedFault::Refused) => told(nth, Err(refused())),
                    Some(_) => told(nth, Err(lost())),
                });
            let look = self.inner.clone().survey_all(params, told);
            if let Err(blind) = self.injection.look("survey", self.name, look).await {
                let why = blind.why();
                (0..count).for_each(|nth| each(nth, Err(why.clone())));
            }
        })
    }

    fn differences(&self, expected: &Json, found: &Json) -> Result<Vec<Difference>, Fault> {
        self.inner.differences(expected, found)
    }
}

/// A log at whose commits the process may die, or that fails.
pub(crate) struct FaultyLog {
    pub(crate) inner: Arc<dyn Log>,
    pub(crate) injector: Injector,
}

/// The step that an event of a run is about, if it is about one.
fn step_of(record: &Record) -> Option<StepId> {
    match Event::decode(&record.kind, record.version, &record.body).ok()? {
        Event::Began(e) => Some(e.step),
        Event::Accepted(e) => Some(e.step),
        Event::Ended(e) => Some(e.step),
        Event::Probed(e) => Some(e.step),
        Event::Waiting(e) => e.step,
        Event::TimerSet(e) => Some(e.step),
        Event::WaitCompleted(e) => Some(e.step),
        Event::Checked(e) => Some(e.step),
        Event::Parked(e) => Some(e.step),
        Event::HeldUp(e) => Some(e.step),
        Event::Observed(e) => Some(e.step),
        Event::RollbackStarted(e) => e.failed,
        Event::Planned(_)
        | Event::Approved(_)
        | Event::Compared(_)
        | Event::Requested(_)
        | Event::RollbackVerified(_)
        | Event::Restored(_)
        | Event::Reconciled(_)
        | Event::Taken(_)
        | Event::Closed(_) => None,
    }
}

impl LogDecorator for FaultyLog {
    fn inner(&self) -> &dyn Log {
        &*self.inner
    }

    fn append_decorated(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            let failed = || {
                self.injector.fail();
                Err(AppendError::Poisoned("the commit did not answer".to_owned()))
            };
            let steps = append.records.iter().filter_map(step_of).collect();
            match self.injector.at_commit(steps) {
                Some(InjectedFault::CrashBefore) => {
                    self.injector.die().await;
                    failed()
                }
                Some(InjectedFault::CrashAfter) => {
                    drop(self.inner.append(append).await);
                    self.injector.die().await;
                    failed()
                }
                Some(InjectedFault::RequestLost) => failed(),
                Some(InjectedFault::AnswerLost) => {
                    drop(self.inner.append(append).await);
                    failed()
                }
                Some(_) | None => self.inner.append(append).await,
            }
        })
    }
}
