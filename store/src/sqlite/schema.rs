//! Store: the tables, the settings that the promises rest on, and how a file is known to be ours.

use super::{FORMAT, OpenError};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::path::Path;

/// "RHME": what `file` and a stranger's database tool see in the header.
const APPLICATION_ID: i64 = 0x5248_4d45;

/// Each setting, what it is set to, and what the database must then say it is.
const PRAGMAS: [(&str, &str, &str); 6] = [
    // Readers beside the writer, and one sync for each commit.
    ("journal_mode", "WAL", "wal"),
    // A commit is on the disk before it is acknowledged.
    ("synchronous", "FULL", "2"),
    // Without it a REPLACE slips past the triggers that refuse deletion.
    ("recursive_triggers", "ON", "1"),
    ("foreign_keys", "ON", "1"),
    ("temp_store", "MEMORY", "2"),
    // Pages that are read back are checked as cells, so that a damaged page is an error.
    ("cell_size_check", "ON", "1"),
];

const TABLES: &str = "
CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    position INTEGER PRIMARY KEY NOT NULL,
    stream   TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    salt     BLOB    NOT NULL,
    body     BLOB    NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_by_stream ON event (stream, sequence);
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never removed'); END;
CREATE TRIGGER meta_is_never_changed BEFORE UPDATE ON meta
    BEGIN SELECT RAISE(ABORT, 'the description of the log is never changed'); END;
CREATE TRIGGER meta_is_never_removed BEFORE DELETE ON meta
    BEGIN SELECT RAISE(ABORT, 'the description of the log is never removed'); END;
";

/// The file that readers share could not be made as large as it has to be.
/// Source: <https://www.sqlite.org/rescode.html#ioerr_shmsize>
const SQLITE_IOERR_SHMSIZE: i32 = 4874;

/// Why a file could not be opened, in terms of what a person can do about it.
pub(super) fn failed(path: &Path) -> impl Fn(rusqlite::Error) -> OpenError + Copy + '_ {
    |source| match source.sqlite_error_code() {
        _ if source.sqlite_error().is_some_and(|e| e.extended_code == SQLITE_IOERR_SHMSIZE) => {
            OpenError::Full { path: path.to_owned() }
        }
        Some(rusqlite::ErrorCode::DiskFull) => OpenError::Full { path: path.to_owned() },
        Some(rusqlite::ErrorCode::NotADatabase) => {
            OpenError::NotOurs { path: path.to_owned(), what: "it is not an SQLite database".to_owned() }
        }
        _ => OpenError::Storage { path: path.to_owned(), source },
    }
}

/// Refuses a file that another program made; an empty one is nobody's.
pub(super) fn check_ours(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let id: i64 =
        connection.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(failed(path))?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed(path))?;
    if id == APPLICATION_ID || (id == 0 && tables == 0) {
        return Ok(());
    }
    let what = "it is an SQLite database of another program".to_owned();
    Err(OpenError::NotOurs { path: path.to_owned(), what })
}

pub(super) fn format(path: &Path, connection: &Connection) -> Result<u32, OpenError> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed(path))
}

/// Sets every setting and reads it back.
pub(super) fn set_pragmas(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    for (pragma, wanted, expected) in PRAGMAS {
        connection.pragma_update(None, pragma, wanted).map_err(failed(path))?;
        let found: rusqlite::types::Value =
            connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).map_err(failed(path))?;
        let found = match found {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        };
        if found != expected {
            return Err(OpenError::Pragma { pragma, wanted, found });
        }
    }
    Ok(())
}

/// Makes the tables in a file that has none.
pub(super) fn create(path: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let make = |connection: &mut Connection| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let made: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if made == 0 {
            transaction.execute_batch(TABLES)?;
            let mut id = [0_u8; 16];
            getrandom::fill(&mut id).expect("the machine has a random source");
            let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            transaction.execute("INSERT INTO meta VALUES ('log', ?1)", [id])?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
        }
        transaction.commit()
    };
    make(connection).map_err(failed(path))
}

pub(super) fn log_id(path: &Path, connection: &Connection) -> Result<String, OpenError> {
    let id = connection
        .query_row("SELECT value FROM meta WHERE name = 'log'", [], |row| row.get(0))
        .optional()
        .map_err(failed(path))?;
    let what = "it is empty".to_owned();
    id.ok_or(OpenError::NotOurs { path: path.to_owned(), what })
}
