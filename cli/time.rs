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

/// The time of day in UTC, with its date where that is not today's.
pub(crate) fn clock(ms: i64, now_ms: i64) -> String {
    let read = DateTime::from_timestamp_millis;
    let (Some(date), Some(now)) = (read(ms), read(now_ms)) else { return format!("{ms} ms") };
    let form = if date.date_naive() == now.date_naive() { "%H:%MZ" } else { "%Y-%m-%d %H:%MZ" };
    date.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_utc() {
        assert_eq!(date(1_800_000_000_000), "2027-01-15T08:00:00Z");
        assert_eq!(clock(1_800_000_000_000, 1_800_000_009_000), "08:00Z");
        assert_eq!(clock(1_800_000_000_000, 1_800_090_000_000), "2027-01-15 08:00Z");
        assert_eq!(stamp(1_800_000_000_001), "2027-01-15T08:00:00.001Z");
    }
}
