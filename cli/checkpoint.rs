//! CLI: signed ends of a log: who signs them, and whether a log goes on from one. Reads a log and its key.

use crate::error::{CliError, Exit, causes, damaged};
use crate::key;
use crate::source::Source;
use crate::store;
use rehome_store::{
    Anchor, Backend, Checkpoint, Digest, Frontier, Head, Log, NoteError, Position, Root, Signer, Stored,
    Tree, Verifier, VerifyError, walk,
};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

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

/// The roots over the first events of a log, at each of these sizes that it has, and how many events it has.
pub(crate) async fn roots(
    log: &dyn Log,
    sizes: &BTreeSet<u64>,
) -> Result<(BTreeMap<u64, Root>, u64), CliError> {
    let (mut tree, mut roots) = (Frontier::default(), BTreeMap::from([(0, Frontier::default().root())]));
    let read = walk(log, None, async |events: Vec<Stored>| {
        for event in events {
            tree.push(event.hash);
            if sizes.contains(&tree.size()) {
                roots.insert(tree.size(), tree.root());
            }
        }
    });
    read.await.map_err(|e| store::compare(damaged(&causes(&e))))?;
    Ok((roots, tree.size()))
}

/// The keys that have to have signed a checkpoint; without one it is whoever has the key beside the log.
pub(crate) async fn keys(source: &Source, named: &[String]) -> Result<Vec<Verifier>, CliError> {
    let parse = |key: &String| {
        Verifier::parse(key)
            .map_err(|e| CliError::new(Exit::Usage, e.to_string()).at("--signed-by").next(PRINTS_KEY))
    };
    match source {
        _ if !named.is_empty() => named.iter().map(parse).collect(),
        Source::Database(log) => Ok(vec![signer(&**log).await?.verifier().clone()]),
        Source::Bundle(_) | Source::Past(..) => {
            let what = "a bundle has no key: say whose signature is to be believed";
            Err(CliError::new(Exit::Usage, what).next("add --signed-by KEY").next(PRINTS_KEY))
        }
    }
}

/// A checkpoint that one of these keys signed.
pub(crate) fn opened(note: &[u8], keys: &[Verifier]) -> Result<Checkpoint, CliError> {
    let mut why = None;
    for key in keys {
        match Checkpoint::open(note, key) {
            Ok(checkpoint) => return Ok(checkpoint),
            // A forged signature says more than none by another key.
            Err(e) if why.is_none() || e == NoteError::Forged => why = Some(not_believed(e, key)),
            Err(_) => {}
        }
    }
    Err(why.unwrap_or_else(|| CliError::new(Exit::Usage, "no key was named").next("add --signed-by KEY")))
}

/// The end that a checkpoint is of, where this log goes on from it; one of these keys has to have signed it.
pub(crate) async fn confirm(source: &Source, note: &[u8], keys: &[Verifier]) -> Result<Anchor, CliError> {
    let checkpoint = opened(note, keys)?;
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

/// Why a note is not believed.
pub(crate) fn not_believed(e: NoteError, key: &Verifier) -> CliError {
    let exit = if e == NoteError::Form { Exit::Usage } else { Exit::Damaged };
    CliError::new(exit, format!("{e} ({key})")).next(PRINTS_KEY)
}
