//! CLI: when the way forward of moves can be over at the earliest, by what their plans wait for. Pure.
//!
//! Only dates and delays count that are planned. What people, failures, waves and Azure take comes on top, and nobody knows it.

use crate::view::MoveView;
use crate::wait::WaitKind;
use rehome_orchestrator::TimeScale;

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
    use crate::view::State;
    use crate::wait::WaitView;

    const HOUR: u64 = 3_600_000;

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
