//! The engine: plans, events, history, the decider and the driver.
//!
//! It promises that an intent is durable before the first byte of a write leaves, that a result is
//! durable before anything depends on it, that an unknown outcome is settled by a probe and never by
//! sending again, and that everything before an irreversible step can be undone and is proven undone.
//! It knows no cloud and no database: the outside world comes in through [`Activity`], [`Condition`],
//! [`Workflow`] and [`Clock`], and the record goes out through `rehome_store::Log`.
//!
//! ```
//! use rehome_orchestrator::prelude::*;
//! use std::sync::{Arc, Mutex};
//!
//! /// Appends a line to a notebook.
//! struct Write(Arc<Mutex<Vec<String>>>);
//!
//! impl Activity for Write {
//!     const NAME: &'static str = "line.write/1"; // stands in logs for ever
//!     const REVERSIBILITY: Reversibility = Reversibility::Reversible;
//!     type Input = String;
//!     type Before = (); // nothing has to be read before
//!     type Output = ();
//!
//!     fn locks(&self, _: &String) -> Vec<ResourceKey> {
//!         vec![ResourceKey::new("notebook")]
//!     }
//!     async fn run(&self, _: &Call, line: &String, (): &()) -> Outcome<()> {
//!         self.0.lock().unwrap().push(line.clone());
//!         Outcome::Applied(())
//!     }
//!     async fn probe(&self, line: &String, (): &()) -> Probe<()> {
//!         if self.0.lock().unwrap().contains(line) { Probe::Applied(()) } else { Probe::NotApplied }
//!     }
//!     async fn undo(&self, _: &Call, line: &String, (): &(), _: Option<&()>) -> Outcome<()> {
//!         self.0.lock().unwrap().retain(|other| other != line);
//!         Outcome::Applied(())
//!     }
//!     fn residue(&self, line: &String, (): &(), _: Option<&()>) -> String {
//!         format!("strike out {line:?}")
//!     }
//! }
//!
//! struct Letter;
//!
//! impl Workflow for Letter {
//!     const NAME: &'static str = "letter/1";
//!     type Params = String; // who it is for
//!     type Facts = ();
//!
//!     fn plan(name: &String, (): &()) -> Result<Plan, Fault> {
//!         let mut plan = PlanBuilder::of::<Self>();
//!         plan.add(Step::act::<Write>("greeting", &format!("Dear {name}")).undo("strike it out"));
//!         plan.then(Step::act::<Write>("end", &"Yours".to_owned()));
//!         Ok(plan.build()?)
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let notebook = Arc::default();
//! let registry = Registry::new().activity(Write(Arc::clone(&notebook))).workflow(Letter);
//! let engine = Engine::builder(Arc::new(rehome_store::MemoryLog::default()), registry).actor("ada").build();
//! engine.begin(&Document::of_one::<Letter>("letter", &"Grace".to_owned(), &())?, "a birthday").await?;
//! let run = RunId::new("letter");
//! let left = engine.advance(std::slice::from_ref(&run)).await?;
//! assert_eq!(left[&run], StopReason::Closed(Verdict::Done));
//! assert_eq!(*notebook.lock().unwrap(), ["Dear Grace", "Yours"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A process that dies is started again with the same log and calls [`Engine::advance`] again.

mod activity;
mod approval;
mod batch;
mod crew;
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
pub use approval::{
    Approval, ApprovalError, ApprovalPolicy, ApprovalScope, ApprovalStanding, ApprovalStatement,
    ApprovalWord, Approver, NAMESPACE, Needed, PublicKey, SignatureError, SignedApproval, Subject,
    verify_signature,
};
pub use batch::{
    BatchApproved, BatchCommand, BatchDecision, BatchError, BatchEvent, BatchHeard, BatchLoaded,
    BatchPlanned, BatchRequest, BatchRequested, BatchState, Budget, Document, DriftChecked, FORMAT_VERSION,
    Freeze, Hold, HoldCause, Offset, OpenHours, Opened, Pause, PlannedRun, Recording, Rollout, RunFailed,
    RunSummary, RunnerGone, Standing, Steering, Told, Wave, WaveFailure, WavePassed, WaveRelease,
    WaveReleased, WaveState, WaveWait, Window, batch_stream, decide_batch, fold_batch,
};
pub use crew::Crew;
pub use driver::{DriveError, Engine, EngineBuilder, Observer, StopReason, WaitPolicy, aside};
pub use fault::{Cause, Difference, Fault, FaultKind};
pub use ids::{Direction, RunId, StepId, correlation_id, request_id};
pub use json::Json;
pub use plan::template::{KNOWN_AFTER_APPLY, Reference, ResolveError, Template};
pub use plan::{
    Node, ObjectDigest, OnFailure, Phase, Plan, PlanBuilder, PlanError, PlanValue, Proof, Retry, STEPS_MAX,
    Step, StepOutput, StepRef, digest,
};
pub use recovery::history::{HistoryError, Loaded, entries, fold_into, load, load_aside, load_until};
pub use recovery::restore::{RestoreError, restore};
pub use run::codec::{CodecError, Entry, Recorded};
pub use run::event::*;
pub use run::fold::apply::Illegal;
pub use run::hold::{Held, HoldEvent};
pub use run::mask::{MASK, mask, mask_flaw};
pub use run::progress::{RunProgress, RunReport};
pub use run::requests::{RequestError, ask, open_gate, park};
pub use run::state::{ForwardState, PollState, Progress, RunDirection, RunState, StepState, UndoState};
pub use run::wait::StepWait;
pub use secrets::{HIDDEN, has_secret, is_secret_name, without_secrets};
pub use time::clock::{Clock, SystemClock};
pub use time::scale::TimeScale;
pub use verify::order::check_order;
pub use verify::promises::{Drift, drift, residue, verify};
pub use verify::replay::{ReplayError, Replayed, replay};

/// What a program needs that brings its own activities and workflows.
pub mod prelude {
    pub use crate::{
        Activity, Call, Condition, ConditionResult, Difference, Document, Engine, Fault, FaultKind, Finding,
        Node, Outcome, Plan, PlanBuilder, PlannedRun, Probe, Registry, ResourceKey, Reversibility, RunId,
        Step, StepId, StopReason, Template, Verdict, WaitPolicy, Workflow, load,
    };
}
