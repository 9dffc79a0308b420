//! Simulator: the data planes of services: which there are, and how they are asked.

mod route;
mod table;

#[cfg(any(test, feature = "fuzz"))]
pub(crate) use route::audience;
pub(crate) use route::{handle, host_of, rewrite};
