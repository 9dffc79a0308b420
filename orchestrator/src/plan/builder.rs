//! Engine: steps made from the types of their activities and conditions. Pure.

use crate::activity::{Activity, Condition};
use crate::plan::step::{Node, Proof, Retry};
use crate::plan::template::Template;

impl Proof {
    /// The promise of this condition about this input, which may name what earlier steps give.
    pub fn of<C: Condition>(input: &C::Input) -> Self {
        Self { condition: C::NAME.to_owned(), input: Template::of(input) }
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
