//! CLI: signs the end of a log as it grows, and keeps the newest signature beside it. Reads the log; writes that record.

use crate::checkpoint;
use crate::error::{CliError, Exit, causes, damaged};
use rehome_store::{Backend, Checkpoint, Frontier, Log, Part, Position, Signer};
use std::sync::Arc;

/// Events read at once.
const PAGE: usize = 1_000;

/// Signs each end of one log. What it has read of it once it does not read again.
pub(crate) struct Signing {
    log: Arc<dyn Backend>,
    signer: Signer,
    tree: Frontier,
}

/// A signed end.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) note: String,
}

impl Signing {
    /// Nothing where no runner was ever at work on the log, which so has no key.
    pub(crate) async fn of(log: &Arc<dyn Backend>) -> Result<Option<Self>, CliError> {
        match checkpoint::signer(&**log).await {
            Ok(signer) => Ok(Some(Self { log: log.clone(), signer, tree: Frontier::default() })),
            Err(e) if e.exit == Exit::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Signs the end that the log has now, and keeps that beside it. Only who has the right to act may do so.
    pub(crate) async fn sign(&mut self) -> Result<Signed, CliError> {
        loop {
            let page = self.log.read_all(Position(self.tree.size()), PAGE).await;
            let page = page.map_err(|e| damaged(&causes(&e)))?;
            page.iter().for_each(|event| self.tree.push(event.hash));
            if page.len() < PAGE {
                break;
            }
        }
        let checkpoint = Checkpoint::at(self.log.id(), self.tree.size(), self.tree.root());
        let note = self.signer.sign(&checkpoint);
        self.log.beside().set_checkpoint(&note).map_err(|e| {
            CliError::because(Exit::Failed, "failed to write the checkpoint beside the log", &e.source)
                .at(self.log.beside().place(Part::Checkpoint))
                .next("make the folder of the log writable, with room, and run the same command again")
        })?;
        Ok(Signed { checkpoint, note })
    }
}
