//! Engine: where time comes from, and how long is how long.

pub(crate) mod clock;
pub(crate) mod scale;
