//! Engine: a plan with its arrows followed both ways. Pure.

use crate::ids::StepId;
use crate::plan::{Plan, Step};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The place of a step in its plan.
pub(crate) type Index = u32;

/// A plan, and who needs whom by place.
#[derive(Debug, PartialEq)]
pub(crate) struct Graph {
    plan: Arc<Plan>,
    places: BTreeMap<StepId, Index>,
    needs: Vec<Vec<Index>>,
    dependents: Vec<Vec<Index>>,
}

impl Graph {
    /// Follows the arrows of a plan that keeps the rules.
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        let places: BTreeMap<StepId, Index> =
            plan.steps.iter().zip(0..).map(|(step, place)| (step.id.clone(), place)).collect();
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        let mut needs = Vec::with_capacity(plan.steps.len());
        for (step, place) in plan.steps.iter().zip(0..) {
            let mut of: Vec<Index> = step.needs.iter().filter_map(|n| places.get(n).copied()).collect();
            of.sort_unstable();
            of.dedup();
            of.iter().for_each(|need| dependents[*need as usize].push(place));
            needs.push(of);
        }
        Self { plan, places, needs, dependents }
    }

    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    pub(crate) fn len(&self) -> Index {
        Index::try_from(self.plan.steps.len()).expect("a plan has at most STEPS_MAX steps")
    }

    pub(crate) fn step(&self, at: Index) -> &Step {
        &self.plan.steps[at as usize]
    }

    pub(crate) fn find(&self, id: &StepId) -> Option<Index> {
        self.places.get(id).copied()
    }

    pub(crate) fn needs(&self, at: Index) -> &[Index] {
        &self.needs[at as usize]
    }

    pub(crate) fn dependents(&self, at: Index) -> &[Index] {
        &self.dependents[at as usize]
    }
}
