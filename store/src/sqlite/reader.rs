//! Store: reading the SQLite file, on connections that cannot write. Touches that file.

use super::extent::{self, Known, is_damage, storage};
use super::still::Still;
use crate::log::{BoxFuture, Head, ReadError};
use crate::record::{Digest, Position, Record, Sequence, Stored, StreamId};
use rusqlite::{Connection, OpenFlags, Row};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Connections that nobody reads on at the moment.
#[derive(Clone)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    known: Arc<Known>,
    /// What the connections rest on, where they share nothing with a writer.
    still: Option<Still>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Arc::default(), known: Arc::default(), still: None }
    }

    /// The same, on connections that share nothing with a writer.
    pub(super) fn resting_on(self, still: Option<Still>) -> Self {
        Self { still, ..self }
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
            (None, None) => super::connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)
                .map_err(|e| ReadError::Storage(e.to_string())),
        }
    }
}

const COLUMNS: &str = "event.position, event.sequence, event.stream, event.kind, event.version, event.at_ms, event.actor, event.salt, event.body, event.hash";

/// Each event beside the hash of the one before it.
const BOUND: &str = "LEFT JOIN event AS before ON before.position = event.position - 1";

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

/// Rows, in order; `place` tells the place that a row must have from how many came before it. Each is held against the
/// one before it in the log.
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
        let read = |row: &Row<'_>| {
            let event = event(row, events.last())?;
            let before: Option<[u8; 32]> = row.get(10)?;
            Ok((event, before.map(Digest)))
        };
        match rows.next().and_then(|row| row.map(read).transpose()) {
            Ok(Some((event, before))) => {
                extent::check(&event, before, place(events.len()))?;
                events.push(event);
            }
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
const STREAM: &str = "SELECT {COLUMNS}, before.hash FROM
    (SELECT position AS place FROM event WHERE stream = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3)
    LEFT JOIN event ON event.position = place {BOUND}";

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
    let sql = STREAM.replace("{COLUMNS}", COLUMNS).replace("{BOUND}", BOUND);
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
    let sql = format!(
        "SELECT {COLUMNS}, before.hash FROM event {BOUND} WHERE event.position > ?1 ORDER BY event.position LIMIT ?2"
    );
    let seen = i64::try_from(after.0).unwrap_or(i64::MAX);
    let place = |read: usize| Position(after.0.saturating_add(read as u64 + 1));
    page(connection, &sql, (seen, bound(limit)), limit, place)
}

/// Reads one event, and holds it against the one before.
pub(super) fn event_at(connection: &Connection, position: Position) -> Result<(), ReadError> {
    let sql = format!("SELECT {COLUMNS}, before.hash FROM event {BOUND} WHERE event.position = ?1");
    page(connection, &sql, [position.0], 1, |_| position).map(drop)
}

pub(super) fn head(connection: &Connection, known: &Known) -> Result<Head, ReadError> {
    extent::census(connection, known)
}

pub(super) fn streams(
    connection: &Connection,
    known: &Known,
    prefix: &str,
) -> Result<Vec<(StreamId, Sequence)>, ReadError> {
    extent::census(connection, known)?;
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
pub(super) fn flaw(connection: &Connection, _known: &Known) -> Result<Option<String>, ReadError> {
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
