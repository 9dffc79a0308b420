//! Engine: what will be done: steps, the rules of a plan, and its arrows.

mod builder;
pub(crate) mod graph;
pub(crate) mod plan_value;
mod rules;
mod step;
pub(crate) mod template;
mod typed;

pub use builder::PlanBuilder;
pub use plan_value::{PlanValue, StepOutput, StepRef};
pub use rules::{OnFailure, Plan, PlanError, STEPS_MAX, digest};
pub use step::{Node, Phase, Proof, Retry, Step};
