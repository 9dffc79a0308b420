//! Store: a log in memory, for tests and simulations.

mod backend;
mod beside;
mod log;
mod runners;

pub use log::MemoryLog;
pub use runners::MemoryRunners;
