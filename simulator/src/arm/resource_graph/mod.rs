//! ARM: Resource Graph: an index of everything, which lags behind the world.

mod answer;
mod eval;
mod narrow;
mod needles;
mod parse;

pub(crate) use answer::handle;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use answer::rows;
