//! Engine: who works on what: one step at a time on each resource, across runs. Touches memory only.
//!
//! Whoever holds a resource gives it back soon, and is waited for. A step that stopped for a person holds what it works on as
//! well, and nobody knows for how long: who would wait for it is told so instead.

use crate::activity::ResourceKey;
use crate::ids::{RunId, StepId};
use crate::plan::graph::Index;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, watch};

/// A step, and the run that it is of.
pub(crate) type Holder = (RunId, StepId);

/// A resource that somebody works on, or waits for.
#[derive(Default)]
struct Entry {
    turn: Arc<Turn<()>>,
    /// Who holds it until a person decides.
    stopped: watch::Sender<Option<Holder>>,
}

/// What steps that stopped for a person hold, of runs that have no actor.
pub(crate) type Kept = BTreeMap<RunId, BTreeMap<Index, Held>>;

#[derive(Default)]
struct Table {
    entries: Mutex<BTreeMap<ResourceKey, Arc<Entry>>>,
    /// Counts how often something went on that a person had to decide about.
    went_on: watch::Sender<u64>,
}

/// The turns of all resources that anybody works on.
#[derive(Clone, Default)]
pub(crate) struct Locks(Arc<Table>);

/// Resources that are held; given back when dropped.
pub(crate) struct Held {
    guards: Vec<OwnedMutexGuard<()>>,
    keys: Vec<ResourceKey>,
    locks: Locks,
    /// The step that holds them stopped for a person.
    stopped: bool,
}

impl Locks {
    /// Takes all of them now, or none.
    pub(crate) fn try_hold(&self, keys: &[ResourceKey]) -> Option<Held> {
        let mut held = self.none_of(keys);
        for key in keys {
            held.guards.push(self.entry(key).turn.clone().try_lock_owned().ok()?);
        }
        Some(held)
    }

    /// Takes all of them, one after the other. The keys are in order and without repetition, so no
    /// two steps can wait for each other.
    ///
    /// # Errors
    /// The first that is held until a person decides, and by whom; then none is taken.
    pub(crate) async fn hold(&self, keys: &[ResourceKey]) -> Result<Held, (ResourceKey, Holder)> {
        let mut held = self.none_of(keys);
        for key in keys {
            let entry = self.entry(key);
            let mut stopped = entry.stopped.subscribe();
            let guard = tokio::select! {
                biased;
                guard = entry.turn.clone().lock_owned() => guard,
                // The sender is not gone, because it is here.
                Ok(by) = stopped.wait_for(Option::is_some) => {
                    let by = by.clone().expect("that was waited for");
                    return Err((key.clone(), by));
                }
            };
            held.guards.push(guard);
        }
        Ok(held)
    }

    /// Whether a resource is held by this step until a person decides.
    pub(crate) fn is_stopped(&self, key: &ResourceKey, by: &Holder) -> bool {
        self.entries().get(key).is_some_and(|entry| entry.stopped.borrow().as_ref() == Some(by))
    }

    /// Says whenever something went on that a person had to decide about.
    pub(crate) fn went_on(&self) -> watch::Receiver<u64> {
        self.0.went_on.subscribe()
    }

    /// Something went on, here or at another runner.
    pub(crate) fn tell_went_on(&self) {
        self.0.went_on.send_modify(|times| *times += 1);
    }

    fn none_of(&self, keys: &[ResourceKey]) -> Held {
        Held { guards: Vec::new(), keys: keys.to_vec(), locks: self.clone(), stopped: false }
    }

    fn entry(&self, key: &ResourceKey) -> Arc<Entry> {
        self.entries().entry(key.clone()).or_default().clone()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<ResourceKey, Arc<Entry>>> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// The step that holds them stopped for a person; or it did, and goes on.
    pub(crate) fn stops(&mut self, by: Option<&Holder>) {
        if self.stopped == by.is_some() {
            return;
        }
        self.stopped = by.is_some();
        for key in &self.keys {
            self.locks.entry(key).stopped.send_replace(by.cloned());
        }
        if by.is_none() {
            self.locks.tell_went_on();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Only who has all of them can have stopped.
        self.guards.clear();
        self.stops(None);
        let mut entries = self.locks.entries();
        for key in &self.keys {
            // Only the table itself still knows it: nobody holds it or waits for it.
            let is_idle =
                |entry: &Arc<Entry>| Arc::strong_count(entry) == 1 && Arc::strong_count(&entry.turn) == 1;
            if entries.get(key).is_some_and(is_idle) {
                entries.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

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
        assert!(locks.0.entries.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn who_waits_for_a_step_that_stops_is_told_and_gives_back_what_it_has() {
        let locks = Locks::default();
        let (a, b) = (ResourceKey::new("/a"), ResourceKey::new("/b"));
        let by = (RunId::new("r"), StepId::new("s"));
        let mut went_on = locks.went_on();
        let mut stopped = locks.try_hold(std::slice::from_ref(&b)).expect("nobody holds it");
        let both = [a.clone(), b.clone()];
        let mut waits = Box::pin(locks.hold(&both));
        assert!(waits.as_mut().now_or_never().is_none(), "it is held for a moment");
        stopped.stops(Some(&by));
        assert_eq!(waits.await.err(), Some((b.clone(), by.clone())));
        assert!(locks.is_stopped(&b, &by) && locks.try_hold(&[a]).is_some());
        stopped.stops(None);
        assert!(went_on.has_changed().unwrap() && !locks.is_stopped(&b, &by));
        went_on.mark_unchanged();
        stopped.stops(Some(&by));
        drop(stopped);
        assert!(went_on.has_changed().unwrap());
        assert!(locks.hold(&both).await.is_ok());
        assert!(locks.0.entries.lock().unwrap().is_empty());
    }
}
