//! Activities: facts into a plan, once and purely. Touches nothing.

pub(crate) mod alike;
pub(crate) mod builder;
pub(crate) mod clean_up;
#[cfg(test)]
mod compared;
pub(crate) mod grants;
pub(crate) mod kinds;
mod order;
#[cfg(test)]
mod tests;
mod waits;
pub(crate) mod words;

pub use order::plan;
