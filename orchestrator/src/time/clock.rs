//! Engine: where time comes from. The only file of the engine that reads a clock.

use futures_util::future::BoxFuture;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Wall time, from outside.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970 UTC.
    fn now_ms(&self) -> i64;

    /// Milliseconds since some moment before this process did anything; nobody can set them, and they go on while the machine
    /// sleeps.
    fn steady_ms(&self) -> i64;

    /// What time it is where the effects are, in milliseconds since 1970 UTC, as the other side last said it; `None`
    /// where it has said nothing. Nobody at this machine can set it.
    fn elsewhere_ms(&self) -> Option<i64> {
        None
    }

    /// Ends when `now_ms` has come to `date_ms`.
    fn sleep_until(&self, date_ms: i64) -> BoxFuture<'_, ()>;

    /// Ends after this long, wherever the wall clock is set meanwhile.
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    fn pause(&self, for_: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(for_))
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// A sleeping program looks at the wall clock this often, because it may be set.
const LOOK: Duration = Duration::from_secs(20);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        crate::time::scale::millis(since)
    }

    #[cfg_attr(
        not(any(target_os = "linux", target_os = "android")),
        expect(clippy::disallowed_methods, reason = "this is where time comes in")
    )]
    fn steady_ms(&self) -> i64 {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            // `Instant` stands still while the machine sleeps, and a right to send would last as long.
            let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
            now.tv_sec.saturating_mul(1_000).saturating_add(now.tv_nsec / 1_000_000)
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        {
            static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
            crate::time::scale::millis(START.get_or_init(std::time::Instant::now).elapsed())
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    fn sleep_until(&self, date_ms: i64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            while let Ok(left @ 1..) = u64::try_from(date_ms.saturating_sub(self.now_ms())) {
                tokio::time::sleep(Duration::from_millis(left).min(LOOK)).await;
            }
        })
    }
}
