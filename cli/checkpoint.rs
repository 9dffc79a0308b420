//! CLI: signed ends of a log: who signs them, and whether a log goes on from one. Reads a log and its key.

use crate::error::{CliError, Exit, causes, damaged};
use crate::key;
use crate::source::Source;
use rehome_store::{
    Anchor, Backend, Checkpoint, Digest, Head, Log, NoteError, Position, Signer, Tree, Verifier, VerifyError,
    page_size,
};
use sha2::{Digest as _, Sha256};

/// What sets the key of the signatures apart from that of the marks, which it is made from.
const PURPOSE: &[u8] = b"checkpoints of rehome 1\0";

/// Who signs for a log: whoever has the key beside it.
pub(crate) async fn signer(log: &dyn Backend) -> Result<Signer, CliError> {
    let Some(key) = key::confirmed(log).await? else {
        let what = "nobody has run anything on this log, so it has no key to sign with";
        return Err(
            CliError::new(Exit::NotFound, what).next("rehome audit head      # an end without a signature")
        );
    };
    let seed = Sha256::new().chain_update(PURPOSE).chain_update(key).finalize().into();
    Signer::new(log.id(), &seed).ok_or_else(|| CliError::new(Exit::Failed, "the key cannot sign"))
}

/// The tree over every event of a log.
pub(crate) async fn tree(log: &dyn Log) -> Result<Tree, CliError> {
    let (mut tree, mut last, mut page) = (Tree::default(), Position(0), page_size(&[]));
    loop {
        let events = log.read_all(last, page).await.map_err(|e| damaged(&causes(&e)))?;
        let Some(end) = events.last() else { return Ok(tree) };
        (last, page) = (end.position, page_size(&events));
        events.iter().for_each(|event| tree.push(event.hash));
    }
}

/// The end that a checkpoint is of, where this log goes on from it; `key` is who has to have signed it, and without one it is whoever
/// has the key beside the log.
pub(crate) async fn confirm(source: &Source, note: &[u8], key: Option<&str>) -> Result<Anchor, CliError> {
    let key = match (key, source) {
        (Some(key), _) => Verifier::parse(key)
            .map_err(|e| CliError::new(Exit::Usage, e.to_string()).at("--signed-by").next(PRINTS_KEY))?,
        (None, Source::Database(log)) => signer(&**log).await?.verifier().clone(),
        (None, Source::Bundle(_)) => {
            let what = "a bundle has no key: say whose signature is to be believed";
            return Err(CliError::new(Exit::Usage, what).next("add --signed-by KEY").next(PRINTS_KEY));
        }
    };
    let checkpoint = Checkpoint::open(note, &key).map_err(|e| not_believed(e, &key))?;
    if !checkpoint.is_of(source.id()) {
        let what = "this is a checkpoint of another log, or of one in whose place this was made anew";
        return Err(damaged(what).next("name the log that it is of with --db FILE"));
    }
    let (log, tree) = (source.log(), tree(source.log()).await?);
    let anchored = Position(checkpoint.size);
    match tree.root(checkpoint.size) {
        Some(root) if root == checkpoint.root => Ok(Anchor::of(source.id(), end(log, anchored).await?)),
        Some(_) => {
            let what = format!(
                "the first {anchored} events are not those that the checkpoint was signed for: the log was written anew, or is another copy that went its own way"
            );
            Err(damaged(&what).next(COMPARE))
        }
        None => {
            let found = Position(tree.size());
            Err(damaged(&causes(&VerifyError::Shortened { found, anchored })).next(COMPARE))
        }
    }
}

const COMPARE: &str = "compare with a backup: rehome audit verify --db BACKUP";
const PRINTS_KEY: &str =
    "rehome audit checkpoint      # says with which key it signs; keep that with the checkpoints";

fn not_believed(e: NoteError, key: &Verifier) -> CliError {
    let exit = if e == NoteError::Form { Exit::Usage } else { Exit::Damaged };
    CliError::new(exit, format!("{e} ({key})")).next(PRINTS_KEY)
}

/// The end of the log when it had so many events.
async fn end(log: &dyn Log, position: Position) -> Result<Head, CliError> {
    let Some(before) = position.0.checked_sub(1) else {
        return Ok(Head { position, hash: Digest::ZERO });
    };
    let there = log.read_all(Position(before), 1).await.map_err(|e| damaged(&causes(&e)))?;
    let hash = there.first().map_or(Digest::ZERO, |event| event.hash);
    Ok(Head { position, hash })
}
