//! Engine, for tests: puts one disturbance at one place, around real activities and a real log.

use crate::activity::{Call, Finding, Operation, Outcome, Probe, ResourceKey, Trace};
use crate::fault::{Fault, FaultKind};
use crate::ids::{Act, StepId};
use crate::json::Json;
use crate::registry::AnyActivity;
use futures_util::future::BoxFuture;
use rehome_store::{
    Append, AppendError, Appended, Head, Later, Log, Position, ReadError, Sequence, Stored, StreamId,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// The process dies before the effect (or before the commit).
    CrashBefore,
    /// The process dies after the effect (or after the commit), before anybody hears of it.
    CrashAfter,
    /// The effect takes place, and the answer is lost.
    AnswerLost,
    /// There is no effect, and the answer is lost.
    RequestLost,
    /// The answer is lost, and the effect takes place this many milliseconds later.
    Late(u64),
    /// The other side refuses.
    Refused,
    /// The other side asks to come back later.
    Retry,
    /// The same request is delivered twice.
    Repeated,
}

/// Where it goes wrong, counted from 1 in the order in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The n-th append to the log.
    Commit(u32),
    /// The n-th call of `run` or `undo`.
    Call(u32),
}

/// Something that went against a promise, seen where effects are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Breach {
    /// `run` was sent although its effect was in place and nobody had looked.
    Blind(StepId),
}

#[derive(Default)]
struct Inner {
    armed: Vec<(Place, Disturbance)>,
    commits: u32,
    calls: u32,
    crashed: bool,
    /// Steps whose last call took effect without the engine hearing of it, and without a look since.
    unheard: BTreeMap<StepId, ()>,
    breaches: Vec<Breach>,
    called: Vec<(StepId, Act)>,
}

/// Counts commits and calls, and disturbs where it is told to.
#[derive(Clone, Default)]
pub struct Injector {
    inner: Arc<Mutex<Inner>>,
    crash: Arc<Notify>,
}

impl Injector {
    /// One that disturbs at these places.
    pub fn armed(disturbances: impl IntoIterator<Item = (Place, Disturbance)>) -> Self {
        let injector = Self::default();
        injector.inner().armed.extend(disturbances);
        injector
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many commits and calls there were.
    pub fn counts(&self) -> (u32, u32) {
        let inner = self.inner();
        (inner.commits, inner.calls)
    }

    /// Which step each call was for.
    pub fn called(&self) -> Vec<(StepId, Act)> {
        self.inner().called.clone()
    }

    pub(crate) fn breaches(&self) -> Vec<Breach> {
        self.inner().breaches.clone()
    }

    /// Ends when the process was made to crash.
    pub(crate) async fn crashed(&self) {
        self.crash.notified().await;
    }

    pub(crate) fn restart(&self) {
        self.inner().crashed = false;
    }

    fn die(&self) -> BoxFuture<'static, ()> {
        self.inner().crashed = true;
        self.crash.notify_one();
        Box::pin(std::future::pending())
    }

    fn at_commit(&self) -> Option<Disturbance> {
        let mut inner = self.inner();
        inner.commits += 1;
        let place = Place::Commit(inner.commits);
        take(&mut inner.armed, place)
    }

    fn at_call(&self, step: &StepId, act: Act) -> Option<Disturbance> {
        let mut inner = self.inner();
        inner.calls += 1;
        let place = Place::Call(inner.calls);
        inner.called.push((step.clone(), act));
        if act == Act::Run && inner.unheard.contains_key(step) {
            inner.breaches.push(Breach::Blind(step.clone()));
        }
        take(&mut inner.armed, place)
    }

    fn unheard(&self, step: &StepId) {
        self.inner().unheard.insert(step.clone(), ());
    }

    fn looked(&self) {
        // A probe names no step; any look at the world clears what it may have shown.
        self.inner().unheard.clear();
    }
}

fn take(armed: &mut Vec<(Place, Disturbance)>, place: Place) -> Option<Disturbance> {
    let at = armed.iter().position(|(p, _)| *p == place)?;
    Some(armed.remove(at).1)
}

/// An activity around which things go wrong.
pub(crate) struct Disturbed {
    pub(crate) inner: Arc<dyn AnyActivity>,
    pub(crate) injector: Injector,
    pub(crate) clock: Arc<dyn crate::clock::Clock>,
}

fn lost() -> Fault {
    Fault::new(FaultKind::Broken, "Injected", "the connection was cut")
}

/// An attempt, as a thing that can be made again.
type Send_ = Arc<dyn Fn() -> BoxFuture<'static, Outcome<Json>> + Send + Sync>;

impl Disturbed {
    fn disturb(self: Arc<Self>, call: &Call, send: Send_) -> BoxFuture<'static, Outcome<Json>> {
        let (step, act) = (call.step().clone(), call.act());
        let disturbance = self.injector.at_call(&step, act);
        let me = self;
        Box::pin(async move {
            match disturbance {
                None => send().await,
                Some(Disturbance::CrashBefore) => {
                    me.injector.die().await;
                    Outcome::Unknown(lost())
                }
                Some(Disturbance::CrashAfter) => {
                    if let Outcome::Applied(_) = send().await {
                        me.injector.unheard(&step);
                    }
                    me.injector.die().await;
                    Outcome::Unknown(lost())
                }
                Some(Disturbance::AnswerLost) => {
                    if let Outcome::Applied(_) = send().await {
                        me.injector.unheard(&step);
                    }
                    Outcome::Unknown(lost())
                }
                Some(Disturbance::RequestLost) => Outcome::Unknown(lost()),
                Some(Disturbance::Late(after_ms)) => {
                    let clock = me.clock.clone();
                    tokio::spawn(async move {
                        clock.sleep_until(clock.now_ms().saturating_add_unsigned(after_ms)).await;
                        drop(send().await);
                    });
                    Outcome::Unknown(lost())
                }
                Some(Disturbance::Refused) => {
                    Outcome::Refused(Fault::new(FaultKind::Denied, "Injected", "refused"))
                }
                Some(Disturbance::Retry) => {
                    let why = Fault::new(FaultKind::Throttled, "Injected", "too many requests");
                    Outcome::Retry { after: None, why }
                }
                Some(Disturbance::Repeated) => {
                    drop(send().await);
                    send().await
                }
            }
        })
    }
}

impl AnyActivity for Disturbed {
    fn reads_before(&self) -> bool {
        self.inner.reads_before()
    }

    fn locks(&self, input: &Json) -> Result<Vec<ResourceKey>, Fault> {
        self.inner.locks(input)
    }

    fn before(self: Arc<Self>, input: Json) -> BoxFuture<'static, Result<Json, Fault>> {
        self.inner.clone().before(input)
    }

    fn run(self: Arc<Self>, call: Arc<Call>, input: Json, before: Json) -> BoxFuture<'static, Outcome<Json>> {
        let (inner, again) = (self.inner.clone(), call.clone());
        let send: Send_ = Arc::new(move || inner.clone().run(again.clone(), input.clone(), before.clone()));
        self.disturb(&call, send)
    }

    fn poll(
        self: Arc<Self>,
        input: Json,
        before: Json,
        operation: Operation,
    ) -> BoxFuture<'static, Outcome<Json>> {
        self.inner.clone().poll(input, before, operation)
    }

    fn probe(self: Arc<Self>, input: Json, before: Json) -> BoxFuture<'static, Probe<Json>> {
        self.injector.looked();
        self.inner.clone().probe(input, before)
    }

    fn trace(&self, input: &Json) -> Result<Trace, Fault> {
        self.inner.trace(input)
    }

    fn recall(self: Arc<Self>, input: Json) -> BoxFuture<'static, Result<Option<Json>, Fault>> {
        self.inner.clone().recall(input)
    }

    fn undo(
        self: Arc<Self>,
        call: Arc<Call>,
        input: Json,
        before: Json,
        was: Option<Json>,
    ) -> BoxFuture<'static, Outcome<Json>> {
        let (inner, again) = (self.inner.clone(), call.clone());
        let send: Send_ =
            Arc::new(move || inner.clone().undo(again.clone(), input.clone(), before.clone(), was.clone()));
        self.disturb(&call, send)
    }

    fn verify(
        self: Arc<Self>,
        input: Json,
        before: Json,
        output: Json,
    ) -> BoxFuture<'static, Result<Vec<Finding>, Fault>> {
        self.inner.clone().verify(input, before, output)
    }

    fn residue(&self, input: &Json, before: &Json, was: Option<&Json>) -> Result<String, Fault> {
        self.inner.residue(input, before, was)
    }
}

/// A log at whose commits the process may die.
pub(crate) struct DisturbedLog {
    pub(crate) inner: Arc<dyn Log>,
    pub(crate) injector: Injector,
}

impl Log for DisturbedLog {
    fn append(&self, append: Append) -> Later<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            match self.injector.at_commit() {
                Some(Disturbance::CrashBefore) => {
                    self.injector.die().await;
                    Err(AppendError::Poisoned("dead".to_owned()))
                }
                Some(Disturbance::CrashAfter) => {
                    drop(self.inner.append(append).await);
                    self.injector.die().await;
                    Err(AppendError::Poisoned("dead".to_owned()))
                }
                Some(_) | None => self.inner.append(append).await,
            }
        })
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Sequence,
        limit: usize,
    ) -> Later<'_, Result<Vec<Stored>, ReadError>> {
        self.inner.read_stream(stream, after, limit)
    }

    fn read_all(&self, after: Position, limit: usize) -> Later<'_, Result<Vec<Stored>, ReadError>> {
        self.inner.read_all(after, limit)
    }

    fn head(&self) -> Later<'_, Result<Head, ReadError>> {
        self.inner.head()
    }

    fn streams(&self, prefix: &str) -> Later<'_, Result<Vec<(StreamId, Sequence)>, ReadError>> {
        self.inner.streams(prefix)
    }
}
