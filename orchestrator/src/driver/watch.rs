//! Engine: notices what other processes append while a driver runs. Touches the log, reading.

use crate::driver::{DriveError, Shared};
use rehome_store::{Position, StreamId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How the watcher wakes each actor.
#[derive(Default)]
pub(crate) struct Wakeups {
    by_stream: Mutex<BTreeMap<StreamId, Arc<Notify>>>,
    any: Notify,
}

impl Wakeups {
    /// The wake-up of a stream; made where there is none.
    pub(crate) fn of(&self, stream: &StreamId) -> Arc<Notify> {
        self.all().entry(stream.clone()).or_default().clone()
    }

    pub(crate) fn knows(&self, stream: &StreamId) -> bool {
        self.all().contains_key(stream)
    }

    /// Ends when any actor was woken since this ended last.
    pub(crate) async fn woken(&self) {
        self.any.notified().await;
    }

    fn wake(&self, stream: &StreamId) {
        if let Some(wakeup) = self.all().get(stream) {
            wakeup.notify_one();
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<StreamId, Arc<Notify>>> {
        self.by_stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Events read at once.
const PAGE: usize = 512;

/// Wakes the actor of each run that somebody else wrote to; ends only when the log cannot be read.
pub(crate) async fn watch(shared: Arc<Shared>, start: Position, wakeups: Arc<Wakeups>) -> DriveError {
    let (log, clock) = (&shared.engine.log, &shared.engine.clock);
    let mut seen = start;
    loop {
        clock.sleep_until(clock.now_ms() + shared.engine.look_ms).await;
        let head = match log.head().await {
            Ok(head) => head.position,
            Err(e) => return e.into(),
        };
        // What of it is an own event is known when all appends that were begun have ended. To read own events again, and to
        // wake whoever wrote them, would cost more than to write them.
        shared.own.settled().await;
        loop {
            let (passed, foreign) = shared.own.pass(seen);
            seen = passed;
            if seen >= head {
                break;
            }
            let left = usize::try_from(head.0 - seen.0).unwrap_or(PAGE);
            let page = match log.read_names(seen, foreign.min(left).min(PAGE)).await {
                Ok(page) => page,
                Err(e) => return e.into(),
            };
            let Some(last) = page.last() else { break };
            seen = last.0;
            for (_, stream) in &page {
                wakeups.wake(stream);
                shared.engine.observer.heard(stream);
            }
            wakeups.any.notify_one();
        }
    }
}
