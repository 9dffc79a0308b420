//! Engine: what a batch says to one of its runs while that is driven. Touches nothing.

use crate::batch::{BatchState, Hold};
use crate::ids::RunId;
use std::sync::Arc;
use tokio::sync::watch;

/// Where a batch stands, for all who drive runs of it; nothing where the log has no such batch.
pub(crate) type Told = Option<Arc<BatchState>>;

/// What a batch says to one of its runs.
pub(crate) struct Reins {
    told: watch::Receiver<Told>,
    wave: Option<usize>,
}

impl Reins {
    /// What is told of its batch to this run.
    pub(crate) fn new(told: watch::Receiver<Told>, run: &RunId) -> Self {
        let wave = told.borrow().as_ref().and_then(|batch| batch.wave_of(run));
        Self { told, wave }
    }

    /// Why the run begins nothing new.
    pub(crate) fn hold(&self) -> Option<Hold> {
        self.told.borrow().as_ref().and_then(|batch| batch.hold(self.wave))
    }

    /// Ends when something else may hold.
    pub(crate) async fn changed(&mut self) {
        if self.told.changed().await.is_err() {
            // Nobody says anything any more.
            std::future::pending().await
        }
    }
}
