//! CLI: hooks: what a batch tells people while nobody looks, by which way, and what was told.

pub(crate) mod config;
pub(crate) mod message;
pub(crate) mod outbox;
pub(crate) mod signature;
pub(crate) mod teller;
pub(crate) mod way;
