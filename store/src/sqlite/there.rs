//! Store: whether the file that is read is still the one that stands at its path. A connection goes on reading a file that was moved
//! away or removed, in whose place another one may be by now. Touches what the file system says of the file.

use crate::file_lock::{Identity, identity};
use crate::log::ReadError;
use std::fs::metadata;
use std::path::{Path, PathBuf};

/// A file at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct There {
    path: PathBuf,
    file: Option<Identity>,
}

impl There {
    /// What is there now.
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), file: metadata(path).ok().map(|about| identity(&about)) }
    }

    /// Refuses what was read of a file that is not there any more.
    pub(super) fn check(&self) -> Result<(), ReadError> {
        let now = Self::of(&self.path);
        let what = match now.file {
            _ if now == *self => return Ok(()),
            None => "its file is not there any more",
            Some(_) => "another file was put in its place; to read that one, run the command again",
        };
        Err(ReadError::Storage(what.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_away_and_one_in_its_place_are_not_read_for_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, away) = (folder.path().join("log"), folder.path().join("away"));
        std::fs::write(&path, "1").expect("written");
        let there = There::of(&path);
        std::fs::write(&path, "2").expect("written");
        there.check().expect("it is the same file");
        std::fs::rename(&path, &away).expect("moved");
        assert!(there.check().expect_err("it is gone").to_string().contains("not there any more"));
        std::fs::write(&path, "1").expect("written");
        assert!(there.check().expect_err("it is another").to_string().contains("in its place"));
        std::fs::rename(&away, &path).expect("moved back");
        there.check().expect("it is the one");
    }
}
