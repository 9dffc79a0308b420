//! Engine: plans put together step by step, from the types of their activities and conditions. Pure.

use crate::activity::{Activity, Condition, Workflow};
use crate::ids::StepId;
use crate::plan::rules::{OnFailure, Plan, PlanError};
use crate::plan::step::{Node, Phase, Proof, Retry, Step};
use crate::plan::template::Template;

impl Proof {
    /// The promise of this condition about this input, which may name what earlier steps give.
    pub fn of<C: Condition>(input: &C::Input) -> Self {
        Self { condition: C::NAME.to_owned(), input: Template::of(input) }
    }
}

/// A plan that grows step by step.
#[derive(Clone, Debug)]
pub struct PlanBuilder(Plan);

impl PlanBuilder {
    /// A plan of this workflow without steps. A step that cannot be done is parked, unless
    /// [`PlanBuilder::roll_back_on_failure`] says otherwise.
    pub fn of<W: Workflow>() -> Self {
        Self(Plan { workflow: W::NAME.to_owned(), on_failure: OnFailure::Park, steps: Vec::new() })
    }

    /// The run goes back when a step cannot be done.
    #[must_use]
    pub fn roll_back_on_failure(mut self) -> Self {
        self.0.on_failure = OnFailure::RollBack;
        self
    }

    /// Adds a step, and gives its name for those that need it.
    pub fn add(&mut self, step: Step) -> StepId {
        let id = step.id.clone();
        self.0.steps.push(step);
        id
    }

    /// Adds a step that also needs the one that was added last.
    pub fn then(&mut self, mut step: Step) -> StepId {
        step.needs.extend(self.0.steps.last().map(|last| last.id.clone()));
        self.add(step)
    }

    /// The plan, when it keeps the rules.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn build(self) -> Result<Plan, PlanError> {
        self.0.check()?;
        Ok(self.0)
    }
}

impl Step {
    /// A step of the way forward that needs no other, is called by its name, and has nothing to take back.
    pub fn new(id: impl Into<StepId>, node: Node) -> Self {
        let (id, group, undo) = (id.into(), String::new(), String::new());
        let title = id.to_string();
        Self { id, group, title, undo, phase: Phase::Forward, needs: Vec::new(), node, proof: None }
    }

    /// A step of this activity on this input, which may name what earlier steps give.
    pub fn act<A: Activity>(id: impl Into<StepId>, input: &A::Input) -> Self {
        Self::new(id, Node::doing::<A>(input))
    }

    /// What it does, in words.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// How it is taken back, in words.
    #[must_use]
    pub fn undo(mut self, undo: impl Into<String>) -> Self {
        self.undo = undo.into();
        self
    }

    /// The heading under which it is shown.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = group.into();
        self
    }

    /// Steps that must be done before, added to those that it has.
    #[must_use]
    pub fn needs<I: Into<StepId>>(mut self, needs: impl IntoIterator<Item = I>) -> Self {
        self.needs.extend(needs.into_iter().map(Into::into));
        self
    }

    /// It belongs to the clean-up behind a gate.
    #[must_use]
    pub fn in_clean_up(mut self) -> Self {
        self.phase = Phase::CleanUp;
        self
    }

    /// What is looked at once a person has said that it is done.
    #[must_use]
    pub fn proof(mut self, proof: Proof) -> Self {
        self.proof = Some(proof);
        self
    }
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

    /// A step of this activity on this input, which may name what earlier steps give.
    pub fn doing<A: Activity>(input: &A::Input) -> Self {
        Self::act::<A>(Template::of(input))
    }

    /// A wait for this condition, with an input that may name what earlier steps give.
    pub fn until<C: Condition>(input: &C::Input, retry: Retry) -> Self {
        Self::wait::<C>(Template::of(input), retry)
    }

    /// A wait for this condition.
    pub fn wait<C: Condition>(input: Template, retry: Retry) -> Self {
        Self::Wait { condition: C::NAME.to_owned(), input, retry }
    }
}
