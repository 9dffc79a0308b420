//! The engine: plans, events, history, the decider and the driver.
//!
//! It promises that an intent is durable before the first byte of a write leaves, that a result is
//! durable before anything depends on it, that an unknown outcome is settled by a probe and never by
//! sending again, and that everything before an irreversible step can be undone and is proven undone.
//! It knows no cloud and no database: the outside world comes in through [`Activity`], [`Condition`],
//! [`Workflow`] and [`Clock`], and the record goes out through `rehome_store::Log`.

mod activity;
mod fault;
mod ids;
mod plan;
mod registry;
mod template;
mod workflow;

pub use activity::{
    Activity, Call, Condition, Data, Exchange, Finding, Met, Operation, Outcome, Probe, ResourceKey,
    Reversibility,
};
pub use fault::{Difference, Fault, FaultKind};
pub use ids::{Act, RunId, StepId, request_id};
pub use plan::{Node, OnFailure, Phase, Plan, PlanError, Retry, STEPS_MAX, Step, digest};
pub use registry::Registry;
pub use template::{KNOWN_AFTER_APPLY, Reference, ResolveError, Template};
pub use workflow::Workflow;
