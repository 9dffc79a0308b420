//! Engine: the recorded plan, a graph of named steps, and the rules it must keep. Pure.

use crate::activity::Reversibility;
use crate::fault::{Fault, FaultKind};
use crate::ids::{StepId, is_name};
use crate::plan::step::{Node, Step, tight};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A plan has at most this many steps: far above the largest identity, far below what a person reads.
pub const STEPS_MAX: usize = 20_000;

/// Everything that one run will do, in the order that its needs allow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The name of the workflow that made it.
    pub workflow: String,
    /// What happens when a step cannot be done.
    pub on_failure: OnFailure,
    /// The steps; each may need only steps that stand before it.
    #[serde(deserialize_with = "tight")]
    pub steps: Vec<Step>,
}

/// What happens when a step cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The step is parked, what does not need it goes on, and a person decides.
    Park,
    /// The run turns and undoes what it did.
    RollBack,
}

/// Why a plan is refused when it is built.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    /// Nothing to do, or far too much.
    #[error("a plan has 1 to {STEPS_MAX} steps, this one has {0}")]
    Size(usize),
    /// A name that is none.
    #[error("{0:?} is no name of a step: it has 1 to 64 letters, digits, hyphens, underscores and dots")]
    Name(StepId),
    /// Two steps of one name.
    #[error("two steps are called {0}")]
    Twice(StepId),
    /// A need that does not stand before the step.
    #[error("step {step} needs {need}, which does not stand before it")]
    Order {
        /// The step.
        step: StepId,
        /// What it needs.
        need: StepId,
    },
    /// A reference to a step that is not sure to be done before.
    #[error("step {step} refers to the output of {to}, but does not need it")]
    Reference {
        /// The step.
        step: StepId,
        /// Whose output it names.
        to: StepId,
    },
    /// An irreversible step without a gate before it.
    #[error("step {0} cannot be undone and stands behind no gate")]
    Ungated(StepId),
    /// A forward step that needs a clean-up step.
    #[error("forward step {step} needs clean-up step {need}")]
    Phase {
        /// The forward step.
        step: StepId,
        /// The clean-up step.
        need: StepId,
    },
}

impl From<PlanError> for Fault {
    fn from(broken: PlanError) -> Self {
        Self::new(FaultKind::Bug, "PlanRule", broken.to_string())
    }
}

impl Plan {
    /// Checks the rules of a plan.
    ///
    /// # Errors
    /// The first rule that is broken, with the steps that break it.
    pub fn check(&self) -> Result<(), PlanError> {
        if self.steps.is_empty() || self.steps.len() > STEPS_MAX {
            return Err(PlanError::Size(self.steps.len()));
        }
        let mut places: BTreeMap<&StepId, usize> = BTreeMap::new();
        let (mut gated, mut before): (Vec<bool>, Vec<Before>) = (Vec::new(), Vec::new());
        if let Some(none) = self.steps.iter().find(|step| !is_name(step.id.as_str())) {
            return Err(PlanError::Name(none.id.clone()));
        }
        for (place, step) in self.steps.iter().enumerate() {
            let mut gate = matches!(step.node, Node::Gate { .. });
            let mut sure = Before::default();
            for need in &step.needs {
                let Some(&earlier) = places.get(need) else {
                    return Err(PlanError::Order { step: step.id.clone(), need: need.clone() });
                };
                if step.phase < self.steps[earlier].phase {
                    return Err(PlanError::Phase { step: step.id.clone(), need: need.clone() });
                }
                gate |= gated[earlier];
                sure.add(earlier, &before);
            }
            let is_sure = |to: &&StepId| places.get(to).is_some_and(|at| sure.has(*at));
            if let Some(to) = step.names().into_iter().find(|to| !is_sure(to)) {
                return Err(PlanError::Reference { step: step.id.clone(), to: to.clone() });
            }
            let last = matches!(&step.node, Node::Act { reversibility: Reversibility::Irreversible, .. });
            if last && !gate {
                return Err(PlanError::Ungated(step.id.clone()));
            }
            if places.insert(&step.id, place).is_some() {
                return Err(PlanError::Twice(step.id.clone()));
            }
            gated.push(gate);
            before.push(sure);
        }
        Ok(())
    }
}

/// The steps that are sure to be done before a step, a bit for each: to follow the arrows anew from every step
/// takes the square of their number, and a plan comes from a file that anybody may have written.
#[derive(Default)]
struct Before(Vec<u64>);

impl Before {
    fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    /// Adds an earlier step with everything before it.
    fn add(&mut self, place: usize, all: &[Self]) {
        if self.has(place) {
            return;
        }
        self.0.resize(self.0.len().max(place / 64 + 1), 0);
        self.0.iter_mut().zip(&all[place].0).for_each(|(mine, more)| *mine |= more);
        self.0[place / 64] |= 1 << (place % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::step::{Phase, Retry};
    use crate::plan::template::Template;
    use serde_json::json;

    fn step(id: &str, needs: &[&str], node: Node, phase: Phase) -> Step {
        Step {
            id: id.into(),
            group: String::new(),
            title: id.to_owned(),
            undo: String::new(),
            phase,
            needs: needs.iter().map(|n| StepId::from(*n)).collect(),
            node,
            proof: None,
        }
    }

    fn act(input: Template, reversibility: Reversibility) -> Node {
        Node::Act { activity: "a/1".into(), input, reversibility, settling_ms: 0, retry: Retry::DEFAULT }
    }

    fn plan(steps: Vec<Step>) -> Plan {
        Plan { workflow: "w/1".into(), on_failure: OnFailure::Park, steps }
    }

    #[test]
    fn an_irreversible_step_without_a_gate_is_refused() {
        let delete = act(Template::known(json!({})), Reversibility::Irreversible);
        let bare = plan(vec![step("d", &[], delete.clone(), Phase::CleanUp)]);
        assert_eq!(bare.check(), Err(PlanError::Ungated("d".into())));
        let gate = Node::Gate { name: "cleanup".into() };
        let gated = plan(vec![
            step("g", &[], gate, Phase::CleanUp),
            step("m", &["g"], act(Template::known(json!({})), Reversibility::Reversible), Phase::CleanUp),
            step("d", &["m"], delete, Phase::CleanUp),
        ]);
        assert_eq!(gated.check(), Ok(()));
    }

    #[test]
    fn order_names_references_and_phases_are_checked() {
        let plain = || act(Template::known(json!({})), Reversibility::Reversible);
        let refers = act(Template::from_step("a", "x"), Reversibility::Reversible);
        let twice =
            plan(vec![step("a", &[], plain(), Phase::Forward), step("a", &[], plain(), Phase::Forward)]);
        assert_eq!(twice.check(), Err(PlanError::Twice("a".into())));
        let order = plan(vec![step("b", &["a"], plain(), Phase::Forward)]);
        assert_eq!(order.check(), Err(PlanError::Order { step: "b".into(), need: "a".into() }));
        let reference =
            plan(vec![step("a", &[], plain(), Phase::Forward), step("b", &[], refers, Phase::Forward)]);
        assert_eq!(reference.check(), Err(PlanError::Reference { step: "b".into(), to: "a".into() }));
        let phase =
            plan(vec![step("a", &[], plain(), Phase::CleanUp), step("b", &["a"], plain(), Phase::Forward)]);
        assert_eq!(phase.check(), Err(PlanError::Phase { step: "b".into(), need: "a".into() }));
        assert_eq!(plan(Vec::new()).check(), Err(PlanError::Size(0)));
        for none in ["", "a b", "a\n", "a:b", "\u{202e}a", &"a".repeat(65)] {
            let named = plan(vec![step(none, &[], plain(), Phase::Forward)]);
            assert_eq!(named.check(), Err(PlanError::Name(none.into())), "{none:?}");
        }
    }

    #[test]
    fn the_longest_plan_is_checked_however_far_back_its_references_reach() {
        let refers = || act(Template::from_step("s0", "x"), Reversibility::Reversible);
        let mut steps =
            vec![step("s0", &[], act(Template::known(1), Reversibility::Reversible), Phase::Forward)];
        for at in 1..STEPS_MAX {
            steps.push(step(&format!("s{at}"), &[&format!("s{}", at - 1)], refers(), Phase::Forward));
        }
        assert_eq!(plan(steps).check(), Ok(()));
    }
}
