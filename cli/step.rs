//! CLI: the step that a person names, and the word for how it stands. Pure.

use rehome_orchestrator::{ForwardState, RunState, StepId, StepState, UndoState};

/// The step that a person means: `1` is the step that is called `01`.
pub(crate) fn resolve_step_id(state: &RunState, named: StepId) -> StepId {
    let bare = |id: &StepId| id.as_str().trim_start_matches('0').to_owned();
    if state.step(&named).is_some() || bare(&named).is_empty() {
        return named;
    }
    let mut same = state.steps().map(|(step, _)| &step.id).filter(|id| bare(id) == bare(&named));
    match (same.next(), same.next()) {
        (Some(one), None) => one.clone(),
        _ => named,
    }
}

/// How a step stands, in one word and with its reason.
pub(crate) fn step_word(stands: &StepState) -> &'static str {
    match (&stands.undo, &stands.forward) {
        (UndoState::Undone, _) => "UNDONE",
        (UndoState::Left, _) => "LEFT",
        (UndoState::Parked { .. }, _) => "UNDO FAILED",
        (UndoState::Began | UndoState::Doubt(_) | UndoState::Retrying { .. } | UndoState::Attesting, _) => {
            "UNDOING"
        }
        (UndoState::ByHand, _) => "UNDO BY HAND",
        (UndoState::PropagationDelay { .. }, _) => "WAITING",
        (UndoState::None | UndoState::NotNeeded | UndoState::Pending, forward) => match forward {
            ForwardState::Idle => "-",
            ForwardState::Began | ForwardState::Attesting | ForwardState::Partial => "RUNNING",
            ForwardState::Accepted(_) => "ACCEPTED",
            ForwardState::Doubt(_) => "IN DOUBT",
            ForwardState::Retrying { .. } => "RETRYING",
            ForwardState::Waiting(_) => "WAITING",
            ForwardState::Soaking { .. } => "SOAKING",
            ForwardState::Parked { .. } => "FAILED",
            ForwardState::Done { ours: true } => "DONE",
            ForwardState::Done { ours: false } => "DONE BY OTHERS",
            ForwardState::Skipped => "SKIPPED",
        },
    }
}
