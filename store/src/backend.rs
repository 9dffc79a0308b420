//! Store: everything that a log needs of where it is kept: the events, the log's name, its end, its key, the right to act on it, and
//! copies. Touches nothing.

use crate::anchor::Anchor;
use crate::checkpoint::KeptTree;
use crate::lease::Lease;
use crate::log::Log;
use crate::runners::Runners;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a log is made of, for messages to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The events.
    Log,
    /// The record of its end.
    Anchor,
    /// The newest signed end of it.
    Checkpoint,
    /// The tree that this end was signed for.
    Tree,
    /// Who has the right to act.
    Lease,
    /// The key of the program that writes the events.
    Key,
}

/// What is kept beside the events could not be read or written. What was there before is there.
#[derive(Debug, thiserror::Error)]
#[error("failed to use {place}")]
pub struct SidecarError {
    /// What it is, as people name it.
    pub place: String,
    /// Why. What is there and cannot be understood has the kind [`io::ErrorKind::InvalidData`].
    pub source: io::Error,
}

/// A log, and everything that belongs to it, in one kind of storage.
///
/// [`conformance::check_backend`](crate::conformance::check_backend) holds a backend to its promises.
pub trait Backend: Log {
    /// The name that the log was given when it was made; every copy of it has the same.
    fn id(&self) -> &str;

    /// The form of the log, where a newer program has written it: such a log can be read, and not appended to.
    fn newer_format(&self) -> Option<u32> {
        None
    }

    /// What is kept outside of the events.
    fn beside(&self) -> &dyn Beside;

    /// Copies the events and the name to a new place, one moment of them, while others read and write; opens the copy for reading.
    /// Anchor, key and lease stay where they are: a copy has none of its own.
    ///
    /// # Errors
    /// When something is there already, or the copy cannot be made; then nothing new is there.
    fn backup(&self, to: &Path) -> Result<Box<dyn Backend>, OpenError>;
}

/// A backend that is shared is a backend.
impl<B: Backend + ?Sized> Backend for Arc<B> {
    fn id(&self) -> &str {
        (**self).id()
    }

    fn newer_format(&self) -> Option<u32> {
        (**self).newer_format()
    }

    fn beside(&self) -> &dyn Beside {
        (**self).beside()
    }

    fn backup(&self, to: &Path) -> Result<Box<dyn Backend>, OpenError> {
        (**self).backup(to)
    }
}

/// What is kept of a log outside of its events, because the events say nothing about their end: the chain of an old copy
/// holds as well.
pub trait Beside: Send + Sync {
    /// Where a part of the log is kept, for people.
    fn place(&self, part: Part) -> String;

    /// The record of the log's end; nothing where none was ever written. It is not compared with the log: [`Anchor::judge`] does that.
    ///
    /// # Errors
    /// When it is there and cannot be read or understood.
    fn anchor(&self) -> Result<Option<Anchor>, SidecarError>;

    /// Keeps a record of the log's end, whole or not at all, in the place of the one before. Only a process with the right to act
    /// does that.
    ///
    /// # Errors
    /// When it cannot be kept; then the one before is there.
    fn set_anchor(&self, anchor: &Anchor) -> Result<(), SidecarError>;

    /// The newest signed end of the log, as the note that was kept; nothing where none ever was. It is not compared with the log.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    fn checkpoint(&self) -> Result<Option<String>, SidecarError>;

    /// Keeps a signed end of the log, whole or not at all, in the place of the one before.
    ///
    /// # Errors
    /// When it cannot be kept; then the one before is there.
    fn set_checkpoint(&self, note: &str) -> Result<(), SidecarError>;

    /// The tree over the log's first events that was kept last; nothing where none ever was, or what is there is none.
    fn tree(&self) -> Option<KeptTree>;

    /// Keeps a tree in the place of the one before. It saves reading and nothing else: where it cannot be kept, the log is read again.
    fn set_tree(&self, tree: &KeptTree);

    /// Whether each machine keeps a record of the end for itself: then none here only says that this machine was never at work.
    fn has_anchors_elsewhere(&self) -> bool {
        false
    }

    /// The key of the program that writes the events, which is never in them; nothing where there is none. At most 64 bytes of it are read.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    fn key(&self) -> Result<Option<Vec<u8>>, SidecarError>;

    /// Keeps a key, whole or not at all, in the place of the one before.
    ///
    /// # Errors
    /// When it cannot be kept; then the one before is there.
    fn set_key(&self, key: &[u8]) -> Result<(), SidecarError>;

    /// Keeps a key where there is none, and gives the one that is there then: of several processes that do this at once, all get the same.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn make_key(&self, key: &[u8]) -> Result<Vec<u8>, SidecarError> {
        match self.key()? {
            Some(there) => Ok(there),
            None => self.set_key(key).map(|()| key.to_owned()),
        }
    }

    /// Keeps the key that is there under another name, with this date in milliseconds since 1970 UTC; from then on there is none.
    ///
    /// # Errors
    /// When that cannot be done; then the key is there.
    fn retire_key(&self, at_ms: i64) -> Result<(), SidecarError>;

    /// The right to act on the log.
    fn lease(&self) -> &dyn Lease;

    /// The runners that share the log, where several may: then the right to act belongs to none of them alone.
    fn runners(&self) -> Option<Arc<dyn Runners>> {
        None
    }
}

/// Why a log could not be opened or copied. What was there was not changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("there is no log at {}", .0.display())]
    NotFound(PathBuf),
    /// The file is something else.
    #[error("{} is not a log of this program: {what}; give another file with --db", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// The file has another name, and beside which of them its anchor, its key and its runner's name are found
    /// depends on which is used.
    #[error("{} has another name in the file system (a hard link), and what belongs to it may be beside that", path.display())]
    ManyNames {
        /// The file.
        path: PathBuf,
    },
    /// The file is on another machine, where locks and syncs cannot be trusted.
    #[error("{} is on a network file system ({kind}); keep the log on a local disk", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// The kind of file system.
        kind: String,
    },
    /// A setting that the promises rest on did not take.
    #[error("the database did not accept {pragma} = {wanted} (it says {found:?}), so nothing would be safe")]
    Pragma {
        /// The setting.
        pragma: &'static str,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// The file, its folder or its disk may only be read. Readers share a file beside the log, so it
    /// cannot be read there either.
    #[error("{} is read-only, or its folder or disk is; allow this user to write there, or copy it and everything whose name begins like it to another folder", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file was a log, and cannot be read any more.
    #[error("{} is damaged: {what}; keep it, and put the newest backup in its place", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// There is no room on the disk, not even to read: readers share a file of 32 KiB beside the log.
    #[error("the disk that holds {} is full", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file or its name could not be kept: after a power cut the log might not be there.
    #[error("failed to sync {} and its folder", path.display())]
    Sync {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is the address of a server, and cannot be understood or would not be safe.
    #[error("the address of the log cannot be used: {what}")]
    Address {
        /// Why.
        what: String,
    },
    /// The server did not let this process in, or there was none.
    #[error("the server of the log could not be reached: {what}")]
    Unreachable {
        /// Why.
        what: String,
    },
    /// The storage failed.
    #[error("failed to open {}", path.display())]
    Storage {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
