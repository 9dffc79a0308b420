//! Ordered bytes: an append-only log of events, and nothing about what they mean.
//!
//! An append is acknowledged when it would survive a power cut; events form one order and one chain
//! of hashes; nothing is ever changed or removed, and [`verify_chain`] finds where somebody tried.
//!
//! That a new file has its *name* on the disk is a promise of its own, which the folder keeps. SQLite
//! syncs the folder when it first syncs a journal or a write-ahead log, and does not look at the answer;
//! opening a log for writing therefore syncs it once more, and fails if that fails. So a log that
//! [`SqliteLog::create_or_open`] has returned survives a power cut, name and all. That the folder is
//! there afterwards is up to whoever made it.
//!
//! Opening a log does not check it: that would read the whole file for each command, where
//! [`verify_chain`] does it on demand. What is read is held against the pages that SQLite can check at
//! no cost (`cell_size_check`) and, for a stream, against the index; whether a body was changed only
//! the chain tells.

mod anchor;
mod around;
mod bundle;
mod chain;
pub mod conformance;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod grip;
mod heads;
mod log;
mod memory;
mod record;
mod runner;
mod salt;
pub mod side;
mod sqlite;
mod verify;

pub use anchor::{Anchor, Standing};
pub use around::AroundLog;
pub use bundle::{
    BUNDLE_FORMAT, BundleError, BundleLog, BundleReader, BundleWriter, Header, Shown, Withholdings,
};
pub use chain::event_hash;
pub use grip::Locker;
pub use log::{Append, AppendError, Appended, Head, Later, Log, ReadError};
pub use memory::MemoryLog;
pub use record::{Digest, Position, Record, Sequence, Stored, StreamId, Why, Withheld};
pub use runner::{Holder, RunnerError, RunnerLock};
pub use salt::{CountedSalts, RandomSalts, Salts};
pub use sqlite::{Counters, FORMAT, OpenError, SqliteLog};
pub use verify::{Verified, VerifyError, verify_chain, walk};
