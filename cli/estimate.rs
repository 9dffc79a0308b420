//! CLI: when the way forward of moves can be over at the earliest, by what their plans wait for, and how fast they came on
//! so far. Pure.
//!
//! Only dates and delays count that are planned. What people, failures, waves and Azure take comes on top, and nobody knows it:
//! the pace so far has all of that in it, and promises nothing.

use crate::counted::counted;
use crate::least_time::length;
use crate::view::{MoveView, State};
use crate::wait::WaitKind;
use rehome_orchestrator::{BatchEvent, BatchLoaded, TimeScale};
use serde::Serialize;

/// How fast a batch came on until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Pace {
    /// Since when, in milliseconds since 1970 UTC: a program first worked on what is planned.
    since_ms: i64,
    /// How many moves have everything behind them but soaks and the clean-up, or ended in another way.
    through: u64,
    /// How many have not.
    rest: u64,
    /// When the last of them is through, if they come on as the others did, in milliseconds since 1970 UTC.
    pub(crate) end_ms: i64,
}

impl Pace {
    /// Of a batch that is under way; nothing where no move is through yet, or all are.
    pub(crate) fn of(name: &str, batch: &BatchLoaded, views: &[MoveView], now_ms: i64) -> Option<Self> {
        let planned =
            batch.entries.iter().rposition(|entry| matches!(entry.event, BatchEvent::Planned(_)))?;
        let mut after = batch.entries[planned..].iter();
        let since_ms = after.find(|entry| matches!(entry.event, BatchEvent::Opened(_)))?.at_ms;
        let moves = || views.iter().filter(|view| view.batch == name && view.state != State::Skipped);
        Self::measured(since_ms, moves().filter(|view| is_through(view)).count(), moves().count(), now_ms)
    }

    fn measured(since_ms: i64, through: usize, all: usize, now_ms: i64) -> Option<Self> {
        let (through, rest) = (through as u64, all.saturating_sub(through) as u64);
        // What was done within a minute is no pace of anything that takes days.
        let spent = u64::try_from(now_ms.saturating_sub(since_ms)).ok().filter(|ms| *ms >= 60_000)?;
        let each = (through > 0 && rest > 0).then(|| spent / through)?;
        let end_ms = now_ms.saturating_add_unsigned(each.saturating_mul(rest));
        Some(Self { since_ms, through, rest, end_ms })
    }

    /// As people read it.
    pub(crate) fn line(&self, batch: &str, now_ms: i64) -> String {
        let spent = length(u64::try_from(now_ms.saturating_sub(self.since_ms)).unwrap_or_default());
        let (through, end) = (counted(self.through, "move"), crate::time::clock(self.end_ms, now_ms));
        format!("{batch}: {through} through in {spent}; at that pace the other {} by {end}", self.rest)
    }
}

/// Whether a move has everything behind it but its soak and clean-up, or ended in another way.
fn is_through(view: &MoveView) -> bool {
    view.is_over() || matches!(view.state, State::Soaking | State::AwaitingCleanup)
}

/// What a person is told of the end of a batch: how far it is, and the earliest date at which it can be over.
pub(crate) fn line(batch: &str, views: &[MoveView], now_ms: i64, scale: TimeScale) -> Option<String> {
    let moves: Vec<&MoveView> = views.iter().filter(|view| view.batch == batch).collect();
    let end_ms = end_of(batch, views, now_ms, scale)?;
    let of = |count: fn(&MoveView) -> usize| moves.iter().map(|view| count(view)).sum::<usize>();
    let (done, total) = (of(|view| view.done), of(|view| view.total));
    let date = crate::time::clock(end_ms, now_ms);
    Some(format!("{batch}: {done} of {total} steps; clean-up not before {date}, by planned waits alone"))
}

/// The earliest date at which nothing of a batch is left but its clean-up, in wall milliseconds since 1970.
pub(crate) fn end_of(batch: &str, views: &[MoveView], now_ms: i64, scale: TimeScale) -> Option<i64> {
    let chains = views.iter().filter(|view| view.batch == batch).filter_map(|view| Some((view, view.chain?)));
    let ends = chains.map(|(view, chain)| {
        // What is kept from beginning anything cannot begin before; a soak that has begun goes on.
        let begins_ms = if chain.then_ms > 0 { held_until_ms(view).max(now_ms) } else { now_ms };
        chain.end_ms(begins_ms, scale)
    });
    ends.filter(|end_ms| *end_ms > now_ms).max()
}

/// Until when hours, a freeze, a pause or its wave's date keep a move as a whole; 0 where nothing does.
fn held_until_ms(view: &MoveView) -> i64 {
    let held = view.waiting_for.iter().filter(|wait| matches!(wait.kind, WaitKind::Held | WaitKind::Wave));
    held.filter_map(|wait| wait.next_check_ms).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Chain;
    use crate::wait::WaitView;

    const HOUR: u64 = 3_600_000;

    #[test]
    fn the_pace_so_far_is_told_with_what_it_is_made_of_and_of_nothing_nothing_is_made() {
        let (since, now) = (1_800_000_000_000, 1_800_000_000_000 + 10 * 3_600_000);
        let pace = Pace::measured(since, 20, 50, now).expect("a pace");
        assert_eq!(pace.end_ms, now + 15 * 3_600_000);
        let line = pace.line("exit-weu", now);
        assert_eq!(
            line,
            "exit-weu: 20 moves through in 10 h; at that pace the other 30 by 2027-01-16 09:00Z"
        );
        for (through, all) in [(0, 50), (50, 50), (0, 0)] {
            assert_eq!(Pace::measured(since, through, all, now), None);
        }
        assert_eq!(Pace::measured(now + 1, 1, 2, now), None, "a clock that was set back");
    }

    fn waits(state: State, until_ms: i64, then_ms: u64) -> MoveView {
        MoveView { chain: Some(Chain { until_ms, then_ms }), ..MoveView::standing(state) }
    }

    #[test]
    fn a_batch_ends_with_the_last_of_its_moves_and_what_is_over_does_not_count() {
        let now = 1_800_000_000_000;
        let later = now + 5 * 3_600_000;
        let views = [
            waits(State::Soaking, later, 0),
            waits(State::Running, 0, 2 * HOUR),
            MoveView::standing(State::Done),
            waits(State::Running, now - 1, 3 * HOUR),
        ];
        assert_eq!(end_of("exit-weu", &views, now, TimeScale::REAL), Some(later));
        assert_eq!(end_of("exit-weu", &views[1..], now, TimeScale::REAL), Some(now + 3 * 3_600_000));
        assert_eq!(end_of("exit-weu", &views[2..3], now, TimeScale::REAL), None);
        assert_eq!(end_of("another", &views, now, TimeScale::REAL), None);
        let quick = TimeScale::scaled(3_600.0).expect("a legal scale");
        assert_eq!(end_of("exit-weu", &views[1..2], now, quick), Some(now + 2_000));
        let mut held = waits(State::Waiting, 0, HOUR);
        held.waiting_for =
            vec![WaitView { next_check_ms: Some(later), ..WaitView::new("-", "hours", WaitKind::Held, now) }];
        assert_eq!(end_of("exit-weu", &[held], now, TimeScale::REAL), Some(later + 3_600_000));
        let line = line("exit-weu", &views, now, TimeScale::REAL).expect("a line");
        assert_eq!(line, "exit-weu: 12 of 80 steps; clean-up not before 13:00Z, by planned waits alone");
    }
}
