//! CLI: `rehome audit checkpoint`. Offline.

use crate::checkpoint;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::store;
use clap::Args;
use rehome_store::{Checkpoint, Position};
use serde_json::json;

/// Sign the end of the log, to keep it elsewhere.
///
/// Works offline. Every event is checked first. What is printed is a checkpoint of C2SP: whoever keeps one, and the key that signed it, finds
/// later whether the log still begins with the same events: `rehome audit verify --anchor FILE --signed-by KEY`.
#[derive(Args, Debug)]
pub(crate) struct AuditCheckpoint {}

impl Execute for AuditCheckpoint {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let log = store::open_to_read(&c.global.db)?;
        if let Some(format) = log.newer_format() {
            return Err(store::newer(format));
        }
        let signer = checkpoint::signer(&*log).await?;
        let reading = c.output.waiting(|| "reading every event".to_owned());
        store::verify(&*log, None).await?;
        let checkpoint = Checkpoint::of(log.id(), &checkpoint::tree(&*log, Position(0)).await?.0);
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
        c.output.result(note.trim_end(), &value)?;
        Ok(Exit::Done)
    }

    fn shows_log(&self) -> bool {
        true
    }
}
