//! CLI: the clocks of a batch: this side's, which anybody may set, beside Azure's, which nobody here can. Pure.

use super::exceptions::Told;
use rehome_orchestrator::RunId;
use std::collections::BTreeMap;

/// A clock that goes back by less is read by two processes at once.
const BACK_MS: i64 = 5_000;

/// Clocks that are further apart are not the same.
const APART_MS: i64 = 5 * 60_000;

/// What the events say of them, in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// The first time of an event, and the latest so far.
    span: Option<(i64, i64)>,
    /// Whether the runner's clock goes as fast as Azure's: in a rehearsal it does not, and the two say nothing of each other.
    real: bool,
    /// By Azure's date, when it answered the first change of each move.
    first: BTreeMap<RunId, i64>,
}

impl Clocks {
    /// Takes the time of the next event.
    pub(super) fn event(&mut self, at_ms: i64) -> Option<Told> {
        let (first, latest) = self.span.unwrap_or((at_ms, at_ms));
        self.span = Some((first.min(at_ms), latest.max(at_ms)));
        (at_ms.saturating_add(BACK_MS) < latest).then(|| {
            let words = format!("by {} s, or two machines are apart", (latest - at_ms) / 1_000);
            ("the clock went back", String::new(), words)
        })
    }

    /// Takes how fast the clock of the next runner goes.
    pub(super) fn opened(&mut self, scale: f64) {
        self.real = (scale - 1.0).abs() < f64::EPSILON;
    }

    /// Takes the date that Azure said when it answered, in an event of this time.
    pub(super) fn answer(&mut self, run: &RunId, at_ms: i64, date_ms: i64) -> Option<Told> {
        if !self.real {
            return None;
        }
        self.first.entry(run.clone()).or_insert(date_ms);
        let ahead = at_ms.saturating_sub(date_ms);
        (ahead.abs() > APART_MS).then(|| {
            let way = if ahead > 0 { "ahead of" } else { "behind" };
            let words = format!("the machine's was {} minutes {way} Azure's", ahead.abs() / 60_000);
            ("the clocks were apart", String::new(), words)
        })
    }

    /// Whether Azure answered the first change of a move before this date, or says nothing of it.
    pub(super) fn is_before(&self, run: &RunId, date_ms: i64) -> bool {
        self.first.get(run).is_none_or(|first| *first < date_ms)
    }

    pub(super) fn first(&self) -> Option<i64> {
        self.span.map(|(first, _)| first)
    }

    pub(super) fn last(&self) -> Option<i64> {
        self.span.map(|(_, latest)| latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_back_or_is_not_azures_is_told_and_a_rehearsals_is_not() {
        let (mut clocks, run, minute) = (Clocks::default(), RunId::new("m-1"), 60_000);
        assert!(clocks.event(10 * minute).is_none() && clocks.event(10 * minute - 4_000).is_none());
        let back = clocks.event(8 * minute).expect("it went back");
        assert!(back.2.contains("by 120 s"), "{back:?}");
        assert_eq!((clocks.first(), clocks.last()), (Some(8 * minute), Some(10 * minute)));
        clocks.opened(20_000.0);
        assert!(clocks.answer(&run, 90 * minute, 0).is_none() && clocks.is_before(&run, 0));
        clocks.opened(1.0);
        assert!(clocks.answer(&run, 4 * minute, 0).is_none());
        let apart = clocks.answer(&run, 0, 90 * minute).expect("they are apart");
        assert!(apart.2.contains("90 minutes behind"), "{apart:?}");
        assert!(
            clocks.is_before(&run, 1) && !clocks.is_before(&run, 0),
            "an approval had expired by Azure's date"
        );
    }
}
