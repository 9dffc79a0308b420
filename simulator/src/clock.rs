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
    /// By itself, so many times as fast as the wall's; less than 1 counts as 1.
    Scaled(f64),
    /// Only when [`Running::advance`](crate::Running::advance) says so: what is refused or slow then depends on
    /// no machine. Delays of the simulator's own (latency) take no time.
    ByHand,
}

/// The time of one world.
#[derive(Debug)]
pub(crate) struct SimClock {
    start: DateTime<Utc>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Scaled {
        began: Instant,
        scale: f64,
    },
    /// Microseconds since the start.
    ByHand(AtomicI64),
}

impl SimClock {
    pub(crate) fn new(pace: Pace) -> Self {
        let kind = match pace {
            Pace::Scaled(scale) => Kind::Scaled { began: Instant::now(), scale: scale.max(1.0) },
            Pace::ByHand => Kind::ByHand(AtomicI64::new(0)),
        };
        Self { start: Utc::now(), kind }
    }

    /// When it began.
    pub(crate) fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// Simulated now.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        match &self.kind {
            Kind::Scaled { began, scale } => self.start + seconds(began.elapsed().as_secs_f64() * scale),
            Kind::ByHand(micros) => self.start + TimeDelta::microseconds(micros.load(Ordering::SeqCst)),
        }
    }

    /// Moves a clock that is moved by hand; another one goes by itself.
    pub(crate) fn advance(&self, by: TimeDelta) {
        if let Kind::ByHand(micros) = &self.kind {
            micros.fetch_add(by.num_microseconds().unwrap_or_default().max(0), Ordering::SeqCst);
        }
    }

    fn scale(&self) -> f64 {
        match self.kind {
            Kind::Scaled { scale, .. } => scale,
            Kind::ByHand(_) => 1.0,
        }
    }

    /// How long a client has to wait for this much simulated time, in whole wall seconds, at least one.
    pub(crate) fn retry_after(&self, simulated: TimeDelta) -> u64 {
        let wall = simulated.as_seconds_f64().max(0.0) / self.scale();
        whole(wall.ceil()).max(1)
    }

    /// The same in milliseconds, for delays that the simulator makes itself.
    pub(crate) fn wall_ms(&self, simulated_ms: u64) -> u64 {
        match self.kind {
            Kind::Scaled { scale, .. } => whole((precise(simulated_ms) / scale).ceil()),
            Kind::ByHand(_) => 0,
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
