//! CLI: a plan of many moves on one page: how much there is of everything, and what stands in the way, by cause.

use crate::about::MoveAbout;
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::grouped::{Grouped, grouped};
use crate::put::putln;
use rehome_orchestrator::PlannedRun;
use std::fmt::Write;
use std::num::NonZeroUsize;

/// What stands in the way of these moves, and what is to be known of them; the first of each kind in full.
pub(crate) fn notices(out: &mut String, moves: &[(&PlannedRun, MoveAbout)]) {
    let mut title = "";
    for Grouped { kind, code, count, moves, first, place, text, remedy, .. } in grouped(moves) {
        if kind != title {
            title = kind;
            putln!(out, "  {title}");
        }
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        putln!(out, "    {code:<5} {count} in {}, the first in {first}:", counted(moves, "move"));
        putln!(out, "          {place}{text}");
        if !remedy.is_empty() {
            putln!(out, "          {remedy}");
        }
    }
}

/// So many moves are listed on a page.
const LISTED: usize = 50;

/// A page of the list of moves.
pub(crate) struct Page {
    /// Its number, from one.
    pub(crate) number: NonZeroUsize,
    /// The command that shows the first page.
    pub(crate) command: String,
}

impl Page {
    /// Refuses a page that so many moves do not have.
    pub(crate) fn check(&self, moves: usize) -> Result<(), CliError> {
        let pages = moves.div_ceil(LISTED).max(1);
        if self.number.get() <= pages {
            return Ok(());
        }
        let what = format!("there is no page {}: {} have {pages}", self.number, counted(moves, "move"));
        Err(CliError::new(Exit::NotFound, what).next(self.command.clone()))
    }

    /// One line for each move of the page, and what shows the next one.
    pub(crate) fn list(&self, out: &mut String, moves: &[(&PlannedRun, MoveAbout)]) {
        let first = (self.number.get() - 1).saturating_mul(LISTED);
        let some = moves.iter().skip(first).take(LISTED);
        let last = first + some.len();
        some.for_each(|(entry, about)| line(out, entry, about));
        if last < moves.len() {
            let next = self.number.saturating_add(1);
            putln!(
                out,
                "  {} --page {next}      # {last} of {} so far",
                self.command,
                counted(moves.len(), "move")
            );
        }
    }
}

fn line(out: &mut String, entry: &PlannedRun, about: &MoveAbout) {
    putln!(
        out,
        "  {}  {}, {}, {}  {}",
        entry.run,
        counted(entry.plan.steps.len(), "step"),
        counted(about.blockers.len(), "blocker"),
        counted(about.warnings.len(), "warning"),
        about.identity
    );
    if let Some(origin) = &about.origin {
        putln!(out, "      to {}; {}", about.target, origin.words());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_orchestrator::{Json, OnFailure, Plan, RunId};
    use serde_json::json;

    #[test]
    fn each_cause_is_said_once_however_many_moves_have_it() {
        let plan = Plan { workflow: "w/1".to_owned(), on_failure: OnFailure::Park, steps: Vec::new() };
        let warning = |n: usize| json!({"code": "W311", "target": format!("/id-{n}"), "text": "tokens are kept", "remedy": ""});
        let moves = (0..1_000).map(|n| PlannedRun {
            run: RunId::new(format!("m-{n}")),
            about: Json::sorted(&json!({"identity": format!("/id-{n}"), "target": "", "cannot_see": [], "gaps": [],
                "warnings": [warning(n), warning(n)],
                "blockers": if n == 7 { json!([{"code": "B1", "text": "no", "target": "", "remedy": "ask"}]) } else { json!([]) }})),
            params: Json::of(&()),
            facts: Json::of(&()),
            plan: plan.clone(),
        });
        let moves: Vec<PlannedRun> = moves.collect();
        let moves: Vec<(&PlannedRun, MoveAbout)> =
            moves.iter().map(|entry| (entry, MoveAbout::of(entry).expect("it can be read"))).collect();
        let mut out = String::new();
        notices(&mut out, &moves);
        assert_eq!(
            out.lines().map(str::trim).collect::<Vec<_>>(),
            [
                "Blockers",
                "B1    1 in 1 move, the first in m-7:",
                "no",
                "ask",
                "Warnings",
                "W311  2000 in 1000 moves, the first in m-0:",
                "/id-0: tokens are kept",
            ]
        );
        let page = |number: usize| Page {
            number: NonZeroUsize::new(number).expect("it is not zero"),
            command: "rehome show plan.json".to_owned(),
        };
        let listed = |number: usize| {
            page(number).check(moves.len()).expect("there is such a page");
            let mut out = String::new();
            page(number).list(&mut out, &moves);
            out
        };
        let pages: Vec<String> = (1..=20).map(listed).collect();
        assert_eq!(pages[0].lines().count(), 51);
        assert!(
            pages[0].ends_with("  rehome show plan.json --page 2      # 50 of 1000 moves so far\n"),
            "{}",
            pages[0]
        );
        let named = |n: usize| pages.iter().filter(|page| page.contains(&format!("  m-{n}  "))).count();
        assert!((0..1_000).all(|n| named(n) == 1) && !pages[19].contains("--page"), "each is on one page");
        let none = page(21).check(moves.len()).expect_err("there are 20");
        assert_eq!(none.what, "there is no page 21: 1000 moves have 20");
    }
}
