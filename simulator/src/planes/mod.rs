//! Simulator: the data planes of services: which there are, and how they are asked.

mod route;
mod table;

pub(crate) use route::{handle, host_of, rewrite};
