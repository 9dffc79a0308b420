//! Store: reading a log where nothing may be written. Readers of a log share a file beside it. A reader that may not make that file
//! can read only a log that is not written to: the file is taken as it is, and is looked at again after each read.

use super::connection::connect;
use super::schema;
use crate::backend::OpenError;
use crate::log::ReadError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A log that is not written to: all of it is in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Still {
    path: PathBuf,
    bytes: u64,
    changed: SystemTime,
}

impl Still {
    /// How the file is now; nothing where a part of the log is beside it.
    fn of(path: &Path) -> Option<Self> {
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        if std::fs::metadata(wal).is_ok_and(|about| about.len() > 0) {
            return None;
        }
        let about = std::fs::metadata(path).ok()?;
        Some(Self { path: path.to_owned(), bytes: about.len(), changed: about.modified().ok()? })
    }

    /// A connection that shares nothing with anybody.
    pub(super) fn connect(&self) -> rusqlite::Result<Connection> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(format!("file:{}?immutable=1", escaped(&self.path)), flags)
    }

    /// Refuses what was read during a write: it may be half of before and half of after.
    pub(super) fn check(&self) -> Result<(), ReadError> {
        if Self::of(&self.path).as_ref() == Some(self) {
            return Ok(());
        }
        let what = "somebody wrote to the log while it was read, and you may not read beside a writer: run the command again, or ask for write access to its folder";
        Err(ReadError::Storage(what.to_owned()))
    }
}

/// A connection for reading; with what it rests on, where it shares nothing.
pub(super) fn open(path: &Path) -> Result<(Connection, Option<Still>), OpenError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let looked = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    let shut = match looked {
        Err(e) => matches!(e.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)),
        Ok(_) => false,
    };
    match Still::of(path).filter(|_| shut) {
        Some(still) => Ok((still.connect().map_err(schema::failed(path))?, Some(still))),
        // What else is wrong is found when the log is read.
        None => Ok((connection, None)),
    }
}

/// A path as it stands in the name of a database.
fn escaped(path: &Path) -> String {
    let mut out = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                out.push(char::from(*byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_no_letter_that_ends_it_early() {
        assert_eq!(escaped(Path::new("/a b/c?d#e%f.db")), "/a%20b/c%3Fd%23e%25f.db");
    }

    #[test]
    fn what_is_read_while_somebody_writes_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log.db");
        std::fs::write(&path, "one").expect("written");
        let still = Still::of(&path).expect("nothing is beside it");
        still.check().expect("nobody wrote");
        std::fs::write(folder.path().join("log.db-wal"), "two").expect("written");
        assert!(still.check().is_err() && Still::of(&path).is_none());
        std::fs::remove_file(folder.path().join("log.db-wal")).expect("removed");
        std::fs::write(&path, "three").expect("written");
        assert!(still.check().is_err());
    }
}
