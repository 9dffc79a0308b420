//! Activities: the workflow that moves an identity: survey, preflight, plan, differences.

mod bindings;
pub mod cannot_see;
pub(crate) mod databases;
pub mod differences;
pub mod facts;
mod keepers;
mod locks;
pub(crate) mod names;
mod nodes;
pub(crate) mod outside;
pub mod params;
pub(crate) mod pim;
mod plan;
pub mod preflight;
pub mod rights;
mod room;
mod said;
pub(crate) mod sign_ins;
mod strategy;
mod surroundings;
mod survey;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use plan::plan;
pub use strategy::{Choice, choose};

/// The name of the workflow in plans and logs.
pub const NAME: &str = "relocate/1";

/// What the code has as tables, for the table of all surfaces.
pub(crate) mod tables {
    pub(crate) use super::strategy::BY_HAND;
    pub(crate) use super::survey::{SERVICES, is_single_kind};
}

/// How the resources that carry an identity are looked for.
pub(crate) mod looking {
    pub(crate) use super::survey::{
        RESOURCE_GRAPH, TABLES, Versions, carriers, credential_list, lacks_table, users_list,
    };
}

use crate::azure::Reader;
use rehome_orchestrator::{Difference, Fault, FaultKind, Plan, Workflow};

pub use facts::{Facts, Moving, Strategy};
pub use params::{Options, Params, Target, Unpinned, Waits};
pub use surroundings::surroundings;
pub use survey::survey;

#[cfg(any(test, feature = "fuzz"))]
pub(crate) use survey::fuzz as fuzz_survey;

/// The workflow that moves one identity.
pub struct Relocate {
    /// What reads the facts.
    pub reader: Reader,
}

impl Workflow for Relocate {
    const NAME: &'static str = NAME;
    type Params = Params;
    type Facts = Facts;

    async fn survey(&self, params: &Params) -> Result<Facts, Fault> {
        let mut all = survey(&self.reader, std::slice::from_ref(params)).await?;
        let nothing = || Fault::new(FaultKind::Bug, "NoFacts", "the survey gave no facts");
        all.pop().ok_or_else(nothing)?
    }

    fn plan(params: &Params, facts: &Facts) -> Result<Plan, Fault> {
        plan::plan(params, facts)
    }

    fn differences(expected: &Facts, found: &Facts) -> Vec<Difference> {
        differences::differences(expected, found)
    }

    fn unread(expected: &Facts, found: &Facts) -> Option<Fault> {
        differences::unread(expected, found)
    }
}
