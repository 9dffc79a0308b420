//! Engine: steps made from the types of their activities and conditions. Pure.

use crate::activity::{Activity, Condition};
use crate::plan::step::{Node, Retry};
use crate::plan::template::Template;

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

    /// A wait for this condition.
    pub fn wait<C: Condition>(input: Template, retry: Retry) -> Self {
        Self::Wait { condition: C::NAME.to_owned(), input, retry }
    }
}
