//! Engine: how long is how long: our own timers may be shortened, dates are computed here. Pure.

use crate::ids::{RunId, StepId};
use crate::plan::Retry;
use std::time::Duration;

/// By how much this program's own timers are shortened; never what the other side asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeScale(f64);

impl TimeScale {
    /// Every second is a second.
    pub const REAL: Self = Self(1.0);

    /// Every second takes `1 / scale` of one; `None` unless the scale is finite and at least 1.
    pub fn scaled(scale: f64) -> Option<Self> {
        (scale.is_finite() && scale >= 1.0).then_some(Self(scale))
    }

    /// The scale.
    pub fn scale(self) -> f64 {
        self.0
    }

    /// How many wall milliseconds an own duration takes, rounded up.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "milliseconds of years fit"
    )]
    pub fn wall_ms(self, own_ms: u64) -> i64 {
        (own_ms as f64 / self.0).ceil() as i64
    }
}

/// A span of wall time in milliseconds.
pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4)
}

/// When the next try may be: what the other side asked for, or our own doubling pause with jitter,
/// whichever is later. The jitter is a function of its arguments, so a replay decides the same.
pub(crate) fn next_date(
    now_ms: i64,
    time_scale: TimeScale,
    rule: &Retry,
    who: (&RunId, &StepId),
    tries: u32,
    wished: Option<Duration>,
) -> i64 {
    let doubled = rule.base_ms.saturating_mul(1 << tries.saturating_sub(1).min(30));
    let pause = doubled.min(rule.cap_ms);
    let jittered = pause / 2 + scatter(who.0.as_str(), who.1.as_str(), tries) % (pause / 2 + 1);
    let own = time_scale.wall_ms(jittered);
    now_ms.saturating_add(wished.map_or(own, |w| millis(w).max(own)))
}

/// FNV-1a: spread without a random source.
fn scatter(run: &str, step: &str, tries: u32) -> u64 {
    let bytes = run.bytes().chain(*b"\n").chain(step.bytes()).chain(tries.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap_and_the_other_sides_wish_is_a_floor() {
        let (run, step) = (RunId::new("r"), StepId::new("s"));
        let rule = Retry { base_ms: 1_000, cap_ms: 8_000, attempts_max: 9, give_up_after_ms: 1 };
        for (tries, most) in [(1, 1_000), (2, 2_000), (3, 4_000), (4, 8_000), (40, 8_000)] {
            let pause = next_date(0, TimeScale::REAL, &rule, (&run, &step), tries, None);
            assert!((most / 2..=most).contains(&pause), "try {tries}: {pause}");
        }
        let wished = Some(Duration::from_secs(60));
        let quick = TimeScale::scaled(1_000.0).expect("a legal scale");
        assert_eq!(next_date(5, quick, &rule, (&run, &step), 1, wished), 60_005);
        assert!(next_date(0, quick, &rule, (&run, &step), 4, None) <= 8);
    }

    #[test]
    fn a_scale_below_one_or_no_number_is_refused() {
        assert!(TimeScale::scaled(0.5).is_none() && TimeScale::scaled(f64::NAN).is_none());
        assert_eq!(TimeScale::scaled(2.0).expect("a legal scale").wall_ms(3), 2);
    }
}
