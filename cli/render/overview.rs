//! CLI: where many moves stand, on one screen: how many are in each state, and what they wait for, by cause. Pure.

use super::fit::fit;
use super::kinds::{Kind, kinds};
use crate::counted::counted;
use crate::put::putln;
use crate::time::clock;
use crate::view::{MoveView, State};
use crate::wait::{WaitKind, WaitView};
use std::collections::BTreeSet;
use std::fmt::Write;

/// From so many moves on they are counted, and no longer shown one by one.
pub(crate) const MANY: usize = 16;

/// Columns of the screen.
const WIDTH: usize = 79;

/// So many causes of one kind are shown, and so many moves that ended otherwise.
const LINES_MAX: usize = 3;

/// What moves wait for: those that people end come first.
const KINDS: [(WaitKind, &str); 12] = [
    (WaitKind::Failed, "NEEDS A PERSON: FAILED"),
    (WaitKind::ByHand, "NEEDS A PERSON: BY HAND"),
    (WaitKind::Approval, "NEEDS A PERSON: APPROVAL"),
    (WaitKind::Held, "HELD"),
    (WaitKind::Wave, "WAITING: WAVE"),
    (WaitKind::Restored, "WAITING: RESTORED"),
    (WaitKind::Runner, "WAITING: RUNNER"),
    (WaitKind::Unread, "WAITING: UNREAD"),
    (WaitKind::Retry, "WAITING: NEXT TRY"),
    (WaitKind::Azure, "WAITING: AZURE"),
    (WaitKind::Pause, "WAITING: PROPAGATION DELAY"),
    (WaitKind::Soak, "WAITING: SOAK"),
];

/// A step that waits, and the move that it belongs to.
type Waiting<'a> = (&'a MoveView, &'a WaitView);

/// All of them on one screen. `now_ms` is the wall time in milliseconds since 1970; dates of today are shown as hours.
pub(crate) fn text(views: &[MoveView], runner: Option<&str>, now_ms: i64) -> String {
    let mut out = String::new();
    let batches: BTreeSet<&str> = views.iter().map(|view| view.batch.as_str()).collect();
    for batch in batches {
        counts(&mut out, batch, views);
    }
    for (kind, title) in KINDS {
        let of = |view| move |wait: &&WaitView| wait.kind == kind && is_shown(view, wait);
        let all: Vec<Waiting<'_>> = views
            .iter()
            .flat_map(|view| view.waiting_for.iter().filter(of(view)).map(move |wait| (view, wait)))
            .collect();
        waits(&mut out, title, &all, now_ms);
    }
    ended_otherwise(&mut out, views);
    putln!(out, "\nrehome status MOVE shows one of them, --all each of them");
    if let Some(runner) = runner {
        putln!(out, "{runner}");
    }
    out.trim_end().to_owned()
}

/// A gate that the whole batch comes to is no news while a move is under way.
fn is_shown(view: &MoveView, wait: &WaitView) -> bool {
    wait.kind != WaitKind::Approval || view.state == State::AwaitingCleanup
}

/// How many moves of a batch are in each state; they add up.
fn counts(out: &mut String, batch: &str, views: &[MoveView]) {
    let of = |state: State| views.iter().filter(|view| view.batch == batch && view.state == state).count();
    let all: usize = State::ALL.iter().copied().map(of).sum();
    putln!(out, "{batch}: {}", counted(all, "move"));
    for &state in State::ALL {
        let count = of(state);
        if count > 0 {
            putln!(out, "  {:<16} {count:>6}", state.word());
        }
    }
}

fn waits(out: &mut String, title: &str, all: &[Waiting<'_>], now_ms: i64) {
    if all.is_empty() {
        return;
    }
    let moves: BTreeSet<&str> = all.iter().map(|(view, _)| view.run.as_str()).collect();
    putln!(out, "\n{title}  {} in {}", counted(all.len(), "step"), counted(moves.len(), "move"));
    let causes = kinds(all, |(_, wait)| cause(wait));
    for Kind { what, all } in causes.iter().take(LINES_MAX) {
        let Some((view, wait)) = all.first() else { continue };
        let line = format!("  {:>4} x {what}{}", all.len(), until(all, now_ms));
        putln!(out, "{}", fit(&line, WIDTH));
        let first = format!("         first {}:{} {}: {}", view.run, wait.step, view.name(), wait.title);
        putln!(out, "{}", fit(&first, WIDTH));
        if let Some(why) = &wait.why {
            putln!(out, "{}", fit(&format!("         why   {why}"), WIDTH));
        }
        if let Some(command) = wait.unblock_with.first() {
            putln!(out, "         next  {command}");
        }
    }
    if causes.len() > LINES_MAX {
        putln!(out, "  and {} more", counted(causes.len() - LINES_MAX, "cause"));
    }
}

/// What many waits have in common: the code of what went wrong, or what is to be done, without the place.
fn cause(wait: &WaitView) -> &str {
    match (&wait.why, wait.title.split_once(": ")) {
        (Some(why), _) => &why.code,
        (None, Some((_, what))) => what,
        (None, None) => &wait.title,
    }
}

/// When the first and the last of them are looked at again.
fn until(all: &[&Waiting<'_>], now_ms: i64) -> String {
    let dates = || all.iter().filter_map(|(_, wait)| wait.next_check_ms).filter(|ms| *ms > 0);
    match (dates().min(), dates().max()) {
        (Some(first), Some(last)) if first == last => format!(", until {}", clock(first, now_ms)),
        (Some(first), Some(last)) => {
            format!(", until {} to {}", clock(first, now_ms), clock(last, now_ms))
        }
        (_, _) => String::new(),
    }
}

/// Whether a move is one of those that are told of.
type Is = fn(&MoveView) -> bool;

/// Moves that left something out, did not come back whole, or did not begin.
fn ended_otherwise(out: &mut String, views: &[MoveView]) {
    let told: [(&str, Is); 4] = [
        ("left something out", |view| !view.left_out.is_empty()),
        ("could not take everything back", |view| !view.still_there.is_empty()),
        ("differ from what was there before", |view| !view.differs.is_empty()),
        ("are stale: plan again", |view| view.state == State::Stale),
    ];
    for (what, is) in told {
        let all: Vec<&str> = views.iter().filter(|view| is(view)).map(|view| view.run.as_str()).collect();
        if !all.is_empty() {
            let first = all.iter().take(LINES_MAX).copied().collect::<Vec<_>>().join(", ");
            let more = if all.len() > LINES_MAX { ", ..." } else { "" };
            putln!(out, "\n{} {what}: {first}{more}", counted(all.len(), "move"));
        }
    }
    for view in views.iter().filter(|view| !view.changed.is_empty()).take(LINES_MAX) {
        let facts: Vec<&str> = view.changed.iter().map(|changed| changed.fact.as_str()).collect();
        putln!(out, "  {} changed: {}", view.run, facts.join("; "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_orchestrator::{Fault, FaultKind};

    fn view(n: usize, state: State, wait: Option<WaitView>) -> MoveView {
        MoveView {
            run: format!("m-{n:04}"),
            identity: format!("/subscriptions/s/resourceGroups/g/providers/p/t/id-{n:04}"),
            waiting_for: wait.into_iter().collect(),
            ..MoveView::standing(state)
        }
    }

    fn three_hundred() -> Vec<MoveView> {
        let wait = |n: usize, kind, title: &str| WaitView {
            unblock_with: vec![format!("rehome ack m-{n:04}:12 --note TEXT")],
            next_check_ms: Some(1_800_000_000_000 + i64::try_from(n).expect("small") * 60_000),
            ..WaitView::new("12", title, kind, 1_000)
        };
        (0..300)
            .map(|n| match n {
                7 => {
                    let why = Fault::new(FaultKind::Denied, "AuthorizationFailed", "no\nright");
                    let why = Some(why);
                    view(
                        n,
                        State::Failed,
                        Some(WaitView { why, ..wait(n, WaitKind::Failed, "kv-hr: grant") }),
                    )
                }
                0..40 => {
                    let title = format!("cluster aks-{n}: annotation client-id");
                    view(n, State::NeedsPerson, Some(wait(n, WaitKind::ByHand, &title)))
                }
                40..100 => view(n, State::Soaking, Some(wait(n, WaitKind::Soak, "soak 24h"))),
                _ => view(n, State::Done, None),
            })
            .collect()
    }

    #[test]
    fn three_hundred_moves_fit_one_screen_and_the_failed_one_comes_first() {
        let shown = text(&three_hundred(), Some("NO RUNNER; next: rehome run exit-weu"), 1_800_000_000_000);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.len() <= 24, "{} lines:\n{shown}", lines.len());
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{shown}");
        let at = |text: &str| shown.find(text).unwrap_or_else(|| panic!("{text} is not in\n{shown}"));
        assert!(at("FAILED  1 step in 1 move") < at("BY HAND  39 steps in 39 moves"));
        assert!(at("1 x AuthorizationFailed") < at("39 x annotation client-id"));
        assert!(at("60 x soak 24h, until 08:40Z to 09:39Z") > at("39 x annotation client-id"));
        assert!(shown.contains("no\\nright"), "a line break of Azure is no line here");
    }

    #[test]
    fn the_counts_add_up_and_a_state_that_no_move_is_in_is_not_there() {
        let shown = text(&three_hundred(), None, 0);
        let count = |word: &str| -> usize {
            let line = shown.lines().find(|line| line.trim_start().starts_with(word));
            line.and_then(|line| line.split_whitespace().nth(1)).map_or(0, |n| n.parse().expect("a number"))
        };
        assert_eq!(count("failed") + count("needs-person") + count("soaking") + count("done"), 300);
        assert!(!shown.contains("rolled-back"), "{shown}");
    }
}
