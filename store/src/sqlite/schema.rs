//! Store: the tables, the settings that the promises rest on, and how a file is known to be ours.

use crate::backend::OpenError;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};
use std::collections::BTreeMap;
use std::path::Path;

/// The form of files that this program writes, from 1. A file of a newer form is read, and not appended to.
pub const FORMAT: u32 = 1;

/// "RHME": what `file` and a stranger's database tool see in the header.
const APPLICATION_ID: i64 = 0x5248_4d45;

/// Each setting, what it is set to, and what the database must then say it is.
const PRAGMAS: [(&str, &str, &str); 8] = [
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
    // 32 MB, used as they are needed: the index of twenty thousand streams, each of which grows at a place of its own.
    ("cache_size", "-32768", "-32768"),
    // 16 MB: a page of the index that many commits change is moved into the file once for all of them.
    ("wal_autocheckpoint", "4096", "4096"),
];

/// The tables as the first version made them: such files are read and written for ever.
const FIRST_TABLES: &str = "
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

/// What refuses a row anywhere but at the end. Files of the first version lack it; whoever reads looks for such rows all
/// the same.
const ONLY_APPENDED: &str = "
CREATE TRIGGER event_is_only_appended BEFORE INSERT ON event
    WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM event) OR NEW.sequence < 1
    BEGIN SELECT RAISE(ABORT, 'events are only appended'); END;
";

/// The tables as this version makes them. That a file has these, and not the first ones, its table says itself, so that
/// what was added since cannot be dropped unseen.
fn tables() -> String {
    let first = "position INTEGER PRIMARY KEY NOT NULL,";
    FIRST_TABLES.replacen(first, &format!("{first} -- 1, 2, 3 and so on"), 1) + ONLY_APPENDED
}

/// The kind and the name of each object of a file, and the SQL that made it.
type Objects = BTreeMap<(String, String), Option<String>>;

fn objects(connection: &Connection) -> rusqlite::Result<Objects> {
    let sql = "SELECT CAST(type AS TEXT), CAST(name AS TEXT), CAST(sql AS TEXT) FROM sqlite_schema";
    let object = |row: &Row<'_>| {
        let text = |column| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
        Ok(((text(0)?, text(1)?), row.get(2)?))
    };
    connection.prepare(sql)?.query_map([], object)?.collect()
}

/// Which objects are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Looked {
    /// What a reader goes through: the tables, and every index, one more of which could lead elsewhere.
    #[default]
    ToRead,
    /// All: what refuses changes can be dropped, and what is added can change events as they are written.
    All,
}

impl Looked {
    fn at(self, kind: &str, name: &str) -> bool {
        self == Self::All || kind == "index" || name == "event" || name == "meta"
    }
}

/// The first object that a file has otherwise than this program makes it, or made it.
pub(super) fn difference(connection: &Connection, looked: Looked) -> rusqlite::Result<Option<String>> {
    let made_by = |tables: &str| {
        let fresh = Connection::open_in_memory()?;
        fresh.execute_batch(tables)?;
        objects(&fresh)
    };
    let (first, now, found) = (made_by(FIRST_TABLES)?, made_by(&tables())?, objects(connection)?);
    let events = ("table".to_owned(), "event".to_owned());
    let made = if found.get(&events) == first.get(&events) { first } else { now };
    for ((kind, name), sql) in made.iter().filter(|((kind, name), _)| looked.at(kind, name)) {
        match found.get(&(kind.clone(), name.clone())) {
            None => return Ok(Some(format!("its {kind} {name} is missing"))),
            Some(other) if other != sql => {
                return Ok(Some(format!("its {kind} {name} is another one than this program makes")));
            }
            Some(_) => {}
        }
    }
    let added = |object: &&(String, String)| !made.contains_key(object) && looked.at(&object.0, &object.1);
    let added = found.keys().find(added);
    Ok(added.map(|(kind, name)| format!("it has a {kind} {name:?}, which this program does not make")))
}

/// Refuses a file of this format whose objects are not those that it was made with.
pub(super) fn check_objects(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    match difference(connection, Looked::All).map_err(failed(path))? {
        None => Ok(()),
        Some(what) => Err(OpenError::Damaged { path: path.to_owned(), what }),
    }
}

/// The file that readers share could not be made as large as it has to be.
/// Source: <https://www.sqlite.org/rescode.html#ioerr_shmsize>
const SQLITE_IOERR_SHMSIZE: i32 = 4874;

/// Whether the file, or the folder that it would be in, is there for this user.
fn is_in_sight(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let place = if path.exists() { path } else { folder };
    let about = std::fs::File::open(place).and_then(|file| file.metadata());
    about.is_ok_and(|about| about.is_file() || !path.exists())
}

/// Why a file could not be opened, in terms of what a person can do about it.
pub(super) fn failed(path: &Path) -> impl Fn(rusqlite::Error) -> OpenError + Copy + '_ {
    move |source| match source.sqlite_error_code() {
        _ if source.sqlite_error().is_some_and(|e| e.extended_code == SQLITE_IOERR_SHMSIZE) => {
            OpenError::Full { path: path.to_owned() }
        }
        Some(rusqlite::ErrorCode::DiskFull) => OpenError::Full { path: path.to_owned() },
        Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::PermissionDenied) => {
            OpenError::ReadOnly { path: path.to_owned() }
        }
        // What cannot be opened is not this file, but what has to be made beside it.
        Some(rusqlite::ErrorCode::CannotOpen) if is_in_sight(path) => {
            OpenError::ReadOnly { path: path.to_owned() }
        }
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
            OpenError::Damaged { path: path.to_owned(), what: source.to_string() }
        }
        Some(rusqlite::ErrorCode::NotADatabase) => {
            let what = "it is not an SQLite database, or its first page is damaged".to_owned();
            OpenError::NotOurs { path: path.to_owned(), what }
        }
        _ => OpenError::Storage { path: path.to_owned(), source: source.into() },
    }
}

fn number(path: &Path, connection: &Connection, sql: &str) -> Result<i64, OpenError> {
    connection.query_row(sql, [], |row| row.get(0)).map_err(failed(path))
}

/// Whether nothing was ever made in the file.
pub(super) fn is_nobodys(path: &Path, connection: &Connection) -> Result<bool, OpenError> {
    let id = number(path, connection, "PRAGMA application_id")?;
    Ok(id == 0 && number(path, connection, "SELECT count(*) FROM sqlite_schema")? == 0)
}

/// Refuses a file that is empty, or that another program made.
pub(super) fn check_ours(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let what = if number(path, connection, "PRAGMA application_id")? == APPLICATION_ID {
        return Ok(());
    } else if is_nobodys(path, connection)? {
        "it is empty"
    } else {
        "it is an SQLite database of another program"
    };
    Err(OpenError::NotOurs { path: path.to_owned(), what: what.to_owned() })
}

pub(super) fn format(path: &Path, connection: &Connection) -> Result<u32, OpenError> {
    let found = number(path, connection, "PRAGMA user_version")?;
    u32::try_from(found).ok().filter(|format| *format > 0).ok_or_else(|| {
        let what = format!("its first page names the format {found}, which no program has written");
        OpenError::Damaged { path: path.to_owned(), what }
    })
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
    let mut id = [0_u8; 16];
    getrandom::fill(&mut id).expect("the machine has a random source");
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    create_named(path, connection, &id)
}

/// The same, for a log of this name.
pub(super) fn create_named(path: &Path, connection: &mut Connection, id: &str) -> Result<(), OpenError> {
    let make = |connection: &mut Connection| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let made: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if made == 0 {
            transaction.execute_batch(&tables())?;
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
    let what = "it has lost its name".to_owned();
    id.ok_or(OpenError::Damaged { path: path.to_owned(), what })
}
