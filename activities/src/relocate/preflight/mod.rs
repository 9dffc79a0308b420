//! Activities: what speaks against a move, before anything is written. Pure.

pub(crate) mod notice;
mod order;
mod unread;

pub use notice::{Notice, Preflight};
pub use order::{Tally, audiences, preflight, tally};
