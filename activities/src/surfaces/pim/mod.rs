//! Activities: what privileged identity management of Entra ID gives for a time.

pub(crate) mod activity;
pub(crate) mod facts;
pub(crate) mod requests;
mod surface;
pub(crate) mod survey;

pub(crate) use surface::{TimedEntra, groups};
