//! Ordered bytes: an append-only log of events, and nothing about what they mean.
//!
//! An append is acknowledged when it would survive a power cut; events form one order and one chain
//! of hashes; nothing is ever changed or removed, and [`verify_chain`] finds where somebody tried.

mod anchor;
mod chain;
pub mod conformance;
mod heads;
mod log;
mod memory;
mod record;
mod runner;
mod salt;
mod sqlite;
mod verify;

pub use anchor::Anchor;
pub use chain::event_hash;
pub use log::{Append, AppendError, Appended, Head, Later, Log, ReadError};
pub use memory::MemoryLog;
pub use record::{Digest, Position, Record, Sequence, Stored, StreamId};
pub use runner::{Holder, RunnerError, RunnerLock};
pub use salt::{CountedSalts, RandomSalts, Salts};
pub use sqlite::{Counters, FORMAT, OpenError, SqliteLog};
pub use verify::{Verified, VerifyError, verify_chain};
