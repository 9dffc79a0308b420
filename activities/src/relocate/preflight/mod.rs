//! Activities: what speaks against a move, before anything is written. Pure.

mod order;
mod unread;

pub use order::{Notice, Preflight, Tally, audiences, preflight, tally};
pub(crate) use order::{notice, obstacles};
