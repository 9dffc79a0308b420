//! Engine: a plan with its arrows followed both ways. Pure.

use crate::ids::StepId;
use crate::plan::{Plan, Step};
use std::sync::Arc;

/// The place of a step in its plan.
pub(crate) type Index = u32;

/// A plan, and who needs whom by place. There is one for each run under way, so it is kept small.
#[derive(Debug, PartialEq)]
pub(crate) struct Graph {
    plan: Arc<Plan>,
    /// Every place, in the order of the names.
    by_name: Vec<Index>,
    needs: Arrows,
    dependents: Arrows,
}

/// Where the arrows of each place lead, one place's after the other's.
#[derive(Debug, PartialEq)]
struct Arrows {
    ends: Vec<u32>,
    leads_to: Vec<Index>,
}

impl Arrows {
    fn new(of: &[Vec<Index>]) -> Self {
        let mut end = 0;
        let ends = of.iter().map(|some| {
            end += count(some.len());
            end
        });
        Self { ends: ends.collect(), leads_to: of.concat() }
    }

    fn from(&self, at: Index) -> &[Index] {
        let first = at.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        &self.leads_to[first as usize..self.ends[at as usize] as usize]
    }
}

impl Graph {
    /// Follows the arrows of a plan that keeps the rules.
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        let mut by_name: Vec<Index> = (0..count(plan.steps.len())).collect();
        by_name.sort_unstable_by_key(|at| &plan.steps[*at as usize].id);
        let find = |id| find(&plan, &by_name, id);
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        let mut needs = Vec::with_capacity(plan.steps.len());
        for (step, place) in plan.steps.iter().zip(0..) {
            let mut of: Vec<Index> = step.needs.iter().filter_map(find).collect();
            of.sort_unstable();
            of.dedup();
            of.iter().for_each(|need| dependents[*need as usize].push(place));
            needs.push(of);
        }
        let (needs, dependents) = (Arrows::new(&needs), Arrows::new(&dependents));
        Self { plan, by_name, needs, dependents }
    }

    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    pub(crate) fn len(&self) -> Index {
        count(self.plan.steps.len())
    }

    pub(crate) fn step(&self, at: Index) -> &Step {
        &self.plan.steps[at as usize]
    }

    pub(crate) fn find(&self, id: &StepId) -> Option<Index> {
        find(&self.plan, &self.by_name, id)
    }

    pub(crate) fn needs(&self, at: Index) -> &[Index] {
        self.needs.from(at)
    }

    pub(crate) fn dependents(&self, at: Index) -> &[Index] {
        self.dependents.from(at)
    }
}

fn find(plan: &Plan, by_name: &[Index], id: &StepId) -> Option<Index> {
    let found = by_name.binary_search_by_key(&id, |at| &plan.steps[*at as usize].id);
    found.ok().map(|nth| by_name[nth])
}

/// A count of steps or arrows, which a plan has few of.
fn count(many: usize) -> Index {
    Index::try_from(many).expect("a plan has at most STEPS_MAX steps, each needing earlier ones")
}
