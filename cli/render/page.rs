//! CLI: a plan of many moves on one page: how much there is of everything, and what stands in the way, by cause.

use rehome_orchestrator::{Document, PlannedRun};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is said of moves, in the order in which it matters: the member, and what it is called.
const NOTICES: [(&str, &str); 4] = [
    ("blockers", "Blockers"),
    ("warnings", "Warnings"),
    ("cannot_see", "Cannot see (look at these before the clean-up: whoever approves it answers for them)"),
    ("gaps", "Gaps"),
];

/// One cause: how often it is said, of how many moves, and where first.
struct Cause<'a> {
    count: usize,
    moves: usize,
    first: (&'a PlannedRun, &'a Value),
    last: &'a str,
}

/// Everything of one kind that is said of any move, by its code.
fn causes<'a>(document: &'a Document, member: &str) -> BTreeMap<&'a str, Cause<'a>> {
    let mut causes: BTreeMap<&str, Cause<'_>> = BTreeMap::new();
    for entry in &document.runs {
        for notice in entry.about[member].as_array().into_iter().flatten() {
            let run = entry.run.as_str();
            let new = || Cause { count: 0, moves: 0, first: (entry, notice), last: "" };
            let cause = causes.entry(super::plan::plain(&notice["code"])).or_insert_with(new);
            cause.count += 1;
            cause.moves += usize::from(cause.last != run);
            cause.last = run;
        }
    }
    causes
}

/// What stands in the way of these moves, and what is to be known of them; the first of each kind in full.
pub(crate) fn notices(out: &mut String, document: &Document) {
    for (member, title) in NOTICES {
        let causes = causes(document, member);
        if !causes.is_empty() {
            putln!(out, "  {title}");
        }
        for (code, Cause { count, moves, first: (entry, notice), .. }) in causes {
            let text = ["text", "what", "why"].iter().find_map(|name| notice[*name].as_str());
            let place = ["target", "scope"].iter().find_map(|name| notice[*name].as_str());
            let place = place.filter(|place| !place.is_empty()).map(|place| format!("{place}: "));
            putln!(out, "    {code:<5} {count} in {moves} moves, the first in {}:", entry.run);
            putln!(out, "          {}{}", place.unwrap_or_default(), text.unwrap_or_default());
            if let Some(remedy) = notice["remedy"].as_str().filter(|remedy| !remedy.is_empty()) {
                putln!(out, "          {remedy}");
            }
        }
    }
}

/// One line for each move.
pub(crate) fn list(out: &mut String, document: &Document) {
    for entry in &document.runs {
        let count = |member: &str| entry.about[member].as_array().map_or(0, Vec::len);
        putln!(
            out,
            "  {}  {} steps, {} blockers, {} warnings  {}",
            entry.run,
            entry.plan.steps.len(),
            count("blockers"),
            count("warnings"),
            super::plan::plain(&entry.about["identity"])
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rehome_orchestrator::{FORMAT_VERSION, OnFailure, Plan, RunId};
    use serde_json::json;

    #[test]
    fn each_cause_is_said_once_however_many_moves_have_it() {
        let plan = Plan { workflow: "w/1".to_owned(), on_failure: OnFailure::Park, steps: Vec::new() };
        let warning =
            |n: usize| json!({"code": "W311", "target": format!("/id-{n}"), "text": "tokens are kept"});
        let moves = (0..1_000).map(|n| PlannedRun {
            run: RunId::new(format!("m-{n}")),
            about: json!({"identity": format!("/id-{n}"), "warnings": [warning(n), warning(n)],
                "blockers": if n == 7 { json!([{"code": "B1", "text": "no", "target": "", "remedy": "ask"}]) } else { json!([]) }}),
            params: Value::Null,
            facts: Value::Null,
            plan: plan.clone(),
        });
        let document = Document {
            format_version: FORMAT_VERSION.to_owned(),
            batch: "all".to_owned(),
            about: Value::Null,
            runs: moves.collect(),
        };
        let mut out = String::new();
        notices(&mut out, &document);
        assert_eq!(
            out.lines().map(str::trim).collect::<Vec<_>>(),
            [
                "Blockers",
                "B1    1 in 1 moves, the first in m-7:",
                "no",
                "ask",
                "Warnings",
                "W311  2000 in 1000 moves, the first in m-0:",
                "/id-0: tokens are kept",
            ]
        );
        list(&mut out, &document);
        assert_eq!(out.lines().count(), 7 + 1_000);
    }
}
