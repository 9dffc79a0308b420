//! Store: reading the log on the server. Each question is one statement, and so one moment of the log. Touches the server.

use super::head::BOUNDED;
use super::rows::{self, COLUMNS, page, place};
use super::schema;
use super::server::{Failure, Server, number, value};
use crate::log::{Head, ReadError};
use crate::record::{Digest, Position, Sequence, Stored, StreamId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn text(row: &Row, at: usize) -> Result<&str, ReadError> {
    row.try_get(at).map_err(|e| ReadError::Misled { what: e.to_string() })
}

pub(super) async fn stream(
    server: Arc<Server>,
    stream: StreamId,
    after: Sequence,
    limit: usize,
) -> Result<Vec<Stored>, ReadError> {
    let sql = server.sql(&format!(
        "SELECT {COLUMNS}, (SELECT hash FROM {{s}}.event b WHERE b.position = e.position - 1)
         FROM {{s}}.event e WHERE stream = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"
    ));
    let seen = i64::try_from(after.0).unwrap_or(i64::MAX);
    let values = vec![
        value(stream.as_str().to_owned(), Type::TEXT),
        value(seen, Type::INT8),
        value(bound(limit), Type::INT8),
    ];
    let rows = server.read(sql, values).await?;
    let at = |nth: usize| Position(rows.get(nth).and_then(|row| place(row, 0).ok()).unwrap_or(0));
    let events = page(&rows, at)?;
    let elsewhere = |(due, event): &(u64, &Stored)| event.sequence.0 != *due || event.record.stream != stream;
    match (after.0 + 1..).zip(&events).find(elsewhere) {
        None => Ok(events),
        Some((due, event)) => {
            let what = format!("it stands in the place of event {due} of stream {stream}");
            Err(ReadError::Damaged { position: event.position, what })
        }
    }
}

pub(super) async fn all(
    server: Arc<Server>,
    after: Position,
    limit: usize,
) -> Result<Vec<Stored>, ReadError> {
    let sql = server.sql(&format!(
        "SELECT {COLUMNS}, (SELECT hash FROM {{s}}.event WHERE position = $1)
         FROM {{s}}.event e WHERE e.position > $1 ORDER BY e.position LIMIT $2"
    ));
    let values = vec![value(number(after), Type::INT8), value(bound(limit), Type::INT8)];
    let rows = server.read(sql, values).await?;
    let due = |nth: usize| Position(after.0.saturating_add(nth as u64 + 1));
    let mut whole = 0;
    for row in &rows {
        if place(row, 0)? != due(whole).0 {
            break;
        }
        whole += 1;
    }
    // Whatever is wrong with those before the first that is missing comes first.
    let events = page(&rows[..whole], due)?;
    if whole < rows.len() {
        let what = "an event is missing before the next one".to_owned();
        return Err(ReadError::Damaged { position: due(whole), what });
    }
    Ok(events)
}

/// Up to where the rows are counted, so that none is counted twice.
#[derive(Debug, Default)]
pub(super) struct Counted(AtomicU64);

/// The end of the log; refuses one with more or fewer rows than its end says.
pub(super) async fn head(server: Arc<Server>, counted: Arc<Counted>) -> Result<Head, ReadError> {
    let from = counted.0.load(Ordering::Relaxed);
    let sql = server.sql(&format!(
        "SELECT h.position, h.hash, e.hash, (SELECT count(*) FROM {{s}}.event WHERE position > $1 AND {BOUNDED}),
             coalesce((SELECT max(position) FROM {{s}}.event), 0), coalesce((SELECT min(position) FROM {{s}}.event), 1)
         FROM {{s}}.head h LEFT JOIN {{s}}.event e ON e.position = h.position"
    ));
    let from_place = i64::try_from(from).unwrap_or(i64::MAX);
    let rows = server.clone().read(sql, vec![value(from_place, Type::INT8)]).await?;
    let [row] = &rows[..] else {
        let what = format!("the log has {} ends", rows.len());
        return Err(ReadError::Misled { what });
    };
    let (end, more) = (place(row, 0)?, place(row, 3)?);
    let misled = |what: String| ReadError::Misled { what };
    let hash = rows::digest(row, 1).map_err(misled)?.unwrap_or(Digest::ZERO);
    let last = rows::digest(row, 2).map_err(misled)?;
    let head = Head { position: Position(end), hash };
    if place(row, 4)? > end {
        let what = format!("its end is event {end}, and a row stands at place {}", place(row, 4)?);
        return Err(ReadError::Misled { what });
    }
    if place(row, 5)? != 1 && end > 0
        || end.checked_sub(from) != Some(more)
        || last.unwrap_or(Digest::ZERO) != hash
    {
        let what = format!("its end is event {end}, and {more} rows come after event {from}");
        return Err(ReadError::Damaged { position: gap(server, end).await?, what });
    }
    counted.0.store(end, Ordering::Relaxed);
    server.saw(head);
    Ok(head)
}

/// The first place where no event is, or the last.
async fn gap(server: Arc<Server>, end: u64) -> Result<Position, ReadError> {
    let sql = server.sql(
        "SELECT place FROM generate_series(1, $1) place
         WHERE NOT EXISTS (SELECT 1 FROM {s}.event WHERE position = place) LIMIT 1",
    );
    let rows = server.read(sql, vec![value(number(Position(end)), Type::INT8)]).await?;
    rows.first().map_or(Ok(Position(end)), |row| place(row, 0).map(Position))
}

/// Goes from stream to stream by the index: as many looks as there are streams, however long they are.
const STREAMS: &str = "WITH RECURSIVE s(stream) AS (
        (SELECT stream FROM {s}.event WHERE stream >= $1 ORDER BY stream LIMIT 1)
        UNION ALL
        SELECT (SELECT e.stream FROM {s}.event e WHERE e.stream > s.stream ORDER BY e.stream LIMIT 1)
        FROM s WHERE s.stream IS NOT NULL AND starts_with(s.stream, $1))
    SELECT stream, (SELECT e.sequence FROM {s}.event e WHERE e.stream = s.stream ORDER BY e.sequence DESC LIMIT 1)
    FROM s WHERE stream IS NOT NULL AND starts_with(stream, $1)";

pub(super) async fn streams(
    server: Arc<Server>,
    prefix: String,
) -> Result<Vec<(StreamId, Sequence)>, ReadError> {
    let rows = server.clone().read(server.sql(STREAMS), vec![value(prefix, Type::TEXT)]).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push((StreamId::new(text(row, 0)?), Sequence(place(row, 1)?)));
    }
    // In the order of bytes, whatever order the server goes by.
    found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// Whether what leads to the events is what this program makes, and every place is filled.
pub(super) async fn check_index(server: Arc<Server>) -> Result<Option<String>, ReadError> {
    if let Some(what) = schema::difference(server.clone()).await? {
        return Ok(Some(what));
    }
    match head(server, Arc::default()).await {
        Ok(_) => Ok(None),
        Err(ReadError::Misled { what } | ReadError::Damaged { what, .. }) => Ok(Some(what)),
        Err(e @ ReadError::Storage(_)) => Err(e),
    }
}

/// Makes a future of what reads that a caller on any thread may wait for.
pub(super) async fn on<T: Send + 'static>(
    server: Arc<Server>,
    read: impl Future<Output = Result<T, ReadError>> + Send + 'static,
) -> Result<T, ReadError> {
    let read = async move { Ok::<_, Failure>(read.await) };
    server.on(read).await?
}

/// The places and the streams of events, without their bodies.
pub(super) async fn names(
    server: Arc<Server>,
    after: Position,
    limit: usize,
) -> Result<Vec<(Position, StreamId)>, ReadError> {
    let sql =
        server.sql("SELECT position, stream FROM {s}.event WHERE position > $1 ORDER BY position LIMIT $2");
    let values = vec![value(number(after), Type::INT8), value(bound(limit), Type::INT8)];
    let rows = server.read(sql, values).await?;
    rows.iter().map(|row| Ok((Position(place(row, 0)?), StreamId::new(text(row, 1)?)))).collect()
}
