//! Store: the files that stand beside a log: its owner's alone, never a link, a pipe or a device, and written whole or
//! not at all. Touches the file that is named, and until that is whole one beside it whose name nobody foresees.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// What stands beside a log has at most this many bytes: a few names and a hash.
const BYTES_MAX: u64 = 64 << 10;

/// The name of a file with this ending: `log.db` and `.key` give `log.db.key`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens a plain file. Opening never waits, as it would for a pipe that nobody writes to, and follows no link.
fn open_plain(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    if let Some(what) = foreign(path) {
        return Err(not_ours(what));
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_ours("it is no plain file")) }
}

/// What is in the place of a plain file.
pub(crate) fn foreign(path: &Path) -> Option<&'static str> {
    let about = fs::symlink_metadata(path).ok()?.file_type();
    if about.is_symlink() {
        Some("it is a link, which this program does not make and does not follow")
    } else if about.is_dir() {
        Some("it is a folder")
    } else if about.is_file() {
        None
    } else {
        Some("it is a pipe, a device or a socket, and no plain file")
    }
}

fn not_ours(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.to_owned())
}

/// Opens a file for reading.
///
/// # Errors
/// When it is not there, may not be read, or is no plain file.
pub fn open(path: &Path) -> io::Result<File> {
    open_plain(OpenOptions::new().read(true), path)
}

/// Opens a file that is there for reading and writing.
///
/// # Errors
/// As [`open`].
pub fn open_to_write(path: &Path) -> io::Result<File> {
    open_plain(OpenOptions::new().read(true).write(true), path)
}

/// Opens a file for reading and writing, and makes it where there is none.
///
/// # Errors
/// As [`open`], and when it cannot be made.
pub fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    open_plain(options.read(true).write(true).create(true).truncate(false), path)
}

/// Makes a file that is not there yet.
///
/// # Errors
/// When something of this name is there, or it cannot be made.
pub fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder that is not there yet, for its owner alone.
///
/// # Errors
/// When something of this name is there, or it cannot be made.
pub fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A name beside this one that nobody foresees, with this ending.
pub fn unforeseen(path: &Path, ending: &str) -> PathBuf {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the machine has a random source");
    let random: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    beside(path, &format!(".{random}{ending}"))
}

/// Reads a file that stands beside a log; what comes after its first bytes is not one of ours, and is not read.
///
/// # Errors
/// As [`open`].
pub(crate) fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file, whole or not at all, also when the power is cut; one that is there is replaced.
///
/// # Errors
/// When what is there is no plain file, or the folder cannot be written to.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_by(path, |file| file.write_all(bytes))
}

/// The same, for a file that is written in parts.
///
/// # Errors
/// As [`replace`], and those of the writing.
pub fn replace_by(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    if let Some(what) = foreign(path) {
        return Err(not_ours(what));
    }
    let partial = unforeseen(path, ".partial");
    let written = create_new(&partial).and_then(|file| {
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.into_inner()?.sync_all()?;
        fs::rename(&partial, path)?;
        sync_folder(path)
    });
    // A part is not left behind as the whole.
    written.inspect_err(|_| drop(fs::remove_file(&partial)))
}

/// Keeps the names of the files in the folder of this one.
///
/// # Errors
/// When the folder cannot be synced.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The links of a name followed to the file itself, so that what stands beside a log is found beside the log and not
/// beside a link to it. What is not there is left as it is named.
///
/// # Errors
/// When a link cannot be read, or links lead in a circle.
pub fn real_name(path: &Path) -> io::Result<PathBuf> {
    const LINKS_MAX: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::symlink_metadata(&path) {
            Ok(about) if about.file_type().is_symlink() => {
                let to = fs::read_link(&path)?;
                path = path.parent().map_or_else(|| to.clone(), |folder| folder.join(&to));
            }
            Ok(_) | Err(_) => return Ok(path),
        }
    }
    Err(not_ours("its links lead in a circle"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn what_is_written_is_its_owners_alone_and_replaces_a_file_but_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        for bytes in [b"one", b"two"] {
            replace(&path, bytes).expect("written");
            assert_eq!(read_small(&path).expect("readable"), bytes);
        }
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside it");
        let (victim, link, pipe) =
            (folder.path().join("v"), folder.path().join("l"), folder.path().join("p"));
        fs::write(&victim, "kept").expect("written");
        symlink(&victim, &link).expect("a link");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success());
        for wrong in [&link, &pipe, &folder.path().to_owned()] {
            for refused in [replace(wrong, b"x").err(), open(wrong).err(), open_or_create(wrong).err()] {
                let refused = refused.expect("it is no plain file");
                assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{wrong:?}: {refused}");
            }
        }
        assert_eq!(fs::read(&victim).expect("readable"), b"kept");
        create_new(&link).expect_err("a link is something, wherever it leads");
    }

    #[test]
    fn a_link_is_followed_to_the_file_that_it_leads_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("a")).expect("a folder");
        fs::write(at("a/log.db"), "").expect("written");
        symlink("a/log.db", at("one")).expect("a link");
        symlink(at("one"), at("a/two")).expect("a link");
        assert_eq!(real_name(&at("a/two")).expect("followed"), at("a/log.db"));
        assert_eq!(real_name(&at("none")).expect("not there"), at("none"));
        symlink("round", at("round")).expect("a link");
        real_name(&at("round")).expect_err("it leads nowhere");
    }
}
