//! Engine: what a batch says to one of its runs while that is driven. Touches nothing.

use crate::batch::{BatchState, Hold, HoldCause};
use crate::ids::RunId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// Where a batch stands, for all who drive runs of it; nothing where the log has no such batch.
pub(crate) type Told = Option<Arc<BatchState>>;

/// The place of a run among those of its batch that may fail. Who drives the run gives it up, and never takes it back:
/// the batch releases the run again, with a new one. So no two of them ever hold the same place.
#[derive(Clone, Default)]
pub(crate) struct Place(Arc<AtomicBool>);

impl Place {
    pub(crate) fn is_given_up(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What a batch says to one of its runs.
pub(crate) struct Reins {
    told: watch::Receiver<Told>,
    place: Place,
    run: RunId,
    wave: Option<usize>,
}

impl Reins {
    /// What is told of its batch to this run.
    pub(crate) fn new(told: watch::Receiver<Told>, run: &RunId, place: Place) -> Self {
        let wave = told.borrow().as_ref().and_then(|batch| batch.wave_of(run));
        Self { told, place, run: run.clone(), wave }
    }

    /// Leaves its place to another run, where places are counted: it waits for people and dates alone. Says whether it had
    /// one until now.
    pub(crate) fn give_up_place(&self) -> bool {
        let told = self.told.borrow();
        let counts =
            |batch: &Arc<BatchState>| self.wave.is_some_and(|nth| batch.failures_left(nth).is_some());
        told.as_ref().is_some_and(counts) && !self.place.0.swap(true, Ordering::SeqCst)
    }

    /// Whether it did.
    pub(crate) fn has_no_place(&self) -> bool {
        self.place.is_given_up()
    }

    /// Why the run begins nothing new; `begun` is whether it ever did.
    pub(crate) fn hold(&self, now_ms: i64, begun: bool) -> Option<Hold> {
        let told = self.told.borrow();
        let batch = told.as_ref()?;
        if !begun && batch.is_skipped(&self.run) {
            return Some(Hold { cause: HoldCause::Abandoned, until_ms: None });
        }
        batch.hold(self.wave, now_ms)
    }

    /// Ends when something else may hold.
    pub(crate) async fn changed(&mut self) {
        if self.told.changed().await.is_err() {
            // Nobody says anything any more.
            std::future::pending().await
        }
    }
}
