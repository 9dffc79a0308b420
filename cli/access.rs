//! CLI: what one identity may do before a move, and what the old and the new one may do now. From the steps. Pure.

use crate::view::identity;
use rehome_orchestrator::{ForwardState, Node, Phase, RunState, Step, StepState, UndoState};
use serde::Serialize;
use std::collections::BTreeMap;

/// What one identity may do, by kinds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Access {
    pub(crate) run: String,
    pub(crate) identity: String,
    pub(crate) kinds: Vec<Kind>,
}

impl Access {
    /// Of a move as it stands.
    pub(crate) fn of(run: &str, state: &RunState) -> Self {
        Self { run: run.to_owned(), identity: identity(state), kinds: access(state) }
    }

    /// The identity's name.
    pub(crate) fn name(&self) -> &str {
        self.identity.rsplit('/').next().unwrap_or_default()
    }
}

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

/// The same of many moves together.
pub(crate) fn sum(all: impl IntoIterator<Item = Vec<Kind>>) -> Vec<Kind> {
    let mut by_what: BTreeMap<String, Kind> = BTreeMap::new();
    for kind in all.into_iter().flatten() {
        match by_what.get_mut(&kind.what) {
            None => drop(by_what.insert(kind.what.clone(), kind)),
            Some(sum) => {
                sum.before += kind.before;
                sum.new += kind.new;
                sum.old = sum.old.zip(kind.old).map(|(sum, old)| sum + old);
            }
        }
    }
    // In the order in which one move has them.
    WORDS.iter().filter_map(|(_, words)| by_what.remove(*words)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_many_moves_add_up_and_what_is_turned_stays_turned() {
        let kind = |what: &str, before, new, old| Kind { what: what.to_owned(), before, new, old };
        let (roles, uses) = ("roles in Azure", "resources that use it");
        let one = vec![kind(roles, 4, 4, Some(4)), kind(uses, 2, 1, None)];
        let other = vec![kind(uses, 3, 3, None), kind(roles, 1, 0, Some(1))];
        assert_eq!(sum([one, other]), [kind(roles, 5, 4, Some(5)), kind(uses, 5, 4, None)]);
        assert_eq!(sum([]), []);
    }
}
