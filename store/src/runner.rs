//! Store: the right to act on what a log says: one process at a time. Touches one file beside the log, and the lock of
//! the log's file.
//!
//! The file beside the log has the runner's name, and can be removed, or be another one beside another name of the log.
//! So the log's file itself is locked too, which is the same under each of its names.

use crate::grip::{Grip, Locker, locker};
use crate::side::{self, read_small};
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Who only looks who is at work, or moves the anchor on, has the file for a moment: so often it is tried
/// again, after this pause.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(10);

/// Who holds the right to act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseHolder {
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
pub struct RunnerLease {
    path: PathBuf,
    file: File,
    #[expect(dead_code, reason = "it is held, not used")]
    grip: Option<Grip>,
}

/// Why the right to act was not given.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another process has it.
    #[error("{} on {}", LeaseError::who(holder.as_ref(), *by), path.display())]
    Held {
        /// The log.
        path: PathBuf,
        /// Who, if it is a runner that left its name.
        holder: Option<LeaseHolder>,
        /// Who, as the machine says.
        by: Option<Locker>,
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

impl RunnerLease {
    /// Where the lock of a log is kept.
    pub fn path(log: &Path) -> PathBuf {
        side::beside(log, ".runner")
    }

    /// Takes the right to act, or says who has it.
    ///
    /// # Errors
    /// When another process has it, or the lock file cannot be used.
    pub fn take(log: &Path, holder: &LeaseHolder) -> Result<Self, LeaseError> {
        let mut lock = Self::hold(log)?;
        lock.leave_name(holder)?;
        Ok(lock)
    }

    /// Leaves the name of a runner. From then on the log is known as one that a runner was at, with everything that
    /// belongs to it: who has made sure of that leaves its name.
    ///
    /// # Errors
    /// When the lock file cannot be written to.
    pub fn leave_name(&mut self, holder: &LeaseHolder) -> Result<(), LeaseError> {
        let failed = |source| LeaseError::Io { path: self.path.clone(), source };
        let text = serde_json::to_vec(holder).map_err(io::Error::other).map_err(failed)?;
        let file = &mut self.file;
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&text)).map_err(failed)
    }

    /// Keeps runners away without being one: no name is left.
    ///
    /// # Errors
    /// As [`RunnerLease::take`].
    pub fn hold(log: &Path) -> Result<Self, LeaseError> {
        let path = Self::path(log);
        let failed = |path: &Path, source| LeaseError::Io { path: path.to_owned(), source };
        for _ in 0..TRIES {
            let file = side::open_or_create(&path).map_err(|e| failed(&path, e))?;
            match file.try_lock() {
                // It is worth something only as long as everybody else finds this file there.
                Ok(()) if !is_still_there(&file, &path) => continue,
                Ok(()) => match Grip::take(log) {
                    Ok(grip) => return Ok(Self { path, file, grip }),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(source)) => return Err(failed(log, source)),
                },
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(failed(&path, source)),
            }
            std::thread::sleep(PAUSE);
        }
        let by = locker(&path).or_else(|| locker(log));
        Err(LeaseError::Held { path: log.to_owned(), holder: named(&path, by), by })
    }

    /// Whether a runner ever left its name: it was at work on the log.
    pub fn left_a_name(log: &Path) -> bool {
        std::fs::symlink_metadata(Self::path(log)).is_ok_and(|about| about.len() > 0)
    }

    /// Who has the right to act now, if anybody who left a name.
    pub fn holder(log: &Path) -> Option<LeaseHolder> {
        let path = Self::path(log);
        let file = side::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => named(&path, locker(&path)),
            Ok(()) | Err(TryLockError::Error(_)) if Grip::is_taken(log) => named(&path, locker(log)),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (held, there) = (file.metadata(), std::fs::symlink_metadata(path));
    matches!((held, there), (Ok(held), Ok(there)) if (held.dev(), held.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_still_there(_file: &File, path: &Path) -> bool {
    path.exists()
}

impl LeaseError {
    /// Who has the right to act, or keeps it from everybody, in words.
    pub fn who(holder: Option<&LeaseHolder>, by: Option<Locker>) -> String {
        match (holder, by) {
            (Some(h), _) => format!(
                "another runner is at work: process {} of {} on {}",
                h.pid,
                h.actor.escape_debug(),
                h.host.escape_debug()
            ),
            (None, Some(Locker { pid, shared })) => {
                let process =
                    pid.map_or_else(|| "a process out of sight".to_owned(), |pid| format!("process {pid}"));
                let lock = if shared { "a shared lock, as no runner has," } else { "a lock" };
                format!("{process} holds {lock} and has left no name: it keeps every runner away")
            }
            (None, None) => {
                "another runner is at work, or somebody keeps runners away; it did not leave its name"
                    .to_owned()
            }
        }
    }
}

impl Drop for RunnerLease {
    fn drop(&mut self) {
        // Closing the file would do the same a moment later.
        drop(self.file.unlock());
    }
}

/// The name that the runner has left who has this lock; a name that an earlier one has left is not it.
fn named(path: &Path, by: Option<Locker>) -> Option<LeaseHolder> {
    let holder: LeaseHolder = serde_json::from_slice(&read_small(path).ok()?).ok()?;
    let here =
        std::fs::read_to_string("/proc/sys/kernel/hostname").is_ok_and(|host| host.trim() == holder.host);
    let another = |by: Locker| by.shared || here && by.pid.is_some_and(|pid| pid != holder.pid);
    (!by.is_some_and(another)).then_some(holder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> LeaseHolder {
        LeaseHolder { host: "desk".to_owned(), pid: 7, actor: "ada".to_owned(), since_ms: 3 }
    }

    #[test]
    fn a_second_runner_is_refused_by_name_until_the_first_is_gone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        assert_eq!(RunnerLease::holder(&log), None);
        let lock = RunnerLease::take(&log, &ada()).expect("nobody has it");
        assert_eq!(RunnerLease::holder(&log), Some(ada()));
        let refused = RunnerLease::take(&log, &LeaseHolder { pid: 8, ..ada() }).expect_err("ada has it");
        assert!(refused.to_string().contains("process 7 of ada on desk"), "{refused}");
        drop(lock);
        assert_eq!(RunnerLease::holder(&log), None, "a name that was left behind is not a holder");
        RunnerLease::take(&log, &LeaseHolder { pid: 8, ..ada() }).expect("nobody has it any more");
    }

    #[test]
    fn who_keeps_runners_away_leaves_no_name_and_a_runner_does() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        let held = RunnerLease::hold(&log).expect("nobody has it");
        let refused = RunnerLease::take(&log, &ada());
        assert!(matches!(refused, Err(LeaseError::Held { holder: None, .. })), "{refused:?}");
        drop(held);
        assert!(!RunnerLease::left_a_name(&log));
        drop(RunnerLease::take(&log, &ada()).expect("nobody has it"));
        drop(RunnerLease::hold(&log).expect("nobody has it"));
        assert!(RunnerLease::left_a_name(&log));
    }

    #[test]
    fn a_lock_file_that_is_removed_or_another_beside_a_second_name_lets_nobody_in() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (log, other) = (folder.path().join("log.db"), folder.path().join("other.db"));
        std::fs::write(&log, "a log").expect("written");
        std::fs::hard_link(&log, &other).expect("a second name");
        let lock = RunnerLease::take(&log, &ada()).expect("nobody has it");
        RunnerLease::take(&other, &ada()).expect_err("it is the same file");
        std::fs::remove_file(RunnerLease::path(&log)).expect("removed");
        let refused = RunnerLease::take(&log, &ada()).expect_err("it is held");
        assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
        drop(lock);
        drop(RunnerLease::take(&log, &ada()).expect("nobody has it"));
    }

    #[test]
    fn a_shared_lock_of_a_stranger_is_said_and_no_runner_that_is_gone_is_blamed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        std::fs::write(&log, "a log").expect("written");
        drop(RunnerLease::take(&log, &ada()).expect("nobody has it"));
        for held in [RunnerLease::path(&log), log.clone()] {
            let stranger = File::open(held).expect("a file");
            stranger.lock_shared().expect("a shared lock");
            match RunnerLease::take(&log, &ada()) {
                Err(LeaseError::Held { holder: None, by: Some(Locker { pid, shared: true }), .. }) => {
                    assert_eq!(pid, Some(std::process::id()));
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(RunnerLease::holder(&log), None);
        }
    }

    #[test]
    fn a_lock_file_full_of_rubbish_still_refuses() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        let lock = RunnerLease::take(&log, &ada()).expect("nobody has it");
        std::fs::write(RunnerLease::path(&log), "{").expect("written");
        let refused = RunnerLease::take(&log, &ada());
        assert!(matches!(refused, Err(LeaseError::Held { holder: None, .. })), "{refused:?}");
        drop(lock);
    }
}
