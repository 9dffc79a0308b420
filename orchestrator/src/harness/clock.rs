//! Engine, for tests: time that passes only when everybody waits for it. Touches tokio's paused clock.

use crate::time::clock::Clock;
use futures_util::future::BoxFuture;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// A clock that needs a runtime whose time is paused; it may be made to jump.
#[derive(Debug)]
pub struct VirtualClock {
    start: Instant,
    start_ms: i64,
    jumped_ms: AtomicI64,
}

impl VirtualClock {
    /// A clock that shows this date now.
    pub fn new(start_ms: i64) -> Self {
        Self { start: Instant::now(), start_ms, jumped_ms: AtomicI64::new(0) }
    }

    /// Sets the clock forward or back, as an administrator might.
    pub fn jump(&self, by_ms: i64) {
        self.jumped_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        let passed = crate::time::scale::millis(self.start.elapsed());
        self.start_ms + passed + self.jumped_ms.load(Ordering::SeqCst)
    }

    fn steady_ms(&self) -> i64 {
        crate::time::scale::millis(self.start.elapsed())
    }

    #[expect(clippy::disallowed_methods, reason = "the time of tests comes in here")]
    fn sleep_until(&self, date_ms: i64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // One hour at most, because the clock may jump meanwhile.
            while let Ok(left @ 1..) = u64::try_from(date_ms.saturating_sub(self.now_ms())) {
                tokio::time::sleep(Duration::from_millis(left.min(3_600_000))).await;
            }
        })
    }
}

/// Nobody out there takes longer than this, on the wall's clock; then time passes again.
const STILL_MAX: Duration = Duration::from_secs(5);

/// Virtual time stands still until this is dropped: somebody waits for what is not in this runtime, a socket
/// or another process, and the clock would else jump to the next alarm as if nobody waited for anything.
pub(crate) struct Still {
    _until_dropped: std::sync::mpsc::Sender<()>,
}

impl Still {
    pub(crate) fn new() -> Self {
        let (until_dropped, dropped) = std::sync::mpsc::channel::<()>();
        // Tokio's paused clock does not advance by itself while a blocking task runs.
        drop(tokio::task::spawn_blocking(move || dropped.recv_timeout(STILL_MAX)));
        Self { _until_dropped: until_dropped }
    }

    /// Waits for something with the clock standing still, if it is outside.
    pub(crate) async fn during<T>(outside: bool, work: impl Future<Output = T>) -> T {
        let _still = outside.then(Self::new);
        work.await
    }
}
