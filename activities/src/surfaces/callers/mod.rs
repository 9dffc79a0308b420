//! Activities: lists of callers that have the identity as an entry.

mod activity;
mod surface;

pub(crate) use surface::CallerLists;
