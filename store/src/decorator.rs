//! Store: a log around another one, for tests that watch its appends or disturb them. Touches the log inside.

use crate::log::{Append, AppendError, Appended, BoxFuture, Head, Log, ReadError};
use crate::record::{Position, Sequence, Stored, StreamId};

/// A log that does something of its own when it is appended to; what reads goes through to the log inside.
pub trait LogDecorator: Send + Sync + 'static {
    /// The log inside.
    fn inner(&self) -> &dyn Log;

    /// Appends to the log inside, with whatever happens before, after or instead.
    fn append_decorated(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>>;
}

impl<T: LogDecorator> Log for T {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        self.append_decorated(append)
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Sequence,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        self.inner().read_stream(stream, after, limit)
    }

    fn read_all(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        self.inner().read_all(after, limit)
    }

    fn read_names(
        &self,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(Position, StreamId)>, ReadError>> {
        self.inner().read_names(after, limit)
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, ReadError>> {
        self.inner().head()
    }

    fn streams(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<(StreamId, Sequence)>, ReadError>> {
        self.inner().streams(prefix)
    }

    fn check_index(&self) -> BoxFuture<'_, Result<Option<String>, ReadError>> {
        self.inner().check_index()
    }
}
