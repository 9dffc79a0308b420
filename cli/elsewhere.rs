//! CLI: an end of a log that a person kept elsewhere, as a line or as a file. Reads the file, and of a checkpoint the log.

use crate::checkpoint;
use crate::error::{CliError, Exit};
use crate::files;
use crate::source::Source;
use rehome_store::{Anchor, Checkpoint, Digest};
use serde::Deserialize;
use std::path::Path;

/// A file with the end of a log has at most this many bytes: a name, a number and a hash.
const BYTES_MAX: u64 = 64 << 10;

/// What `audit head` prints for programs, and what is beside a log.
#[derive(Deserialize)]
struct Kept {
    log: String,
    position: u64,
    hash: String,
}

/// An end of this log that a person kept elsewhere: the line of `audit head`, or a file with that, with the same
/// for programs, with an anchor, or with a checkpoint.
pub(crate) async fn end(text: &str, source: &Source, signed_by: &[String]) -> Result<Anchor, CliError> {
    let log = source.id();
    let bad = || {
        let what = format!("{text:?} is neither POSITION:HASH nor a file with the end of a log");
        CliError::new(Exit::Usage, what).next("rehome audit head      # prints one")
    };
    let here = |(position, hash)| Kept { log: log.to_owned(), position, hash };
    let kept = match line(text) {
        Some(line) => here(line.ok_or_else(bad)?),
        None => {
            let bytes = files::read(Path::new(text), "an anchor file", BYTES_MAX).map_err(|_| bad())?;
            if Checkpoint::is_note(&bytes) {
                let keys = checkpoint::keys(source, signed_by).await?;
                return checkpoint::confirm(source, &bytes, &keys).await.map_err(|e| e.at(text.to_owned()));
            }
            let said = std::str::from_utf8(&bytes).map_err(|_| bad())?.trim();
            match line(said) {
                Some(line) => here(line.ok_or_else(bad)?),
                None => serde_json::from_str(said).map_err(|_| bad())?,
            }
        }
    };
    if !signed_by.is_empty() {
        let what = "--signed-by is about a checkpoint, and this end has no signature";
        return Err(CliError::new(Exit::Usage, what)
            .at(text.to_owned())
            .next("rehome audit checkpoint      # prints one"));
    }
    if kept.log != log {
        let what = format!("this is the end of another log ({}, and this one is {log})", kept.log);
        return Err(CliError::new(Exit::Damaged, what).at(text.to_owned()));
    }
    if kept.position == 0 && kept.hash != Digest::ZERO.to_string() {
        let what = "there is no event 0: before the first event the hash is all zeros, and proves nothing";
        return Err(CliError::new(Exit::Usage, what).next("rehome audit head      # prints an end"));
    }
    Ok(Anchor { log: kept.log, position: kept.position, hash: kept.hash.to_ascii_lowercase() })
}

/// POSITION:HASH; nothing when there is no position, and nothing in it when there is no hash.
#[expect(clippy::option_option, reason = "a name of a file is not a line that is wrong")]
fn line(text: &str) -> Option<Option<(u64, String)>> {
    let (position, hash) = text.split_once(':')?;
    let position = position.parse().ok()?;
    let hex = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    Some(hex.then(|| (position, hash.to_ascii_lowercase())))
}
