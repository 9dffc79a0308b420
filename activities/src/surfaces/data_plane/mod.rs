//! Activities: what services keep inside, asked of themselves where the batch file names them. Reads only.

mod ask;
pub(crate) mod facts;
mod listed;
pub(crate) mod plan;
pub(crate) mod service;
mod surface;
pub(crate) mod survey;
pub(crate) mod unnamed;

pub use listed::words;
pub use unnamed::{PlayedByHand, played_by_hand};

pub(crate) use surface::DataPlanes;
