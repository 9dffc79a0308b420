//! Ordered bytes: an append-only log of events, and nothing about what they mean.
//!
//! A log has streams. An event has a place in its stream ([`Sequence`]) and a place in the whole log ([`Position`]), both counted from 1
//! without gaps. Each event's hash covers the event and the hash before it, so the end of a log stands for all of it ([`verify_chain`]).
//! Nothing is ever changed or removed.
//!
//! ```
//! use rehome_store::{
//!     Anchor, Append, AppendError, Backend, Log, Record, Sequence, SqliteLog, StreamId, verify_chain,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let log = SqliteLog::create_or_open(&folder.path().join("orders.db"))?;
//! let stream = StreamId::new("order/7");
//! let placed = Record {
//!     stream: stream.clone(),
//!     kind: "placed".into(),
//!     version: 1,
//!     at_ms: 1_700_000_000_000,
//!     actor: "ada".into(),
//!     body: br#"{"item": "a book"}"#.to_vec(),
//! };
//!
//! // The answer comes when the event would survive a power cut.
//! let append = Append { expect: vec![(stream.clone(), Sequence(0))], records: vec![placed] };
//! let receipt = log.append(append.clone()).await?;
//! assert_eq!(receipt.heads, [(stream.clone(), Sequence(1))]);
//!
//! // A decision that did not see that event is refused, and changes nothing.
//! let stale = log.append(append).await;
//! assert!(matches!(stale, Err(AppendError::Conflict { found: Sequence(1), .. })));
//! assert_eq!(log.read_stream(&stream, Sequence(0), 100).await?.len(), 1);
//!
//! // An end that is kept elsewhere tells an old copy from the log.
//! let anchor = Anchor::of(log.id(), log.head().await?);
//! assert!(verify_chain(&log, Some(&anchor)).await?.is_anchored());
//! # Ok(())
//! # }
//! ```
//!
//! # What there is
//!
//! | type | what it is |
//! |---|---|
//! | [`Log`] | events: append, read, the end |
//! | [`Backend`], [`Beside`] | a log with everything that belongs to it: name, copies; anchor, key, [`Lease`] |
//! | [`Runners`] | the processes that share a log: who is at work, and until when |
//! | [`SqliteLog`] with [`Sidecars`] | a backend in one file, and three files beside it |
//! | `PostgresLog` (feature `postgres`) | a backend on a PostgreSQL server, which several machines reach |
//! | [`MemoryLog`] | a backend in memory, for tests |
//! | [`BundleLog`], [`BundleWriter`] | the whole chain in one file of text, in which bodies may be withheld |
//! | [`Checkpoint`], [`Tree`] | the root of a Merkle tree over the events as a signed note, and proofs of what is in it |
//! | [`LogDecorator`] | a log around a log, for tests that watch or disturb appends |
//! | [`conformance`] | the suites that hold a log or a backend to its promises |
//!
//! # Units
//!
//! Times are milliseconds since 1970 UTC (`*_ms`, `i64`). Hashes are SHA-256; as text they are 64 lower-case hex digits. A body has at
//! most 16 MiB, a name at most 1,024 bytes, an append at most 100,000 events.
//!
//! # What opening a log promises
//!
//! That a new file has its *name* on the disk is a promise of its own, which the folder keeps. SQLite syncs the folder when it first
//! syncs a journal or a write-ahead log, and does not look at the answer; opening a log for writing therefore syncs it once more, and
//! fails if that fails. So a log that [`SqliteLog::create_or_open`] has returned survives a power cut, name and all. That the folder is
//! there afterwards is up to the caller.
//!
//! Opening a log does not check the whole of it: that would read the whole file for each command, where [`verify_chain`] does it on
//! demand. Every reader is held to one definition of what is in the log (`sqlite/extent.rs`): rows are counted against the head, and
//! each event that is given out is bound by its hash to the one before it. That nothing was written anew from some event on, only the
//! whole chain and an end that was kept tell.

mod anchor;
mod backend;
mod bundle;
mod chain;
mod checkpoint;
pub mod conformance;
mod decorator;
mod file_lock;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod group;
mod heads;
mod lease;
mod log;
mod memory;
mod page_size;
#[cfg(feature = "postgres")]
mod postgres;
pub mod private_file;
mod record;
mod runners;
mod salt;
mod sidecars;
mod sqlite;
mod verify;

pub use anchor::{Anchor, AnchorStatus};
pub use backend::{Backend, Beside, OpenError, Part, SidecarError};
pub use bundle::{
    BUNDLE_FORMAT, BundleError, BundleLog, BundleReader, BundleWriter, Disclosure, Header, Redactions,
};
pub use chain::event_hash;
pub use checkpoint::{
    Checkpoint, Frontier, KeptTree, NoteError, PROVEN_FORMAT, Proven, ProvenHeader, Root, Signer, Tree,
    Verifier, verify_consistency, verify_inclusion,
};
pub use decorator::LogDecorator;
pub use group::Counters;
pub use lease::{Heartbeat, HeldLease, Lease, LeaseError, LeaseHolder, Locker};
pub use log::{Append, AppendError, Appended, BoxFuture, Head, Log, ReadError};
pub use memory::{MemoryLog, MemoryRunners};
pub use page_size::page_size;
#[cfg(feature = "postgres")]
pub use postgres::{Address, AddressError, PostgresLog, is_postgres};
pub use record::{Digest, Position, Record, Sequence, Stored, StreamId, Why, Withheld};
pub use runners::{RunnerError, RunnerRow, Runners, Token};
pub use salt::{CountedSalts, RandomSalts, Salts};
pub use sidecars::Sidecars;
pub use sqlite::{FORMAT, SqliteLog};
pub use verify::{Verified, VerifyError, verify_chain, walk};
