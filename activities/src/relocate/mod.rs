//! Activities: the workflow that moves an identity: survey, preflight, plan, differences.

pub mod cannot_see;
pub mod differences;
pub mod facts;
mod locks;
pub mod params;
mod plan;
pub mod preflight;
pub mod rights;
mod strategy;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use plan::plan;
pub use strategy::{Choice, choose};

/// The name of the workflow in plans and logs.
pub const NAME: &str = "relocate/1";
