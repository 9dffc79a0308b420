//! Store: the files that one log is made of, moved and removed together. Touches these.

use crate::private_file::{beside, sync_folder};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// A database, and what belongs to it; the parts that hold events before the one that leads to them.
const PARTS: [&str; 3] = ["-wal", "-shm", ""];

fn if_there(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        Ok(()) | Err(_) => Ok(()),
    }
}

pub(super) fn remove(log: &Path) -> io::Result<()> {
    PARTS.iter().try_for_each(|part| if_there(fs::remove_file(beside(log, part))))
}

pub(super) fn put_in_place(fresh: &Path, log: &Path, kept: &Path) -> io::Result<bool> {
    let was_there = log.exists();
    if was_there {
        PARTS.iter().try_for_each(|part| if_there(fs::rename(beside(log, part), beside(kept, part))))?;
    }
    fs::rename(fresh, log)?;
    sync_folder(log)?;
    Ok(was_there)
}
