//! Engine: who works on what: one step at a time on each resource, across runs. Touches memory only.

use crate::activity::ResourceKey;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// The turns of all resources that anybody works on.
#[derive(Clone, Default)]
pub(crate) struct Locks(Arc<Mutex<BTreeMap<ResourceKey, Arc<Turn<()>>>>>);

/// Resources that are held; given back when dropped.
pub(crate) struct Held {
    guards: Vec<OwnedMutexGuard<()>>,
    keys: Vec<ResourceKey>,
    locks: Locks,
}

impl Locks {
    /// Takes all of them now, or none.
    pub(crate) fn try_hold(&self, keys: &[ResourceKey]) -> Option<Held> {
        let mut held = Held { guards: Vec::new(), keys: keys.to_vec(), locks: self.clone() };
        for key in keys {
            held.guards.push(self.turn(key).try_lock_owned().ok()?);
        }
        Some(held)
    }

    /// Takes all of them, one after the other. The keys are in order and without repetition, so no
    /// two steps can wait for each other.
    pub(crate) async fn hold(&self, keys: &[ResourceKey]) -> Held {
        let mut held = Held { guards: Vec::new(), keys: keys.to_vec(), locks: self.clone() };
        for key in keys {
            held.guards.push(self.turn(key).lock_owned().await);
        }
        held
    }

    fn turn(&self, key: &ResourceKey) -> Arc<Turn<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(key.clone()).or_default().clone()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.guards.clear();
        let mut turns = self.locks.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            // Only the table itself still knows it: nobody holds it or waits for it.
            if turns.get(key).is_some_and(|turn| Arc::strong_count(turn) == 1) {
                turns.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_resource_has_one_holder_and_is_forgotten_when_nobody_wants_it() {
        let locks = Locks::default();
        let (a, b) = (ResourceKey::new("/A"), ResourceKey::new("/b"));
        let first = locks.try_hold(&[a.clone(), b.clone()]).expect("nobody holds them");
        assert!(locks.try_hold(&[ResourceKey::new("/a")]).is_none());
        drop(first);
        let second = locks.hold(&[a]).await;
        assert!(locks.try_hold(&[b]).is_some());
        drop(second);
        assert!(locks.0.lock().unwrap().is_empty());
    }
}
