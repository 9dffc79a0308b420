//! CLI: signed ends of a log: who signs them, and whether a log goes on from one. Reads a log and its key.

use crate::error::{CliError, Exit, causes, damaged};
use crate::key;
use crate::source::Source;
use crate::store;
use rehome_store::{
    Anchor, Backend, Checkpoint, Digest, Head, Log, NoteError, Position, Signer, Stored, Tree, Verifier,
    VerifyError, walk,
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

/// The tree over every event of a log, each of which is checked on the way, and the hash of the event at one place.
pub(crate) async fn tree(log: &dyn Log, at: Position) -> Result<(Tree, Digest), CliError> {
    let (mut tree, mut hash) = (Tree::default(), Digest::ZERO);
    let read = walk(log, None, async |events: Vec<Stored>| {
        for event in events {
            tree.push(event.hash);
            if event.position == at {
                hash = event.hash;
            }
        }
    });
    read.await.map_err(|e| store::compare(damaged(&causes(&e))))?;
    Ok((tree, hash))
}

/// The end that a checkpoint is of, where this log goes on from it; `key` is who has to have signed it, and without one it is whoever
/// has the key beside the log.
pub(crate) async fn confirm(source: &Source, note: &[u8], key: Option<&str>) -> Result<Anchor, CliError> {
    let key = match (key, source) {
        (Some(key), _) => Verifier::parse(key)
            .map_err(|e| CliError::new(Exit::Usage, e.to_string()).at("--signed-by").next(PRINTS_KEY))?,
        (None, Source::Database(log)) => signer(&**log).await?.verifier().clone(),
        (None, Source::Bundle(_) | Source::Past(..)) => {
            let what = "a bundle has no key: say whose signature is to be believed";
            return Err(CliError::new(Exit::Usage, what).next("add --signed-by KEY").next(PRINTS_KEY));
        }
    };
    let checkpoint = Checkpoint::open(note, &key).map_err(|e| not_believed(e, &key))?;
    if !checkpoint.is_of(source.id()) {
        let what = "this is a checkpoint of another log, or of one in whose place this was made anew";
        return Err(damaged(what).next("name the log that it is of with --db FILE"));
    }
    let position = Position(checkpoint.size);
    let (tree, hash) = tree(source.log(), position).await?;
    match tree.root(checkpoint.size) {
        Some(root) if root == checkpoint.root => Ok(Anchor::of(source.id(), Head { position, hash })),
        Some(_) => {
            let what = format!(
                "the first {position} events are not those that the checkpoint was signed for: the log was written anew, or is another copy that went its own way"
            );
            Err(store::compare(damaged(&what)))
        }
        None => {
            let shortened = VerifyError::Shortened { found: Position(tree.size()), anchored: position };
            Err(store::compare(damaged(&causes(&shortened))))
        }
    }
}

const PRINTS_KEY: &str =
    "rehome audit checkpoint      # says with which key it signs; keep that with the checkpoints";

fn not_believed(e: NoteError, key: &Verifier) -> CliError {
    let exit = if e == NoteError::Form { Exit::Usage } else { Exit::Damaged };
    CliError::new(exit, format!("{e} ({key})")).next(PRINTS_KEY)
}
