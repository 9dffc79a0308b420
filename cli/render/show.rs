//! CLI: one move, or one step, in full.

use crate::time::date;
use crate::view::{identity, step_word, view};
use rehome_orchestrator::{Node, RunId, RunState, Step, StepId, StepState, UndoState};
use serde_json::Value;
use std::fmt::Write;

/// A move: every step and how it stands.
pub(crate) fn a_move(run: &RunId, state: &RunState) -> String {
    let seen = view(run, state);
    let mut out = String::new();
    putln!(out, "{run}  {}  {}", seen.state.word(), identity(state));
    for (step, stands) in state.steps() {
        putln!(out, "  {:>4}  {:<14} {}", step.id, step_word(stands), step.title);
    }
    if let Some(differences) = state.proof() {
        putln!(out, "  proof  {} facts differ from before the first step", differences.len());
        for difference in differences {
            putln!(out, "         {}", difference.fact);
        }
    }
    out
}

/// A step: what was sent, what was there before, what came back.
pub(crate) fn a_step(
    run: &RunId,
    state: &RunState,
    step: &Step,
    stands: &StepState,
    value: &Value,
) -> String {
    let mut out = String::new();
    putln!(out, "{run}:{}  {}  {}", step.id, step_word(stands), step.title);
    if let Some(wait) = state.wait_of(&step.id) {
        putln!(out, "  since   {}", date(wait.since_ms));
        wait.until_ms.iter().for_each(|until| putln!(out, "  until   {}", date(*until)));
        wait.why.iter().for_each(|why| putln!(out, "  why     {why}"));
        if !wait.behind.is_empty() {
            let behind: Vec<&str> = wait.behind.iter().map(StepId::as_str).collect();
            putln!(out, "  behind  {}", behind.join(", "));
        }
    }
    if let Node::ByHand { instruction, undo } = &step.node
        && let Ok(told) = state.resolve(if stands.undo == UndoState::ByHand { undo } else { instruction })
    {
        let told: Value = serde_json::from_str(told.get()).unwrap_or_default();
        out.push('\n');
        for line in told.as_str().unwrap_or_default().lines() {
            putln!(out, "  {line}");
        }
        out.push('\n');
    }
    for part in ["input", "before", "output"] {
        if !value[part].is_null() {
            let pretty = serde_json::to_string_pretty(&value[part]).unwrap_or_default();
            for (nth, line) in pretty.lines().enumerate() {
                let name = if nth == 0 { format!("{part}: ") } else { String::new() };
                putln!(out, "{name}{line}");
            }
        }
    }
    out.trim_end().to_owned()
}
