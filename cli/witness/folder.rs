//! CLI: a folder that keeps checkpoints, each in a file of its own that is never written again. Touches that folder.

use super::signing::Signed;
use rehome_store::{Checkpoint, private_file};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What the names of such files end with.
const ENDING: &str = ".checkpoint";

/// Digits of a size, so that the names stand in its order.
const DIGITS: usize = 12;

/// A signed note has at most so many bytes.
const BYTES_MAX: u64 = 64 << 10;

/// The file of a checkpoint: `rehome-LOG-000000000042.checkpoint`.
pub(super) fn name(checkpoint: &Checkpoint) -> String {
    let size = checkpoint.size;
    format!("{}{size:0DIGITS$}{ENDING}", beginning(&checkpoint.origin))
}

fn beginning(origin: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    format!("{}-", origin.chars().map(plain).collect::<String>())
}

/// Keeps a checkpoint; the name of its file. One that is there already is never replaced.
pub(super) fn put(folder: &Path, signed: &Signed) -> Result<PathBuf, String> {
    let path = folder.join(name(&signed.checkpoint));
    let failed = |e: std::io::Error| format!("failed to write there: {e}");
    if !folder.is_dir() {
        return Err("there is no such folder".to_owned());
    }
    match private_file::create_new(&path) {
        Ok(mut file) => {
            let written = file.write_all(signed.note.as_bytes()).and_then(|()| file.sync_all());
            // A part of one is nobody's checkpoint.
            written.inspect_err(|_| drop(fs::remove_file(&path))).map_err(failed)?;
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            let there = read(&path).map_err(failed)?;
            if Checkpoint::text_of(&there) != Checkpoint::text_of(signed.note.as_bytes()) {
                return Err(format!(
                    "it has ANOTHER checkpoint of event {}: this log was written anew, or is a copy that went its own way",
                    signed.checkpoint.size
                ));
            }
        }
        Err(e) => return Err(failed(e)),
    }
    Ok(path)
}

/// The last event that a checkpoint there is of, where that is behind this one: then the log is older than what was kept of it.
///
/// # Errors
/// When the folder cannot be listed: then nobody knows.
pub(super) fn ahead(folder: &Path, checkpoint: &Checkpoint) -> std::io::Result<Option<u64>> {
    let beginning = beginning(&checkpoint.origin);
    let mut last = None;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let size = |name: &str| name.strip_prefix(&beginning)?.strip_suffix(ENDING)?.parse::<u64>().ok();
        last = last.max(name.to_str().and_then(size));
    }
    Ok(last.filter(|size| *size > checkpoint.size))
}

/// Every file there that is called like a checkpoint of the log of this origin, with its bytes, the smallest size first.
pub(super) fn all(folder: &Path, origin: &str) -> std::io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let beginning = beginning(origin);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let called = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if called.starts_with(&beginning) && called.ends_with(ENDING) {
            let bytes = read(&path)?;
            found.push((path, bytes));
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    private_file::open(path)?.take(BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
