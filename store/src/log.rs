//! Store: what every log promises, whatever it is kept in. Touches nothing.

use crate::record::{Digest, Position, Record, Sequence, Stored, StreamId};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

/// A future that can be named in a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Events that are appended together or not at all: from 1 to 100,000 of them.
#[derive(Clone, Debug, Default)]
pub struct Append {
    /// Every stream that the decision read, with the last sequence that it saw there, 0 for a stream without events. The streams of
    /// all records must be among them. When one of them has more events by now, nothing is appended.
    pub expect: Vec<(StreamId, Sequence)>,
    /// The events, in order.
    pub records: Vec<Record>,
}

/// The receipt for an append: it survives a power cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The place of the first event.
    pub first: Position,
    /// The place of the last event.
    pub last: Position,
    /// The hash of the last event.
    pub head: Digest,
    /// The new last sequence of each stream that was written to, in the order of first mention.
    pub heads: Vec<(StreamId, Sequence)>,
}

/// The end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The place of the last event; 0 when there is none.
    pub position: Position,
    /// Its hash; [`Digest::ZERO`] when there is none.
    pub hash: Digest,
}

/// Why nothing was appended, or why it is not known.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// A stream that the decision had read has more events by now. Nothing was written; read it again, and decide again.
    #[error("stream {stream} is at {found}, not at {expected} any more")]
    Conflict {
        /// The stream.
        stream: StreamId,
        /// What the caller had seen.
        expected: Sequence,
        /// What is there.
        found: Sequence,
    },
    /// The append itself breaks a rule: no records, a stream without an expectation, too large.
    #[error("the append is malformed: {0}")]
    Malformed(String),
    /// The log was written by a newer program. Nothing was written.
    #[error("the log has format {found}, and this program writes only format {known}")]
    NewerFormat {
        /// The format of the file.
        found: u32,
        /// The newest format that this program writes.
        known: u32,
    },
    /// The log was opened for reading. Nothing was written.
    #[error("the log is open for reading only")]
    ReadOnly,
    /// The disk is full. Nothing was written.
    #[error("the disk that holds {} is full", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The transaction was rolled back: nothing was written.
    #[error("the storage refused to write: {0}")]
    Storage(String),
    /// A commit did not answer clearly. The events may or may not be in the log; this log takes no
    /// more appends until it is opened again and read.
    #[error("it is not known whether the last append was kept: {0}; open the log again and read it")]
    Poisoned(String),
}

/// Why something could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// A row is not what this program could have written.
    #[error("the event at position {position} is damaged: {what}")]
    Damaged {
        /// Its place.
        position: Position,
        /// What is wrong with it.
        what: String,
    },
    /// What leads to the events is not what this program makes.
    #[error("what leads to the events is damaged: {what}")]
    Misled {
        /// What does not fit.
        what: String,
    },
    /// The storage failed.
    #[error("the storage could not be read: {0}")]
    Storage(String),
}

/// An append-only log of events in streams, in one global order, chained by hashes.
///
/// Promises: an acknowledged append survives the process and the power; an append is all or nothing;
/// an append whose expectations do not hold changes nothing; positions are consecutive from 1, and
/// sequences are consecutive from 1 in each stream; nothing is ever changed or removed.
pub trait Log: Send + Sync + 'static {
    /// Appends events; the answer comes when they would survive a power cut. A caller that drops the future does not know whether they
    /// were appended.
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>>;

    /// Up to `limit` events of one stream after `after`, in order; fewer only where the stream ends. A stream without events is empty.
    fn read_stream(
        &self,
        stream: &StreamId,
        after: Sequence,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>>;

    /// Up to `limit` events of the whole log after `after`, in order; fewer only where the log ends.
    fn read_all(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>>;

    /// The places and the streams of up to `limit` events of the whole log after `after`, in order, without their bodies.
    fn read_names(
        &self,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(Position, StreamId)>, ReadError>> {
        Box::pin(async move {
            let page = self.read_all(after, limit).await?;
            Ok(page.into_iter().map(|stored| (stored.position, stored.record.stream)).collect())
        })
    }

    /// The end of the log.
    fn head(&self) -> BoxFuture<'_, Result<Head, ReadError>>;

    /// The streams whose names begin with `prefix`, in the order of their names' bytes, each with the sequence of its last event.
    fn streams(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<(StreamId, Sequence)>, ReadError>>;

    /// Compares whatever is kept beside the events, such as an index, with them: what does not agree, or nothing. Reads all of it.
    fn check_index(&self) -> BoxFuture<'_, Result<Option<String>, ReadError>> {
        Box::pin(async { Ok(None) })
    }
}

/// A log that is shared is a log.
impl<L: Log + ?Sized> Log for Arc<L> {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        (**self).append(append)
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Sequence,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        (**self).read_stream(stream, after, limit)
    }

    fn read_all(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        (**self).read_all(after, limit)
    }

    fn read_names(
        &self,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(Position, StreamId)>, ReadError>> {
        (**self).read_names(after, limit)
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, ReadError>> {
        (**self).head()
    }

    fn streams(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<(StreamId, Sequence)>, ReadError>> {
        (**self).streams(prefix)
    }

    fn check_index(&self) -> BoxFuture<'_, Result<Option<String>, ReadError>> {
        (**self).check_index()
    }
}
