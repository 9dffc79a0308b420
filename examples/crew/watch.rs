//! What is noted while a runner works: how many steps it made.

use rehome_orchestrator::RunId;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Default)]
pub(crate) struct Watch(AtomicU64);

impl Watch {
    /// A step took effect.
    pub(crate) fn step(&self, _: &RunId) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many steps took effect.
    pub(crate) fn steps(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
