//! Fuzz target: what a batch file says of who is told, from the command line.

#[path = "../../../../cli/hooks/config.rs"]
pub(crate) mod config;
#[path = "../../../../cli/hooks/message.rs"]
pub(crate) mod message;
