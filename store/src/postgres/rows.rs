//! Store: rows of the server as events, each held against the one before it. Pure.

use crate::chain::event_hash;
use crate::log::ReadError;
use crate::record::{Digest, Position, Record, Sequence, Stored, StreamId};
use std::borrow::Cow;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// The columns of an event, in the order in which [`event`] reads them.
pub(super) const COLUMNS: &str =
    "e.position, e.sequence, e.stream, e.kind, e.version, e.at_ms, e.actor, e.salt, e.body, e.hash";

fn column<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Result<T, String> {
    row.try_get(at).map_err(|e| e.to_string())
}

fn counted(row: &Row, at: usize) -> Result<u64, String> {
    u64::try_from(column::<i64>(row, at)?).map_err(|_| "a place before the first".to_owned())
}

fn bytes<const N: usize>(row: &Row, at: usize) -> Result<[u8; N], String> {
    let found: &[u8] = column(row, at)?;
    found.try_into().map_err(|_| format!("{} bytes where {N} belong", found.len()))
}

fn event(row: &Row, before: Option<&Stored>) -> Result<Stored, String> {
    let (stream, actor): (&str, &str) = (column(row, 2)?, column(row, 6)?);
    let before = before.map(|event| &event.record);
    Ok(Stored {
        position: Position(counted(row, 0)?),
        sequence: Sequence(counted(row, 1)?),
        record: Record {
            stream: match before {
                Some(record) if record.stream.as_str() == stream => record.stream.clone(),
                Some(_) | None => StreamId::new(stream),
            },
            kind: Cow::Owned(column(row, 3)?),
            version: u16::try_from(column::<i32>(row, 4)?).map_err(|e| e.to_string())?,
            at_ms: column(row, 5)?,
            actor: match before {
                Some(record) if *record.actor == *actor => record.actor.clone(),
                Some(_) | None => actor.into(),
            },
            body: column(row, 8)?,
        },
        salt: bytes(row, 7)?,
        hash: Digest(bytes(row, 9)?),
        withheld: None,
    })
}

/// A digest in a column; none where there is none.
pub(super) fn digest(row: &Row, at: usize) -> Result<Option<Digest>, String> {
    let there: Option<&[u8]> = column(row, at)?;
    there.map(|_| bytes(row, at).map(Digest)).transpose()
}

/// A place in a column.
pub(super) fn place(row: &Row, at: usize) -> Result<u64, ReadError> {
    counted(row, at).map_err(|what| ReadError::Misled { what })
}

/// Rows as events, in order; `due` tells the place that a row must have from how many came before it. After the columns of an event a
/// row has the hash of the one before it, for which the events of the page are taken where they follow each other.
pub(super) fn page(rows: &[Row], due: impl Fn(usize) -> Position) -> Result<Vec<Stored>, ReadError> {
    let mut events: Vec<Stored> = Vec::with_capacity(rows.len());
    for row in rows {
        let damaged = |what| ReadError::Damaged { position: due(events.len()), what };
        let last = events.last();
        let event = event(row, last).map_err(damaged)?;
        let before = match last.filter(|last| last.position.0 + 1 == event.position.0) {
            Some(last) => Some(last.hash),
            None => digest(row, 10).map_err(damaged)?,
        };
        check(&event, before, due(events.len()))?;
        events.push(event);
    }
    Ok(events)
}

/// Holds an event against the hash of the one before it; the place that it should have is named where that is missing.
fn check(event: &Stored, before: Option<Digest>, due: Position) -> Result<(), ReadError> {
    let (position, what) = match before.or((event.position.0 == 1).then_some(Digest::ZERO)) {
        Some(before) if event.hash == event_hash(before, event) => return Ok(()),
        Some(_) => (event.position, "it was changed, or does not follow the event before it"),
        None => {
            (due.min(Position(event.position.0.saturating_sub(1))), "an event is missing before the next one")
        }
    };
    Err(ReadError::Damaged { position, what: what.to_owned() })
}
