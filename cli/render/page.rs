//! CLI: a plan of many moves on one page: how much there is of everything, and what stands in the way, by cause.

use crate::about::MoveAbout;
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::put::putln;
use rehome_activities::relocate::preflight::Notice;
use rehome_orchestrator::PlannedRun;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::num::NonZeroUsize;

/// Something that is said of a move, of whichever kind.
#[derive(Clone, Copy)]
struct Said<'a> {
    code: &'a str,
    place: &'a str,
    text: &'a str,
    remedy: &'a str,
}

impl<'a> From<&'a Notice> for Said<'a> {
    fn from(Notice { code, target, text, remedy }: &'a Notice) -> Self {
        Self { code, place: target, text, remedy }
    }
}

/// Everything of one kind that is said of a move.
type Of = fn(&MoveAbout) -> Vec<Said<'_>>;

/// What is said of moves, in the order in which it matters, and what that is called.
const KINDS: [(&str, Of); 4] = [
    ("Blockers", |about| about.blockers.iter().map(Said::from).collect()),
    ("Warnings", |about| about.warnings.iter().map(Said::from).collect()),
    ("Cannot see (look at these before the clean-up: whoever approves it answers for them)", |about| {
        let said = about.cannot_see.iter();
        said.map(|unseen| Said { code: &unseen.code, place: "", text: &unseen.what, remedy: "" }).collect()
    }),
    ("Gaps", |about| {
        let said = about.gaps.iter();
        said.map(|gap| Said { code: gap.code.word(), place: &gap.scope, text: &gap.why, remedy: "" })
            .collect()
    }),
];

/// One cause: how often it is said, of how many moves, and where first.
struct Cause<'a> {
    count: usize,
    moves: usize,
    first: (&'a PlannedRun, Said<'a>),
    last: &'a str,
}

/// Everything of one kind that is said of any move, by its code.
fn causes<'a>(moves: &'a [(&'a PlannedRun, MoveAbout)], of: Of) -> BTreeMap<&'a str, Cause<'a>> {
    let mut causes: BTreeMap<&str, Cause<'_>> = BTreeMap::new();
    for (entry, about) in moves {
        for said in of(about) {
            let run = entry.run.as_str();
            let new = || Cause { count: 0, moves: 0, first: (entry, said), last: "" };
            let cause = causes.entry(said.code).or_insert_with(new);
            cause.count += 1;
            cause.moves += usize::from(cause.last != run);
            cause.last = run;
        }
    }
    causes
}

/// What stands in the way of these moves, and what is to be known of them; the first of each kind in full.
pub(crate) fn notices(out: &mut String, moves: &[(&PlannedRun, MoveAbout)]) {
    for (title, of) in KINDS {
        let causes = causes(moves, of);
        if !causes.is_empty() {
            putln!(out, "  {title}");
        }
        for (code, Cause { count, moves, first: (entry, said), .. }) in causes {
            let place = if said.place.is_empty() { String::new() } else { format!("{}: ", said.place) };
            putln!(out, "    {code:<5} {count} in {}, the first in {}:", counted(moves, "move"), entry.run);
            putln!(out, "          {place}{}", said.text);
            if !said.remedy.is_empty() {
                putln!(out, "          {}", said.remedy);
            }
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
