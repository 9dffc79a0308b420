//! Activities: locks against deletion that a removal lifts, and that whoever keeps them puts back
//! (resources/2020-05-01).

use crate::activity::compare::lacks;
use crate::activity::{Clients, foreign, map, unread};
use crate::azure::ResourceId;
use rehome_orchestrator::{Call, Outcome, PlanValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of locks.
pub(crate) const LOCKS: &str = "2020-05-01";

/// A lock, by its id and what it is made of.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptLock {
    pub(crate) id: ResourceId,
    pub(crate) body: PlanValue<Value>,
}

/// Lifts the locks under which something is to be removed; those that are lifted already are.
///
/// # Errors
/// With the outcome of the removal, which cannot be tried now.
pub(crate) async fn lift(clients: &Clients, call: &Call, locks: &[KeptLock]) -> Result<(), Outcome<()>> {
    for lock in locks {
        match clients.reader.find(&lock.id, LOCKS).await {
            Ok(None) => {}
            Ok(Some(live)) => match lacks(&live, &lock.body, &lock.id) {
                None => match map(clients.writer.delete(call, &lock.id, LOCKS, None).await, |_| ()) {
                    Outcome::Applied(()) => {}
                    other => return Err(other),
                },
                Some(difference) => return Err(foreign(&difference)),
            },
            Err(why) => return Err(unread(why)),
        }
    }
    Ok(())
}

/// A lock that is lifted is felt for a moment, and another move may have put it back meanwhile; longer than that
/// it is another lock.
const FELT_TRIES: u32 = 6;

/// What a removal below lifted locks has come to.
pub(crate) fn below(call: &Call, locks: &[KeptLock], removed: Outcome<()>) -> Outcome<()> {
    match removed {
        Outcome::Refused(why)
            if !locks.is_empty()
                && why.code.eq_ignore_ascii_case("ScopeLocked")
                && call.tries() < FELT_TRIES =>
        {
            Outcome::Retry { after: None, why }
        }
        other => other,
    }
}
