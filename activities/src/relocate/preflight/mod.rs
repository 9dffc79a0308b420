//! Activities: what speaks against a move, before anything is written. Pure.

pub(crate) mod code;
pub(crate) mod notice;
mod order;
mod unread;

pub use code::{NoticeCode, Severity};
pub use notice::{Notice, Preflight};
pub use order::{Tally, audiences, preflight, tally};
