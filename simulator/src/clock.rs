//! Simulator: its own time, which may go faster than the wall's.
//!
//! What it sends out in durations is wall time, because that is what a client waits in: a delay of the
//! simulated world divided by the scale, rounded up to whole seconds. The wall's time is the runtime's, so
//! that a test whose time is virtual has one time on both sides.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Time that goes `scale` times as fast as the wall's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SimClock {
    start: DateTime<Utc>,
    began: Instant,
    scale: f64,
}

impl SimClock {
    pub(crate) fn new(scale: f64) -> Self {
        Self { start: Utc::now(), began: Instant::now(), scale: scale.max(1.0) }
    }

    /// When it began.
    pub(crate) fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// Simulated now.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let passed = self.began.elapsed().as_secs_f64() * self.scale;
        self.start + seconds(passed)
    }

    /// How long a client has to wait for this much simulated time, in whole wall seconds, at least one.
    pub(crate) fn retry_after(&self, simulated: TimeDelta) -> u64 {
        let wall = simulated.as_seconds_f64().max(0.0) / self.scale;
        whole(wall.ceil()).max(1)
    }

    /// The same in milliseconds, for delays that the simulator makes itself.
    pub(crate) fn wall_ms(&self, simulated_ms: u64) -> u64 {
        whole((precise(simulated_ms) / self.scale).ceil())
    }
}

#[expect(clippy::cast_precision_loss, reason = "delays are far below 2^52 milliseconds")]
fn precise(ms: u64) -> f64 {
    ms as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "durations are small and not negative"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

fn seconds(span: f64) -> TimeDelta {
    #[expect(clippy::cast_possible_truncation, reason = "the process does not run for 290,000 years")]
    let micros = (span * 1e6) as i64;
    TimeDelta::microseconds(micros)
}
