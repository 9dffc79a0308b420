//! Simulator: Azure's token buckets. Pure.
//!
//! Reads hold 250 and gain 25 a second, writes and deletes 200 and 10, for each subscription and
//! principal (Azure's published limits since 2024). They fill in simulated time.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// All buckets, by name.
#[derive(Default)]
pub(crate) struct Buckets(BTreeMap<String, Bucket>);

struct Bucket {
    left: f64,
    at: DateTime<Utc>,
}

/// How large a bucket is, and how fast it fills.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) holds: f64,
    pub(crate) per_second: f64,
}

/// Reads.
pub(crate) const READS: Size = Size { holds: 250.0, per_second: 25.0 };
/// Writes, and deletes in a bucket of their own.
pub(crate) const WRITES: Size = Size { holds: 200.0, per_second: 10.0 };

impl Buckets {
    /// Takes one token: how many are left, or how long until there is one again.
    pub(crate) fn take(&mut self, name: &str, size: Size, now: DateTime<Utc>) -> Result<u64, TimeDelta> {
        let bucket = self.0.entry(name.to_owned()).or_insert(Bucket { left: size.holds, at: now });
        let passed = (now - bucket.at).as_seconds_f64().max(0.0);
        bucket.left = (bucket.left + passed * size.per_second).min(size.holds);
        bucket.at = now;
        if bucket.left < 1.0 {
            // Coming back too early makes it longer: what would be one token away is a whole second more.
            let missing = (1.0 - bucket.left) / size.per_second + 1.0;
            bucket.left = (bucket.left - 0.5).max(-size.per_second);
            #[expect(clippy::cast_possible_truncation, reason = "at most a few seconds")]
            return Err(TimeDelta::milliseconds((missing * 1_000.0) as i64));
        }
        bucket.left -= 1.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 250 and not negative"
        )]
        let left = bucket.left as u64;
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_fills_and_punishes_those_who_do_not_wait() {
        let mut buckets = Buckets::default();
        let start = DateTime::UNIX_EPOCH;
        for left in (0..200).rev() {
            assert_eq!(buckets.take("w", WRITES, start), Ok(left));
        }
        let wait = buckets.take("w", WRITES, start).expect_err("it is empty");
        let longer = buckets.take("w", WRITES, start).expect_err("it is still empty");
        assert!(longer > wait);
        assert!(buckets.take("w", WRITES, start + TimeDelta::seconds(10)).is_ok());
    }
}
