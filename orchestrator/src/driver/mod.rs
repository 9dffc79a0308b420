//! Engine: the driver. It does what the decider decides, and writes down what comes of it.

mod actor;
mod commit;
mod crowd;
mod drive;
mod engine;
mod evidence;
mod locks;
mod outcome;
mod own;
mod read_back;
mod recall;
mod surveyed;
mod together;
mod watch;
mod work;
mod written;

pub(crate) use engine::Shared;
pub use engine::{DriveError, Engine, Left, Observer, Stay};
