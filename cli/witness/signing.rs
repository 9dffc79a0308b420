//! CLI: signs the end of a log as it grows, and keeps the newest signature beside it, with the tree that it is of. Reads the log; writes
//! these.

use crate::checkpoint;
use crate::error::{CliError, Exit, causes, damaged};
use rehome_store::{Backend, Checkpoint, Digest, Frontier, Log, Part, Position, Signer};
use std::sync::Arc;

/// Events read at once.
const PAGE: usize = 1_000;

/// Signs each end of one log. What it has read of it once it does not read again.
pub(crate) struct Signing {
    log: Arc<dyn Backend>,
    signer: Signer,
    tree: Frontier,
    /// The hash of the last event that is in the tree.
    last: Digest,
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
            Ok(signer) => {
                let (tree, last) =
                    signed_before(&**log, &signer).await.unwrap_or((Frontier::default(), Digest::ZERO));
                Ok(Some(Self { log: log.clone(), signer, tree, last }))
            }
            Err(e) if e.exit == Exit::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Signs the end that the log has now, and keeps that beside it. Only who has the right to act may do so.
    pub(crate) async fn sign(&mut self) -> Result<Signed, CliError> {
        loop {
            let page = self.log.read_all(Position(self.tree.size()), PAGE).await;
            let page = page.map_err(|e| damaged(&causes(&e)))?;
            for event in &page {
                self.tree.push(event.hash);
                self.last = event.hash;
            }
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
        self.log.beside().set_tree(&self.tree.kept(self.log.id(), self.last));
        Ok(Signed { checkpoint, note })
    }
}

/// The tree of the end that this key signed last, where the log still goes on from there, with the hash of that event.
async fn signed_before(log: &dyn Backend, signer: &Signer) -> Option<(Frontier, Digest)> {
    let kept = log.beside().tree().filter(|kept| kept.log == log.id())?;
    let (tree, note) = (kept.frontier()?, log.beside().checkpoint().ok()??);
    let signed = Checkpoint::open(note.as_bytes(), signer.verifier()).ok()?;
    if !signed.is_of(log.id()) || (signed.size, signed.root) != (tree.size(), tree.root()) {
        return None;
    }
    let last = log.read_all(Position(tree.size().checked_sub(1)?), 1).await.ok()?.pop()?;
    (last.position.0 == tree.size() && last.hash.to_string() == kept.last).then_some((tree, last.hash))
}
