//! Activities: locks: which stand in the way, and what becomes of them.

pub(crate) mod keep;
pub(crate) mod plan;
pub(crate) mod which;
