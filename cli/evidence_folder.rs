//! CLI: a folder of evidence: a bundle, a checkpoint of its end, the report, and what checks them. Reads the log and the bundle;
//! writes into the folder, which is new.

use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::report_pictures::draw;
use crate::source::{Source, open_bundle};
use crate::{checkpoint, report_files};
use rehome_store::{Backend, Checkpoint, Position};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The bundle in it.
const EVENTS: &str = "events.jsonl";

/// What checks it, and needs none of this program.
const CHECKS: [(&str, &str); 4] = [
    ("VERIFY.txt", include_str!("evidence/VERIFY.txt")),
    ("verify.py", include_str!("evidence/verify.py")),
    ("verify_bundle.py", include_str!("../store/verify_bundle.py")),
    ("verify_checkpoint.py", include_str!("../store/verify_checkpoint.py")),
];

/// Where the bundle of such a folder is.
pub(crate) fn bundle(folder: &Path) -> PathBuf {
    folder.join(EVENTS)
}

/// Makes the folder; where its bundle goes.
pub(crate) fn make(folder: &Path) -> Result<PathBuf, CliError> {
    std::fs::create_dir(folder).map_err(|e| {
        let place = folder.display().to_string();
        if e.kind() == ErrorKind::AlreadyExists {
            let what = "there is something of this name already, and evidence never replaces it";
            return CliError::new(Exit::Usage, what).at(place).next("name another folder");
        }
        CliError::because(Exit::Failed, "failed to make the folder", &e).at(place)
    })?;
    Ok(bundle(folder))
}

/// Puts everything beside the bundle that is in it. The report is made from the bundle, so that it says nothing that is withheld there.
pub(crate) async fn fill(
    c: &Context<'_>,
    folder: &Path,
    log: &Arc<dyn Backend>,
    batch: &str,
) -> Result<(), CliError> {
    let read = open_bundle(&bundle(folder))?;
    let (tree, _) = checkpoint::tree(&read, Position(0)).await?;
    let signer = report_files::signer(c, &Source::Database(log.clone())).await?;
    let read = Source::Bundle(Arc::new(read));
    let (account, drawn) = (report_files::account(&read, batch).await?, draw(&read, batch).await?);
    report_files::fill(folder, (&account, &drawn), signer.as_ref())?;
    if let Some(signer) = &signer {
        let note = signer.sign(&Checkpoint::of(log.id(), &tree));
        report_files::put(&folder.join("checkpoint.txt"), &note)?;
        report_files::put(&folder.join("key.txt"), &format!("{}\n", signer.verifier()))?;
    }
    CHECKS.iter().try_for_each(|(name, text)| report_files::put(&folder.join(name), text))
}
