//! CLI: days, hours, zones and dates as people write them. Pure.

use chrono::{
    DateTime, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeZone, Utc,
};
use chrono_tz::Tz;
use rehome_orchestrator::Offset;

/// The days of the week, as a batch file spells them.
pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Minutes of a day.
pub(super) const DAY: u32 = 24 * 60;

const MINUTE_MS: i64 = 60_000;

/// What a zone's time is stands in a plan for so long from when it is made; after that it stays as it is then.
const KNOWN_MS: i64 = 800 * 24 * 60 * MINUTE_MS;

/// No zone changes its time twice within so long.
const STEP_MS: i64 = 24 * 60 * MINUTE_MS;

/// A zone of local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    Fixed(FixedOffset),
    Named(Tz),
}

/// `Europe/Stockholm`, `+01:00` or `UTC`.
pub(super) fn zone(text: &str) -> Option<Zone> {
    let fixed = || DateTime::parse_from_rfc3339(&format!("2000-01-01T00:00:00{text}")).ok();
    text.parse().ok().map(Zone::Named).or_else(|| Some(Zone::Fixed(*fixed()?.offset())))
}

/// The names of all zones that are known.
pub(super) fn zones() -> impl Iterator<Item = &'static str> {
    chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
}

/// `07:00-16:00`, as the minutes of a day from which it lasts, and how many it does.
pub(super) fn hours(text: &str) -> Option<(u32, u32)> {
    let minute = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let two = |text: &str| {
            text.parse().ok().filter(|_| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()))
        };
        let (hour, minute): (u32, u32) = (two(hour)?, two(minute)?);
        (minute < 60 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
    };
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    let lasts = (to + DAY - from) % DAY;
    match (from < DAY, lasts, from == to) {
        (true, 0, false) => Some((from, DAY)),
        (true, 1.., _) => Some((from, lasts)),
        (_, _, _) => None,
    }
}

/// A date with or without a time of day, and with or without an offset.
pub(super) enum Date {
    Exact(i64),
    Local(NaiveDateTime),
}

/// `2026-12-11`, `2026-12-11T06:00`, `2026-12-11T06:00Z` or `2026-12-11T06:00+01:00`; seconds may follow.
pub(super) fn date(text: &str) -> Option<Date> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(Date::Local(day.and_time(NaiveTime::MIN)));
    }
    for form in ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"] {
        if let Ok(local) = NaiveDateTime::parse_from_str(text, form) {
            return Some(Date::Local(local));
        }
        let zulu = text.strip_suffix('Z').map(|text| format!("{text}+00:00"));
        if let Ok(exact) = DateTime::parse_from_str(zulu.as_deref().unwrap_or(text), &format!("{form}%:z")) {
            return Some(Date::Exact(exact.timestamp_millis()));
        }
    }
    None
}

impl Zone {
    pub(super) const UTC: Self = Self::Named(Tz::UTC);

    /// A date of this zone, in milliseconds since 1970. Of one that comes twice the first or the last, and of one that
    /// never comes an hour later.
    pub(super) fn utc_ms(self, date: &Date, last: bool) -> Option<i64> {
        let found = |local: &NaiveDateTime| match self {
            Self::Fixed(offset) => offset.from_local_datetime(local).map(|date| date.timestamp_millis()),
            Self::Named(zone) => zone.from_local_datetime(local).map(|date| date.timestamp_millis()),
        };
        let local = match date {
            Date::Exact(ms) => return Some(*ms),
            Date::Local(local) => *local,
        };
        match found(&local) {
            LocalResult::Single(ms) => Some(ms),
            LocalResult::Ambiguous(early, late) => Some(if last { late } else { early }),
            LocalResult::None => found(&local.checked_add_signed(chrono::TimeDelta::hours(1))?).earliest(),
        }
    }

    /// How many minutes later than UTC it is at a moment.
    fn minutes(self, at_ms: i64) -> i32 {
        let at = DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap_or_default().naive_utc();
        let seconds = match self {
            Self::Fixed(offset) => offset.local_minus_utc(),
            Self::Named(zone) => zone.offset_from_utc_datetime(&at).fix().local_minus_utc(),
        };
        seconds / 60
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::Fixed(offset) => offset.to_string(),
            Self::Named(zone) => zone.name().to_owned(),
        }
    }

    /// What its time is from now on, and each time that it changes.
    pub(super) fn offsets(self, now_ms: i64) -> Vec<Offset> {
        let mut offsets = vec![Offset { from_ms: 0, minutes: self.minutes(now_ms) }];
        let mut at = now_ms;
        while at < now_ms + KNOWN_MS {
            let (minutes, next) = (self.minutes(at), at + STEP_MS);
            if self.minutes(next) != minutes {
                let (mut before, mut after) = (at, next);
                while after - before > 1 {
                    let middle = before + (after - before) / 2;
                    if self.minutes(middle) == minutes { before = middle } else { after = middle }
                }
                offsets.push(Offset { from_ms: after, minutes: self.minutes(after) });
            }
            at = next;
        }
        offsets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_zones_and_dates_are_taken_as_people_write_them_and_nothing_else_is() {
        for (text, is) in [
            ("07:00-16:00", Some((420, 540))),
            ("22:00-04:00", Some((1_320, 360))),
            ("00:00-24:00", Some((0, 1_440))),
            ("16:00-16:00", None),
            ("7:00-16:00", None),
            ("07:00-25:00", None),
            ("24:00-01:00", None),
            ("07:00", None),
        ] {
            assert_eq!(hours(text), is, "{text}");
        }
        for text in ["Europe/Stockholm", "UTC", "+01:00", "-03:30"] {
            assert!(zone(text).is_some(), "{text}");
        }
        for text in ["Stockholm", "", "+1", "CEST+1"] {
            assert!(zone(text).is_none(), "{text}");
        }
        for text in ["2026-12-11", "2026-12-11T06:00", "2026-12-11T06:00Z", "2026-12-11T06:00:30+01:00"] {
            assert!(date(text).is_some(), "{text}");
        }
        for text in ["2026-13-11", "11.12.2026", "2026-12-11 06:00", "soon", ""] {
            assert!(date(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_zone_says_when_its_time_changes_to_the_millisecond() {
        let stockholm = zone("Europe/Stockholm").expect("a zone");
        // 15 January 2027; summer begins on 28 March at 01:00 UTC, and ends on 31 October.
        let offsets = stockholm.offsets(1_800_000_000_000);
        let told: Vec<(i64, i32)> =
            offsets.iter().take(3).map(|offset| (offset.from_ms, offset.minutes)).collect();
        assert_eq!(told, [(0, 60), (1_806_195_600_000, 120), (1_824_944_400_000, 60)]);
        let local =
            |text: &str, last| stockholm.utc_ms(&date(text).expect("a date"), last).expect("a moment");
        assert_eq!(local("2027-01-15T09:00", false), 1_800_000_000_000);
        assert_eq!(local("2027-03-28T02:30", false), local("2027-03-28T03:30", false), "it never comes");
        assert_eq!(
            local("2027-10-31T02:30", true) - local("2027-10-31T02:30", false),
            3_600_000,
            "it comes twice"
        );
        assert_eq!(zone("+02:00").expect("a zone").offsets(0), [Offset { from_ms: 0, minutes: 120 }]);
    }
}
