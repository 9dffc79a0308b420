//! Engine: the driver. It does what the decider decides, and writes down what comes of it.

mod actor;
mod actors;
mod batches;
mod builder;
mod commit;
mod drive;
mod elsewhere;
mod engine;
mod holds;
mod locks;
mod observation;
mod observe;
mod outcome;
mod own;
mod permit;
mod read_back;
mod reins;
mod report;
mod surveyed;
mod taking;
mod together;
mod unsettled;
mod watch;
mod work;
mod written;

pub use builder::EngineBuilder;
pub(crate) use engine::Shared;
pub use engine::{DriveError, Engine, Observer, StopReason, WaitPolicy};
pub use permit::aside;
