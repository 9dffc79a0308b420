//! CLI: what a move still waits for, by its plan alone: a date that is set, and the delays behind it. Pure.

use rehome_orchestrator::{Node, Phase, RunDirection, RunState, StepId, StepState, TimeScale};
use std::collections::BTreeMap;

/// What is still to be waited for: a date that is set, and the delays that begin after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Wall milliseconds since 1970; 0 where no date is set.
    pub(crate) until_ms: i64,
    /// Unscaled milliseconds.
    pub(crate) then_ms: u64,
}

impl Chain {
    fn length(self) -> i64 {
        self.until_ms.saturating_add_unsigned(self.then_ms)
    }

    /// When it is over at the earliest.
    pub(crate) fn end_ms(self, now_ms: i64, scale: TimeScale) -> i64 {
        self.until_ms.max(now_ms).saturating_add(scale.wall_ms(self.then_ms))
    }
}

/// The longest chain of a move; none where it is over or taken back, or where nothing of that kind is left.
pub(crate) fn chain(state: &RunState) -> Option<Chain> {
    if state.verdict().is_some() || *state.direction() != RunDirection::Forward {
        return None;
    }
    let mut ends: BTreeMap<&StepId, Chain> = BTreeMap::new();
    // A plan names what a step needs before the step.
    for (step, stands) in state.steps().filter(|(step, _)| step.phase == Phase::Forward) {
        let needed = step.needs.iter().filter_map(|need| ends.get(need)).copied();
        let begins = needed.max_by_key(|chain| chain.length()).unwrap_or_default();
        ends.insert(&step.id, end(&step.node, stands, begins));
    }
    ends.into_values().max_by_key(|chain| chain.length()).filter(|chain| *chain != Chain::default())
}

fn end(node: &Node, stands: &StepState, begins: Chain) -> Chain {
    if stands.forward.is_settled() {
        return Chain::default();
    }
    match (stands.forward.until_ms().filter(|ms| *ms > 0), node) {
        (Some(until_ms), Node::Soak { .. } | Node::PropagationDelay { .. } | Node::Wait { .. }) => {
            Chain { until_ms, then_ms: 0 }
        }
        (None, Node::Soak { for_ms } | Node::PropagationDelay { for_ms, .. }) => {
            Chain { then_ms: begins.then_ms.saturating_add(*for_ms), ..begins }
        }
        (_, _) => begins,
    }
}
