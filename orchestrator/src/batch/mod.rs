//! Engine: batches: runs that are planned, approved and driven together. A batch is a workflow too: events, a state
//! that is folded from them, and a decider.

mod approve;
mod decide;
mod document;
mod event;
mod fold;
mod record;
mod rollout;
#[cfg(test)]
mod signed_tests;
mod state;
mod steer;
mod steering;
#[cfg(test)]
mod tests;
mod told;
mod window;

pub use decide::{BatchCommand, BatchDecision, RunSummary, Standing, decide_batch};
pub use document::{BatchError, Document, PlannedRun, Recording};
pub use event::{
    BatchApproved, BatchEvent, BatchHeard, BatchPlanned, BatchRequest, BatchRequested, FORMAT_VERSION,
    Opened, RunFailed, WavePassed, WaveReleased,
};
pub use fold::fold_batch;
pub(crate) use record::batch_record;
pub use record::{BatchLoaded, batch_stream};
pub use rollout::{Budget, Rollout, Wave, WaveFailure, WaveRelease};
pub use state::{BatchState, WaveState, WaveWait};
pub use steering::{Hold, HoldCause, Pause, Steering};
pub use told::{DriftChecked, RunnerGone, Told};
pub use window::{Freeze, Offset, OpenHours, Window};
