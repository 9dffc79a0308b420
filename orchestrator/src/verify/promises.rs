//! Engine: compares what a run promised with the world, on demand. Reads only.

use crate::activity::Finding;
use crate::activity::registry::Registry;
use crate::driver::{Promise, VERIFY_AT_ONCE, findings};
use crate::ids::StepId;
use crate::json::Json;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::run::state::{Forward, RunState, Undo};
use futures_util::stream::{self, StreamExt};

/// The promises of those of these steps that are done and not taken back.
pub(crate) fn promises(state: &RunState, registry: &Registry, of: &[Index]) -> Vec<Promise> {
    of.iter().filter_map(|at| promise(state, registry, *at)).collect()
}

fn promise(state: &RunState, registry: &Registry, at: Index) -> Option<Promise> {
    let (step, stands) = (state.graph.step(at), state.at(at));
    // What was stopped or left out with a part of its effect, or with more than its effect, in place is looked at too.
    let partly =
        matches!(stands.forward, Forward::Parked { doubt: false, .. } | Forward::Skipped) && stands.partial;
    let kept = (partly || matches!(stands.forward, Forward::Done { .. })) && stands.undo != Undo::Undone;
    let compared = match &step.node {
        Node::Act { activity, .. } if kept => {
            let activity = registry.find_activity(activity).ok()?;
            let before = stands.before.clone().unwrap_or_else(|| Json::of(&()));
            activity.verify(state.input(at)?.clone(), before, stands.output.clone()?)
        }
        // On the way back what was waited for is taken away again.
        Node::Wait { condition, input, .. } if kept && stands.undo == Undo::None => {
            registry.find_condition(condition).ok()?.verify(state.resolve(input).ok()?)
        }
        // That somebody said so is no reason not to look.
        Node::ByHand { .. } if kept => {
            let proof = step.proof.as_ref()?;
            registry.find_condition(&proof.condition).ok()?.verify(state.resolve(&proof.input).ok()?)
        }
        _ => return None,
    };
    Some(Promise { name: step.id.to_string(), compared })
}

/// Looks at every promise of a run, step by step in the order of the plan.
pub async fn verify(state: &RunState, registry: &Registry) -> Vec<(StepId, Vec<Finding>)> {
    let step = |at: Index| async move {
        (state.graph.step(at).id.clone(), findings(promises(state, registry, &[at])).await)
    };
    let all: Vec<_> = stream::iter((0..state.graph.len()).map(step)).buffered(VERIFY_AT_ONCE).collect().await;
    all.into_iter().filter(|(_, found)| !found.is_empty()).collect()
}

impl RunState {
    /// Fills a template of the plan with the outputs that are known.
    ///
    /// # Errors
    /// When an output that it names is not there.
    pub fn resolve(&self, template: &crate::Template) -> Result<Json, crate::Fault> {
        if let crate::Template::Known(value) = template {
            return Ok(value.clone());
        }
        let mut outputs = std::collections::BTreeMap::new();
        for id in template.references() {
            if let Some(output) = self.output(id) {
                outputs.insert(id, output.read::<serde_json::Value>("output")?);
            }
        }
        let filled = template.resolve(&|id| outputs.get(id));
        filled
            .map(|value| Json::of(&value))
            .map_err(|e| crate::Fault::new(crate::FaultKind::Bug, "Unresolvable", e.to_string()))
    }
}

/// What a run left in the world, with a command for each that takes it back: effects of this run that
/// are in place or may be, on a run that goes back or was left.
pub fn residue(state: &RunState, registry: &Registry) -> Vec<(StepId, String)> {
    let left = |at: Index| {
        let (step, stands) = (state.graph.step(at), state.at(at));
        let Node::Act { activity, .. } = &step.node else { return None };
        let gone = matches!(stands.undo, Undo::Undone | Undo::NotNeeded);
        let ours = stands.attempts > 0 && !matches!(stands.forward, Forward::Done { ours: false });
        let input = state.input(at).filter(|_| ours && !gone)?;
        let before = stands.before.clone().unwrap_or_else(|| Json::of(&()));
        let activity = registry.find_activity(activity).ok()?;
        Some((step.id.clone(), activity.residue(input, &before, stands.output.as_ref()).ok()?))
    };
    (0..state.graph.len()).filter_map(left).collect()
}
