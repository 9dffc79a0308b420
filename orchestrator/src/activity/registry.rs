//! Engine: activities, conditions and workflows by name, with their types erased to JSON.

use crate::activity::workflow::Workflow;
use crate::activity::{
    Activity, Call, Condition, ConditionResult, Evidence, Finding, Operation, Outcome, Probe, ResourceKey,
    Reversibility,
};
use crate::fault::{Difference, Fault, FaultKind};
use crate::ids::{Direction, StepId};
use crate::json::Json;
use crate::plan::{Node, Plan};
use crate::secrets::without_secrets;
use futures_util::future::BoxFuture;
use serde::Serialize;
use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Everything that plans may name.
#[derive(Clone, Default)]
pub struct Registry {
    activities: BTreeMap<&'static str, Arc<dyn AnyActivity>>,
    conditions: BTreeMap<&'static str, Arc<dyn AnyCondition>>,
    workflows: BTreeMap<&'static str, Arc<dyn AnyWorkflow>>,
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an activity under its name.
    #[must_use]
    pub fn activity<A: Activity>(mut self, activity: A) -> Self {
        self.activities.insert(A::NAME, Arc::new(Erased(activity)));
        self
    }

    /// Adds a condition under its name.
    #[must_use]
    pub fn condition<C: Condition>(mut self, condition: C) -> Self {
        self.conditions.insert(C::NAME, Arc::new(Erased(condition)));
        self
    }

    /// Adds a workflow under its name.
    #[must_use]
    pub fn workflow<W: Workflow>(mut self, workflow: W) -> Self {
        self.workflows.insert(W::NAME, Arc::new(Erased(workflow)));
        self
    }

    /// The same, with something around each activity, condition and workflow.
    #[cfg(feature = "harness")]
    pub(crate) fn wrapped(
        mut self,
        activity: impl Fn(&'static str, Arc<dyn AnyActivity>) -> Arc<dyn AnyActivity>,
        condition: impl Fn(&'static str, Arc<dyn AnyCondition>) -> Arc<dyn AnyCondition>,
        workflow: impl Fn(&'static str, Arc<dyn AnyWorkflow>) -> Arc<dyn AnyWorkflow>,
    ) -> Self {
        self.activities.iter_mut().for_each(|(name, inner)| *inner = activity(name, inner.clone()));
        self.conditions.iter_mut().for_each(|(name, inner)| *inner = condition(name, inner.clone()));
        self.workflows.iter_mut().for_each(|(name, inner)| *inner = workflow(name, inner.clone()));
        self
    }

    /// The first name in the plan that nothing is registered under.
    pub fn unknown_name<'a>(&self, plan: &'a Plan) -> Option<&'a str> {
        if !self.workflows.contains_key(plan.workflow.as_str()) {
            return Some(&plan.workflow);
        }
        let proofs = plan.steps.iter().filter_map(|step| step.proof.as_ref());
        let mut proofs = proofs.map(|proof| proof.condition.as_str());
        if let Some(unknown) = proofs.find(|name| !self.conditions.contains_key(*name)) {
            return Some(unknown);
        }
        plan.steps.iter().find_map(|step| match &step.node {
            Node::Act { activity, .. } if !self.activities.contains_key(activity.as_str()) => {
                Some(activity.as_str())
            }
            Node::Wait { condition, .. } if !self.conditions.contains_key(condition.as_str()) => {
                Some(condition.as_str())
            }
            Node::Act { .. }
            | Node::Wait { .. }
            | Node::Soak { .. }
            | Node::PropagationDelay { .. }
            | Node::Gate { .. }
            | Node::ByHand { .. }
            | Node::Check { .. } => None,
        })
    }

    /// The first step of which the plan says that it can be taken back, and its activity that nothing brings it back:
    /// it would stand behind no gate. What a plan says of that is only ever read, never believed.
    pub fn misjudged<'a>(&self, plan: &'a Plan) -> Option<&'a StepId> {
        let lost = |name: &str| {
            self.activities.get(name).is_some_and(|a| a.reversibility() == Reversibility::Irreversible)
        };
        plan.steps.iter().find_map(|step| match &step.node {
            Node::Act { activity, reversibility, .. }
                if *reversibility != Reversibility::Irreversible && lost(activity) =>
            {
                Some(&step.id)
            }
            _ => None,
        })
    }

    /// Whether a plan, just made, is one that this registry can carry out: every name in it is registered, and every input
    /// that the plan says in full is one of its activity or condition.
    ///
    /// # Errors
    /// With the first step that is not so; nothing was begun.
    pub fn check(&self, plan: &Plan) -> Result<(), Fault> {
        if let Some(name) = self.unknown_name(plan) {
            return Err(unknown("activity, condition or workflow", name));
        }
        for step in &plan.steps {
            let fits = match &step.node {
                Node::Act { activity, input, .. } => {
                    self.find_activity(activity)?.reads(input.known_whole().as_ref())
                }
                Node::Wait { condition, input, .. } => {
                    self.find_condition(condition)?.reads(input.known_whole().as_ref())
                }
                Node::Soak { .. }
                | Node::PropagationDelay { .. }
                | Node::Gate { .. }
                | Node::ByHand { .. }
                | Node::Check { .. } => Ok(()),
            };
            fits.map_err(|why| why.at(step.title.clone()))?;
            if let Some(proof) = &step.proof {
                let fits = self.find_condition(&proof.condition)?.reads(proof.input.known_whole().as_ref());
                fits.map_err(|why| why.at(step.title.clone()))?;
            }
        }
        Ok(())
    }

    pub(crate) fn find_activity(&self, name: &str) -> Result<Arc<dyn AnyActivity>, Fault> {
        self.activities.get(name).cloned().ok_or_else(|| unknown("activity", name))
    }

    pub(crate) fn find_condition(&self, name: &str) -> Result<Arc<dyn AnyCondition>, Fault> {
        self.conditions.get(name).cloned().ok_or_else(|| unknown("condition", name))
    }

    pub(crate) fn find_workflow(&self, name: &str) -> Result<Arc<dyn AnyWorkflow>, Fault> {
        self.workflows.get(name).cloned().ok_or_else(|| unknown("workflow", name))
    }
}

fn unknown(what: &str, name: &str) -> Fault {
    Fault::new(FaultKind::Bug, "UnknownName", format!("this program knows no {what} called {name:?}"))
}

struct Erased<T>(T);

/// A future that keeps all that it needs.
pub(crate) type OwnedFuture<T> = BoxFuture<'static, T>;

/// What is known of a step: what goes in, what was there before, and what came out, where that is known.
#[derive(Clone)]
pub(crate) struct StepData {
    pub(crate) input: Json,
    pub(crate) before: Json,
    pub(crate) output: Option<Json>,
}

/// The same in the types of an activity.
type Typed<A> = (<A as Activity>::Input, <A as Activity>::Before, Option<<A as Activity>::Output>);

impl StepData {
    /// The same in the types of an activity.
    fn read<A: Activity>(&self) -> Result<Typed<A>, Fault> {
        let output = self.output.as_ref().map(|output| output.read("output")).transpose()?;
        Ok((self.input.read("input")?, self.before.read("before image")?, output))
    }
}

/// An activity whose types are JSON.
pub(crate) trait AnyActivity: Send + Sync {
    fn reversibility(&self) -> Reversibility;
    /// Whether an input is one of this activity; where there is none yet, nobody can tell.
    fn reads(&self, input: Option<&Json>) -> Result<(), Fault>;
    fn reads_before(&self) -> bool;
    fn locks(&self, input: &Json) -> Result<Vec<ResourceKey>, Fault>;
    fn turn(&self, input: &Json, direction: Direction) -> Option<Duration>;
    fn before(self: Arc<Self>, input: Json) -> OwnedFuture<Result<Json, Fault>>;
    fn run(self: Arc<Self>, call: Arc<Call>, step: StepData) -> OwnedFuture<Outcome<Json>>;
    fn poll(self: Arc<Self>, step: StepData, operation: Operation) -> OwnedFuture<Outcome<Json>>;
    fn probe(self: Arc<Self>, step: StepData) -> OwnedFuture<Probe<Json>>;
    fn probe_undo(self: Arc<Self>, step: StepData) -> OwnedFuture<Probe<Json>>;
    fn restored(self: Arc<Self>, step: StepData) -> OwnedFuture<Result<Vec<Difference>, Fault>>;
    fn evidence(&self, input: &Json) -> Result<Evidence, Fault>;
    fn reconstruct_before(self: Arc<Self>, input: Json) -> OwnedFuture<Result<Option<Json>, Fault>>;
    fn undo(self: Arc<Self>, call: Arc<Call>, step: StepData) -> OwnedFuture<Outcome<Json>>;
    /// Compares what came out of the step with what is there.
    fn verify(self: Arc<Self>, step: StepData) -> OwnedFuture<Result<Vec<Finding>, Fault>>;
    fn residue(&self, step: &StepData) -> Result<String, Fault>;
}

pub(crate) trait AnyCondition: Send + Sync {
    /// Whether an input is one of this condition; where there is none yet, nobody can tell.
    fn reads(&self, input: Option<&Json>) -> Result<(), Fault>;
    fn check(self: Arc<Self>, input: Json) -> OwnedFuture<ConditionResult>;
    fn verify(self: Arc<Self>, input: Json) -> OwnedFuture<Result<Vec<Finding>, Fault>>;
}

/// Who is told the facts of a run, under the number of its parameters.
pub(crate) type TellFacts = Box<dyn Fn(usize, Result<Json, Fault>) + Send + Sync>;

pub(crate) trait AnyWorkflow: Send + Sync {
    /// Reads the facts of many runs. Each is told its own as soon as they are read, under the number of its parameters.
    fn survey_all(self: Arc<Self>, params: Vec<Json>, each: TellFacts) -> OwnedFuture<()>;
    fn differences(&self, expected: &Json, found: &Json) -> Result<Vec<Difference>, Fault>;
}

fn encode_outcome<T: Serialize>(outcome: Outcome<T>) -> Outcome<Json> {
    match outcome {
        Outcome::Applied(output) => Outcome::Applied(Json::of(&output)),
        Outcome::Accepted(operation) => Outcome::Accepted(operation),
        Outcome::Retry { after, why } => Outcome::Retry { after, why },
        Outcome::Refused(why) => Outcome::Refused(why),
        Outcome::Unknown(why) => Outcome::Unknown(why),
    }
}

fn encode_probe<T: Serialize>(probe: Probe<T>) -> Probe<Json> {
    match probe {
        Probe::Applied(output) => Probe::Applied(Json::of(&output)),
        Probe::Partial(output) => Probe::Partial(Json::of(&output)),
        Probe::InProgress { after } => Probe::InProgress { after },
        Probe::NotApplied => Probe::NotApplied,
        Probe::Foreign(difference) => Probe::Foreign(difference.recorded()),
        Probe::Unsettled { after, why } => Probe::Unsettled { after, why },
    }
}

/// Findings as they may be recorded.
fn recorded(findings: Vec<Finding>) -> Vec<Finding> {
    let hidden = |f: Finding| Finding {
        expected: without_secrets(&f.expected),
        found: f.found.as_deref().map(without_secrets),
        ..f
    };
    findings.into_iter().map(hidden).collect()
}

impl<A: Activity> AnyActivity for Erased<A> {
    fn reversibility(&self) -> Reversibility {
        A::REVERSIBILITY
    }

    fn reads(&self, input: Option<&Json>) -> Result<(), Fault> {
        input.map_or(Ok(()), |input| input.read::<A::Input>("input").map(drop))
    }

    fn reads_before(&self) -> bool {
        TypeId::of::<A::Before>() != TypeId::of::<()>()
    }

    fn locks(&self, input: &Json) -> Result<Vec<ResourceKey>, Fault> {
        let mut keys = self.0.locks(&input.read("input")?);
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    fn turn(&self, input: &Json, direction: Direction) -> Option<Duration> {
        self.0.turn(&input.read("input").ok()?, direction)
    }

    fn before(self: Arc<Self>, input: Json) -> OwnedFuture<Result<Json, Fault>> {
        Box::pin(async move { Ok(Json::of(&self.0.before(&input.read("input")?).await?)) })
    }

    fn run(self: Arc<Self>, call: Arc<Call>, step: StepData) -> OwnedFuture<Outcome<Json>> {
        Box::pin(async move {
            match step.read::<A>() {
                Ok((input, before, _)) => encode_outcome(self.0.run(&call, &input, &before).await),
                Err(why) => Outcome::Refused(why),
            }
        })
    }

    fn poll(self: Arc<Self>, step: StepData, operation: Operation) -> OwnedFuture<Outcome<Json>> {
        Box::pin(async move {
            match step.read::<A>() {
                Ok((input, before, _)) => encode_outcome(self.0.poll(&input, &before, &operation).await),
                Err(why) => Outcome::Unknown(why),
            }
        })
    }

    fn probe(self: Arc<Self>, step: StepData) -> OwnedFuture<Probe<Json>> {
        Box::pin(async move {
            match step.read::<A>() {
                Ok((input, before, _)) => encode_probe(self.0.probe(&input, &before).await),
                Err(why) => Probe::Unsettled { after: None, why },
            }
        })
    }

    fn probe_undo(self: Arc<Self>, step: StepData) -> OwnedFuture<Probe<Json>> {
        Box::pin(async move {
            match step.read::<A>() {
                Ok((input, before, was)) => {
                    encode_probe(self.0.probe_undo(&input, &before, was.as_ref()).await)
                }
                Err(why) => Probe::Unsettled { after: None, why },
            }
        })
    }

    fn restored(self: Arc<Self>, step: StepData) -> OwnedFuture<Result<Vec<Difference>, Fault>> {
        Box::pin(async move {
            let (input, before, _) = step.read::<A>()?;
            self.0.restored(&input, &before).await
        })
    }

    fn evidence(&self, input: &Json) -> Result<Evidence, Fault> {
        Ok(self.0.evidence(&input.read("input")?))
    }

    fn reconstruct_before(self: Arc<Self>, input: Json) -> OwnedFuture<Result<Option<Json>, Fault>> {
        Box::pin(async move {
            if !self.reads_before() {
                return Ok(Some(Json::of(&())));
            }
            Ok(self.0.reconstruct_before(&input.read("input")?).await?.map(|before| Json::of(&before)))
        })
    }

    fn undo(self: Arc<Self>, call: Arc<Call>, step: StepData) -> OwnedFuture<Outcome<Json>> {
        Box::pin(async move {
            match step.read::<A>() {
                Ok((input, before, was)) => {
                    encode_outcome(self.0.undo(&call, &input, &before, was.as_ref()).await)
                }
                Err(why) => Outcome::Refused(why),
            }
        })
    }

    fn verify(self: Arc<Self>, step: StepData) -> OwnedFuture<Result<Vec<Finding>, Fault>> {
        Box::pin(async move {
            let (input, before, output) = step.read::<A>()?;
            let Some(output) = output else { return Ok(Vec::new()) };
            Ok(recorded(self.0.verify(&input, &before, &output).await?))
        })
    }

    fn residue(&self, step: &StepData) -> Result<String, Fault> {
        let (input, before, was) = step.read::<A>()?;
        Ok(self.0.residue(&input, &before, was.as_ref()))
    }
}

impl<C: Condition> AnyCondition for Erased<C> {
    fn reads(&self, input: Option<&Json>) -> Result<(), Fault> {
        input.map_or(Ok(()), |input| input.read::<C::Input>("input").map(drop))
    }

    fn check(self: Arc<Self>, input: Json) -> OwnedFuture<ConditionResult> {
        Box::pin(async move {
            match input.read("input") {
                Ok(input) => self.0.check(&input).await,
                Err(why) => ConditionResult::Never(why),
            }
        })
    }

    fn verify(self: Arc<Self>, input: Json) -> OwnedFuture<Result<Vec<Finding>, Fault>> {
        Box::pin(async move { Ok(recorded(self.0.verify(&input.read("input")?).await?)) })
    }
}

impl<W: Workflow> AnyWorkflow for Erased<W> {
    fn survey_all(self: Arc<Self>, params: Vec<Json>, each: TellFacts) -> OwnedFuture<()> {
        Box::pin(async move {
            let (mut numbers, mut known) = (Vec::new(), Vec::new());
            for (nth, one) in params.iter().enumerate() {
                match one.read("parameters") {
                    Ok(one) => {
                        numbers.push(nth);
                        known.push(one);
                    }
                    Err(why) => each(nth, Err(why)),
                }
            }
            let told = |nth: usize, found: Result<W::Facts, Fault>| {
                each(numbers[nth], found.map(|facts| Json::of(&facts)));
            };
            self.0.survey_all(&known, told).await;
        })
    }

    fn differences(&self, expected: &Json, found: &Json) -> Result<Vec<Difference>, Fault> {
        let (expected, found) = (expected.read("facts")?, found.read("facts")?);
        if let Some(why) = W::unread(&expected, &found) {
            return Err(why);
        }
        Ok(W::differences(&expected, &found).into_iter().map(Difference::recorded).collect())
    }
}
