//! The engine: plans, events, history, the decider and the driver.
//!
//! It promises that an intent is durable before the first byte of a write leaves, that a result is
//! durable before anything depends on it, that an unknown outcome is settled by a probe and never by
//! sending again, and that everything before an irreversible step can be undone and is proven undone.
//! It knows no cloud and no database: the outside world comes in through [`Activity`], [`Condition`],
//! [`Workflow`] and [`Clock`], and the record goes out through `rehome_store::Log`.

mod activity;
mod batch;
mod driver;
mod fault;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
#[cfg(feature = "harness")]
pub mod harness;
mod ids;
mod json;
mod plan;
mod recovery;
mod run;
mod secrets;
mod time;
mod verify;

pub use activity::registry::Registry;
pub use activity::{
    Activity, Call, Condition, ConditionResult, Data, Evidence, Exchange, Finding, Operation, Outcome, Probe,
    ResourceKey, Reversibility, Workflow,
};
pub use batch::{
    BatchApproved, BatchCommand, BatchError, BatchEvent, BatchLoaded, BatchPlanned, BatchState, Document,
    FORMAT_VERSION, Move, Opened, Recording, RunSummary, Standing, batch_stream, decide_batch, fold_batch,
};
pub use driver::{DriveError, Engine, Observer, StopReason, WaitPolicy};
pub use fault::{Cause, Difference, Fault, FaultKind};
pub use ids::{Direction, RunId, StepId, request_id};
pub use json::Json;
pub use plan::template::{KNOWN_AFTER_APPLY, Reference, ResolveError, Template};
pub use plan::{
    Node, OnFailure, Phase, Plan, PlanError, PlanValue, Proof, Retry, STEPS_MAX, Step, StepOutput, StepRef,
    digest,
};
pub use recovery::history::{HistoryError, Loaded, entries, fold_into, load, load_until};
pub use recovery::restore::{RestoreError, restore};
pub use run::codec::{CodecError, Entry, Recorded};
pub use run::event::*;
pub use run::fold::apply::Illegal;
pub use run::mask::{MASK, mask, mask_flaw};
pub use run::requests::{RequestError, ask, open_gate};
pub use run::state::{ForwardState, PollState, Progress, RunDirection, RunState, StepState, UndoState};
pub use secrets::{HIDDEN, has_secret, is_secret_name, without_secrets};
pub use time::clock::{Clock, SystemClock};
pub use time::scale::TimeScale;
pub use verify::order::check_order;
pub use verify::promises::{residue, verify};
pub use verify::replay::{ReplayError, Replayed, replay};
