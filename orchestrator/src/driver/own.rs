//! Engine: which events of the log a drive appended itself. Touches nothing.

use rehome_store::{Appended, Position};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The places of own events that nobody has passed yet, and the appends of which nobody knows the places yet.
#[derive(Default)]
pub(crate) struct Own {
    places: Mutex<Places>,
    ended: Notify,
}

#[derive(Default)]
struct Places {
    /// The first and the last of each append.
    known: BTreeMap<u64, u64>,
    /// How many appends were begun.
    begun: u64,
    /// The numbers of those that have not ended.
    open: BTreeSet<u64>,
}

/// An append that was begun and has not ended.
pub(crate) struct Appending {
    own: Arc<Own>,
    number: u64,
}

impl Appending {
    /// It is in the log.
    pub(crate) fn kept(self, appended: &Appended) {
        self.own.places().known.insert(appended.first.0, appended.last.0);
    }
}

impl Drop for Appending {
    fn drop(&mut self) {
        let mut places = self.own.places();
        let first = places.open.first() == Some(&self.number);
        places.open.remove(&self.number);
        if first {
            self.own.ended.notify_waiters();
        }
    }
}

impl Own {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An append begins: its events may be seen before it has ended.
    pub(crate) fn begin(self: &Arc<Self>) -> Appending {
        let mut places = self.places();
        let number = places.begun;
        places.begun += 1;
        places.open.insert(number);
        Appending { own: self.clone(), number }
    }

    /// Ends when every append has ended that was begun before: an event that is in the log by now and is not known as an own
    /// one is none.
    pub(crate) async fn settled(&self) {
        let until = self.places().begun;
        loop {
            let ended = self.ended.notified();
            if self.places().open.first().is_none_or(|first| *first >= until) {
                return;
            }
            ended.await;
        }
    }

    /// The place up to which every event after `seen` is an own one, and how many come next of which none is. What lies
    /// before is forgotten.
    pub(crate) fn pass(&self, seen: Position) -> (Position, usize) {
        let mut places = self.places();
        let known = &mut places.known;
        let mut at = seen.0;
        while let Some(entry) = known.first_entry().filter(|entry| *entry.key() <= at + 1) {
            at = at.max(entry.remove());
        }
        let foreign = known.first_key_value().map_or(u64::MAX, |(first, _)| first - at - 1);
        (Position(at), usize::try_from(foreign).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use rehome_store::Digest;

    #[test]
    fn an_event_of_somebody_else_is_never_passed_however_late_own_ones_are_known() {
        let own = Arc::<Own>::default();
        let add = |first, last| {
            let (first, last) = (Position(first), Position(last));
            own.begin().kept(&Appended { first, last, head: Digest::ZERO, heads: Vec::new() });
        };
        let pass = |seen| own.pass(Position(seen)).0;
        add(4, 5);
        add(6, 6);
        assert_eq!(pass(3), Position(6));
        // The seventh is somebody else's; the eighth was read before it was known to be an own one.
        add(8, 9);
        assert_eq!(own.pass(Position(6)), (Position(6), 1));
        add(10, 10);
        assert_eq!(pass(8), Position(10));
        add(3, 10);
        assert_eq!(pass(10), Position(10), "what was passed changes nothing");
    }
    #[tokio::test]
    async fn what_was_begun_before_is_waited_for_and_what_was_begun_since_is_not() {
        let own = Arc::<Own>::default();
        let (first, second) = (own.begin(), own.begin());
        let mut settled = std::pin::pin!(own.settled());
        assert!(settled.as_mut().now_or_never().is_none());
        let _third = own.begin();
        drop(second);
        assert!(settled.as_mut().now_or_never().is_none());
        first.kept(&Appended {
            first: Position(1),
            last: Position(2),
            head: Digest::ZERO,
            heads: Vec::new(),
        });
        settled.await;
        assert_eq!(own.pass(Position(0)).0, Position(2));
    }
}
