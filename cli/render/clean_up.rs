//! CLI: what a clean-up would remove, what it would leave, and what nobody has answered for. Pure.

use super::fit::fit;
use super::kinds::{Kind, kinds};
use crate::counted::counted;
use crate::put::putln;
use crate::view::LeftOut;
use rehome_activities::relocate::cannot_see::Unseen;
use serde::Serialize;
use std::fmt::Write;

/// Columns of the screen.
const WIDTH: usize = 79;

/// One move before its clean-up.
#[derive(Debug, Serialize)]
pub(crate) struct Preview {
    pub(crate) run: String,
    /// The old identity.
    pub(crate) identity: String,
    /// Why its clean-up cannot begin yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) not_yet: Option<String>,
    /// What would be done, in the order of the plan; the last of it deletes the old identity.
    pub(crate) steps: Vec<String>,
    /// Steps that were left out, for which whoever approves has to answer.
    pub(crate) left_out: Vec<LeftOut>,
    /// What this program cannot see, and whoever approves answers for.
    pub(crate) cannot_see: Vec<Unseen>,
}

/// What a person reads before they approve; `confirm` is the command that does it.
pub(crate) fn text(moves: &[Preview], confirm: &str) -> String {
    let mut out = String::new();
    let ready: Vec<&Preview> = moves.iter().filter(|one| one.not_yet.is_none()).collect();
    let steps: usize = ready.iter().map(|one| one.steps.len()).sum();
    putln!(
        out,
        "{} of {} can be cleaned up: {}; nothing was changed",
        ready.len(),
        counted(moves.len(), "move"),
        counted(steps, "step")
    );
    for one in &ready {
        let name = one.identity.rsplit('/').next().unwrap_or_default();
        putln!(out, "\n{} {name}", one.run);
        for step in &one.steps {
            putln!(out, "{}", fit(&format!("  {step}"), WIDTH));
        }
        for left in &one.left_out {
            putln!(
                out,
                "  LEFT OUT {} {}; it takes  --accept {}:{}",
                left.step,
                left.title,
                one.run,
                left.step
            );
        }
    }
    let early: Vec<&Preview> = moves.iter().filter(|one| one.not_yet.is_some()).collect();
    for Kind { what, all } in kinds(&early, |one| one.not_yet.as_deref().unwrap_or_default()) {
        let runs: Vec<&str> = all.iter().map(|one| one.run.as_str()).collect();
        putln!(out, "\nNOT YET  {}: {what}", runs.join(", "));
    }
    unseen(&mut out, &ready);
    if !ready.is_empty() {
        putln!(
            out,
            "\nThere is no way back from this: a deleted identity never comes back with the same ids."
        );
        putln!(out, "next:  {confirm}");
    }
    out.trim_end().to_owned()
}

/// What whoever approves answers for, once for all the moves that it is said of.
fn unseen(out: &mut String, ready: &[&Preview]) {
    let all: Vec<&Unseen> = ready.iter().flat_map(|one| &one.cannot_see).collect();
    let causes = kinds(&all, |unseen| &unseen.code);
    if !causes.is_empty() {
        putln!(out, "\nNOBODY HAS SEEN: whoever approves answers for it");
    }
    for Kind { what, all } in causes {
        let told = all.first().map(|unseen| unseen.what.as_str()).unwrap_or_default();
        putln!(out, "  {what:<4} {} x {told}", all.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_what_goes_what_waits_and_what_they_answer_for() {
        let one = |run: &str, not_yet: Option<&str>, left_out| Preview {
            run: run.to_owned(),
            identity: format!("/subscriptions/s/x/id-{run}"),
            not_yet: not_yet.map(str::to_owned),
            steps: vec!["app-shop: detach old".to_owned(), "delete the old identity".to_owned()],
            left_out,
            cannot_see: vec![Unseen { code: "C1".to_owned(), what: "database users".to_owned() }],
        };
        let left = LeftOut { step: "07".to_owned(), title: "grant".to_owned() };
        let moves = [
            one("m-1", None, vec![left]),
            one("m-2", Some("it soaks"), vec![]),
            one("m-3", Some("it soaks"), vec![]),
        ];
        let shown = text(&moves, "rehome cleanup b --confirm b");
        for part in [
            "1 of 3 moves can be cleaned up: 2 steps; nothing was changed",
            "m-1 id-m-1\n  app-shop: detach old\n  delete the old identity\n  LEFT OUT 07 grant; it takes  --accept m-1:07",
            "NOT YET  m-2, m-3: it soaks",
            "C1   1 x database users",
            "next:  rehome cleanup b --confirm b",
        ] {
            assert!(shown.contains(part), "{part} is not in\n{shown}");
        }
    }
}
