//! Activities: reads the facts of one or many identities, in as few requests as Azure allows. Reads only.

pub(crate) mod accounts;
mod batch;
pub(crate) mod common;
mod directory;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
pub(crate) mod gaps;
pub(crate) mod granted;
pub(crate) mod graph_rights;
pub(crate) mod memo;
mod once;
pub(crate) mod parse;
pub(crate) mod query;
mod rights;
#[cfg(test)]
mod tests;
pub(crate) mod versions;
pub(crate) mod wanted;

#[cfg(any(test, feature = "fuzz"))]
pub(crate) use batch::offered;
pub(crate) use batch::survey_as_read;
pub use batch::{survey, survey_each};
