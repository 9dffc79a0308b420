//! CLI: what one identity may do before a move, and what the old and the new one may do now. From the steps. Pure.

use rehome_orchestrator::{ForwardState, Node, Phase, RunState, Step, StepState, UndoState};
use serde::Serialize;

/// How much there is of one kind of access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Kind {
    /// In words.
    pub(crate) what: String,
    /// How much the old identity had.
    pub(crate) before: usize,
    /// How much of it the new one has.
    pub(crate) new: usize,
    /// How much of it the old one has still; nothing where it is what names the identity, and so is turned to the new one.
    pub(crate) old: Option<usize>,
}

/// Activities that put a kind of access in place or take it away begin with a name of its own.
const WORDS: [(&str, &str); 16] = [
    ("role_assignment", "roles in Azure"),
    ("access_policy", "access policies of vaults"),
    ("grant", "grants inside services"),
    ("caller", "callers that a service admits"),
    ("group_member", "memberships in groups"),
    ("directory_role", "roles in Entra ID"),
    ("app_role", "permissions of applications"),
    ("delegated_grant", "permissions on behalf of users"),
    ("owner", "objects that it owns"),
    ("app_credential", "applications that trust it"),
    ("federated_credential", "credentials of workloads outside"),
    ("host", "resources that use it"),
    ("app_settings", "settings that name it"),
    ("connection_strings", "connection strings that name it"),
    ("security_attributes", "security attributes"),
    ("by hand", "changes by hand"),
];

/// What names an identity: it is turned to the new one, where everything else is given to it beside the old one.
const TURNED: [&str; 4] =
    ["resources that use it", "settings that name it", "connection strings that name it", "changes by hand"];

/// Whether what a step does is in place.
pub(crate) fn is_in_place(stands: &StepState) -> bool {
    matches!(stands.forward, ForwardState::Done { .. }) && stands.undo != UndoState::Undone
}

/// Which kind of access a step changes; nothing where it changes none.
fn kind(step: &Step) -> Option<&'static str> {
    let name = match &step.node {
        Node::Act { activity, .. } => activity.split('.').next().unwrap_or_default(),
        Node::ByHand { .. } => "by hand",
        Node::Wait { .. }
        | Node::Soak { .. }
        | Node::PropagationDelay { .. }
        | Node::Gate { .. }
        | Node::Check { .. } => {
            return None;
        }
    };
    WORDS.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

/// Whether a step changes who may do what, or by which name.
pub(crate) fn changes_access(step: &Step) -> bool {
    kind(step).is_some()
}

/// Every kind of access that the plan of a move carries over.
pub(crate) fn access(state: &RunState) -> Vec<Kind> {
    let of = |words: &str, phase: Phase| {
        let fits = |(step, _): &(&Step, &StepState)| step.phase == phase && kind(step) == Some(words);
        let all: Vec<_> = state.steps().filter(fits).collect();
        (all.len(), all.iter().filter(|(_, stands)| is_in_place(stands)).count())
    };
    let each = WORDS.iter().filter_map(|(_, words)| {
        let (before, new) = of(words, Phase::Forward);
        let (_, gone) = of(words, Phase::CleanUp);
        let what = (*words).to_owned();
        let old = (!TURNED.contains(words)).then(|| before.saturating_sub(gone));
        (before > 0).then_some(Kind { what, before, new, old })
    });
    each.collect()
}
