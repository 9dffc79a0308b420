//! Activities: role assignments that begin or end at a time of their own.

pub(crate) mod activity;
pub(crate) mod survey;
