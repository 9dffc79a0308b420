//! Store: a lock on the log's file itself, whatever it is called, and who has one. Touches the file's lock, and reads
//! what the machine says of locks.
//!
//! This is the lock of `flock`, which SQLite does not use. Closing any descriptor of a file takes from the process every
//! lock of the other kind that it has on it, and SQLite's are of that kind: so a descriptor that was opened here is never
//! closed.

use crate::lease::Locker;
use crate::private_file;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A file, by what cannot be had twice.
pub(crate) type Identity = (u64, u64);

#[derive(Debug)]
struct Opened {
    file: &'static File,
    held: bool,
}

static OPENED: Mutex<BTreeMap<Identity, Opened>> = Mutex::new(BTreeMap::new());

fn opened() -> MutexGuard<'static, BTreeMap<Identity, Opened>> {
    OPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which file it is, whatever it is called.
#[cfg(unix)]
pub(crate) fn identity(about: &std::fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

#[cfg(not(unix))]
pub(crate) fn identity(_about: &std::fs::Metadata) -> Identity {
    (0, 0)
}

/// A lock on a file, held until dropped.
#[derive(Debug)]
pub(crate) struct FileLock(Identity);

/// The file's descriptor in this process; none where there is no file.
fn descriptor(path: &Path) -> io::Result<Option<Identity>> {
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let found = identity(&about);
    if opened().contains_key(&found) {
        return Ok(Some(found));
    }
    let file: &'static File = Box::leak(Box::new(private_file::open(path)?));
    let found = identity(&file.metadata()?);
    opened().entry(found).or_insert(Opened { file, held: false });
    Ok(Some(found))
}

impl FileLock {
    /// Takes the lock; none where there is no file.
    ///
    /// # Errors
    /// When somebody has it, this process too, or it cannot be asked for.
    pub(crate) fn take(path: &Path) -> Result<Option<Self>, TryLockError> {
        let Some(found) = descriptor(path).map_err(TryLockError::Error)? else { return Ok(None) };
        let mut opened = opened();
        let Some(of) = opened.get_mut(&found).filter(|of| !of.held) else {
            return Err(TryLockError::WouldBlock);
        };
        of.file.try_lock()?;
        of.held = true;
        Ok(Some(Self(found)))
    }

    /// Whether somebody has the lock for themselves, this process too.
    pub(crate) fn is_taken(path: &Path) -> bool {
        let Ok(Some(found)) = descriptor(path) else { return false };
        let opened = opened();
        let Some(of) = opened.get(&found) else { return false };
        if of.held {
            return true;
        }
        match of.file.try_lock_shared() {
            Ok(()) => {
                drop(of.file.unlock());
                false
            }
            Err(e) => matches!(e, TryLockError::WouldBlock),
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if let Some(of) = opened().get_mut(&self.0) {
            drop(of.file.unlock());
            of.held = false;
        }
    }
}

/// Who has a lock on a file, where the machine says it.
pub(crate) fn locker(path: &Path) -> Option<Locker> {
    let (_, number) = identity(&std::fs::metadata(path).ok()?);
    locker_of(&std::fs::read_to_string("/proc/locks").ok()?, number)
}

/// A line is `1: FLOCK ADVISORY WRITE 4711 fd:01:9177 0 EOF`; one that only waits has `->` after the number.
/// Source: proc_locks(5).
fn locker_of(locks: &str, number: u64) -> Option<Locker> {
    locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (kind, _, how, pid, file) =
            (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
        let of = file.rsplit(':').next()?.parse::<u64>().ok()?;
        let pid = pid.parse().ok().filter(|pid| *pid > 0);
        (kind == "FLOCK" && of == number).then_some(Locker { pid, shared: how == "READ" })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_who_has_a_lock_and_of_which_kind() {
        let locks = "1: POSIX  ADVISORY  WRITE 7 08:01:42 0 EOF\n\
            2: FLOCK  ADVISORY  READ 12 08:01:42 0 EOF\n\
            2: -> FLOCK  ADVISORY  WRITE 13 08:01:43 0 EOF\n\
            3: FLOCK  ADVISORY  WRITE -1 08:01:43 0 EOF\n";
        assert_eq!(locker_of(locks, 42), Some(Locker { pid: Some(12), shared: true }));
        assert_eq!(locker_of(locks, 43), Some(Locker { pid: None, shared: false }));
        assert_eq!(locker_of(locks, 44), None);
    }

    #[test]
    fn a_file_is_held_once_under_all_its_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        std::fs::write(&one, "x").expect("written");
        std::fs::hard_link(&one, &two).expect("a second name");
        let held = FileLock::take(&one).expect("nobody has it").expect("a file");
        assert!(matches!(FileLock::take(&two), Err(TryLockError::WouldBlock)) && FileLock::is_taken(&two));
        drop(held);
        assert!(!FileLock::is_taken(&one));
        let stranger = File::open(&one).expect("a file");
        stranger.lock_shared().expect("a shared lock");
        assert!(matches!(FileLock::take(&two), Err(TryLockError::WouldBlock)));
        assert!(FileLock::take(&folder.path().join("none")).expect("no file").is_none());
    }
}
