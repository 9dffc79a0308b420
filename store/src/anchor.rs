//! Store: the record of a log's end that is kept outside the log. Touches one file beside the log.

use crate::log::Head;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The end of a log as it once was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Which log.
    pub log: String,
    /// The place of its last event then.
    pub position: u64,
    /// The hash of that event, in hex.
    pub hash: String,
}

impl Anchor {
    /// Where the anchor of a log is kept.
    pub fn path(log: &Path) -> PathBuf {
        let mut name = log.as_os_str().to_owned();
        name.push(".anchor");
        PathBuf::from(name)
    }

    /// An anchor for this end of this log.
    pub fn of(log: impl Into<String>, head: Head) -> Self {
        Self { log: log.into(), position: head.position.0, hash: head.hash.to_string() }
    }

    /// Reads the anchor beside a log, if there is one.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn read(log: &Path) -> io::Result<Option<Self>> {
        match fs::read(Self::path(log)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).map_err(io::Error::other)?)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Writes the anchor beside a log, whole or not at all.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self, log: &Path) -> io::Result<()> {
        let path = Self::path(log);
        let fresh = path.with_extension("anchor.new");
        let mut file = fs::File::create(&fresh)?;
        file.write_all(&serde_json::to_vec(self).map_err(io::Error::other)?)?;
        file.sync_all()?;
        fs::rename(&fresh, &path)?;
        sync_folder(&path)
    }
}

/// Keeps the names of the files in the folder of this one.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => fs::File::open(".")?.sync_all(),
    }
}
