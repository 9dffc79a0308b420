//! CLI: what was promised beside what is there.

use crate::view::{identity, view};
use rehome_orchestrator::{Finding, RunId, RunState, StepId};
use std::fmt::Write;

/// One move: a line for each promise.
pub(crate) fn text(run: &RunId, state: &RunState, found: &[(StepId, Vec<Finding>)]) -> String {
    let all: Vec<(&StepId, &Finding)> =
        found.iter().flat_map(|(s, f)| f.iter().map(move |f| (s, f))).collect();
    let holding = all.iter().filter(|(_, f)| f.holds).count();
    let mut out = String::new();
    if all.is_empty() {
        let stands = view(run, state).state.word();
        putln!(out, "{run}  {}  nothing to compare: the move is {stands}", identity(state));
        return out;
    }
    putln!(out, "{run}  {}  as planned: {holding} of {}", identity(state), all.len());
    for (step, finding) in all {
        let word = if finding.holds { "OK" } else { "DIFFERS" };
        put!(out, "  {word:<8} {step} {}: {}", finding.fact, finding.expected);
        if !finding.holds {
            put!(out, ", found {}", finding.found.as_deref().unwrap_or("nothing"));
        }
        out.push('\n');
    }
    out
}
