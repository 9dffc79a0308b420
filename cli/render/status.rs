//! CLI: where moves stand, as people read it. The state is always a word, never only a colour.

use super::overview::{self, MANY, Waves};
use crate::error::{Exit, one_line};
use crate::plan_again::plan_again;
use crate::put::put;
use crate::time::date;
use crate::view::{MoveView, State};
use crate::wait::{WaitKind, WaitView};
use comfy_table::{Table, presets};
use rehome_orchestrator::{Difference, Fault};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Where moves stand: each of them, or on one screen where there are many. `now_ms` is the wall time.
pub(crate) fn text(views: &[MoveView], waves: &Waves, runner: Option<&str>, now_ms: i64) -> String {
    if views.len() < MANY { each(views, runner) } else { overview::text(views, waves, runner, now_ms) }
}

/// A table of all moves, and what each waits for; those that want somebody first.
pub(crate) fn each(views: &[MoveView], runner: Option<&str>) -> String {
    let urgency = |view: &MoveView| State::ALL.iter().position(|state| *state == view.state);
    let mut views: Vec<&MoveView> = views.iter().collect();
    views.sort_by_key(|view| (urgency(view), view.name(), view.run.as_str()));
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["MOVE", "STATE", "STEPS", "IDENTITY", "BATCH"]);
    for view in &views {
        let steps = format!("{}/{}", view.done, view.total);
        let (name, batch) = (one_line(view.name()), one_line(&view.batch));
        table.add_row([view.run.as_str(), view.state.word(), &steps, &name, &batch]);
    }
    let mut out = table.to_string();
    out.push('\n');
    let mut together = BTreeSet::new();
    for view in &views {
        let waits = urgent_first(&view.waiting_for);
        for left in &view.left_out {
            put!(out, "\n{}:{} LEFT OUT {}", view.run, left.step, left.title);
        }
        for left in &view.still_there {
            put!(out, "\n{}:{} STILL THERE {}", view.run, left.step, left.title);
        }
        let told = [
            (&view.differs, "DIFFERS", "before the first step, ", "now"),
            (&view.changed, "CHANGED", "when it was planned, ", "when it was to begin"),
        ];
        for (all, word, before, now) in told {
            for Difference { fact, expected, found } in all {
                let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
                let (expected, found) = (side(expected), side(found));
                put!(out, "\n{} {word} {fact}: {expected} {before}{found} {now}", view.run);
            }
        }
        for wait in waits {
            let many = if wait.is_of_all() { count_like(&views, wait) } else { 1 };
            match many {
                0 | 1 => put!(out, "\n{} {} {}", wait.place(&view.run), wait.kind.word(), wait.title),
                // What keeps a whole wave is said once.
                _ if !together.insert((wait.kind.word(), &wait.title)) => continue,
                _ => put!(out, "\n{many} moves {} {}", wait.kind.word(), wait.title),
            }
            if let Some(why) = &wait.why {
                cause(&mut out, why);
            }
            if let Some(left) = wait.left {
                put!(out, "\n    state   {left}");
            }
            if let Some(next) = wait.next_check_ms.filter(|ms| *ms > 0) {
                put!(out, "\n    until   {}", date(next));
            }
            for command in &wait.unblock_with {
                put!(out, "\n    next    {command}");
            }
        }
    }
    if let Some(runner) = runner {
        put!(out, "\n{runner}");
    }
    out.trim_end().to_owned()
}

/// How many moves wait for the same.
fn count_like(views: &[&MoveView], wait: &WaitView) -> usize {
    views.iter().filter(|view| view.waiting_for.iter().any(|other| other.is_same(wait))).count()
}

/// What went wrong, where, what may help, and by which names Azure's support finds it.
fn cause(out: &mut String, why: &Fault) {
    put!(out, "\n    why     {why}");
    if let Some(advice) = rehome_activities::azure::errors::advice(why) {
        put!(out, "\n            {advice}");
    }
    if let Some(target) = &why.target {
        put!(out, "\n    where   {target}");
    }
    if let Some(needs) = &why.needs {
        put!(out, "\n    needs   {needs}");
    }
    if let (Some(status), Some(correlation)) = (why.status, &why.correlation) {
        put!(out, "\n    azure   status {status}, request {correlation}");
    }
}

/// The same waits: what has stopped, then what people do, and the clean-up after everything that comes before it.
fn urgent_first<'a>(waits: impl IntoIterator<Item = &'a WaitView>) -> Vec<&'a WaitView> {
    let mut waits: Vec<&WaitView> = waits.into_iter().collect();
    waits.sort_by_key(|wait| match wait.kind {
        WaitKind::Failed => 0,
        WaitKind::ByHand => 1,
        WaitKind::Approval => 3,
        _ => 2,
    });
    waits
}

/// So many commands are said that people can type next.
const HINTS_MAX: usize = 3;

/// What to type next.
pub(crate) fn next(views: &[MoveView], exit: Exit) -> Vec<String> {
    let waits = urgent_first(views.iter().flat_map(|v| &v.waiting_for));
    let waits = waits.into_iter().filter(|wait| wait.kind != WaitKind::Runner);
    let mut hints: Vec<String> = Vec::new();
    for command in waits.filter_map(|wait| wait.unblock_with.first()) {
        if hints.len() < HINTS_MAX && !hints.contains(command) {
            hints.push(command.clone());
        }
    }
    let stopped = matches!(exit, Exit::Interrupted | Exit::Terminated | Exit::Failed);
    // What carries the work on comes first where it was stopped, and otherwise after what people do.
    let open =
        views.iter().find(|v| !v.is_over() && v.waiting_for.iter().any(|w| w.kind != WaitKind::Approval));
    match open {
        Some(open) if stopped => {
            hints.retain(|hint| *hint != open.run_command());
            hints.insert(0, open.run_command());
        }
        Some(open) if exit == Exit::Waiting && !hints.contains(&open.run_command()) => {
            hints.push(open.run_command());
        }
        Some(_) | None => {}
    }
    if let Some(view) = views.iter().find(|v| v.state == State::Stale) {
        hints.push(plan_again(&view.batch, None));
    }
    if let Some(view) = views.iter().find(|v| !v.differs.is_empty()) {
        hints.push(format!(
            "rehome show {}      # what differs: put right what somebody else changed",
            view.run
        ));
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_have_to_do_comes_before_the_clean_up_and_nothing_is_said_twice() {
        let wait = |kind, command: &str| WaitView {
            unblock_with: vec![command.to_owned()],
            ..WaitView::new("1", "t", kind, 1_000)
        };
        let mut views =
            vec![MoveView::standing(State::AwaitingCleanup), MoveView::standing(State::NeedsPerson)];
        views[0].waiting_for =
            vec![wait(WaitKind::Approval, "rehome cleanup b"), wait(WaitKind::Soak, "rehome run b")];
        views[1].waiting_for =
            vec![wait(WaitKind::Approval, "rehome cleanup b"), wait(WaitKind::ByHand, "rehome ack m-1:2")];
        assert_eq!(next(&views, Exit::Done), ["rehome ack m-1:2", "rehome run b", "rehome cleanup b"]);
        let shown = each(&views[1..], None);
        let at = |part: &str| shown.find(part).unwrap_or_else(|| panic!("{part} is not in\n{shown}"));
        assert!(at("next    rehome ack") < at("next    rehome cleanup"), "{shown}");
    }
}
