//! The command line as people and scripts use it.

mod approvals;
pub(crate) mod bad_input;
pub(crate) mod batch_files;
pub(crate) mod contract;
mod drift;
pub(crate) mod fields;
pub(crate) mod forged;
mod hooks;
mod looking;
pub(crate) mod many;
mod messages;
pub(crate) mod open_moves;
pub(crate) mod pasted;
pub(crate) mod pasted_all;
pub(crate) mod places;
pub(crate) mod printing;
pub(crate) mod proxies;
mod rollout;
pub(crate) mod schemas;
pub(crate) mod screens;
pub(crate) mod snapshot;
pub(crate) mod strange_clouds;
mod telemetry;
pub(crate) mod told;
pub(crate) mod typed;
mod watching;
mod waves;
