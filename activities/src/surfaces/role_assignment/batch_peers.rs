//! Activities: conditions that name identities which move in the same batch: the new one's conditions name the new ones.
//! Pure.
//!
//! What names them in an assignment that another move copies and removes is that move's to rename, so that two moves
//! never write to one thing.

use crate::azure::PrincipalId;
use crate::references::text::mentions;
use crate::relocate::facts::{Assignment, Facts, Moving};
use crate::relocate::plan::builder::{Builder, NewIdentity, Part};
use crate::relocate::plan::words::{StepText, place};
use crate::surfaces::identity::look_up::{LookUp, LookUpInput, LookUpOutput};
use rehome_orchestrator::{Node, PlanValue, StepId, StepRef};
use std::collections::BTreeMap;

/// The steps that have looked a peer's new names up, by its old principal.
#[derive(Default)]
pub(crate) struct LookedUp(BTreeMap<PrincipalId, StepRef<LookUpOutput>>);

/// The moves of the batch that a text names.
pub(crate) fn named<'a>(facts: &'a Facts, text: &str) -> Vec<&'a Moving> {
    let names = |m: &&Moving| !m.principal_id.is_empty() && mentions(text, &m.principal_id);
    facts.moving.iter().filter(names).collect()
}

/// Whether another move copies this assignment, and removes it in its clean-up.
pub(crate) fn is_of_another(facts: &Facts, a: &Assignment) -> bool {
    facts.moving.iter().any(|m| m.principal_id == a.principal_id || a.scope.is_at_or_below(&m.from))
}

/// The condition of an assignment with all new names, and what must be known before.
pub(crate) fn condition(
    b: &mut Builder<'_>,
    new: &NewIdentity,
    a: &Assignment,
    known: &mut LookedUp,
) -> (Option<PlanValue<String>>, Vec<StepId>) {
    let Some(text) = a.condition.as_deref() else { return (None, Vec::new()) };
    let peers: Vec<&Moving> = named(b.facts, text);
    let steps: Vec<StepRef<LookUpOutput>> = peers.iter().map(|m| look_up(b, m, known)).collect();
    let names: Vec<(&str, PlanValue<String>)> = peers
        .iter()
        .zip(&steps)
        .map(|(m, step)| (m.principal_id.as_str(), LookUpOutput::principal_id(step)))
        .collect();
    let ids = steps.iter().map(|step| step.id().clone()).collect();
    (Some(b.renamed_beside(new, text, &names)), ids)
}

fn look_up(b: &mut Builder<'_>, peer: &Moving, known: &mut LookedUp) -> StepRef<LookUpOutput> {
    if let Some(step) = known.0.get(&peer.principal_id) {
        return step.clone();
    }
    let title = format!("look up identity {}, which moves too: a condition names it", place(&peer.to));
    let node = Node::doing::<LookUp>(&LookUpInput { id: peer.to.clone() });
    let step = StepRef::new(b.push(Part::Grant, StepText::new(title, ""), &[], node));
    known.0.insert(peer.principal_id.clone(), step.clone());
    step
}
