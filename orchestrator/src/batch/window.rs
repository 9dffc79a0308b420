//! Engine: in which hours of the week the runs of a batch begin something new, and in which spans of time they do not. A
//! part of the document that is approved, so what a zone's time is stands in it, and no machine has to know zones. Pure.

use serde::{Deserialize, Serialize};

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// Minutes of a week.
const WEEK: i64 = 7 * 24 * 60;

/// The first day of 1970 was a Thursday: so many minutes of its week had passed.
const EPOCH: i64 = 3 * 24 * 60;

/// When runs begin something new on their way forward.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Spans of every week, in minutes of local time since Monday began; all of it where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<OpenHours>,
    /// The zone of the local time, as people call it.
    pub zone: String,
    /// What the local time is, and since when; in their order. UTC before the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offsets: Vec<Offset>,
    /// Spans of time in which nothing new is begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freezes: Vec<Freeze>,
}

/// A span of every week; it may go over the week's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenHours {
    /// Its first minute since Monday began.
    pub from: u32,
    /// How many minutes it lasts.
    pub minutes: u32,
}

/// What the local time is from some moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offset {
    /// Milliseconds since 1970 UTC.
    pub from_ms: i64,
    /// So many minutes later than UTC it is.
    pub minutes: i32,
}

/// A span of time in which nothing new is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Its beginning, in milliseconds since 1970 UTC.
    pub from_ms: i64,
    /// Its end.
    pub to_ms: i64,
}

impl Window {
    /// Checks that it is ever open.
    ///
    /// # Errors
    /// The first rule that is broken, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        let week = WEEK.unsigned_abs();
        let sound = |hours: &&OpenHours| {
            u64::from(hours.from) < week && (1..=week).contains(&u64::from(hours.minutes))
        };
        if self.open.iter().filter(sound).count() != self.open.len() {
            return Err("hours of a window that are in no week".to_owned());
        }
        if self.freezes.iter().any(|freeze| freeze.from_ms >= freeze.to_ms) {
            return Err("a freeze that ends before it begins".to_owned());
        }
        if self.offsets.iter().any(|offset| i64::from(offset.minutes).abs() > 24 * 60) {
            return Err("a time that no zone has".to_owned());
        }
        match self.offsets.is_sorted_by(|one, next| one.from_ms < next.from_ms) {
            true => Ok(()),
            false => Err("times of a zone that do not follow each other".to_owned()),
        }
    }

    /// Whether this moment lies in a freeze.
    pub(crate) fn is_frozen(&self, at_ms: i64) -> bool {
        self.freezes.iter().any(|freeze| (freeze.from_ms..freeze.to_ms).contains(&at_ms))
    }

    /// When something new may be begun again, in milliseconds since 1970; nothing where it may be now.
    pub fn closed_until(&self, now_ms: i64) -> Option<i64> {
        let mut at = now_ms;
        // Each turn comes to another freeze, opening or time of the zone, and none comes twice.
        let most = self.freezes.len() + self.offsets.len() + 2;
        for _ in 0..most.saturating_mul(2) {
            let frozen = self.freezes.iter().filter(|freeze| (freeze.from_ms..freeze.to_ms).contains(&at));
            match (frozen.map(|freeze| freeze.to_ms).max(), self.opens(at)) {
                (Some(thawed), _) => at = thawed,
                (None, Some(opens)) => at = opens,
                (None, None) => break,
            }
        }
        (at > now_ms).then_some(at)
    }

    /// When it opens next, as far as the local time is known; nothing where it is open.
    fn opens(&self, at: i64) -> Option<i64> {
        let known = self.offsets.partition_point(|offset| offset.from_ms <= at);
        let offset = known.checked_sub(1).map_or(0, |last| i64::from(self.offsets[last].minutes));
        let local = at.saturating_add(offset * MINUTE_MS);
        let (minute, within) = (local.div_euclid(MINUTE_MS), local.rem_euclid(MINUTE_MS));
        let since_monday = minute.saturating_add(EPOCH).rem_euclid(WEEK);
        // How long ago each span began.
        let ago = |hours: &OpenHours| (since_monday - i64::from(hours.from)).rem_euclid(WEEK);
        if self.open.is_empty() || self.open.iter().any(|hours| ago(hours) < i64::from(hours.minutes)) {
            return None;
        }
        let ahead = self.open.iter().map(|hours| WEEK - ago(hours)).min()?;
        let opens = at.saturating_add(ahead * MINUTE_MS - within);
        // Where the zone's time changes before that, it is looked at again.
        let changes = self.offsets.get(known).map(|next| next.from_ms);
        Some(changes.map_or(opens, |changes| changes.min(opens)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 60 * MINUTE_MS;
    /// Monday, 5 January 1970.
    const MONDAY_MS: i64 = 4 * 24 * HOUR_MS;

    /// Every working day from 8 to 16.
    fn office(offsets: Vec<Offset>, freezes: Vec<Freeze>) -> Window {
        let open = (0..5).map(|day| OpenHours { from: day * 24 * 60 + 8 * 60, minutes: 8 * 60 }).collect();
        Window { open, zone: "somewhere".to_owned(), offsets, freezes }
    }

    #[test]
    fn it_is_open_from_its_first_millisecond_and_no_longer_at_its_end() {
        let office = office(Vec::new(), Vec::new());
        let (opens, closes) = (MONDAY_MS + 8 * HOUR_MS, MONDAY_MS + 16 * HOUR_MS);
        assert_eq!(office.closed_until(opens - 1), Some(opens));
        assert_eq!((office.closed_until(opens), office.closed_until(closes - 1)), (None, None));
        assert_eq!(office.closed_until(closes), Some(opens + 24 * HOUR_MS));
        let friday = closes + 4 * 24 * HOUR_MS;
        assert_eq!(office.closed_until(friday), Some(opens + 7 * 24 * HOUR_MS), "the weekend");
        assert_eq!(Window::default().closed_until(closes), None);
    }

    #[test]
    fn a_freeze_holds_over_an_opening_and_hours_go_over_the_end_of_the_week() {
        let freeze =
            |from, to| Freeze { from_ms: MONDAY_MS + from * HOUR_MS, to_ms: MONDAY_MS + to * HOUR_MS };
        let frozen = office(Vec::new(), vec![freeze(7, 9), freeze(9, 20), freeze(100, 101)]);
        assert_eq!(frozen.closed_until(MONDAY_MS + 6 * HOUR_MS), Some(MONDAY_MS + 32 * HOUR_MS));
        assert_eq!(frozen.closed_until(MONDAY_MS + 101 * HOUR_MS), Some(MONDAY_MS + 104 * HOUR_MS));
        let nights =
            Window { open: vec![OpenHours { from: 7 * 24 * 60 - 120, minutes: 240 }], ..Window::default() };
        assert_eq!(nights.closed_until(MONDAY_MS - HOUR_MS), None);
        assert_eq!(nights.closed_until(MONDAY_MS + HOUR_MS), None);
        assert_eq!(nights.closed_until(MONDAY_MS + 2 * HOUR_MS), Some(MONDAY_MS + 166 * HOUR_MS));
    }

    #[test]
    fn it_opens_by_the_local_time_of_the_day_on_which_it_opens() {
        let changes = MONDAY_MS + 24 * HOUR_MS + HOUR_MS;
        let offsets = vec![Offset { from_ms: 0, minutes: 60 }, Offset { from_ms: changes, minutes: 120 }];
        let office = office(offsets, Vec::new());
        assert_eq!(office.closed_until(MONDAY_MS), Some(MONDAY_MS + 7 * HOUR_MS));
        let evening = MONDAY_MS + 15 * HOUR_MS;
        assert_eq!(
            office.closed_until(evening),
            Some(MONDAY_MS + 30 * HOUR_MS),
            "an hour was left out that night"
        );
    }

    #[test]
    fn a_window_that_makes_no_sense_is_refused() {
        let hours = |from, minutes| office_of(vec![OpenHours { from, minutes }]);
        assert!(hours(0, 1).check().is_ok() && hours(10_079, 10_080).check().is_ok());
        assert!(hours(10_080, 1).check().is_err() && hours(0, 0).check().is_err());
        let freezes = vec![Freeze { from_ms: 1, to_ms: 1 }];
        assert!(office(Vec::new(), freezes).check().is_err());
        let twice = vec![Offset { from_ms: 1, minutes: 0 }, Offset { from_ms: 1, minutes: 60 }];
        assert!(office(twice, Vec::new()).check().is_err());
    }

    fn office_of(open: Vec<OpenHours>) -> Window {
        Window { open, ..Window::default() }
    }
}
