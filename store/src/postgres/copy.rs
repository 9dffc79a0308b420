//! Store: copies between a server and a SQLite file, chain and all. Touches both.

use super::append::{self, Columns};
use super::reader;
use super::schema;
use super::server::{Failure, Server, number};
use crate::backend::{Backend, OpenError};
use crate::log::ReadError;
use crate::page_size::page_size;
use crate::record::Position;
use crate::sqlite::{Copy, FORMAT, SqliteLog};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_postgres::types::Type;

/// Copies one moment of the log into a new file.
pub(super) fn to_file(server: &Arc<Server>, id: &str, to: &Path) -> Result<SqliteLog, OpenError> {
    let failed = |why: Failure| OpenError::Storage {
        path: PathBuf::from(server.address.shown()),
        source: why.what().into(),
    };
    let unreadable = |e: ReadError| Failure::Refused(e.to_string());
    let mut copy = Copy::begin(to, id)?;
    let of = server.clone();
    let head = server.wait(async move { reader::head(of, Arc::default()).await.map_err(unreadable) });
    let head = head.map_err(failed)?;
    let (mut at, mut limit) = (Position(0), page_size(&[]));
    while at < head.position {
        let most = limit.min(usize::try_from(head.position.0 - at.0).unwrap_or(limit));
        let of = server.clone();
        let events = server.wait(async move { reader::all(of, at, most).await.map_err(unreadable) });
        let events = events.map_err(failed)?;
        let Some(last) = events.last() else {
            return Err(failed(Failure::Refused("the log has become shorter".to_owned())));
        };
        copy.put(&events)?;
        (at, limit) = (last.position, page_size(&events));
    }
    copy.end()
}

/// Puts the events of a copy in the place of the log, whole or not at all; a log that is there gets this name.
pub(super) async fn from_copy(
    server: Arc<Server>,
    copy: Arc<dyn Backend>,
    kept: String,
) -> Result<bool, Failure> {
    let link = server.connect(true).await?;
    let client = &link.client;
    client.batch_execute("BEGIN").await?;
    let schema = server.address.schema();
    let there = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let was_there = !client.query_typed(there, &[(&schema, Type::TEXT)]).await?.is_empty();
    if was_there {
        // Whoever appends meanwhile waits here, and then finds another log.
        client
            .batch_execute(&server.sql(&format!(
                "LOCK TABLE {{s}}.head IN ACCESS EXCLUSIVE MODE; ALTER SCHEMA {{s}} RENAME TO {kept}"
            )))
            .await?;
    }
    client.batch_execute(&schema::tables(&server, copy.id(), FORMAT)).await?;
    let unreadable = |e: ReadError| Failure::Refused(e.to_string());
    let head = copy.head().await.map_err(unreadable)?;
    let (mut at, mut limit) = (Position(0), page_size(&[]));
    let insert = server.sql(&append::insert());
    while at < head.position {
        let events = copy.read_all(at, limit).await.map_err(unreadable)?;
        let Some(last) = events.last() else {
            return Err(Failure::Refused("the copy has become shorter".to_owned()));
        };
        for part in append::parts(&events) {
            let columns = Columns::of(part);
            client.execute_typed(&insert, &columns.values()).await?;
        }
        (at, limit) = (last.position, page_size(&events));
    }
    if was_there {
        // The key and the names of runners belong to this log, whichever copy of it is there.
        let along = format!(
            "INSERT INTO {{s}}.kept SELECT * FROM {kept}.kept; INSERT INTO {{s}}.runner SELECT * FROM {kept}.runner"
        );
        client.batch_execute(&server.sql(&along)).await?;
    }
    let moves = server.sql("UPDATE {s}.head SET position = $1, hash = $2");
    let (position, hash) = (number(head.position), &head.hash.0[..]);
    client.execute_typed(&moves, &[(&position, Type::INT8), (&hash, Type::BYTEA)]).await?;
    client.batch_execute("COMMIT").await?;
    Ok(was_there)
}
