//! Store: reading the SQLite file, on connections that cannot write. Touches that file.

use super::schema;
use crate::log::{Head, Later, ReadError};
use crate::record::{Digest, Position, Record, Sequence, Stored, StreamId};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections that nobody reads on at the moment.
#[derive(Clone)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Arc::default() }
    }

    /// Reads on a thread that may block.
    pub(super) fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Later<'_, Result<T, ReadError>> {
        let readers = self.clone();
        Box::pin(async move {
            let read = move || {
                let connection = readers.take()?;
                let found = read(&connection);
                readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                found
            };
            tokio::task::spawn_blocking(read).await.map_err(|e| ReadError::Storage(e.to_string()))?
        })
    }

    fn take(&self) -> Result<Connection, ReadError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(connection) => Ok(connection),
            None => super::connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)
                .map_err(|e| ReadError::Storage(e.to_string())),
        }
    }
}

const COLUMNS: &str = "position, sequence, stream, kind, version, at_ms, actor, salt, body, hash";

fn storage(error: rusqlite::Error) -> ReadError {
    ReadError::Storage(error.to_string())
}

/// One row; a column of a wrong type or size is an error. Names that it shares with the row before are kept once.
fn event(row: &Row<'_>, before: Option<&Stored>) -> rusqlite::Result<Stored> {
    let stream = row.get_ref(2)?.as_str()?;
    let actor = row.get_ref(6)?.as_str()?;
    let before = before.map(|event| &event.record);
    Ok(Stored {
        position: Position(row.get(0)?),
        sequence: Sequence(row.get(1)?),
        record: Record {
            stream: match before {
                Some(record) if record.stream.as_str() == stream => record.stream.clone(),
                Some(_) | None => StreamId::new(stream),
            },
            kind: Cow::Owned(row.get(3)?),
            version: row.get(4)?,
            at_ms: row.get(5)?,
            actor: match before {
                Some(record) if *record.actor == *actor => record.actor.clone(),
                Some(_) | None => actor.into(),
            },
            body: row.get(8)?,
        },
        salt: row.get(7)?,
        hash: Digest(row.get(9)?),
        withheld: None,
    })
}

/// Whether an error says that the file is not what was written, rather than that it cannot be read.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(code) => code == ErrorCode::DatabaseCorrupt,
        None => true,
    }
}

/// Rows, in order; `place` tells the place of a row that is damaged from how many came before it.
fn page(
    connection: &Connection,
    sql: &str,
    of: impl rusqlite::Params,
    limit: usize,
    place: impl Fn(usize) -> Position,
) -> Result<Vec<Stored>, ReadError> {
    let mut statement = connection.prepare_cached(sql).map_err(storage)?;
    let mut rows = statement.query(of).map_err(storage)?;
    let mut events: Vec<Stored> = Vec::with_capacity(limit.min(256));
    loop {
        match rows.next().and_then(|row| row.map(|row| event(row, events.last())).transpose()) {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return Ok(events),
            Err(e) if is_damage(&e) => {
                return Err(ReadError::Damaged { position: place(events.len()), what: e.to_string() });
            }
            Err(e) => return Err(storage(e)),
        }
    }
}

fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The index leads to the events of a stream; that these are the ones is read from the events
/// themselves, because an index that was damaged leads elsewhere.
const STREAM: &str = "SELECT {COLUMNS} FROM
    (SELECT position AS place FROM event WHERE stream = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3)
    LEFT JOIN event ON position = place";

/// Where the index says that an event is.
const PLACE: &str = "SELECT position FROM event WHERE stream = ?1 AND sequence > ?2
    ORDER BY sequence LIMIT 1 OFFSET ?3";

pub(super) fn stream(
    connection: &Connection,
    stream: &StreamId,
    after: Sequence,
    limit: usize,
) -> Result<Vec<Stored>, ReadError> {
    let place = |read: usize| {
        let of = (stream.as_str(), after.0, bound(read));
        let found = connection.prepare_cached(PLACE).and_then(|mut s| s.query_row(of, |row| row.get(0)));
        Position(found.unwrap_or(0))
    };
    let sql = STREAM.replace("{COLUMNS}", COLUMNS);
    let events = page(connection, &sql, (stream.as_str(), after.0, bound(limit)), limit, place)?;
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

pub(super) fn all(connection: &Connection, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError> {
    let sql = format!("SELECT {COLUMNS} FROM event WHERE position > ?1 ORDER BY position LIMIT ?2");
    page(connection, &sql, (after.0, bound(limit)), limit, |read| Position(after.0 + read as u64 + 1))
}

pub(super) fn head(connection: &Connection) -> Result<Head, ReadError> {
    let sql = "SELECT position, hash FROM event ORDER BY position DESC LIMIT 1";
    let row = |row: &Row<'_>| Ok(Head { position: Position(row.get(0)?), hash: Digest(row.get(1)?) });
    let head = connection.prepare_cached(sql).and_then(|mut s| s.query_row([], row).optional());
    Ok(head.map_err(storage)?.unwrap_or(Head { position: Position(0), hash: Digest::ZERO }))
}

pub(super) fn streams(connection: &Connection, prefix: &str) -> Result<Vec<(StreamId, Sequence)>, ReadError> {
    let sql = "SELECT stream, max(sequence) FROM event
               WHERE stream >= ?1 AND substr(stream, 1, ?2) = ?1 GROUP BY stream ORDER BY stream";
    let row = |row: &Row<'_>| Ok((StreamId::new(row.get::<_, String>(0)?), Sequence(row.get(1)?)));
    let mut statement = connection.prepare_cached(sql).map_err(storage)?;
    let characters = bound(prefix.chars().count());
    let rows = statement.query_map((prefix, characters), row).map_err(storage)?;
    rows.collect::<Result<_, _>>().map_err(storage)
}

/// What SQLite finds wrong with its pages, or between the events and their index; and what else is in the file, or
/// is not there any more.
pub(super) fn flaw(connection: &Connection) -> Result<Option<String>, ReadError> {
    let found = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    let found = found.map_err(storage)?;
    if found != "ok" {
        return Ok(Some(found));
    }
    let format: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(storage)?;
    // What a newer program makes is not known here.
    if format > i64::from(super::FORMAT) { Ok(None) } else { schema::difference(connection).map_err(storage) }
}
