//! Activities: what privileged identity management of Entra ID gives for a time.

pub(crate) mod activity;
pub(crate) mod plan;
pub(crate) mod requests;
pub(crate) mod survey;
