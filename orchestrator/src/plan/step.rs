//! Engine: one step of a plan: what kind it is, what it needs, and how it is tried again. Pure.

use crate::activity::Reversibility;
use crate::ids::StepId;
use crate::json::Json;
use crate::plan::template::Template;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

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
    #[serde(rename = "pause")]
    PropagationDelay {
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
    /// Ten minutes: so long a change is given to act everywhere, where nobody says otherwise; unscaled milliseconds.
    pub const PROPAGATION_MS: u64 = 600_000;

    /// Exponential from 2 s to 60 s, for as long as a change is given to act everywhere.
    pub const DEFAULT: Self =
        Self { base_ms: 2_000, cap_ms: 60_000, attempts_max: 60, give_up_after_ms: Self::PROPAGATION_MS };
}

impl Node {
    /// The steps whose outputs the node's input names.
    pub fn references(&self) -> BTreeSet<&StepId> {
        match self {
            Self::Act { input, .. } | Self::Wait { input, .. } => input.references(),
            Self::ByHand { instruction, undo } => {
                instruction.references().union(&undo.references()).copied().collect()
            }
            Self::Soak { .. } | Self::PropagationDelay { .. } | Self::Gate { .. } | Self::Check { .. } => {
                BTreeSet::new()
            }
        }
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
    pub(crate) fn names(&self) -> BTreeSet<&StepId> {
        let mut named = self.node.references();
        if let Node::Check { of } = &self.node {
            named.extend(of);
        }
        named.extend(self.proof.iter().flat_map(|proof| proof.input.references()));
        named
    }
}

/// A list without room for more: thousands of plans are in memory at once, and none of them grows.
pub(crate) fn tight<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
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
