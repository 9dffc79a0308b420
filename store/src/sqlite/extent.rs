//! Store: what is in the log, for every query alike. Touches the SQLite file, reading.
//!
//! In the log are the events at the places 1, 2, 3 and so on up to the head: as many as the head says, each bound to
//! the one before, in the one table that this program makes. A row anywhere else, and a view or an index in between, is
//! not passed over, where one reader might see it and another not: it makes the file unreadable.

use super::schema;
use crate::chain::event_hash;
use crate::log::{Head, ReadError};
use crate::record::{Digest, Position, Stored};
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// What is known of a file, so that nothing is looked at twice while nothing changes.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The version of the schema that was found to be ours; SQLite counts it up at each change, from 1.
    schema: AtomicI64,
    /// Up to where the rows are counted.
    counted: AtomicU64,
    looked: schema::Looked,
}

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

/// Refuses a file in which something else stands between the events and who reads them than this program makes, such as
/// a view; for who appends, one with anything else in it.
pub(super) fn check_objects(connection: &Connection, known: &Known) -> Result<(), ReadError> {
    let version = connection.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0));
    let version = version.map_err(storage)?;
    if known.schema.load(Ordering::Relaxed) == version {
        return Ok(());
    }
    match schema::difference(connection, known.looked).map_err(storage)? {
        Some(what) => Err(ReadError::Misled { what }),
        None => {
            known.schema.store(version, Ordering::Relaxed);
            Ok(())
        }
    }
}

/// The end of the log; refuses a file with a row before the first place.
pub(super) fn ends(connection: &Connection) -> Result<Head, ReadError> {
    let first = "SELECT position FROM event ORDER BY position LIMIT 1";
    let last = "SELECT position, hash FROM event ORDER BY position DESC LIMIT 1";
    let first =
        connection.prepare_cached(first).and_then(|mut s| s.query_row([], |row| row.get(0)).optional());
    let Some(first): Option<i64> = first.map_err(storage)? else {
        return Ok(Head { position: Position(0), hash: Digest::ZERO });
    };
    if first < 1 {
        let what = format!("a row stands at place {first}, where no event can be");
        return Err(ReadError::Misled { what });
    }
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Digest(row.get(1)?)));
    let (position, hash) =
        connection.prepare_cached(last).and_then(|mut s| s.query_row([], row)).map_err(storage)?;
    Ok(Head { position: Position(position), hash })
}

/// The same; refuses also a file with more or fewer rows than its end says.
pub(super) fn census(connection: &Connection, known: &Known) -> Result<Head, ReadError> {
    check_objects(connection, known)?;
    let head = ends(connection)?;
    let counted = known.counted.load(Ordering::Relaxed);
    // Where the log was cut off since, nothing is known.
    let from = if counted > head.position.0 { 0 } else { counted };
    if from == head.position.0 {
        return Ok(head);
    }
    // The first goes over the index, so that a row without its entry there is missed too.
    let rows = match from {
        0 => connection.query_row("SELECT count(*) FROM event", [], |row| row.get(0)).map_err(storage),
        from => count(connection, "SELECT count(*) FROM event WHERE position > ?1", from),
    }?;
    if rows != head.position.0 - from {
        let position = gap(connection, head.position.0)?;
        let what = format!("its end is event {}, and {rows} rows come after event {from}", head.position);
        return Err(ReadError::Damaged { position, what });
    }
    if head.position.0 > 0 {
        super::reader::event_at(connection, head.position)?;
    }
    known.counted.store(head.position.0, Ordering::Relaxed);
    Ok(head)
}

impl Known {
    /// For who appends: nothing else than what this program makes may be in the file.
    pub(super) fn to_write() -> Self {
        Self { looked: schema::Looked::All, ..Self::default() }
    }

    /// The rows up to here were written by this process.
    pub(super) fn count_to(&self, head: Position) {
        self.counted.store(head.0, Ordering::Relaxed);
    }
}

fn count(connection: &Connection, sql: &str, of: u64) -> Result<u64, ReadError> {
    connection.prepare_cached(sql).and_then(|mut s| s.query_row([of], |row| row.get(0))).map_err(storage)
}

/// The first place where no event is, or the end where only the index lacks one.
fn gap(connection: &Connection, end: u64) -> Result<Position, ReadError> {
    let filled = |to| count(connection, "SELECT count(*) FROM event WHERE position BETWEEN 1 AND ?1", to);
    let (mut whole, mut gap) = (0, end);
    while gap - whole > 1 {
        let middle = whole + (gap - whole) / 2;
        if filled(middle)? == middle { whole = middle } else { gap = middle }
    }
    Ok(Position(gap))
}

/// Holds an event against the hash of the one before it; the place that it should have is named where that is missing.
pub(super) fn check(event: &Stored, before: Option<Digest>, place: Position) -> Result<(), ReadError> {
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
