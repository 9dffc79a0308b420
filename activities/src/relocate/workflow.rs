//! Activities: the workflow that moves an identity: survey, preflight, plan, differences.

use crate::azure::Reader;
use crate::relocate::differences;
use crate::relocate::facts::Facts;
use crate::relocate::params::Params;
use crate::relocate::plan;
use crate::relocate::survey::{survey, survey_as_read};
use rehome_orchestrator::{Difference, Fault, FaultKind, Plan, Workflow};

/// The name of the workflow in plans and logs.
pub const NAME: &str = "relocate/1";

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

    async fn survey_all(&self, params: &[Params], each: impl Fn(usize, Result<Facts, Fault>) + Send + Sync) {
        if let Err(why) = survey_as_read(&self.reader, params, &each).await {
            (0..params.len()).for_each(|nth| each(nth, Err(why.clone())));
        }
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
