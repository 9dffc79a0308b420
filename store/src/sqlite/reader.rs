//! Store: reading the SQLite file, on connections that cannot write. Touches that file.

use super::connection::connect;
use super::extent::{self, Known};
use super::rows::{COLUMNS, bound, page, storage};
use super::still::Still;
use super::there::There;
use crate::log::{BoxFuture, Head, ReadError};
use crate::record::{Position, Sequence, Stored, StreamId};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections that are not in use.
#[derive(Clone)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    known: Arc<Known>,
    /// What the connections rest on, where they share nothing with a writer.
    still: Option<Still>,
    /// The file that they are to, where nobody here writes to it.
    there: Option<There>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Arc::default(), known: Arc::default(), still: None, there: None }
    }

    /// The same, on connections that share nothing with a writer.
    pub(super) fn resting_on(self, still: Option<Still>) -> Self {
        Self { still, ..self }
    }

    /// The same, of this file alone, and not of another one that is put in its place.
    pub(super) fn of_file(self, there: There) -> Self {
        Self { there: Some(there), ..self }
    }

    /// Reads one moment of the log, on a thread that may block.
    pub(super) fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, &Known) -> Result<T, ReadError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, ReadError>> {
        let readers = self.clone();
        Box::pin(async move {
            let read = move || {
                let connection = readers.take()?;
                let moment = connection.unchecked_transaction().map_err(storage)?;
                let found = read(&moment, &readers.known);
                moment.finish().map_err(storage)?;
                readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                readers.still.as_ref().map_or(Ok(()), Still::check)?;
                readers.there.as_ref().map_or(Ok(()), There::check)?;
                found
            };
            tokio::task::spawn_blocking(read).await.map_err(|e| ReadError::Storage(e.to_string()))?
        })
    }

    fn take(&self) -> Result<Connection, ReadError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match (idle, &self.still) {
            (Some(connection), _) => Ok(connection),
            (None, Some(still)) => still.connect().map_err(storage),
            (None, None) => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)
                .map_err(|e| ReadError::Storage(e.to_string())),
        }
    }
}

/// The index leads to the events of a stream; that these are the ones is read from the events
/// themselves, because an index that was damaged leads elsewhere.
const STREAM: &str = "SELECT {COLUMNS} FROM
    (SELECT position AS place FROM event WHERE stream = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3)
    LEFT JOIN event ON event.position = place";

/// Where the index says that an event is.
const PLACE: &str = "SELECT position FROM event WHERE stream = ?1 AND sequence > ?2
    ORDER BY sequence LIMIT 1 OFFSET ?3";

pub(super) fn stream(
    connection: &Connection,
    known: &Known,
    stream: &StreamId,
    after: Sequence,
    limit: usize,
) -> Result<Vec<Stored>, ReadError> {
    extent::census(connection, known)?;
    // A row before the first place of a stream is found, not passed over.
    let seen = if after.0 == 0 { i64::MIN } else { i64::try_from(after.0).unwrap_or(i64::MAX) };
    let place = |read: usize| {
        let of = (stream.as_str(), seen, bound(read));
        let found = connection.prepare_cached(PLACE).and_then(|mut s| s.query_row(of, |row| row.get(0)));
        Position(found.unwrap_or(0))
    };
    let sql = STREAM.replace("{COLUMNS}", COLUMNS);
    let events = page(connection, &sql, (stream.as_str(), seen, bound(limit)), limit, place)?;
    let elsewhere =
        |(expected, event): &(u64, &Stored)| event.sequence.0 != *expected || event.record.stream != *stream;
    match (after.0 + 1..).zip(&events).find(elsewhere) {
        None => Ok(events),
        Some((expected, event)) => {
            let what = format!("the index takes it for event {expected} of stream {stream}");
            Err(ReadError::Damaged { position: event.position, what })
        }
    }
}

/// The whole log in order, from 1 on. A gap, and whatever else is wrong, is found at its place, so that whoever verifies
/// a log finds the first event that is concerned; that there are no rows beside, the head says.
pub(super) fn all(
    connection: &Connection,
    known: &Known,
    after: Position,
    limit: usize,
) -> Result<Vec<Stored>, ReadError> {
    extent::check_objects(connection, known)?;
    let sql = format!("SELECT {COLUMNS} FROM event WHERE position > ?1 ORDER BY position LIMIT ?2");
    let seen = i64::try_from(after.0).unwrap_or(i64::MAX);
    let place = |read: usize| Position(after.0.saturating_add(read as u64 + 1));
    page(connection, &sql, (seen, bound(limit)), limit, place)
}

pub(super) fn head(connection: &Connection, known: &Known) -> Result<Head, ReadError> {
    extent::census(connection, known)
}

/// The next stream behind a name, with its last event.
const NEXT: &str =
    "SELECT stream, (SELECT sequence FROM event WHERE stream = e.stream ORDER BY sequence DESC LIMIT 1)
    FROM event e WHERE stream {BEHIND} ?1 ORDER BY stream LIMIT 1";

/// Goes from stream to stream by the index: as many looks as there are streams, however long they are.
pub(super) fn streams(
    connection: &Connection,
    known: &Known,
    prefix: &str,
) -> Result<Vec<(StreamId, Sequence)>, ReadError> {
    extent::census(connection, known)?;
    let next = |behind: &str, name: &str| {
        let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, Sequence(row.get(1)?)));
        let sql = NEXT.replace("{BEHIND}", behind);
        connection.prepare_cached(&sql).and_then(|mut s| s.query_row([name], row).optional()).map_err(storage)
    };
    let (mut found, mut due): (Vec<(StreamId, Sequence)>, _) = (Vec::new(), next(">=", prefix)?);
    while let Some((name, last)) = due.filter(|(name, _)| name.starts_with(prefix)) {
        // An index that was damaged may lead back, and so for ever.
        if found.last().is_some_and(|(before, _)| before.as_str() >= name.as_str()) {
            let what = format!("the index names stream {name} behind one that comes after it");
            return Err(ReadError::Misled { what });
        }
        due = next(">", &name)?;
        found.push((StreamId::new(name), last));
    }
    Ok(found)
}

/// What SQLite finds wrong with its pages, or between the events and their index; and what else is in the file, or
/// is not there any more.
pub(super) fn check_index(connection: &Connection, _known: &Known) -> Result<Option<String>, ReadError> {
    let found = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    let found = found.map_err(storage)?;
    if found != "ok" {
        return Ok(Some(found));
    }
    match extent::census(connection, &Known::to_write()) {
        Ok(_) => Ok(None),
        Err(ReadError::Misled { what }) => Ok(Some(what)),
        Err(e) => Err(e),
    }
}
