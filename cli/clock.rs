//! CLI: the clocks of a run: this machine's, and the cloud's, which nobody here can set. Touches both, reading.

use crate::output::Output;
use rehome_activities::azure::Azure;
use rehome_orchestrator::{Clock, SystemClock};
use rehome_store::{BoxFuture, Log, Position};
use std::sync::Arc;
use std::time::Duration;

/// This machine's clock, and what time it is in the cloud.
pub(crate) struct Clocks(pub(crate) Azure);

impl Clock for Clocks {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms()
    }

    fn steady_ms(&self) -> i64 {
        SystemClock.steady_ms()
    }

    fn elsewhere_ms(&self) -> Option<i64> {
        self.0.now_ms()
    }

    fn sleep_until(&self, date_ms: i64) -> BoxFuture<'_, ()> {
        Box::pin(async move { SystemClock.sleep_until(date_ms).await })
    }
}

/// From now on a person is told when a request waits because the cloud asked for it.
pub(crate) fn tell(azure: &Azure, output: &Output) {
    let output = output.clone();
    azure.tell(Arc::new(move |length, of| output.note(&waits(length, of))));
}

fn waits(length: Duration, of: &str) -> String {
    let until_ms = SystemClock.now_ms().saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX));
    format!("WAITS     the cloud asks to be left alone until {}: {of}", crate::time::date(until_ms))
}

/// Two clocks that differ by less are the same.
pub(crate) const SKEW_MS: i64 = 5 * 60_000;

/// What is wrong with this machine's clock, beside the cloud's and beside the last event's.
fn remarks(now_ms: i64, cloud_ms: Option<i64>, last_ms: i64) -> Vec<String> {
    let mut all = Vec::new();
    let minutes = |ms: i64| ms.abs() / 60_000;
    if let Some(ahead) =
        cloud_ms.map(|cloud| now_ms.saturating_sub(cloud)).filter(|ahead| ahead.abs() > SKEW_MS)
    {
        let way = if ahead > 0 { "ahead of" } else { "behind" };
        all.push(format!(
            "note: this machine's clock is {} minutes {way} the cloud's: soaks end by the cloud's, and all other dates are this machine's",
            minutes(ahead)
        ));
    }
    let back = last_ms.saturating_sub(now_ms);
    if back > SKEW_MS {
        all.push(format!(
            "note: the last event of the log is {} minutes in the future: this machine's clock was set back, or is another one",
            minutes(back)
        ));
    }
    all
}

/// Says what is wrong with this machine's clock, if anything is.
pub(crate) async fn remark(log: &dyn Log, azure: &Azure, is_real: bool, output: &Output) {
    // The clock of a local Azure goes as fast as a rehearsal does.
    let cloud_ms = azure.now_ms().filter(|_| is_real);
    let last = match log.head().await {
        Ok(head) => log.read_all(Position(head.position.0.saturating_sub(1)), 1).await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let last_ms = last.first().map_or(i64::MIN, |event| event.record.at_ms);
    for remark in remarks(SystemClock.now_ms(), cloud_ms, last_ms) {
        output.note(&remark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_remarked_upon_and_one_that_is_right_is_not() {
        let (now, minute) = (1_000_000_000_000, 60_000);
        assert!(remarks(now, Some(now - minute), now + minute).is_empty());
        assert!(remarks(now, None, i64::MIN).is_empty());
        let ahead = remarks(now, Some(now - 90 * minute), now - minute);
        assert!(ahead.len() == 1 && ahead[0].contains("90 minutes ahead of the cloud"), "{ahead:?}");
        let back = remarks(now, Some(now + 90 * minute), now + 90 * minute);
        assert!(back.len() == 2 && back[0].contains("behind") && back[1].contains("set back"), "{back:?}");
    }
}
