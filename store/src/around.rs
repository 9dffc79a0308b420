//! Store: a log around another one, for who watches its appends or disturbs them. Touches the log inside.

use crate::log::{Append, AppendError, Appended, Head, Later, Log, ReadError};
use crate::record::{Position, Sequence, Stored, StreamId};

/// A log that does something of its own when it is appended to; what reads goes through to the log inside.
pub trait AroundLog: Send + Sync + 'static {
    /// The log inside.
    fn inner(&self) -> &dyn Log;

    /// Appends to the log inside, with whatever happens before, after or instead.
    fn append_around(&self, append: Append) -> Later<'_, Result<Appended, AppendError>>;
}

impl<T: AroundLog> Log for T {
    fn append(&self, append: Append) -> Later<'_, Result<Appended, AppendError>> {
        self.append_around(append)
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Sequence,
        limit: usize,
    ) -> Later<'_, Result<Vec<Stored>, ReadError>> {
        self.inner().read_stream(stream, after, limit)
    }

    fn read_all(&self, after: Position, limit: usize) -> Later<'_, Result<Vec<Stored>, ReadError>> {
        self.inner().read_all(after, limit)
    }

    fn head(&self) -> Later<'_, Result<Head, ReadError>> {
        self.inner().head()
    }

    fn streams(&self, prefix: &str) -> Later<'_, Result<Vec<(StreamId, Sequence)>, ReadError>> {
        self.inner().streams(prefix)
    }

    fn flaw(&self) -> Later<'_, Result<Option<String>, ReadError>> {
        self.inner().flaw()
    }
}
