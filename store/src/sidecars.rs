//! Store: the files that stand beside a log: the record of its end, the same signed, the key, and the runner's name. Touches these, and the lock of
//! the log's file.
//!
//! The file with the runner's name can be removed, or be another one beside another name of the log. So the log's file itself is
//! locked too, which is the same under each of its names.

use crate::anchor::Anchor;
use crate::backend::{Beside, Part, SidecarError};
use crate::checkpoint::KeptTree;
use crate::file_lock::{FileLock, locker};
use crate::lease::{Heartbeat, HeldLease, Lease, LeaseError, LeaseHolder, Locker};
use crate::private_file::{self, read_small};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A process that looks for the holder, or moves the anchor on, has the file for a moment: so often it is tried again, after this pause.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(10);

/// Longer than any key.
const KEY_BYTES_MAX: u64 = 64;

/// The files beside one log: `NAME.anchor`, `NAME.checkpoint`, `NAME.tree`, `NAME.key` and `NAME.runner`. They are found by its name alone, whether the log is there or
/// not.
#[derive(Clone, Debug)]
pub struct Sidecars {
    log: PathBuf,
}

impl Sidecars {
    /// The files beside the log of this name; links are not followed to another name.
    pub fn of(log: &Path) -> Self {
        Self { log: log.to_owned() }
    }

    fn anchor_path(&self) -> PathBuf {
        private_file::beside(&self.log, ".anchor")
    }

    fn checkpoint_path(&self) -> PathBuf {
        private_file::beside(&self.log, ".checkpoint")
    }

    fn tree_path(&self) -> PathBuf {
        private_file::beside(&self.log, ".tree")
    }

    fn key_path(&self) -> PathBuf {
        private_file::beside(&self.log, ".key")
    }

    /// The date of this file is the heartbeat.
    fn runner_path(&self) -> PathBuf {
        private_file::beside(&self.log, ".runner")
    }

    fn hold_files(&self) -> Result<RunnerLease, LeaseError> {
        let (log, path) = (&self.log, self.runner_path());
        let failed = |path: &Path, source| LeaseError::Io { place: path.display().to_string(), source };
        for _ in 0..TRIES {
            let file = private_file::open_or_create(&path).map_err(|e| failed(&path, e))?;
            match file.try_lock() {
                // It is worth something only as long as everybody else finds this file there.
                Ok(()) if !is_still_there(&file, &path) => continue,
                Ok(()) => match FileLock::take(log) {
                    Ok(lock) => return Ok(RunnerLease { path, file, lock }),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(source)) => return Err(failed(log, source)),
                },
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(failed(&path, source)),
            }
            std::thread::sleep(PAUSE);
        }
        let by = locker(&path).or_else(|| locker(log));
        Err(LeaseError::Held { place: log.display().to_string(), holder: named(&path, by), by })
    }
}

impl Beside for Sidecars {
    fn place(&self, part: Part) -> String {
        let path = match part {
            Part::Log => self.log.clone(),
            Part::Anchor => self.anchor_path(),
            Part::Checkpoint => self.checkpoint_path(),
            Part::Tree => self.tree_path(),
            Part::Lease => self.runner_path(),
            Part::Key => self.key_path(),
        };
        path.display().to_string()
    }

    fn anchor(&self) -> Result<Option<Anchor>, SidecarError> {
        let path = self.anchor_path();
        let understood = |bytes: Vec<u8>| {
            serde_json::from_slice(&bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
        };
        there(read_small(&path).and_then(understood), &path)
    }

    fn set_anchor(&self, anchor: &Anchor) -> Result<(), SidecarError> {
        let path = self.anchor_path();
        let text = serde_json::to_vec(anchor).map_err(io::Error::other);
        text.and_then(|text| private_file::replace(&path, &text)).map_err(|e| failed(&path, e))
    }

    fn checkpoint(&self) -> Result<Option<String>, SidecarError> {
        let path = self.checkpoint_path();
        let text =
            |bytes| String::from_utf8(bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e));
        there(read_small(&path).and_then(text), &path)
    }

    fn set_checkpoint(&self, note: &str) -> Result<(), SidecarError> {
        let path = self.checkpoint_path();
        private_file::replace(&path, note.as_bytes()).map_err(|e| failed(&path, e))
    }

    fn tree(&self) -> Option<KeptTree> {
        serde_json::from_slice(&read_small(&self.tree_path()).ok()?).ok()
    }

    fn set_tree(&self, tree: &KeptTree) {
        let text = serde_json::to_vec(tree).map_err(io::Error::other);
        drop(text.and_then(|text| private_file::replace(&self.tree_path(), &text)));
    }

    fn key(&self) -> Result<Option<Vec<u8>>, SidecarError> {
        let (path, mut bytes) = (self.key_path(), Vec::new());
        let read =
            private_file::open(&path).and_then(|file| file.take(KEY_BYTES_MAX).read_to_end(&mut bytes));
        there(read.map(|_| bytes), &path)
    }

    fn set_key(&self, key: &[u8]) -> Result<(), SidecarError> {
        let path = self.key_path();
        private_file::replace(&path, key).map_err(|e| failed(&path, e))
    }

    fn retire_key(&self, at_ms: i64) -> Result<(), SidecarError> {
        let path = self.key_path();
        match fs::rename(&path, private_file::beside(&path, &format!(".replaced-{at_ms}"))) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed(&path, e)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn lease(&self) -> &dyn Lease {
        self
    }
}

/// What is not there is nothing; what is there and cannot be used is an error with its name.
fn there<T>(read: io::Result<T>, path: &Path) -> Result<Option<T>, SidecarError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed(path, e)),
    }
}

fn failed(path: &Path, source: io::Error) -> SidecarError {
    SidecarError { place: path.display().to_string(), source }
}

impl Lease for Sidecars {
    fn hold(&self) -> Result<Box<dyn HeldLease>, LeaseError> {
        Ok(Box::new(self.hold_files()?))
    }

    fn holder(&self) -> Option<LeaseHolder> {
        let path = self.runner_path();
        let file = private_file::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => named(&path, locker(&path)),
            Ok(()) | Err(TryLockError::Error(_)) if FileLock::is_taken(&self.log) => {
                named(&path, locker(&self.log))
            }
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }

    fn was_held(&self) -> bool {
        fs::symlink_metadata(self.runner_path()).is_ok_and(|about| about.len() > 0)
    }

    fn beat(&self) -> io::Result<()> {
        private_file::open_to_write(&self.runner_path())?.set_modified(SystemTime::now())
    }

    fn last_beat(&self) -> io::Result<Option<Heartbeat>> {
        let path = self.runner_path();
        let file = match private_file::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let at = file.metadata()?.modified()?;
        let holder = read_small(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let at_ms = at.duration_since(UNIX_EPOCH).ok().and_then(|at| at.as_millis().try_into().ok());
        Ok(holder.zip(at_ms).map(|(holder, at_ms)| Heartbeat { holder, at_ms }))
    }
}

/// The right to act, held by locks on two files until it is dropped; the operating system takes it back when the process ends.
#[derive(Debug)]
struct RunnerLease {
    path: PathBuf,
    file: File,
    #[expect(dead_code, reason = "it is held, not used")]
    lock: Option<FileLock>,
}

impl HeldLease for RunnerLease {
    fn leave_name(&mut self, holder: &LeaseHolder) -> Result<(), LeaseError> {
        let failed = |source| LeaseError::Io { place: self.path.display().to_string(), source };
        let text = serde_json::to_vec(holder).map_err(io::Error::other).map_err(failed)?;
        let file = &mut self.file;
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&text)).map_err(failed)
    }
}

impl Drop for RunnerLease {
    fn drop(&mut self) {
        // Closing the file would do the same a moment later.
        drop(self.file.unlock());
    }
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (held, there) = (file.metadata(), fs::symlink_metadata(path));
    matches!((held, there), (Ok(held), Ok(there)) if (held.dev(), held.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_still_there(_file: &File, path: &Path) -> bool {
    path.exists()
}

/// The name that the runner with this lock has left; a name that an earlier one has left is not it.
fn named(path: &Path, by: Option<Locker>) -> Option<LeaseHolder> {
    let holder: LeaseHolder = serde_json::from_slice(&read_small(path).ok()?).ok()?;
    let here = fs::read_to_string("/proc/sys/kernel/hostname").is_ok_and(|host| host.trim() == holder.host);
    let another = |by: Locker| by.shared || here && by.pid.is_some_and(|pid| pid != holder.pid);
    (!by.is_some_and(another)).then_some(holder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> LeaseHolder {
        LeaseHolder { host: "desk".to_owned(), pid: 7, actor: "ada".to_owned(), since_ms: 3 }
    }

    fn take(log: &Path, holder: &LeaseHolder) -> Result<RunnerLease, LeaseError> {
        let mut lease = Sidecars::of(log).hold_files()?;
        lease.leave_name(holder)?;
        Ok(lease)
    }

    fn holder(log: &Path) -> Option<LeaseHolder> {
        Sidecars::of(log).holder()
    }

    #[test]
    fn a_second_runner_is_refused_by_name_until_the_first_is_gone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        assert_eq!(holder(&log), None);
        let lease = take(&log, &ada()).expect("nobody has it");
        assert_eq!(holder(&log), Some(ada()));
        let refused = take(&log, &LeaseHolder { pid: 8, ..ada() }).expect_err("ada has it");
        assert!(refused.to_string().contains("process 7 of ada on desk"), "{refused}");
        drop(lease);
        assert_eq!(holder(&log), None, "a name that was left behind is not a holder");
        take(&log, &LeaseHolder { pid: 8, ..ada() }).expect("nobody has it any more");
    }

    #[test]
    fn a_process_that_keeps_runners_away_leaves_no_name_and_a_runner_does() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        let sidecars = Sidecars::of(&log);
        let held = sidecars.hold_files().expect("nobody has it");
        let refused = take(&log, &ada());
        assert!(matches!(refused, Err(LeaseError::Held { holder: None, .. })), "{refused:?}");
        drop(held);
        assert!(!sidecars.was_held());
        drop(take(&log, &ada()).expect("nobody has it"));
        drop(sidecars.hold_files().expect("nobody has it"));
        assert!(sidecars.was_held());
    }

    #[test]
    fn a_lock_file_that_is_removed_or_another_beside_a_second_name_lets_nobody_in() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (log, other) = (folder.path().join("log.db"), folder.path().join("other.db"));
        fs::write(&log, "a log").expect("written");
        fs::hard_link(&log, &other).expect("a second name");
        let lease = take(&log, &ada()).expect("nobody has it");
        take(&other, &ada()).expect_err("it is the same file");
        fs::remove_file(Sidecars::of(&log).runner_path()).expect("removed");
        let refused = take(&log, &ada()).expect_err("it is held");
        assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
        drop(lease);
        drop(take(&log, &ada()).expect("nobody has it"));
    }

    #[test]
    fn a_shared_lock_of_a_stranger_is_said_and_no_runner_that_is_gone_is_blamed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        fs::write(&log, "a log").expect("written");
        drop(take(&log, &ada()).expect("nobody has it"));
        for held in [Sidecars::of(&log).runner_path(), log.clone()] {
            let stranger = File::open(held).expect("a file");
            stranger.lock_shared().expect("a shared lock");
            match take(&log, &ada()) {
                Err(LeaseError::Held { holder: None, by: Some(Locker { pid, shared: true }), .. }) => {
                    assert_eq!(pid, Some(std::process::id()));
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(holder(&log), None);
        }
    }

    #[test]
    fn a_lock_file_full_of_rubbish_still_refuses() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("log.db");
        let lease = take(&log, &ada()).expect("nobody has it");
        fs::write(Sidecars::of(&log).runner_path(), "{").expect("written");
        let refused = take(&log, &ada());
        assert!(matches!(refused, Err(LeaseError::Held { holder: None, .. })), "{refused:?}");
        drop(lease);
    }

    #[test]
    fn a_runner_that_beats_is_known_to_be_at_work_later_than_one_that_only_left_its_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sidecars = Sidecars::of(&folder.path().join("log.db"));
        let last = || sidecars.last_beat().expect("it may be looked at");
        assert_eq!(last(), None);
        let text = serde_json::to_vec(&ada()).expect("JSON");
        fs::write(sidecars.runner_path(), &text).expect("a name");
        let old = SystemTime::now() - Duration::from_secs(3_600);
        let file = File::options().append(true).open(sidecars.runner_path()).expect("the file");
        file.set_modified(old).expect("set");
        let before = last().expect("a name");
        sidecars.beat().expect("it may be said");
        let after = last().expect("a name");
        assert_eq!((&before.holder, &after.holder), (&ada(), &ada()));
        assert!(after.at_ms - before.at_ms > 3_500_000, "{before:?} {after:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_an_end_in_the_place_of_an_anchor_is_no_anchor() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sidecars = Sidecars::of(&folder.path().join("log.db"));
        std::os::unix::fs::symlink("/dev/zero", sidecars.anchor_path()).expect("a link");
        assert!(sidecars.anchor().is_err());
    }
}
