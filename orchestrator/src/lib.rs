//! The engine: plans, events, history, the decider and the driver.
//!
//! It promises that an intent is durable before the first byte of a write leaves, that a result is
//! durable before anything depends on it, that an unknown outcome is settled by a probe and never by
//! sending again, and that everything before an irreversible step can be undone and is proven undone.
//! It knows no cloud and no database: the outside world comes in through [`Activity`], [`Condition`],
//! [`Workflow`] and [`Clock`], and the record goes out through `rehome_store::Log`.

mod activity;
mod batch;
mod batch_event;
mod clock;
mod codec;
mod conclude;
mod decide;
mod driver;
mod event;
mod event_lost;
mod fault;
mod fold;
mod fold_ask;
mod fold_back;
mod fold_lost;
mod fold_run;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod graph;
#[cfg(feature = "harness")]
pub mod harness;
mod history;
mod ids;
mod json;
mod locks;
mod mask;
mod order;
mod plan;
mod registry;
mod replay;
mod requests;
mod restore;
mod secrets;
mod soak;
mod state;
mod sweep;
mod template;
mod tempo;
mod verify;
mod workflow;

pub use activity::{
    Activity, Call, Condition, Data, Exchange, Finding, Met, Operation, Outcome, Probe, ResourceKey,
    Reversibility, Trace,
};
pub use batch::{BatchError, BatchLoaded, Document, FORMAT_VERSION, Move, Recording, batch_stream};
pub use batch_event::{BatchApproved, BatchEvent, BatchPlanned, Opened};
pub use clock::{Clock, SystemClock};
pub use codec::{CodecError, Entry, Recorded};
pub use driver::{DriveError, Engine, Left, Observer, Stay};
pub use event::*;
pub use fault::{Cause, Difference, Fault, FaultKind};
pub use fold::Illegal;
pub use history::{HistoryError, Loaded, entries, fold_into, load, load_until};
pub use ids::{Act, RunId, StepId, request_id};
pub use json::Json;
pub use mask::{MASK, mask, mask_flaw};
pub use order::check_order;
pub use plan::{Node, OnFailure, Phase, Plan, PlanError, Proof, Retry, STEPS_MAX, Step, digest};
pub use registry::Registry;
pub use replay::{ReplayError, Replayed, replay};
pub use requests::{RequestError, ask, open_gate};
pub use restore::{RestoreError, restore};
pub use secrets::{HIDDEN, has_secret, is_secret_name, without_secrets};
pub use state::{Direction, Forward, Look, RunState, StepState, Undo};
pub use template::{KNOWN_AFTER_APPLY, Reference, ResolveError, Template};
pub use tempo::Tempo;
pub use verify::{residue, verify};
pub use workflow::Workflow;
