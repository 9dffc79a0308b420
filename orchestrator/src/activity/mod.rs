//! Engine: effects on the outside world: what they are, how they answer, and where they are looked up.

mod call;
mod contract;
mod outcome;
pub(crate) mod registry;
mod workflow;

pub use call::{Call, Exchange};
pub use contract::{Activity, Condition, Data, ResourceKey};
pub use outcome::{ConditionResult, Evidence, Finding, Operation, Outcome, Probe, Reversibility};
pub use workflow::Workflow;
