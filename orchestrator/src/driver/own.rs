//! Engine: which events of the log a drive appended itself. Touches nothing.

use rehome_store::{Appended, Position};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The places of own events that nobody has passed yet: the first and the last of each append.
#[derive(Default)]
pub(crate) struct Own(Mutex<BTreeMap<u64, u64>>);

impl Own {
    pub(crate) fn add(&self, appended: &Appended) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.insert(appended.first.0, appended.last.0);
    }

    /// The place up to which every event after `seen` is an own one. What lies before it is forgotten.
    pub(crate) fn pass(&self, seen: Position) -> Position {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut at = seen.0;
        while let Some(entry) = places.first_entry().filter(|entry| *entry.key() <= at + 1) {
            at = at.max(entry.remove());
        }
        Position(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_store::Digest;

    #[test]
    fn an_event_of_somebody_else_is_never_passed_however_late_own_ones_are_known() {
        let own = Own::default();
        let add = |first, last| {
            let (first, last) = (Position(first), Position(last));
            own.add(&Appended { first, last, head: Digest::ZERO, heads: Vec::new() });
        };
        add(4, 5);
        add(6, 6);
        assert_eq!(own.pass(Position(3)), Position(6));
        // The seventh is somebody else's; the eighth was read before it was known to be an own one.
        add(8, 9);
        assert_eq!(own.pass(Position(6)), Position(6));
        add(10, 10);
        assert_eq!(own.pass(Position(8)), Position(10));
        add(3, 10);
        assert_eq!(own.pass(Position(10)), Position(10), "what was passed changes nothing");
    }
}
