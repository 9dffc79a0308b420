//! Fuzz target: what a batch file says of who keeps checkpoints, from the command line.

#[path = "../../../../cli/witness/config.rs"]
pub(crate) mod config;
