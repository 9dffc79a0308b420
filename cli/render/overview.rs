//! CLI: where many moves stand, on one screen: how many are in each state, and what they wait for, by cause. Pure.

use super::fit::fit;
use super::kinds::{Kind, kinds};
use crate::counted::counted;
use crate::error::one_line;
use crate::put::putln;
use crate::time::clock;
use crate::view::{MoveView, State, TAKEN_BACK};
use crate::wait::{WaitKind, WaitView};
use crate::wave_view::WaveView;
use rehome_orchestrator::RunId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// From so many moves on they are counted, and no longer shown one by one.
pub(crate) const MANY: usize = 16;

/// Columns of the screen.
const WIDTH: usize = 79;

/// So many causes of one kind are shown, and so many moves that ended otherwise.
const LINES_MAX: usize = 3;

/// What moves wait for: those that people end come first.
const KINDS: [(WaitKind, &str); 14] = [
    (WaitKind::Failed, "NEEDS A PERSON: FAILED"),
    (WaitKind::ByHand, "NEEDS A PERSON: BY HAND"),
    (WaitKind::Wave, NEEDED),
    (WaitKind::Approval, "NEEDS A PERSON: APPROVAL"),
    (WaitKind::Held, "HELD"),
    (WaitKind::HeldUp, "HELD UP BY ANOTHER MOVE"),
    (WaitKind::Wave, "WAITING: WAVE"),
    (WaitKind::Restored, "WAITING: RESTORED"),
    (WaitKind::Runner, "WAITING: RUNNER"),
    (WaitKind::Unread, "WAITING: UNREAD"),
    (WaitKind::Retry, "WAITING: NEXT TRY"),
    (WaitKind::Azure, "WAITING: AZURE"),
    (WaitKind::Pause, "WAITING: PROPAGATION DELAY"),
    (WaitKind::Soak, "WAITING: SOAK"),
];

/// What people say of a wave before it begins: that they approve it, or release it.
const NEEDED: &str = "NEEDS A PERSON: WAVE";

/// A step that waits, and the move that it belongs to.
pub(crate) type Waiting<'a> = (&'a MoveView, &'a WaitView);

/// Steps that wait for the same, for the same reason.
pub(crate) struct Caused<'a> {
    pub(crate) kind: WaitKind,
    pub(crate) what: &'a str,
    /// On the way back.
    pub(crate) back: bool,
    /// At least one.
    pub(crate) all: Vec<Waiting<'a>>,
}

/// Everything that these moves wait for, by its cause: what people end comes first, and the most of a kind.
pub(crate) fn by_cause<'a>(views: &[&'a MoveView]) -> Vec<Caused<'a>> {
    let mut out: Vec<Caused<'a>> = Vec::new();
    for of in KINDS {
        let first = out.len();
        for view in views {
            for wait in view.waiting_for.iter().filter(|wait| is_of(of, view, wait)) {
                let (kind, what, back) = (of.0, cause(wait), view.goes_back);
                match out[first..].iter_mut().find(|caused| caused.what == what && caused.back == back) {
                    Some(caused) => caused.all.push((view, wait)),
                    None => out.push(Caused { kind, what, back, all: vec![(view, wait)] }),
                }
            }
        }
        out[first..].sort_by_key(|caused| std::cmp::Reverse(caused.all.len()));
    }
    out
}

/// All of them on one screen. `now_ms` is the wall time in milliseconds since 1970; dates of today are shown as hours.
pub(crate) fn text(views: &[MoveView], waves: &Waves, runner: Option<&str>, now_ms: i64) -> String {
    let mut out = String::new();
    let batches: BTreeSet<&str> = views.iter().map(|view| view.batch.as_str()).collect();
    for batch in batches {
        match waves.get(batch).filter(|waves| waves.len() > 1) {
            Some(waves) => by_wave(&mut out, batch, views, waves, now_ms),
            None => counts(&mut out, batch, views),
        }
    }
    for kind in KINDS {
        let all = views.iter().flat_map(|view| view.waiting_for.iter().map(move |wait| (view, wait)));
        let all: Vec<Waiting<'_>> = all.filter(|(view, wait)| is_of(kind, view, wait)).collect();
        waits(&mut out, kind.1, &all, now_ms);
    }
    ended_otherwise(&mut out, views);
    putln!(out, "\nrehome status MOVE shows one of them, --all each of them");
    if let Some(runner) = runner {
        putln!(out, "{runner}");
    }
    out.trim_end().to_owned()
}

/// Whether a wait is shown under this heading.
fn is_of((kind, title): (WaitKind, &str), view: &MoveView, wait: &WaitView) -> bool {
    let needed = view.state == State::NeedsPerson;
    wait.kind == kind && is_shown(view, wait) && (kind != WaitKind::Wave || needed == (title == NEEDED))
}

/// A gate that the whole batch comes to is no news while a move is under way.
fn is_shown(view: &MoveView, wait: &WaitView) -> bool {
    wait.kind != WaitKind::Approval || view.state == State::AwaitingCleanup
}

/// The waves of batches, by the names of the batches.
pub(crate) type Waves = BTreeMap<String, Vec<WaveView>>;

/// So many columns the names of waves have at least.
const NAME_MIN: usize = 12;

/// So many columns of states fit beside the names of waves and what they wait for.
const COLUMNS_MAX: usize = 5;

/// So many waves are shown one by one: those that are through, and those that come later, are told together beyond that.
const WAVES_MAX: usize = 10;

/// How many moves of each wave are in each state, with what the wave waits for; they add up in both directions.
fn by_wave(out: &mut String, batch: &str, views: &[MoveView], waves: &[WaveView], now_ms: i64) {
    let of_batch: Vec<&MoveView> = views.iter().filter(|view| view.batch == batch).collect();
    let of = |state: &State| of_batch.iter().filter(|view| view.state == *state).count();
    let mut all: Vec<State> = State::ALL.iter().copied().filter(|state| of(state) > 0).collect();
    let mut rest = Vec::new();
    if all.len() > COLUMNS_MAX {
        // What wants somebody is always told by itself, then what most are; the others are counted together.
        let wants = |state: &State| matches!(state, State::Failed | State::NeedsPerson);
        all.sort_by_key(|state| (!wants(state), std::cmp::Reverse(of(state))));
        rest = all.split_off(COLUMNS_MAX - 1);
        all.sort();
    }
    let shown = all;
    let row = |of: &[&MoveView]| -> Vec<usize> {
        let count = |states: &[State]| of.iter().filter(|view| states.contains(&view.state)).count();
        let each = shown.iter().map(|state| count(&[*state]));
        [of.len()].into_iter().chain(each).chain((!rest.is_empty()).then(|| count(&rest))).collect()
    };
    putln!(out, "{batch}: {}", counted(of_batch.len(), "move"));
    let heads = ["total"].into_iter().chain(shown.iter().map(|state| short(*state)));
    let heads: Vec<&str> = heads.chain((!rest.is_empty()).then_some("other")).collect();
    let taken: usize = heads.iter().map(|head| head.len().max(5) + 2).sum();
    let said = waves.iter().map(|wave| wave.words(now_ms).chars().count()).max().unwrap_or(0);
    let longest = waves.iter().map(|wave| wave.wave.chars().count()).max().unwrap_or(0);
    // Names have the room that nothing else takes.
    let room = WIDTH.saturating_sub(taken + said + 4).max(NAME_MIN);
    let names = longest.clamp(NAME_MIN, room);
    let mut line = |name: &str, cells: &[String], said: &str| {
        let cells = cells.iter().zip(&heads).map(|(cell, head)| format!("  {cell:>0$}", head.len().max(5)));
        let cells: String = cells.collect();
        let line = format!("  {:<names$}{cells}  {said}", fit(&one_line(name), names));
        putln!(out, "{}", fit(line.trim_end(), WIDTH));
    };
    line("wave", &heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>(), "");
    let text = |row: &[usize]| row.iter().map(ToString::to_string).collect::<Vec<_>>();
    let of_wave = |waves: &[WaveView]| -> Vec<&MoveView> {
        let runs: BTreeSet<&str> = waves.iter().flat_map(|wave| &wave.runs).map(RunId::as_str).collect();
        of_batch.iter().filter(|view| runs.contains(view.run.as_str())).copied().collect()
    };
    let (first, last) = waves.split_at(waves.len().min(WAVES_MAX));
    for wave in first {
        line(&wave.wave, &text(&row(&of_wave(std::slice::from_ref(wave)))), &wave.words(now_ms));
    }
    if !last.is_empty() {
        line(&format!("{} more", last.len()), &text(&row(&of_wave(last))), "");
    }
    line("total", &text(&row(&of_batch)), "");
}

/// A state as the head of a column.
fn short(state: State) -> &'static str {
    match state {
        State::NeedsPerson => "person",
        State::AwaitingCleanup => "clean-up",
        State::RolledBack => "back",
        State::Superseded => "replaced",
        State::Abandoned => "given up",
        State::Failed
        | State::Paused
        | State::Stale
        | State::Running
        | State::Soaking
        | State::Waiting
        | State::Planned
        | State::Done
        | State::Skipped => state.word(),
    }
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
    let causes = kinds(all, |(view, wait)| (cause(wait), view.goes_back));
    for Kind { what: (what, back), all } in causes.iter().take(LINES_MAX) {
        let Some((view, wait)) = all.first() else { continue };
        let back = if *back { "taken back: " } else { "" };
        let line = format!("  {:>4} x {back}{what}{}", all.len(), until(all, now_ms));
        putln!(out, "{}", fit(&line, WIDTH));
        let first = format!("         first {} {}: {}", wait.place(&view.run), view.name(), wait.title);
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
    let title = match wait.title.strip_prefix(TAKEN_BACK) {
        Some(undo) => undo.split_once("): ").map_or(undo, |(_, title)| title),
        None => &wait.title,
    };
    match (&wait.why, title.split_once(": ")) {
        (Some(why), _) => &why.code,
        (None, Some((_, what))) => what,
        (None, None) => title,
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
        ("something was left out", |view| !view.left_out.is_empty()),
        ("not everything could be taken back", |view| !view.still_there.is_empty()),
        ("not as it was before", |view| !view.differs.is_empty()),
        ("stale, to be planned again", |view| view.state == State::Stale),
    ];
    for (what, is) in told {
        let all: Vec<&str> = views.iter().filter(|view| is(view)).map(|view| view.run.as_str()).collect();
        if !all.is_empty() {
            let first = all.iter().take(LINES_MAX).copied().collect::<Vec<_>>().join(", ");
            let more = if all.len() > LINES_MAX { ", ..." } else { "" };
            putln!(out, "\n{what}: {}: {first}{more}", counted(all.len(), "move"));
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
    use crate::wave_view::WaveStanding;
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
        let waves = Waves::new();
        let runner = Some("NO RUNNER; next: rehome run exit-weu");
        let shown = text(&three_hundred(), &waves, runner, 1_800_000_000_000);
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
        let shown = text(&three_hundred(), &Waves::new(), None, 0);
        let count = |word: &str| -> usize {
            let line = shown.lines().find(|line| line.trim_start().starts_with(word));
            line.and_then(|line| line.split_whitespace().nth(1)).map_or(0, |n| n.parse().expect("a number"))
        };
        assert_eq!(count("failed") + count("needs-person") + count("soaking") + count("done"), 300);
        assert!(!shown.contains("rolled-back"), "{shown}");
    }

    #[test]
    fn waves_are_a_table_whose_rows_and_columns_add_up_and_that_fits_the_screen() {
        let mut views = three_hundred();
        for (view, state) in views.iter_mut().rev().zip([State::Running, State::Waiting, State::RolledBack]) {
            view.state = state;
        }
        let wave = |nth: usize| WaveView {
            wave: format!("a-wave-with-a-long-name-{nth}"),
            standing: WaveStanding::Date,
            until_ms: Some(1_800_086_400_000),
            runs: views.iter().skip(nth * 25).take(25).map(|view| RunId::new(view.run.as_str())).collect(),
        };
        let waves = Waves::from([("exit-weu".to_owned(), (0..12).map(wave).collect())]);
        let shown = text(&views, &waves, None, 1_800_000_000_000);
        let table: Vec<&str> = shown.lines().skip(1).take_while(|line| !line.is_empty()).collect();
        assert_eq!(table.len(), 1 + WAVES_MAX + 2, "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= 79), "{shown}");
        assert!(table[1].ends_with("  from 2027-01-16"), "{shown}");
        let first = table[0].find("total").expect("a head of numbers");
        let numbers = |line: &str| -> Vec<usize> {
            let cells = line[first..].split_whitespace().map_while(|cell| cell.parse().ok());
            cells.collect()
        };
        let rows: Vec<Vec<usize>> = table[1..].iter().map(|line| numbers(line)).collect();
        for row in &rows {
            assert_eq!(row[0], row[1..].iter().sum::<usize>(), "{shown}");
        }
        let (total, each) = rows.split_last().expect("a table");
        for (nth, sum) in total.iter().enumerate() {
            assert_eq!(each.iter().map(|row| row[nth]).sum::<usize>(), *sum, "{shown}");
        }
        assert_eq!((total[0], table[0].split_whitespace().last()), (300, Some("other")), "{shown}");
    }
}
