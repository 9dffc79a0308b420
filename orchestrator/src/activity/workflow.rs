//! Engine: what a workflow is. Touches nothing.

use crate::activity::contract::Data;
use crate::fault::{Difference, Fault};
use crate::json::Json;
use crate::plan::Plan;
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use std::collections::BTreeSet;
use std::future::{Future, ready};

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

    /// Reads the facts. Reads only. It need not be said where there are none, because `Facts` is `()`.
    fn survey(&self, params: &Self::Params) -> impl Future<Output = Result<Self::Facts, Fault>> + Send {
        let _ = params;
        async { Json::of(&()).read("facts") }
    }

    /// Reads the facts of many runs that begin together. `each` is told those of a run as soon as they are read, under the
    /// number of its parameters, and the run goes on while others are still read. A workflow that can read for all of them
    /// at once what they share says so here; otherwise each is surveyed by itself.
    fn survey_all(
        &self,
        params: &[Self::Params],
        each: impl Fn(usize, Result<Self::Facts, Fault>) + Send + Sync,
    ) -> impl Future<Output = ()> + Send {
        let mut asked = Vec::with_capacity(params.len());
        for (nth, one) in params.iter().enumerate() {
            asked.push(self.survey(one).map(move |found| (nth, found)));
        }
        let found = stream::iter(asked).buffer_unordered(SURVEYS_AT_ONCE);
        found.for_each(move |(nth, found)| {
            each(nth, found);
            ready(())
        })
    }

    /// Makes the plan: a pure function of its arguments.
    ///
    /// # Errors
    /// When no plan can be made from these facts.
    fn plan(params: &Self::Params, facts: &Self::Facts) -> Result<Plan, Fault>;

    /// Where two surveys differ in what matters: not in version tags or time stamps. Where nothing else is said, in
    /// any member of the facts.
    fn differences(expected: &Self::Facts, found: &Self::Facts) -> Vec<Difference> {
        let mut differences = Vec::new();
        compare("facts", &Json::of(expected).value(), &Json::of(found).value(), &mut differences);
        differences
    }

    /// What the later of two surveys could not read and the earlier one could: they cannot be compared then.
    fn unread(expected: &Self::Facts, found: &Self::Facts) -> Option<Fault> {
        let _ = (expected, found);
        None
    }
}

/// Adds each member, by its path, in which two values differ.
fn compare(path: &str, expected: &Value, found: &Value, into: &mut Vec<Difference>) {
    if let (Value::Object(one), Value::Object(other)) = (expected, found) {
        let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for name in names {
            compare(&format!("{path}/{name}"), &expected[name], &found[name], into);
        }
    } else if expected != found {
        let side = |value: &Value| (!value.is_null()).then(|| value.to_string());
        into.push(Difference { fact: path.to_owned(), expected: side(expected), found: side(found) });
    }
}
