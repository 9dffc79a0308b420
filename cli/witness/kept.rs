//! CLI: checkpoints that somebody kept, held against a log. Reads both.

use super::folder;
use crate::checkpoint;
use crate::counted::counted;
use crate::error::{CliError, Exit, causes, damaged};
use crate::{files, store};
use rehome_orchestrator::{BatchEvent, BatchLoaded, Entry, entries};
use rehome_store::{Checkpoint, Log, Verifier};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A file with one checkpoint has at most so many bytes.
const BYTES_MAX: u64 = 64 << 10;

const ADD_KEY: &str = "add --signed-by KEY for each key that the log ever signed with";

/// A checkpoint that was believed, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) place: String,
    pub(crate) checkpoint: Checkpoint,
}

/// What was kept of a log, which fits it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outside {
    /// How many there are.
    pub(crate) count: usize,
    /// The last event that one of them covers.
    pub(crate) up_to: u64,
    /// Those of an end that was lost, as the log itself says.
    pub(crate) lost: usize,
}

/// Every checkpoint of this log in these files and folders, each of which one of these keys signed.
pub(crate) fn kept(paths: &[PathBuf], log: &str, keys: &[Verifier]) -> Result<Vec<Kept>, CliError> {
    let mut all = Vec::new();
    for path in paths {
        let found = notes(path, log)?;
        if found.is_empty() {
            return Err(CliError::new(Exit::NotFound, "there is no checkpoint of this log")
                .at(path.display().to_string())
                .next("name a folder, a Git work tree or a file that a checkpoint of it was kept in"));
        }
        for (file, bytes) in found {
            let place = file.display().to_string();
            let checkpoint =
                checkpoint::opened(&bytes, keys).map_err(|e| e.at(place.clone()).next(ADD_KEY))?;
            if !checkpoint.is_of(log) {
                return Err(damaged("this is a checkpoint of another log").at(place));
            }
            all.push(Kept { place, checkpoint });
        }
    }
    Ok(all)
}

fn notes(path: &Path, log: &str) -> Result<Vec<(PathBuf, Vec<u8>)>, CliError> {
    if !path.is_dir() {
        let bytes = files::read(path, "a checkpoint", BYTES_MAX)?;
        return Ok(vec![(path.to_owned(), bytes)]);
    }
    folder::all(path, &Checkpoint::origin_of(log)).map_err(|e| {
        CliError::because(Exit::Failed, "failed to read what a witness kept", &e)
            .at(path.display().to_string())
    })
}

/// Holds checkpoints against a log, in one reading of it.
///
/// # Errors
/// When one is of other events than the log has, or of more.
pub(crate) async fn confirmed(log: &dyn Log, kept: &[Kept]) -> Result<Outside, CliError> {
    let sizes: BTreeSet<u64> = kept.iter().map(|one| one.checkpoint.size).collect();
    let (roots, end) = checkpoint::roots(log, &sizes).await?;
    let is_of = |one: &&Kept| roots.get(&one.checkpoint.size) == Some(&one.checkpoint.root);
    let up_to = kept.iter().filter(is_of).map(|one| one.checkpoint.size).max().unwrap_or_default();
    let others: Vec<&Kept> = kept.iter().filter(|one| !is_of(one)).collect();
    let lost = if others.is_empty() { Vec::new() } else { lost(log).await? };
    for one in &others {
        let size = one.checkpoint.size;
        if lost.iter().any(|(from, until)| (from + 1..=*until).contains(&size)) {
            continue;
        }
        let what = if size > end {
            format!(
                "the log ends at event {end}, and a checkpoint of event {size} was kept: an old copy was put back, or {} cut off",
                counted(size - end, "event")
            )
        } else {
            format!(
                "the first {size} events are not those that a kept checkpoint was signed for: the log was written anew, or is another copy that went its own way"
            )
        };
        return Err(store::compare(damaged(&what)).at(one.place.clone()));
    }
    Ok(Outside { count: kept.len() - others.len(), up_to, lost: others.len() })
}

/// The ends that were lost and given up, as the log says: after which event, and up to which.
async fn lost(log: &dyn Log) -> Result<Vec<(u64, u64)>, CliError> {
    let unreadable = |e: &(dyn std::error::Error + 'static)| damaged(&causes(e));
    let mut all = Vec::new();
    for (stream, _) in log.streams(BatchLoaded::PREFIX).await.map_err(|e| unreadable(&e))? {
        let Ok(events) = entries::<BatchEvent>(log, &stream).await else { continue };
        let events: Vec<Entry<BatchEvent>> = events;
        all.extend(events.iter().filter_map(|entry| match &entry.event {
            BatchEvent::Restored(lost) => Some((lost.ends.position, lost.known.as_ref()?.position)),
            _ => None,
        }));
    }
    Ok(all)
}
