//! CLI: files of this program's own, written whole or not at all. Touches the file that is named, and one beside it
//! until it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What stands beside a file under its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Writes a file that only its owner may read: whole beside its place first, so that there is never half of one
/// under its name, not even after a power cut.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = beside(path, &format!(".{}.partial", uuid::Uuid::new_v4().simple()));
    let written = create_private(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        sync_folder(path)
    });
    // Nobody takes a part for the whole.
    written.inspect_err(|_| drop(fs::remove_file(&partial)))
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Keeps the names of the files in the folder of this one.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
