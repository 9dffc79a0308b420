//! Store: the right to act on what a log says: one process at a time. Touches one file beside the log.

use crate::anchor::read_small;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Who only looks who is at work, or moves the anchor on, has the file for a moment: so often it is tried
/// again, after this pause.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(10);

/// Who holds the right to act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// The person, as they call themselves.
    pub actor: String,
    /// Since when, in milliseconds since 1970 UTC.
    pub since_ms: i64,
}

/// The right to act, held until dropped; the operating system takes it back when the process ends.
#[derive(Debug)]
pub struct RunnerLock {
    file: File,
}

/// Why the right to act was not given.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// Another process has it.
    #[error("another runner is at work on {}: {}; wait for it, or ask it to stop", path.display(), named(holder.as_ref()))]
    Held {
        /// The log.
        path: PathBuf,
        /// Who, if it could be read.
        holder: Option<Holder>,
    },
    /// The file beside the log could not be used.
    #[error("failed to use the lock file {}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl RunnerLock {
    /// Where the lock of a log is kept.
    pub fn path(log: &Path) -> PathBuf {
        let mut name = log.as_os_str().to_owned();
        name.push(".runner");
        PathBuf::from(name)
    }

    /// Takes the right to act, or says who has it.
    ///
    /// # Errors
    /// When another process has it, or the lock file cannot be used.
    pub fn take(log: &Path, holder: &Holder) -> Result<Self, RunnerError> {
        let mut lock = Self::hold(log)?;
        let failed = |source| RunnerError::Io { path: Self::path(log), source };
        let text = serde_json::to_vec(holder).map_err(io::Error::other).map_err(failed)?;
        let file = &mut lock.file;
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&text)).map_err(failed)?;
        Ok(lock)
    }

    /// Keeps runners away without being one: no name is left.
    ///
    /// # Errors
    /// As [`RunnerLock::take`].
    pub fn hold(log: &Path) -> Result<Self, RunnerError> {
        let path = Self::path(log);
        let failed = |source| RunnerError::Io { path: path.clone(), source };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(failed)?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        Err(RunnerError::Held { path: log.to_owned(), holder: read(&path) })
    }

    /// Whether a runner ever left its name: it was at work on the log.
    pub fn left_a_name(log: &Path) -> bool {
        std::fs::metadata(Self::path(log)).is_ok_and(|about| about.len() > 0)
    }

    /// Who has the right to act now, if anybody.
    pub fn holder(log: &Path) -> Option<Holder> {
        let path = Self::path(log);
        let file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => read(&path),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }
}

impl Drop for RunnerLock {
    fn drop(&mut self) {
        // Closing the file would do the same a moment later.
        drop(self.file.unlock());
    }
}

fn named(holder: Option<&Holder>) -> String {
    holder.map_or_else(
        || "it did not leave its name".to_owned(),
        |h| format!("process {} of {} on {}", h.pid, h.actor.escape_debug(), h.host.escape_debug()),
    )
}

fn read(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&read_small(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Holder {
        Holder { host: "desk".to_owned(), pid: 7, actor: "ada".to_owned(), since_ms: 3 }
    }

    #[test]
    fn a_second_runner_is_refused_by_name_until_the_first_is_gone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        assert_eq!(RunnerLock::holder(&log), None);
        let lock = RunnerLock::take(&log, &ada()).expect("nobody has it");
        assert_eq!(RunnerLock::holder(&log), Some(ada()));
        let refused = RunnerLock::take(&log, &Holder { pid: 8, ..ada() }).expect_err("ada has it");
        assert!(refused.to_string().contains("process 7 of ada on desk"), "{refused}");
        drop(lock);
        assert_eq!(RunnerLock::holder(&log), None, "a name that was left behind is not a holder");
        RunnerLock::take(&log, &Holder { pid: 8, ..ada() }).expect("nobody has it any more");
    }

    #[test]
    fn who_keeps_runners_away_leaves_no_name_and_a_runner_does() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        let held = RunnerLock::hold(&log).expect("nobody has it");
        let refused = RunnerLock::take(&log, &ada());
        assert!(matches!(refused, Err(RunnerError::Held { holder: None, .. })), "{refused:?}");
        drop(held);
        assert!(!RunnerLock::left_a_name(&log));
        drop(RunnerLock::take(&log, &ada()).expect("nobody has it"));
        drop(RunnerLock::hold(&log).expect("nobody has it"));
        assert!(RunnerLock::left_a_name(&log));
    }

    #[test]
    fn a_lock_file_full_of_rubbish_still_refuses() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        let lock = RunnerLock::take(&log, &ada()).expect("nobody has it");
        std::fs::write(RunnerLock::path(&log), "{").expect("written");
        let refused = RunnerLock::take(&log, &ada());
        assert!(matches!(refused, Err(RunnerError::Held { holder: None, .. })), "{refused:?}");
        drop(lock);
    }
}
