//! Activities: what services keep inside, asked of themselves where the batch file names them. Reads only.

mod ask;
pub(crate) mod facts;
pub(crate) mod listed;
pub(crate) mod plan;
pub(crate) mod service;
mod surface;
pub(crate) mod survey;
pub(crate) mod unnamed;

pub use listed::words;

pub(crate) use surface::DataPlanes;
