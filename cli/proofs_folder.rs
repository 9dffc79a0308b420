//! CLI: a folder with the events of some moves, each with its proof against a signed end, and what checks them. Reads the log; writes into
//! the folder, which is new.

use crate::checkpoint;
use crate::disclosed::Choice;
use crate::error::{CliError, Exit, causes};
use crate::report_files::put;
use crate::source::Source;
use crate::{evidence_folder, files, store};
use rehome_store::{
    Backend, Checkpoint, Digest, Disclosure, Log, PROVEN_FORMAT, Position, Proven, ProvenHeader, Stored,
    Tree, private_file,
};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// The events in it.
pub(crate) const FILE: &str = "proofs.jsonl";

/// What checks it, and needs none of this program.
const CHECKS: [(&str, &str); 4] = [
    ("VERIFY.txt", include_str!("evidence/PROOFS.txt")),
    ("verify_proofs.py", include_str!("../store/verify_proofs.py")),
    ("verify_bundle.py", include_str!("../store/verify_bundle.py")),
    ("verify_checkpoint.py", include_str!("../store/verify_checkpoint.py")),
];

/// Events read at once.
const PAGE: usize = 1_000;

/// A checkpoint has at most so many bytes.
const NOTE_BYTES_MAX: u64 = 64 << 10;

/// What is in the folder.
pub(crate) struct Written {
    pub(crate) events: usize,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) key: String,
}

/// An event that was chosen, with the hash of the one before it.
type Chosen = (Stored, Disclosure, Digest);

/// Makes the folder; `kept` is a checkpoint that somebody has already, to which the proofs are to lead.
pub(crate) async fn write(
    folder: &Path,
    log: &Arc<dyn Backend>,
    selected: &str,
    choice: &mut Choice,
    kept: Option<&Path>,
) -> Result<Written, CliError> {
    let signer = checkpoint::signer(&**log).await?;
    let (tree, mut chosen) = read(log, choice).await?;
    let (checkpoint, note) = match kept {
        Some(path) => {
            let bytes = files::read(path, "a checkpoint", NOTE_BYTES_MAX)?;
            let place = || path.display().to_string();
            let source = Source::Database(log.clone());
            let keys = [signer.verifier().clone()];
            checkpoint::confirm(&source, &bytes, &keys).await.map_err(|e| e.at(place()))?;
            let checkpoint = Checkpoint::open(&bytes, signer.verifier())
                .map_err(|e| checkpoint::not_believed(e, signer.verifier()).at(place()))?;
            (checkpoint, String::from_utf8_lossy(&bytes).into_owned())
        }
        None => {
            let checkpoint = Checkpoint::of(log.id(), &tree);
            let note = signer.sign(&checkpoint);
            (checkpoint, note)
        }
    };
    chosen.retain(|(event, ..)| event.position.0 <= checkpoint.size);
    if chosen.is_empty() {
        let what = format!(
            "up to event {}, of which the checkpoint is, there is no event of {selected}",
            checkpoint.size
        );
        return Err(CliError::new(Exit::NotFound, what).next("rehome status"));
    }
    let key = signer.verifier().to_string();
    let header = ProvenHeader {
        rehome_proofs: PROVEN_FORMAT,
        program: concat!("rehome ", env!("CARGO_PKG_VERSION")).to_owned(),
        selected: selected.to_owned(),
        checkpoint: note.clone(),
        key: key.clone(),
    };
    evidence_folder::make(folder)?;
    let events = chosen.len();
    let filled = fill(folder, &header, &tree, checkpoint.size, chosen);
    // Nobody takes a part of it for the whole.
    filled.inspect_err(|_| drop(std::fs::remove_dir_all(folder)))?;
    Ok(Written { events, checkpoint, key })
}

/// The tree over all events, and those that were chosen.
async fn read(log: &Arc<dyn Backend>, choice: &mut Choice) -> Result<(Tree, Vec<Chosen>), CliError> {
    let (mut tree, mut chosen, mut previous) = (Tree::default(), Vec::new(), Digest::ZERO);
    loop {
        let page =
            log.read_all(Position(tree.size()), PAGE).await.map_err(|e| store::damaged(&causes(&e)))?;
        let last = page.len() < PAGE;
        for event in page {
            let hash = event.hash;
            tree.push(hash);
            if choice.wants(&event) {
                let shown = choice.of(&event)?;
                chosen.push((event, shown, previous));
            }
            previous = hash;
        }
        if last {
            return Ok((tree, chosen));
        }
    }
}

fn fill(
    folder: &Path,
    header: &ProvenHeader,
    tree: &Tree,
    size: u64,
    chosen: Vec<Chosen>,
) -> Result<(), CliError> {
    let path = folder.join(FILE);
    let written = private_file::create_new(&path).and_then(|file| {
        let mut to = BufWriter::new(file);
        serde_json::to_writer(&mut to, header)?;
        to.write_all(b"\n")?;
        for (event, shown, previous) in chosen {
            let proof = tree.inclusion(event.position.0 - 1, size).unwrap_or_default();
            Proven::of(event, shown, previous, proof).write(&mut to)?;
        }
        to.into_inner()?.sync_all()
    });
    written.map_err(|e| {
        CliError::because(Exit::Failed, "failed to write the proofs", &e)
            .at(path.display().to_string())
            .next("make room, or name a folder elsewhere")
    })?;
    put(&folder.join("checkpoint.txt"), &header.checkpoint)?;
    put(&folder.join("key.txt"), &format!("{}\n", header.key))?;
    CHECKS.iter().try_for_each(|(name, text)| put(&folder.join(name), text))
}
