//! Engine, for tests: counts commits, calls and looks, says where something goes wrong, and remembers what
//! was done there. Touches memory only.

use super::fault_point::{FaultPoint, InjectedFault};
use crate::ids::{Direction, StepId};
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// One attempt: which step, which act, and by which activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// The step.
    pub step: StepId,
    /// Run or undo.
    pub direction: Direction,
    /// The name of its activity.
    pub activity: &'static str,
}

/// Everything that happened, in order; places are counted in these lists, from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Happened {
    /// Every append to the log, as the steps that its events are about.
    pub commits: Vec<Vec<StepId>>,
    /// Every call of `run` and `undo`.
    pub calls: Vec<Called>,
    /// Every look: what it was (`probe`, `survey`), and at which activity, condition or workflow.
    pub looks: Vec<(&'static str, &'static str)>,
}

/// Something that went against a promise, seen where effects are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Breach {
    /// `run` was sent although its effect was in place and nobody had looked.
    Blind(Called),
}

impl Breach {
    /// The activity that is to blame, and its step.
    pub(crate) fn suspect(&self) -> (String, StepId) {
        let Self::Blind(called) = self;
        (called.activity.to_owned(), called.step.clone())
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Blind(Called { step, activity, .. }) = self;
        write!(f, "{activity} was sent again for {step}, although its effect was in place")
    }
}

#[derive(Default)]
struct Inner {
    armed: Vec<(FaultPoint, InjectedFault)>,
    happened: Happened,
    crashed: bool,
    /// Steps whose last call took effect without the engine hearing of it, and without a look since.
    unheard: BTreeSet<StepId>,
    breaches: Vec<Breach>,
}

/// Counts commits, calls and looks, and disturbs where it is told to.
#[derive(Clone, Default)]
pub(crate) struct Injector {
    inner: Arc<Mutex<Inner>>,
    crash: Arc<Notify>,
}

impl Injector {
    /// One that disturbs at these places.
    pub(crate) fn armed(faults: &[(FaultPoint, InjectedFault)]) -> Self {
        let injector = Self::default();
        injector.inner().armed.extend(faults);
        injector
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn happened(&self) -> Happened {
        self.inner().happened.clone()
    }

    /// What was to go wrong and never came to its turn.
    pub(crate) fn unused(&self) -> usize {
        self.inner().armed.len()
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

    /// Whether the process is dead, or its log has failed it, and it is to be started again.
    pub(crate) fn is_dead(&self) -> bool {
        self.inner().crashed
    }

    pub(crate) fn die(&self) -> BoxFuture<'static, ()> {
        self.inner().crashed = true;
        self.crash.notify_one();
        Box::pin(std::future::pending())
    }

    /// The log does not work any more: whoever uses it has to stop, and start again.
    pub(crate) fn fail(&self) {
        self.inner().crashed = true;
    }

    pub(crate) fn at_commit(&self, steps: Vec<StepId>) -> Option<InjectedFault> {
        let mut inner = self.inner();
        inner.happened.commits.push(steps);
        let point = FaultPoint::Commit(count(inner.happened.commits.len()));
        take(&mut inner.armed, point)
    }

    pub(crate) fn at_call(&self, called: Called) -> Option<InjectedFault> {
        let mut inner = self.inner();
        if called.direction == Direction::Do && inner.unheard.contains(&called.step) {
            inner.breaches.push(Breach::Blind(called.clone()));
        }
        inner.happened.calls.push(called);
        let point = FaultPoint::Call(count(inner.happened.calls.len()));
        take(&mut inner.armed, point)
    }

    pub(crate) fn at_look(&self, what: &'static str, name: &'static str) -> Option<InjectedFault> {
        let mut inner = self.inner();
        inner.happened.looks.push((what, name));
        let point = FaultPoint::Look(count(inner.happened.looks.len()));
        take(&mut inner.armed, point)
    }

    pub(crate) fn unheard(&self, step: &StepId) {
        self.inner().unheard.insert(step.clone());
    }

    pub(crate) fn looked(&self) {
        // A probe names no step; any look at the world clears what it may have shown.
        self.inner().unheard.clear();
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn take(armed: &mut Vec<(FaultPoint, InjectedFault)>, point: FaultPoint) -> Option<InjectedFault> {
    let at = armed.iter().position(|(p, _)| *p == point)?;
    Some(armed.remove(at).1)
}
