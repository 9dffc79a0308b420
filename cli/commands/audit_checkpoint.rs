//! CLI: `rehome audit checkpoint`. Offline.

use crate::checkpoint;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit, damaged};
use crate::{files, store};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use rehome_store::{Checkpoint, Position, Signer, Tree};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Sign the end of the log, to keep it elsewhere.
///
/// Works offline. Every event is checked first. What is printed is a checkpoint of C2SP: whoever keeps one, and the key that signed it, finds
/// later whether the log still begins with the same events: `rehome audit verify --anchor FILE --signed-by KEY`.
/// With --since it comes with the proof that it goes on from an older one, in the form in which witnesses of C2SP take it: whoever has both
/// checks that without the log.
#[derive(Args, Debug)]
pub(crate) struct AuditCheckpoint {
    /// A checkpoint of this log that somebody kept.
    #[arg(long, value_name = "FILE")]
    pub(crate) since: Option<PathBuf>,
}

/// A checkpoint has at most so many bytes.
const BYTES_MAX: u64 = 64 << 10;

/// An older checkpoint from which this tree goes on, and the proof of that, in base64 (RFC 6962, section 2.1.2).
///
/// Source of the form: <https://c2sp.org/tlog-witness> (`add-checkpoint`).
fn older(path: &Path, signer: &Signer, tree: &Tree) -> Result<(Checkpoint, Vec<String>), CliError> {
    let at = |error: CliError| error.at(path.display().to_string());
    let bytes = files::read(path, "a checkpoint", BYTES_MAX)?;
    let old = checkpoint::opened(&bytes, &[signer.verifier().clone()]).map_err(at)?;
    let same = tree.root(old.size) == Some(old.root);
    let proof = tree.consistency(old.size, tree.size()).filter(|_| same);
    let proof = proof.ok_or_else(|| {
        let what = "the log does not go on from this checkpoint: it was cut, written anew, or is another one";
        at(store::compare(damaged(what)))
    })?;
    Ok((old, proof.iter().map(|root| STANDARD.encode(root)).collect()))
}

/// The same for programs, with the proof.
fn with(mut value: Value, since: u64, proof: &[String]) -> Value {
    value["since"] = json!({"position": since, "consistency": proof});
    value
}

impl Execute for AuditCheckpoint {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let log = store::open_to_read(&c.global.db)?;
        if let Some(format) = log.newer_format() {
            return Err(store::newer(format));
        }
        let signer = checkpoint::signer(&*log).await?;
        let reading = c.output.waiting(|| "reading every event".to_owned());
        store::verify(&*log, None).await?;
        let (tree, _) = checkpoint::tree(&*log, Position(0)).await?;
        let checkpoint = Checkpoint::of(log.id(), &tree);
        let since = self.since.as_deref().map(|path| older(path, &signer, &tree)).transpose()?;
        drop(reading);
        let (note, key) = (signer.sign(&checkpoint), signer.verifier().to_string());
        c.output.note(&format!("note: signed with {key}; keep this key where the checkpoints are kept"));
        let value = json!({
            "format_version": "1.0",
            "log": log.id(),
            "position": checkpoint.size,
            "checkpoint": note,
            "key": key,
        });
        let (text, value) = match since {
            Some((old, proof)) => {
                let lines: String = proof.iter().map(|root| format!("{root}\n")).collect();
                (format!("old {}\n{lines}\n{note}", old.size), with(value, old.size, &proof))
            }
            None => (note, value),
        };
        c.output.result(text.trim_end(), &value)?;
        Ok(Exit::Done)
    }

    fn shows_log(&self) -> bool {
        true
    }
}
