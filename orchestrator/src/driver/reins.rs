//! Engine: what a batch says to one of its runs while that is driven. Touches nothing.

use crate::batch::{BatchState, Hold, HoldCause};
use crate::ids::RunId;
use std::sync::Arc;
use tokio::sync::watch;

/// Where a batch stands, for all who drive runs of it; nothing where the log has no such batch.
pub(crate) type Told = Option<Arc<BatchState>>;

/// What a batch says to one of its runs.
pub(crate) struct Reins {
    told: watch::Receiver<Told>,
    run: RunId,
    wave: Option<usize>,
}

impl Reins {
    /// What is told of its batch to this run.
    pub(crate) fn new(told: watch::Receiver<Told>, run: &RunId) -> Self {
        let wave = told.borrow().as_ref().and_then(|batch| batch.wave_of(run));
        Self { told, run: run.clone(), wave }
    }

    /// Why the run begins nothing new; `begun` is whether it ever did.
    pub(crate) fn hold(&self, now_ms: i64, begun: bool) -> Option<Hold> {
        let told = self.told.borrow();
        let batch = told.as_ref()?;
        match !begun && batch.is_skipped(&self.run) {
            true => Some(Hold { cause: HoldCause::Abandoned, until_ms: None }),
            false => batch.hold(self.wave, now_ms),
        }
    }

    /// Ends when something else may hold.
    pub(crate) async fn changed(&mut self) {
        if self.told.changed().await.is_err() {
            // Nobody says anything any more.
            std::future::pending().await
        }
    }
}
