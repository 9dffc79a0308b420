//! Engine: batches: runs that are planned, approved and driven together.

pub(crate) mod document;
pub(crate) mod event;
