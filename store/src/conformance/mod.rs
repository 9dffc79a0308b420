//! Store: the suites that every log and every backend must pass. Public, so that a log kept elsewhere can be held to the same promises.

mod backend;
mod log;
mod runners;

pub use backend::check_backend;
pub use log::{append, check};
pub use runners::check_runners;
