//! CLI: single events with their proofs, held against the signed end that they lead to. Reads the file.

use crate::checkpoint::opened;
use crate::counted::counted;
use crate::error::{CliError, Exit, damaged, one_line};
use crate::files;
use rehome_store::{Checkpoint, PROVEN_FORMAT, Proven, ProvenHeader, Sequence, StreamId, Verifier};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// What a file with proofs shows.
pub(crate) struct Shown {
    header: ProvenHeader,
    checkpoint: Checkpoint,
    /// Of each stream how many events, from its first on.
    streams: BTreeMap<StreamId, Sequence>,
    withheld: usize,
    /// Whether somebody named the key that it is signed with.
    by_named: bool,
}

/// Reads a file with proofs and checks each; these keys are believed, and without one the key that it names.
pub(crate) fn read(path: &Path, signed_by: &[String]) -> Result<Shown, CliError> {
    let at = |error: CliError| error.at(path.display().to_string());
    let bytes = files::read(path, "a file with proofs", files::ESTATE_BYTES_MAX)?;
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let header: ProvenHeader = serde_json::from_slice(lines.next().unwrap_or_default()).map_err(|e| {
        at(CliError::because(Exit::Usage, "this is no file with proofs", &e)
            .next("name proofs.jsonl of a folder that `rehome audit bundle FOLDER MOVE --proofs` made"))
    })?;
    if header.rehome_proofs != PROVEN_FORMAT {
        let what = format!(
            "the proofs have format {}, and this program reads only format {PROVEN_FORMAT}",
            header.rehome_proofs
        );
        return Err(at(
            CliError::new(Exit::Failed, what).next("read it with a newer version of this program")
        ));
    }
    let named = if signed_by.is_empty() { std::slice::from_ref(&header.key) } else { signed_by };
    let keys: Result<Vec<Verifier>, _> = named.iter().map(|key| Verifier::parse(key)).collect();
    let keys = keys.map_err(|e| {
        at(CliError::new(Exit::Usage, e.to_string()).next("name another with --signed-by KEY"))
    })?;
    let checkpoint = opened(header.checkpoint.as_bytes(), &keys).map_err(at)?;
    let mut shown =
        Shown { header, checkpoint, streams: BTreeMap::new(), withheld: 0, by_named: !signed_by.is_empty() };
    for (line, nth) in lines.zip(2..) {
        shown.take(line).map_err(|what| {
            at(damaged(&format!("line {nth} is not what was signed for: {what}"))
                .next("ask for the proofs once more"))
        })?;
    }
    Ok(shown)
}

impl Shown {
    fn take(&mut self, line: &[u8]) -> Result<(), String> {
        let proven = Proven::read(line)?;
        if !proven.is_in(self.checkpoint.size, self.checkpoint.root) {
            return Err("its event was changed, or is not in the log that was signed".to_owned());
        }
        let event = &proven.event;
        let last = self.streams.entry(event.record.stream.clone()).or_default();
        if event.sequence.0 != last.0 + 1 {
            return Err(format!("an event of {} before it is missing", event.record.stream));
        }
        *last = event.sequence;
        self.withheld += usize::from(proven.withheld().is_some());
        Ok(())
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let events: u64 = self.streams.values().map(|last| last.0).sum();
        let by = if self.by_named { "that was named" } else { "that the file itself names" };
        let mut text = format!(
            "proven: {} of {}, among the first {} events of {}\nsigned by the key {by}: {}",
            counted(events, "event"),
            counted(self.streams.len(), "stream"),
            self.checkpoint.size,
            one_line(&self.checkpoint.origin),
            one_line(&self.header.key),
        );
        for (stream, last) in &self.streams {
            text.push_str(&format!("\n  {}: events 1 to {last} of it", one_line(stream.as_str())));
        }
        if self.withheld > 0 {
            text.push_str(&format!(
                "\nwithheld of {}: what they say, or a credential in it",
                counted(self.withheld, "event")
            ));
        }
        text.push_str("\nnot proven\n  that nothing came after these events\n  who acted, where nothing is signed\n  that a workload works");
        text
    }

    /// For programs.
    pub(crate) fn value(&self) -> Value {
        let proven =
            self.streams.iter().map(|(stream, last)| json!({"stream": stream.as_str(), "events": last}));
        json!({
            "format_version": "1.0",
            "intact": true,
            "selected": self.header.selected,
            "origin": self.checkpoint.origin,
            "position": self.checkpoint.size,
            "key": self.header.key,
            "key_named": self.by_named,
            "proven": proven.collect::<Vec<_>>(),
            "withheld": self.withheld,
        })
    }
}
