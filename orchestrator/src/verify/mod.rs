//! Engine: comparisons: promises with the world, a log with what this engine can have written.

pub(crate) mod order;
pub(crate) mod promises;
pub(crate) mod replay;
