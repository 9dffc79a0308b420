//! Ordered bytes: an append-only log of events, and nothing about what they mean.

mod log;
mod record;

pub use log::{Append, AppendError, Appended, Head, Later, Log, ReadError};
pub use record::{Digest, Position, Record, Sequence, Stored, StreamId};
