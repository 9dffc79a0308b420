//! Activities: lists of callers that have the identity as an entry.

pub(crate) mod activity;
pub(crate) mod plan;
