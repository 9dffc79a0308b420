//! Store: makes sure of what an earlier process may have left in memory only. Touches the SQLite file and
//! the write-ahead log beside it.
//!
//! After a sync that failed, the system shows every reader what it could not keep, and a later sync of
//! the same file says that all is well. So a process that finds a write-ahead log does not know whether
//! the disk has it. It is written once more, as it is, and synced; then it is moved into the file and
//! begun anew. It also means that a write-ahead log that is removed takes only the end of a log with it.

use super::connection::BUSY;
use super::schema;
use crate::backend::OpenError;
use crate::private_file;
use rusqlite::{Connection, TransactionBehavior};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

/// How long opening waits until others have left the write-ahead log. Where they are at work on the log,
/// they have done all this when they opened it.
const FOLD_WAIT: Duration = Duration::from_secs(1);

/// Writes the write-ahead log over itself. Without this, a cut in the middle of moving it would leave
/// neither a whole file nor the means to mend it.
pub(super) fn write_again(path: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let failed = schema::failed(path);
    // Nobody appends meanwhile.
    let alone = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    over_itself(path).map_err(|source| match source.kind() {
        io::ErrorKind::StorageFull => OpenError::Full { path: path.to_owned() },
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            OpenError::ReadOnly { path: path.to_owned() }
        }
        _ => OpenError::Sync { path: path.to_owned(), source },
    })?;
    alone.rollback().map_err(failed)
}

fn over_itself(path: &Path) -> io::Result<()> {
    // SQLite keeps its locks on other files, so that closing this one loses none.
    let mut file = match private_file::open_to_write(&private_file::beside(path, "-wal")) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    let mut bytes = Vec::new();
    if file.read_to_end(&mut bytes)? > 0 {
        file.rewind()?;
        file.write_all(&bytes)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Moves what is in the write-ahead log into the file, and begins it anew.
pub(super) fn fold(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let fold = || {
        connection.busy_timeout(FOLD_WAIT)?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        connection.busy_timeout(BUSY)
    };
    fold().map_err(schema::failed(path))
}
