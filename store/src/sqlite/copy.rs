//! Store: a SQLite log that is written from the events of another one, as they are: name, places, salts and hashes. Touches the new file.

use super::connection::keep_names;
use super::log::SqliteLog;
use super::schema;
use super::writer::{INSERT, put};
use crate::backend::OpenError;
use crate::private_file;
use crate::record::Stored;
use rusqlite::Connection;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A copy that is not whole yet; it is removed if it never is.
pub(crate) struct Copy {
    path: PathBuf,
    connection: Option<Connection>,
}

impl Copy {
    /// Makes the file of a log of this name, where none is.
    ///
    /// # Errors
    /// When something is there, or the file cannot be made.
    pub(crate) fn begin(path: &Path, id: &str) -> Result<Self, OpenError> {
        match private_file::create_new(path) {
            Ok(_made) => {}
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                return Err(OpenError::NotOurs {
                    path: path.to_owned(),
                    what: "it exists already".to_owned(),
                });
            }
            Err(source) => return Err(OpenError::Sync { path: path.to_owned(), source }),
        }
        let mut connection = Connection::open(path).map_err(schema::failed(path))?;
        let copy = |connection: &mut Connection| {
            // One file: to read a copy, none has to be made beside it.
            schema::set_pragmas(path, connection)?;
            connection
                .pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
                .map_err(schema::failed(path))?;
            schema::create_named(path, connection, id)
        };
        let made = copy(&mut connection);
        let copy = Self { path: path.to_owned(), connection: Some(connection) };
        made.map(|()| copy)
    }

    /// Writes the next events.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn put(&mut self, events: &[Stored]) -> Result<(), OpenError> {
        let failed = schema::failed(&self.path);
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let transaction = connection.transaction().map_err(failed)?;
        {
            let mut insert = transaction.prepare_cached(INSERT).map_err(failed)?;
            for event in events {
                put(&mut insert, event).map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }

    /// The copy is whole: opens it for reading.
    ///
    /// # Errors
    /// When its name cannot be kept, or it cannot be opened.
    pub(crate) fn end(mut self) -> Result<SqliteLog, OpenError> {
        self.connection = None;
        let opened = keep_names(&self.path).and_then(|()| SqliteLog::open_read_only(&self.path));
        if opened.is_ok() {
            self.path = PathBuf::new();
        }
        opened
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.connection = None;
        if !self.path.as_os_str().is_empty() {
            drop(std::fs::remove_file(&self.path));
        }
    }
}
