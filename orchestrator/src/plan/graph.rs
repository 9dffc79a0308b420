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
    names: Names,
    needs: Arrows,
    dependents: Arrows,
}

/// The names of the steps in their order, side by side: each event names a step, and the steps themselves lie far
/// apart in memory.
#[derive(Debug, PartialEq)]
struct Names {
    text: String,
    entries: Vec<Name>,
}

/// Where a name stands in the text, and which step it is.
#[derive(Debug, PartialEq)]
struct Name {
    from: usize,
    to: usize,
    place: Index,
}

impl Names {
    fn new(plan: &Plan) -> Self {
        let mut sorted: Vec<(&str, Index)> =
            plan.steps.iter().map(|step| step.id.as_str()).zip(0..).collect();
        sorted.sort_unstable();
        let (mut text, mut entries) = (String::new(), Vec::with_capacity(sorted.len()));
        for (name, place) in sorted {
            let from = text.len();
            text.push_str(name);
            entries.push(Name { from, to: text.len(), place });
        }
        Self { text, entries }
    }

    fn find(&self, id: &StepId) -> Option<Index> {
        let name = |entry: &Name| &self.text[entry.from..entry.to];
        let found = self.entries.binary_search_by(|entry| name(entry).cmp(id.as_str()));
        found.ok().map(|nth| self.entries[nth].place)
    }
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
        let names = Names::new(&plan);
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        let mut needs = Vec::with_capacity(plan.steps.len());
        for (step, place) in plan.steps.iter().zip(0..) {
            let mut of: Vec<Index> = step.needs.iter().filter_map(|id| names.find(id)).collect();
            of.sort_unstable();
            of.dedup();
            of.iter().for_each(|need| dependents[*need as usize].push(place));
            needs.push(of);
        }
        let (needs, dependents) = (Arrows::new(&needs), Arrows::new(&dependents));
        Self { plan, names, needs, dependents }
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
        self.names.find(id)
    }

    pub(crate) fn needs(&self, at: Index) -> &[Index] {
        self.needs.from(at)
    }

    pub(crate) fn dependents(&self, at: Index) -> &[Index] {
        self.dependents.from(at)
    }
}

/// A count of steps or arrows, which a plan has few of.
fn count(many: usize) -> Index {
    Index::try_from(many).expect("a plan has at most STEPS_MAX steps, each needing earlier ones")
}
