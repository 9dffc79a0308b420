//! Engine: the recorded plan, a graph of named steps, and the rules it must keep. Pure.

use crate::activity::{Activity, Condition, Reversibility};
use crate::ids::{StepId, is_name};
use crate::json::Json;
use crate::template::Template;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

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

/// A list without room for more: thousands of plans are in memory at once, and none of them grows.
fn tight<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(Tight(PhantomData))
}

/// Makes room for most lists at the second item, and gives back what was too much.
struct Tight<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Tight<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let Some(first) = items.next_element()? else { return Ok(Vec::new()) };
        let Some(second) = items.next_element()? else { return Ok(vec![first]) };
        let mut list = Vec::with_capacity(32);
        list.extend([first, second]);
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        list.shrink_to_fit();
        Ok(list)
    }
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

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name, unique in the plan.
    pub id: StepId,
    /// What people call the part of the plan that it belongs to.
    pub group: String,
    /// What it does, in words.
    pub title: String,
    /// How it is taken back, in words; empty when there is nothing to take back.
    pub undo: String,
    /// Whether it belongs to the way forward or to the clean-up behind a gate.
    pub phase: Phase,
    /// The steps that must be done before.
    #[serde(deserialize_with = "tight")]
    pub needs: Vec<StepId>,
    /// What kind of step it is.
    pub node: Node,
    /// What is looked at once a person has said that it is done, where that can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// A promise that a person keeps: the word of a person is believed, and looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The name of the condition whose promise it is.
    pub condition: String,
    /// Its input.
    pub input: Template,
}

/// A part of the one plan of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The way to the goal.
    Forward,
    /// The removal of what is no longer needed.
    CleanUp,
}

/// The kinds of step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// One effect on the outside world.
    Act {
        /// The name of the activity.
        activity: String,
        /// Its input.
        input: Template,
        /// How far it can be taken back.
        reversibility: Reversibility,
        /// How long an absent effect may still turn up, in unscaled milliseconds.
        settling_ms: u64,
        /// How it is tried again.
        retry: Retry,
    },
    /// Waits until something outside holds.
    Wait {
        /// The name of the condition.
        condition: String,
        /// Its input.
        input: Template,
        /// How it is asked again.
        retry: Retry,
    },
    /// Waits for a date: this long after the step's turn comes, in unscaled milliseconds.
    Soak {
        /// How long.
        for_ms: u64,
    },
    /// Waits for what nothing shows, such as a change that spreads: this long after the step's turn comes,
    /// in unscaled milliseconds. On the way back it holds too, once something that needs it was taken back.
    Pause {
        /// How long on the way to the goal.
        for_ms: u64,
        /// How long on the way back.
        back_ms: u64,
    },
    /// Waits for an approval.
    Gate {
        /// What the approval is called.
        name: String,
    },
    /// Waits for a person to say that it is done.
    ByHand {
        /// What to do, with the values filled in.
        instruction: Template,
        /// How to take it back by hand.
        undo: Template,
    },
    /// Compares what earlier steps promised with what is there.
    Check {
        /// Whose promises.
        of: Vec<StepId>,
    },
}

/// How often, how long and how slowly something is tried again; unscaled milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The first pause; each further one is twice as long, with jitter.
    pub base_ms: u64,
    /// No pause is longer.
    pub cap_ms: u64,
    /// Given up after this many attempts.
    pub attempts_max: u32,
    /// Given up when this long has passed since the first attempt.
    pub give_up_after_ms: u64,
}

impl Retry {
    /// Exponential from 2 s to 60 s, for ten minutes.
    pub const DEFAULT: Self =
        Self { base_ms: 2_000, cap_ms: 60_000, attempts_max: 60, give_up_after_ms: 600_000 };
}

impl Node {
    /// A step of this activity.
    pub fn act<A: Activity>(input: Template) -> Self {
        Self::Act {
            activity: A::NAME.to_owned(),
            input,
            reversibility: A::REVERSIBILITY,
            settling_ms: A::SETTLING_MS,
            retry: A::RETRY,
        }
    }

    /// A wait for this condition.
    pub fn wait<C: Condition>(input: Template, retry: Retry) -> Self {
        Self::Wait { condition: C::NAME.to_owned(), input, retry }
    }

    /// The steps whose outputs the node's input names.
    pub fn references(&self) -> BTreeSet<&StepId> {
        match self {
            Self::Act { input, .. } | Self::Wait { input, .. } => input.references(),
            Self::ByHand { instruction, undo } => {
                instruction.references().union(&undo.references()).copied().collect()
            }
            Self::Soak { .. } | Self::Pause { .. } | Self::Gate { .. } | Self::Check { .. } => {
                BTreeSet::new()
            }
        }
    }
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

impl Step {
    /// The input of its activity, where the plan says it in full.
    pub(crate) fn known_input(&self) -> Option<&Json> {
        match &self.node {
            Node::Act { input: Template::Known(input), .. } => Some(input),
            _ => None,
        }
    }

    /// The steps whose outputs or promises this one names.
    fn names(&self) -> BTreeSet<&StepId> {
        let mut named = self.node.references();
        if let Node::Check { of } = &self.node {
            named.extend(of);
        }
        named.extend(self.proof.iter().flat_map(|proof| proof.input.references()));
        named
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

/// The digest of anything that is approved: SHA-256 over its RFC 8785 form, in lower-case hex with
/// the prefix `sha256:`.
pub fn digest(of: &impl Serialize) -> String {
    let bytes = serde_json_canonicalizer::to_vec(of).expect("plans hold no value that JSON cannot hold");
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(&bytes) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn the_digest_does_not_depend_on_the_order_of_members() {
        assert_eq!(digest(&json!({"a": 1, "b": [1.0, "é"]})), digest(&json!({"b": [1.0, "é"], "a": 1})));
        assert_ne!(digest(&json!({"a": 1})), digest(&json!({"a": 2})));
    }
}
