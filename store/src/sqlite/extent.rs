//! Store: what is in the log, for every query alike. Touches the SQLite file, reading.
//!
//! In the log are the events at the places 1, 2, 3 and so on up to the head: as many as the head says, each bound to
//! the one before, in the one table that this program makes. A row anywhere else, and a view or an index in between, is
//! not passed over, where one reader might see it and another not: it makes the file unreadable.

use super::rows::{event_at, storage};
use super::schema;
use crate::log::{Head, ReadError};
use crate::record::{Digest, Position};
use rusqlite::{Connection, OptionalExtension};
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

/// Refuses a file in which something else leads to the events than this program makes, such as a view. Before an append it refuses a
/// file with anything else in it.
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
        event_at(connection, head.position)?;
    }
    known.counted.store(head.position.0, Ordering::Relaxed);
    Ok(head)
}

impl Known {
    /// Before an append: nothing else than what this program makes may be in the file.
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
