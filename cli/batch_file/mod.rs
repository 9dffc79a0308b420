//! CLI: batch files: what may stand in them, everything that is wrong in one, and what it asks for.

mod approvers;
mod asked;
mod batch;
mod hooks;
mod keys;
mod listed;
mod mapping;
mod meaning;
mod mistakes;
mod node;
mod pattern;
pub(crate) mod read;
mod resolve;
mod rollout;
mod rows;
mod rule;
mod schema;
mod section;
mod select;
mod shape;
mod syntax;
mod targets;
#[cfg(test)]
mod tests;
mod times;
mod wave;
mod window;
mod witness;

pub(crate) use batch::{AskedIn, Batch, Origin, VALID_MAX_MS, VALID_MS};
pub(crate) use listed::Listed;
pub(crate) use read::load;
pub(crate) use rollout::RolloutAsked;
pub(crate) use rule::{duration, percent};
pub(crate) use schema::{approvers_schema, schema};
pub(crate) use wave::{WaveAsked, shared_out};
pub(crate) use window::moment;

/// A batch file to begin with.
pub(crate) const TEMPLATE: &str = include_str!("init.toml");
