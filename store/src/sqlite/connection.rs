//! Store: how the SQLite file is opened, for every part of the log alike. Touches that file.

use crate::backend::OpenError;
use crate::private_file;
use crate::sqlite::schema;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// How long one process waits for another one's short write.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// The names of the log and of its write-ahead log, which is made when the log is opened. SQLite syncs
/// the folder as well, and does not look at the answer.
pub(super) fn keep_names(path: &Path) -> Result<(), OpenError> {
    private_file::sync_folder(path).map_err(|source| OpenError::Sync { path: path.to_owned(), source })
}

pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    let failed = schema::failed(path);
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    Ok(connection)
}
