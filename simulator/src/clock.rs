//! Simulator: its own time, which may go faster than the wall's.
//!
//! What it sends out in durations is wall time, because that is what a client waits in: a delay of the
//! simulated world divided by the scale, rounded up to whole seconds. The wall's time is the runtime's, so
//! that a test whose time is virtual has one time on both sides.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;

/// How the time of a simulated world passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// By itself, so many times as fast as the wall's; less than 1 counts as 1. It can be moved forward beside that.
    Scaled(f64),
    /// Only when [`Running::advance`](crate::Running::advance) says so: what is refused or slow then depends on
    /// no machine. Delays of the simulator's own (latency) take no time.
    ByHand,
}

/// The time of one world.
#[derive(Debug)]
pub(crate) struct SimClock {
    start: DateTime<Utc>,
    began: Instant,
    pace: Pace,
    /// By how many microseconds it was moved.
    moved: AtomicI64,
}

impl SimClock {
    pub(crate) fn new(pace: Pace) -> Self {
        Self::at(pace, Utc::now())
    }

    /// A clock that begins at another time than now.
    pub(crate) fn at(pace: Pace, start: DateTime<Utc>) -> Self {
        Self { start, began: Instant::now(), pace, moved: AtomicI64::new(0) }
    }

    /// When it began.
    pub(crate) fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// Simulated now.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let by_itself = match self.pace {
            Pace::Scaled(_) => seconds(self.began.elapsed().as_secs_f64() * self.scale()),
            Pace::ByHand => TimeDelta::zero(),
        };
        self.start + by_itself + TimeDelta::microseconds(self.moved.load(Ordering::SeqCst))
    }

    /// Moves it forward, beside how it goes by itself.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.moved.fetch_add(by.num_microseconds().unwrap_or_default().max(0), Ordering::SeqCst);
    }

    fn scale(&self) -> f64 {
        match self.pace {
            Pace::Scaled(scale) => scale.max(1.0),
            Pace::ByHand => 1.0,
        }
    }

    /// How long a client has to wait for this much simulated time, in whole wall seconds, at least one.
    pub(crate) fn retry_after(&self, simulated: TimeDelta) -> u64 {
        let wall = simulated.as_seconds_f64().max(0.0) / self.scale();
        whole(wall.ceil()).max(1)
    }

    /// The same in milliseconds, for delays that the simulator makes itself.
    pub(crate) fn wall_ms(&self, simulated_ms: u64) -> u64 {
        match self.pace {
            Pace::Scaled(_) => whole((precise(simulated_ms) / self.scale()).ceil()),
            Pace::ByHand => 0,
        }
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
