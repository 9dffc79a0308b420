//! Engine: what a workflow is. Touches nothing.

use crate::activity::Data;
use crate::fault::{Difference, Fault};
use crate::plan::Plan;
use futures_util::stream::{self, StreamExt};
use std::future::Future;

/// Runs that are surveyed at the same time, where each is surveyed by itself.
const SURVEYS_AT_ONCE: usize = 16;

/// A kind of run: it reads the facts once, plans once, and can tell whether the facts still hold.
///
/// `plan` is never run again for a run that exists: the recorded plan is what is interpreted.
pub trait Workflow: Send + Sync + 'static {
    /// Stands in logs for ever, with a version: `"relocate/1"`.
    const NAME: &'static str;
    /// What a person asked for.
    type Params: Data;
    /// What was read from the world before the first step.
    type Facts: Data;

    /// Reads the facts. Reads only.
    fn survey(&self, params: &Self::Params) -> impl Future<Output = Result<Self::Facts, Fault>> + Send;

    /// Reads the facts of many runs that begin together, in the order of their parameters. A workflow that can read
    /// for all of them at once what they share says so here; otherwise each is surveyed by itself.
    fn survey_all(
        &self,
        params: &[Self::Params],
    ) -> impl Future<Output = Vec<Result<Self::Facts, Fault>>> + Send {
        let mut asked = Vec::with_capacity(params.len());
        for one in params {
            asked.push(self.survey(one));
        }
        stream::iter(asked).buffered(SURVEYS_AT_ONCE).collect()
    }

    /// Makes the plan: a pure function of its arguments.
    ///
    /// # Errors
    /// When no plan can be made from these facts.
    fn plan(params: &Self::Params, facts: &Self::Facts) -> Result<Plan, Fault>;

    /// Where two surveys differ in what matters: not in version tags or time stamps.
    fn differences(expected: &Self::Facts, found: &Self::Facts) -> Vec<Difference>;

    /// What the later of two surveys could not read and the earlier one could: they cannot be compared then.
    fn unread(expected: &Self::Facts, found: &Self::Facts) -> Option<Fault> {
        let _ = (expected, found);
        None
    }
}
