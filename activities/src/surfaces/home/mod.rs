//! Activities: what keeps the identity where no list of Azure shows it, and what would put it back from outside.

pub(crate) mod facts;
pub(crate) mod keepers;
pub(crate) mod plan;
pub(crate) mod preflight;
pub(crate) mod sources;
mod surface;
pub(crate) mod survey;

pub(crate) use surface::Homes;
