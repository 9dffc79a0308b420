//! CLI: dates as people and programs read them. Pure.

use chrono::{DateTime, SecondsFormat};

/// RFC 3339 in UTC, to the second.
pub(crate) fn date(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map_or_else(|| format!("{ms} ms"), |d| d.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// RFC 3339 in UTC, to the millisecond.
pub(crate) fn stamp(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map_or_else(|| format!("{ms} ms"), |d| d.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// A span in the two largest units that it fills.
pub(crate) fn span(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        (_, _, _) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_utc_and_spans_have_two_units() {
        assert_eq!(date(1_800_000_000_000), "2027-01-15T08:00:00Z");
        assert_eq!(stamp(1_800_000_000_001), "2027-01-15T08:00:00.001Z");
        assert_eq!([span(1_000), span(61_000), span(3_660_000), span(90_000_000)], ["1s", "1m 1s", "1h 1m", "1d 1h"]);
    }
}
