//! Engine: the driver. It does what the decider decides, and writes down what comes of it.

mod actor;
mod commit;
mod crowd;
mod engine;
mod locks;
mod outcome;
mod recall;
mod surveyed;
mod watch;
mod work;
mod written;

pub use engine::{DriveError, Engine, Left, Observer, Stay};
pub(crate) use engine::{Shared, restore};
pub(crate) use work::{Promise, VERIFY_AT_ONCE, findings};
