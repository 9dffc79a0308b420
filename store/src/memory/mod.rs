//! Store: a log in memory, for tests and simulations.

mod backend;
mod beside;
mod log;

pub use log::MemoryLog;
