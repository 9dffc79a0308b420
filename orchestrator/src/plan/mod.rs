//! Engine: what will be done: steps, the rules of a plan, and its arrows.

mod builder;
mod digest;
pub(crate) mod graph;
pub(crate) mod plan_value;
mod rules;
pub(crate) mod shared;
mod step;
pub(crate) mod template;
mod typed;

pub use builder::PlanBuilder;
pub use digest::{ObjectDigest, digest};
pub use plan_value::{PlanValue, StepOutput, StepRef};
pub use rules::{OnFailure, Plan, PlanError, STEPS_MAX};
pub use step::{Node, Phase, Proof, Retry, Step};
