//! Simulator: what all connections share.

use crate::login::Places;
use crate::origin_check::PageAccess;
use crate::world::World;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) world: Mutex<World>,
    pub(crate) places: Places,
    pub(crate) pages: PageAccess,
}

impl Shared {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
