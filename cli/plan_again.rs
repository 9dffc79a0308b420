//! CLI: the command that plans a batch again, where its file is found. Reads the folder that one works in.

use crate::batch_file::{self, Batch};
use crate::error::{CliError, Exit};
use crate::hint::file;
use crate::plan_file;
use rehome_orchestrator::Document;
use std::io::Read;
use std::path::{Path, PathBuf};

/// So many files are looked at.
const FILES_MAX: usize = 100;

/// The file of this batch in the folder that one works in: the one with its name, or the only batch file there is.
fn batch_file(batch: &str) -> Option<PathBuf> {
    let files = std::fs::read_dir(".").ok()?.flatten().map(|entry| entry.path());
    let files = files.filter(|path| path.extension().is_some_and(|e| e == "toml")).take(FILES_MAX);
    let named = files.filter_map(|path| Some((batch_file::load(&path).ok()?.name, path)));
    let mut all: Vec<(String, PathBuf)> = named.collect();
    if all.iter().any(|(name, _)| name == batch) {
        all.retain(|(name, _)| name == batch);
    }
    let (_, path) = all.pop().filter(|_| all.is_empty())?;
    path.strip_prefix(".").map(Path::to_path_buf).ok()
}

/// What plans a batch again.
pub(crate) fn plan_again(batch: &str, plan: Option<&Path>) -> String {
    let to = file(plan.unwrap_or(Path::new("plan.json")));
    match batch_file(batch) {
        Some(from) => format!("rehome plan -f {} --save {to}      # plans again", file(&from)),
        None => format!("plan again from the batch file: rehome plan -f BATCH.toml --save {to}"),
    }
}

/// Reads a plan file; one that is none, or was changed, is to be made again.
pub(crate) fn load(path: &Path) -> Result<(Document, String), CliError> {
    plan_file::load(path).map_err(|error| match error.next.is_empty() {
        // Reading a large plan as a batch file would take many times its size.
        true if !is_json(path) && batch_file::load(path).is_ok() => is_a_batch(path),
        true => error.plan_again("", Some(path)),
        false => error,
    })
}

/// Whether a file begins as JSON does, and a batch file never.
fn is_json(path: &Path) -> bool {
    let mut begin = [0_u8; 64];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut begin));
    begin[..read.unwrap_or_default()].trim_ascii_start().starts_with(b"{")
}

fn is_a_batch(path: &Path) -> CliError {
    let what = "this is a batch file; a plan is made of it first, which is then approved and run";
    CliError::new(Exit::Usage, what)
        .at(path.display().to_string())
        .next(format!("rehome plan -f {} --save plan.json", file(path)))
}

/// Reads a batch file; a plan is none.
pub(crate) fn batch(path: &Path) -> Result<Batch, CliError> {
    batch_file::load(path).map_err(|error| match plan_file::load(path) {
        Ok((document, _)) => CliError::new(
            Exit::Usage,
            format!("this is the plan of batch {}, and no batch file", document.batch),
        )
        .at(path.display().to_string())
        .next(format!("rehome show {}", file(path)))
        .next("name the batch file: -f BATCH.toml"),
        Err(_) => error,
    })
}

impl CliError {
    /// An error that another plan helps against.
    pub(crate) fn plan_again(self, batch: &str, plan: Option<&Path>) -> Self {
        self.next(plan_again(batch, plan))
    }
}
