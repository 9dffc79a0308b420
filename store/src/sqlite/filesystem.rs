//! Store: refuses disks of other machines, where another system promises locks and syncs, and keeps a new log from
//! everybody but its owner.

use crate::backend::OpenError;
use crate::private_file;
use std::path::Path;

/// File systems whose files live on another machine.
const NETWORK: [&str; 13] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "fuse.sshfs",
    "fuse.s3fs",
    "ceph",
    "fuse.ceph",
    "glusterfs",
    "fuse.glusterfs",
    "afs",
];

/// Refuses a path on a network file system, where the machine says what is mounted.
pub(super) fn refuse_network(path: &Path) -> Result<(), OpenError> {
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mounts") else { return Ok(()) };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(folder) = folder.canonicalize() else { return Ok(()) };
    match kind(&mounts, &folder) {
        Some(kind) if NETWORK.contains(&kind) => {
            Err(OpenError::Network { path: path.to_owned(), kind: kind.to_owned() })
        }
        Some(_) | None => Ok(()),
    }
}

/// Refuses a log, and what the database keeps beside it, that is no plain file: a link leads to another file,
/// and a pipe makes its reader wait.
pub(super) fn refuse_foreign(path: &Path) -> Result<(), OpenError> {
    for part in ["", "-wal", "-shm", "-journal"] {
        let place = private_file::beside(path, part);
        let Some(what) = private_file::foreign(&place) else { continue };
        // The log itself may be named by a link.
        if part.is_empty() && place.is_file() {
            continue;
        }
        let (path, what) = (place, what.to_owned());
        return Err(if part.is_empty() {
            OpenError::NotOurs { path, what }
        } else {
            OpenError::Damaged { path, what }
        });
    }
    Ok(())
}

/// Refuses a log that has two names.
pub(super) fn refuse_second_name(path: &Path) -> Result<(), OpenError> {
    #[cfg(unix)]
    if std::fs::metadata(path).is_ok_and(|about| std::os::unix::fs::MetadataExt::nlink(&about) > 1) {
        return Err(OpenError::ManyNames { path: path.to_owned() });
    }
    Ok(())
}

/// Makes the file of a new log, for its owner alone: what the database makes beside it has the same rights. Where that
/// fails, opening it says why.
pub(super) fn make_private(path: &Path) {
    drop(private_file::create_new(path));
}

/// The kind of the file system that holds a folder: the longest mount point that it lies under.
fn kind<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let mount = |line: &'a str| {
        let mut fields = line.split(' ').skip(1);
        let (point, kind) = (fields.next()?, fields.next()?);
        folder.starts_with(point.replace("\\040", " ")).then_some((point.len(), kind))
    };
    mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mount_point_decides() {
        let mounts = "/dev/sda / ext4 rw 0 0\nfiler:/x /home nfs4 rw 0 0\n/dev/sdb /home/me ext4 rw 0 0\n";
        assert_eq!(kind(mounts, Path::new("/var")), Some("ext4"));
        assert_eq!(kind(mounts, Path::new("/home/you/x")), Some("nfs4"));
        assert_eq!(kind(mounts, Path::new("/home/me/x")), Some("ext4"));
    }

    #[cfg(unix)]
    #[test]
    fn a_new_log_is_its_owners_alone_and_one_that_is_there_is_left_as_it_is() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new.db");
        let log = crate::SqliteLog::create_or_open(&path).expect("a log");
        let mode = |name: &str| {
            let found = std::fs::metadata(folder.path().join(name)).expect("there");
            found.permissions().mode() & 0o777
        };
        assert_eq!((mode("new.db"), mode("new.db-wal")), (0o600, 0o600));
        drop(log);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("changed");
        crate::SqliteLog::create_or_open(&path).expect("the same");
        assert_eq!(mode("new.db"), 0o640);
    }
}
