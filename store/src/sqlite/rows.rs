//! Store: the rows of the SQLite file as events, each held against the one before it. Touches that file, reading.

use crate::chain::event_hash;
use crate::log::ReadError;
use crate::record::{Digest, Position, Record, Sequence, Stored, StreamId};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};
use std::borrow::Cow;

/// Whether an error says that the file is not what was written, rather than that it cannot be read.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(code) => code == ErrorCode::DatabaseCorrupt,
        None => true,
    }
}

/// A value of a wrong type is damage; what SQLite itself says is the storage's.
pub(super) fn storage(error: rusqlite::Error) -> ReadError {
    match error.sqlite_error_code() {
        None => ReadError::Misled { what: error.to_string() },
        Some(_) => ReadError::Storage(error.to_string()),
    }
}

pub(super) const COLUMNS: &str = "event.position, event.sequence, event.stream, event.kind, event.version, event.at_ms, event.actor, event.salt, event.body, event.hash";

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
pub(super) fn page(
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
            let last = events.last();
            let event = event(row, last)?;
            let before = match last.filter(|last| last.position.0 + 1 == event.position.0) {
                Some(last) => Some(last.hash),
                None => hash_before(connection, event.position)?,
            };
            Ok((event, before))
        };
        match rows.next().and_then(|row| row.map(read).transpose()) {
            Ok(Some((event, before))) => {
                check(&event, before, place(events.len()))?;
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

pub(super) fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Reads one event, and holds it against the one before.
pub(super) fn event_at(connection: &Connection, position: Position) -> Result<(), ReadError> {
    let sql = format!("SELECT {COLUMNS} FROM event WHERE position = ?1");
    page(connection, &sql, [position.0], 1, |_| position).map(drop)
}

/// The hash of the event before a place, if there is one.
fn hash_before(connection: &Connection, position: Position) -> rusqlite::Result<Option<Digest>> {
    let Some(before) = position.0.checked_sub(1) else { return Ok(None) };
    let mut hash = connection.prepare_cached("SELECT hash FROM event WHERE position = ?1")?;
    hash.query_row([before], |row| row.get(0).map(Digest)).optional()
}

/// Holds an event against the hash of the one before it; the place that it should have is named where that is missing.
fn check(event: &Stored, before: Option<Digest>, place: Position) -> Result<(), ReadError> {
    let (position, what) = match before.or((event.position.0 == 1).then_some(Digest::ZERO)) {
        Some(before) if event.hash == event_hash(before, event) => return Ok(()),
        Some(_) => (event.position, "it was changed, or does not follow the event before it"),
        None => (
            place.min(Position(event.position.0.saturating_sub(1))),
            "an event is missing before the next one",
        ),
    };
    Err(ReadError::Damaged { position, what: what.to_owned() })
}
