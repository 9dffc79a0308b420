//! Activities: facts into a plan, once and purely. Touches nothing.

mod alike;
pub(crate) mod builder;
mod clean_up;
#[cfg(test)]
mod compared;
pub(crate) mod fresh;
#[cfg(test)]
mod golden;
pub(crate) mod kept;
mod order;
#[cfg(test)]
mod tests;
pub(crate) mod waiting;
pub(crate) mod waits;
pub(crate) mod words;

pub use order::plan;
