//! Engine: batches: runs that are planned, approved and driven together. A batch is a workflow too: events, a state
//! that is folded from them, and a decider.

mod approve;
mod decide;
mod document;
mod event;
mod fold;
mod record;
mod state;

pub use approve::Recording;
pub use decide::{BatchCommand, RunSummary, Standing, decide_batch};
pub use document::{BatchError, Document, PlannedRun};
pub use event::{BatchApproved, BatchEvent, BatchPlanned, FORMAT_VERSION, Opened};
pub use fold::fold_batch;
pub(crate) use record::batch_record;
pub use record::{BatchLoaded, batch_stream};
pub use state::BatchState;
