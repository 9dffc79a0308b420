//! Engine: compares what a run promised with the world, on demand. Reads only.

use crate::activity::Finding;
use crate::activity::registry::{Registry, StepData};
use crate::fault::Fault;
use crate::ids::StepId;
use crate::json::Json;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::run::state::{ForwardState, RunState, UndoState};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};

/// What a step promised, and the comparison with the world, which nobody has begun yet.
pub(crate) struct Promise {
    pub(crate) name: String,
    pub(crate) compared: BoxFuture<'static, Result<Vec<Finding>, Fault>>,
}

/// Promises of one step that are compared at the same time.
pub(crate) const VERIFY_AT_ONCE: usize = 32;

/// Compares promises with the world; what cannot be read does not hold.
pub(crate) async fn findings(promises: Vec<Promise>) -> Vec<Finding> {
    let compared: Vec<Vec<Finding>> = stream::iter(promises.into_iter().map(|promise| async move {
        let Promise { name, compared } = promise;
        compared.await.unwrap_or_else(|why| {
            let found = Some(format!("unreadable: {why}"));
            vec![Finding { fact: name, expected: "readable".to_owned(), found, holds: false }]
        })
    }))
    .buffered(VERIFY_AT_ONCE)
    .collect()
    .await;
    compared.into_iter().flatten().collect()
}

/// The promises of those of these steps that are done and not taken back.
pub(crate) fn promises(state: &RunState, registry: &Registry, of: &[Index]) -> Vec<Promise> {
    of.iter().filter_map(|at| promise(state, registry, *at)).collect()
}

fn promise(state: &RunState, registry: &Registry, at: Index) -> Option<Promise> {
    let (step, stands) = (state.graph.step(at), state.at(at));
    // What was stopped or left out with a part of its effect, or with more than its effect, in place is looked at too.
    let partly = matches!(stands.forward, ForwardState::Parked { doubt: false, .. } | ForwardState::Skipped)
        && stands.partial;
    let kept =
        (partly || matches!(stands.forward, ForwardState::Done { .. })) && stands.undo != UndoState::Undone;
    let compared = match &step.node {
        Node::Act { activity, .. } if kept => {
            let activity = registry.find_activity(activity).ok()?;
            let before = stands.before.clone().unwrap_or_else(|| Json::of(&()));
            let output = Some(stands.output.clone()?);
            activity.verify(StepData { input: state.input(at)?.clone(), before, output })
        }
        // On the way back what was waited for is taken away again.
        Node::Wait { condition, input, .. } if kept && stands.undo == UndoState::None => {
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

/// What was found where a run that is through was looked at again.
#[derive(Debug, Default)]
pub struct Drift {
    /// How many promises were looked at.
    pub looked: usize,
    /// Those that do not hold any more, with the step that gave them.
    pub broken: Vec<(StepId, Finding)>,
    /// What could not be read: nobody knows whether it holds.
    pub unread: Vec<(StepId, Fault)>,
}

/// Looks once at every promise of a run. What cannot be read is told apart from what does not hold.
pub async fn drift(state: &RunState, registry: &Registry) -> Drift {
    let all = (0..state.graph.len()).filter_map(|at| {
        let promise = promise(state, registry, at)?;
        let step = state.graph.step(at).id.clone();
        Some(async move { (step, promise.compared.await) })
    });
    let compared: Vec<_> = stream::iter(all).buffered(VERIFY_AT_ONCE).collect().await;
    let mut drift = Drift::default();
    for (step, compared) in compared {
        match compared {
            Err(why) => drift.unread.push((step, why)),
            Ok(findings) => {
                drift.looked += findings.len();
                let broken = findings.into_iter().filter(|finding| !finding.holds);
                drift.broken.extend(broken.map(|finding| (step.clone(), finding)));
            }
        }
    }
    drift
}

/// What a run left in the world, with a command for each that takes it back: effects of this run that
/// are in place or may be, on a run that goes back or was left.
pub fn residue(state: &RunState, registry: &Registry) -> Vec<(StepId, String)> {
    let left = |at: Index| {
        let (step, stands) = (state.graph.step(at), state.at(at));
        let Node::Act { activity, .. } = &step.node else { return None };
        let gone = matches!(stands.undo, UndoState::Undone | UndoState::NotNeeded);
        let ours = stands.attempts > 0 && !matches!(stands.forward, ForwardState::Done { ours: false });
        let input = state.input(at).filter(|_| ours && !gone)?;
        let before = stands.before.clone().unwrap_or_else(|| Json::of(&()));
        let activity = registry.find_activity(activity).ok()?;
        let known = StepData { input: input.clone(), before, output: stands.output.clone() };
        Some((step.id.clone(), activity.residue(&known).ok()?))
    };
    (0..state.graph.len()).filter_map(left).collect()
}
