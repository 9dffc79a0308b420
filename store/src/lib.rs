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
//! Opening a log does not check the whole of it: that would read the whole file for each command, where
//! [`verify_chain`] does it on demand. Whoever reads is held to one definition of what is in the log
//! (`sqlite/extent.rs`): rows are counted against the head, and each event that is given out is bound by its
//! hash to the one before it. That nothing was written anew from some event on, only the whole chain and
//! an end that was kept tell.

mod anchor;
mod around;
mod bundle;
mod chain;
pub mod conformance;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod grip;
mod heads;
mod heartbeat;
mod log;
mod memory;
mod record;
mod runner;
mod salt;
pub mod side;
mod sqlite;
mod verify;

pub use anchor::{Anchor, AnchorStatus};
pub use around::LogDecorator;
pub use bundle::{
    BUNDLE_FORMAT, BundleError, BundleLog, BundleReader, BundleWriter, Disclosure, Header, Redactions,
};
pub use chain::event_hash;
pub use grip::Locker;
pub use heartbeat::Heartbeat;
pub use log::{Append, AppendError, Appended, BoxFuture, Head, Log, ReadError};
pub use memory::MemoryLog;
pub use record::{Digest, Position, Record, Sequence, Stored, StreamId, Why, Withheld};
pub use runner::{LeaseError, LeaseHolder, RunnerLease};
pub use salt::{CountedSalts, RandomSalts, Salts};
pub use sqlite::{Counters, FORMAT, OpenError, SqliteLog};
pub use verify::{Verified, VerifyError, verify_chain, walk};
