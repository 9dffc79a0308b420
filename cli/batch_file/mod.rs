//! CLI: batch files: what may stand in them, everything that is wrong in one, and what it asks for.

mod keys;
mod meaning;
mod mistakes;
mod node;
pub(crate) mod read;
mod rule;
mod section;
mod shape;
mod syntax;
#[cfg(test)]
mod tests;

pub(crate) use meaning::Batch;
pub(crate) use read::load;
pub(crate) use rule::duration;
