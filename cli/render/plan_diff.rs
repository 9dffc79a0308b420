//! CLI: where two plans differ, as people read it. Pure.

use crate::counted::counted;
use crate::plan_diff::{MoveDiff, PlanDiff};
use crate::put::{put, putln};
use rehome_orchestrator::Difference;
use std::fmt::Write;

/// All of it; what only the second plan has is marked with +, what only the first has with -.
pub(crate) fn text(diff: &PlanDiff) -> String {
    let mut out = String::new();
    for one in &diff.batch {
        putln!(out, "~ {}", words(one));
    }
    for (mark, all) in [("+", &diff.came), ("-", &diff.went)] {
        all.iter().for_each(|identity| putln!(out, "{mark} {identity}"));
    }
    for one in &diff.changed {
        a_move(&mut out, one);
    }
    put!(
        out,
        "{}: {} changed, {} came, {} went; {} the same",
        if diff.is_nothing() { "no difference" } else { "they differ" },
        counted(diff.changed.len(), "identity"),
        diff.came.len(),
        diff.went.len(),
        diff.same
    );
    out
}

fn a_move(out: &mut String, diff: &MoveDiff) {
    putln!(out, "~ {}", diff.identity);
    for (what, all) in [("asked", &diff.asked), ("fact", &diff.facts)] {
        all.iter().for_each(|one| putln!(out, "    ~ {what:<7} {}", words(one)));
    }
    let told = [
        ("+", "step", &diff.steps_came),
        ("-", "step", &diff.steps_went),
        ("~", "step", &diff.steps_changed),
        ("+", "notice", &diff.notices_came),
        ("-", "notice", &diff.notices_went),
    ];
    for (mark, what, all) in told {
        all.iter().for_each(|one| putln!(out, "    {mark} {what:<7} {one}"));
    }
}

fn words(Difference { fact, expected, found }: &Difference) -> String {
    let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    format!("{fact}: {} -> {}", side(expected), side(found))
}
