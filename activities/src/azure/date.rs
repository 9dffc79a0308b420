//! Azure: what time it is there, and that it asked to be left alone. Reads a clock that nobody can set.

use reqwest::header::HeaderMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Who is told that the cloud asked for a pause: how long, and of what.
pub type Told = Arc<dyn Fn(Duration, &str) + Send + Sync>;

/// A pause that is no longer than this goes without a word.
const SHORT: Duration = Duration::from_secs(10);

/// What the answers of a cloud say beside their content. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct RecordedResponse {
    /// The date of the last answer, in milliseconds since 1970 UTC, and when it came.
    date: Arc<Mutex<Option<(i64, Instant)>>>,
    told: Arc<OnceLock<Told>>,
}

impl RecordedResponse {
    /// Takes in the date of an answer that has just come.
    pub(crate) fn answer(&self, headers: &HeaderMap) {
        let said = headers.get("date").and_then(|value| value.to_str().ok());
        if let Some(Ok(date)) = said.map(chrono::DateTime::parse_from_rfc2822) {
            *self.date.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((date.timestamp_millis(), Instant::now()));
        }
    }

    /// What time it is there now. A local Azure's days are as short as this program's own.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "milliseconds of years fit"
    )]
    pub(crate) fn now_ms(&self, scale: f64) -> Option<i64> {
        let (date, then) = (*self.date.lock().unwrap_or_else(PoisonError::into_inner))?;
        let passed = (then.elapsed().as_millis() as f64 * scale) as i64;
        Some(date.saturating_add(passed))
    }

    pub(crate) fn tell(&self, told: Told) {
        // Whoever was first is told.
        drop(self.told.set(told));
    }

    /// Says that a request waits, if that is long.
    pub(crate) fn pause(&self, length: Duration, of: &str) {
        if length > SHORT
            && let Some(told) = self.told.get()
        {
            told(length, of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_the_last_answer_goes_on_by_a_clock_that_nobody_sets() {
        let heard = RecordedResponse::default();
        assert_eq!(heard.now_ms(1.0), None);
        let mut headers = HeaderMap::new();
        heard.answer(&headers);
        headers.insert("date", "a day".parse().expect("a header"));
        heard.answer(&headers);
        assert_eq!(heard.now_ms(1.0), None, "no date was said");
        headers.insert("date", "Wed, 21 Oct 2015 07:28:00 GMT".parse().expect("a header"));
        heard.answer(&headers);
        let now = heard.now_ms(1.0).expect("a date");
        assert!((1_445_412_480_000..1_445_412_540_000).contains(&now), "{now}");
    }

    #[test]
    fn a_long_pause_is_told_and_a_short_one_is_not() {
        let (heard, said) = (RecordedResponse::default(), Arc::new(Mutex::new(Vec::new())));
        let hears = said.clone();
        heard.tell(Arc::new(move |length, of| {
            hears.lock().expect("one thread").push((length, of.to_owned()));
        }));
        heard.pause(Duration::from_secs(1), "GET /a");
        heard.pause(Duration::from_secs(3_600), "GET /b");
        assert_eq!(*said.lock().expect("one thread"), [(Duration::from_secs(3_600), "GET /b".to_owned())]);
    }
}
