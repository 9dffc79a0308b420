//! Activities: locks: which stand in the way, and what becomes of them.

pub(crate) mod facts;
mod keep;
mod objects;
pub(crate) mod plan;
mod surface;
pub(crate) mod which;

pub(crate) use surface::Locks;
