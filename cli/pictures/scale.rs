//! CLI: time as a length: stretches in which nothing happens are drawn short, and marked. Pure.

/// From times to places.
pub(crate) struct Scale {
    /// Times at which something happens, each with its place; in order.
    stops: Vec<(i64, i64)>,
    /// Stretches that are drawn shorter than they were: from and to, as times.
    pub(crate) cut: Vec<(i64, i64)>,
}

/// A stretch is drawn short where it is so many times as long as most others.
const LONG: i64 = 8;

/// A stretch that is drawn short has this share of the whole, in hundredths.
const CUT_SHARE: i64 = 7;

impl Scale {
    /// One on which all of this happens, between two places.
    pub(crate) fn of(times: impl IntoIterator<Item = i64>, from: i64, to: i64) -> Self {
        let mut times: Vec<i64> = times.into_iter().collect();
        times.sort_unstable();
        times.dedup();
        let gaps: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        let limit = limit(&gaps);
        let cuts = i64::try_from(gaps.iter().filter(|gap| **gap > limit).count()).unwrap_or(1);
        let room = to.saturating_sub(from);
        let cut_width = if cuts == 0 { 0 } else { (room * CUT_SHARE / 100).min(room / 2 / cuts) };
        let plain: i64 = gaps.iter().filter(|gap| **gap <= limit).sum();
        let left = if plain == 0 && cuts > 0 { 0 } else { room - cut_width * cuts };
        let cut_width = if left == 0 && cuts > 0 { room / cuts } else { cut_width };
        let (mut stops, mut cut, mut passed, mut cut_so_far) = (Vec::new(), Vec::new(), 0_i64, 0_i64);
        stops.extend(times.first().map(|first| (*first, from)));
        for (pair, gap) in times.windows(2).zip(&gaps) {
            if *gap > limit {
                cut_so_far += cut_width;
                cut.push((pair[0], pair[1]));
            } else {
                passed += gap;
            }
            let place = i128::from(left) * i128::from(passed) / i128::from(plain.max(1));
            stops.push((pair[1], from + i64::try_from(place).unwrap_or(left) + cut_so_far));
        }
        Self { stops, cut }
    }

    /// Where a time is.
    pub(crate) fn at(&self, ms: i64) -> i64 {
        let next = self.stops.partition_point(|(time, _)| *time < ms);
        match (next.checked_sub(1).and_then(|before| self.stops.get(before)), self.stops.get(next)) {
            (_, Some((time, place))) if *time == ms => *place,
            (Some((t0, p0)), Some((t1, p1))) => {
                let share = i128::from(p1 - p0) * i128::from(ms - t0) / i128::from(t1 - t0);
                p0 + i64::try_from(share).unwrap_or(0)
            }
            (Some((_, place)), None) | (None, Some((_, place))) => *place,
            (None, None) => 0,
        }
    }

    /// The times at which something happens.
    pub(crate) fn stops(&self) -> impl Iterator<Item = (i64, i64)> {
        self.stops.iter().copied()
    }
}

/// What is longer than this is drawn short: many times as long as three of four are, and a good part of the whole.
fn limit(gaps: &[i64]) -> i64 {
    let mut sorted = gaps.to_vec();
    sorted.sort_unstable();
    let whole: i64 = sorted.iter().sum();
    let usual = sorted.get(sorted.len() * 3 / 4).copied().unwrap_or(0);
    usual.saturating_mul(LONG).max(whole / 10).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soak_of_a_day_is_drawn_short_between_minutes_of_work_and_order_is_kept() {
        let minute = 60_000;
        let times =
            [0, minute, 2 * minute, 3 * minute, 4 * minute, 5 * minute, 1_500 * minute, 1_501 * minute];
        let scale = Scale::of(times, 100, 1_100);
        assert_eq!(scale.cut, [(5 * minute, 1_500 * minute)]);
        assert_eq!((scale.at(0), scale.at(1_501 * minute)), (100, 1_100));
        let places: Vec<i64> = times.iter().map(|time| scale.at(*time)).collect();
        assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{places:?}");
        assert!(scale.at(5 * minute) - scale.at(0) > 500, "the work is what is seen: {places:?}");
        let between = scale.at(700 * minute);
        assert!(between > scale.at(5 * minute) && between < scale.at(1_500 * minute));
    }

    #[test]
    fn nothing_and_one_moment_have_a_place_and_even_stretches_are_not_cut() {
        assert_eq!(Scale::of([], 5, 9).at(3), 0);
        assert_eq!(Scale::of([7], 5, 9).at(3), 5);
        let even = Scale::of([0, 10, 20, 30], 0, 300);
        assert!(even.cut.is_empty());
        assert_eq!([0, 10, 20, 30].map(|time| even.at(time)), [0, 100, 200, 300]);
    }
}
