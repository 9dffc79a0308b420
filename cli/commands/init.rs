//! CLI: `rehome init`. Writes two new files, and never over one that is there.

use crate::batch_file;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::hint;
use crate::print_failure::PrintFailure;
use clap::Args;
use serde_json::json;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Write a batch file with comments, and its schema for editors.
///
/// Replaces nothing.
#[derive(Args, Debug)]
pub(crate) struct Init {
    /// The folder; it is made, where it is not there.
    #[arg(default_value = ".", value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

impl Execute for Init {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        init(c, &self.folder)
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::file_written([format!(
            "rehome plan -f {} --save plan.json",
            hint::file(&self.folder.join(BATCH))
        )])
    }
}

const BATCH: &str = "batch.toml";
const SCHEMA: &str = "batch.schema.json";

fn init(c: &Context<'_>, folder: &Path) -> Result<Exit, CliError> {
    let schema = serde_json::to_string_pretty(&batch_file::schema())
        .map_err(|e| CliError::because(Exit::Failed, "failed to write the schema", &e))?;
    if folder.extension().is_some_and(|ends| ends == "toml") && !folder.is_dir() {
        return Err(CliError::new(
            Exit::Usage,
            "init takes the name of a folder, and this looks like a file",
        )
        .at(folder.display().to_string())
        .next("name the folder that batch.toml is to be made in"));
    }
    let (batch, beside) = (folder.join(BATCH), folder.join(SCHEMA));
    for place in [&batch, &beside] {
        if fs::symlink_metadata(place).is_ok() {
            return Err(taken(place));
        }
    }
    fs::create_dir_all(folder).map_err(|e| failed(folder, &e))?;
    write(&beside, &format!("{schema}\n"))?;
    write(&batch, batch_file::TEMPLATE).map_err(|error| error.left("only the schema was written"))?;
    let text = format!("wrote {} and {}", batch.display(), beside.display());
    c.output.result(&text, &json!({"format_version": "1.0", "batch": batch, "schema": beside}))?;
    let cloud = if c.global.cloud.cloud.is_some() { "" } else { " --cloud azure" };
    c.output.next(&format!(
        "rehome plan -f {}{cloud} --save plan.json      # when the file is mended",
        hint::file(&batch)
    ));
    Ok(Exit::Done)
}

fn write(place: &Path, text: &str) -> Result<(), CliError> {
    let written = fs::File::create_new(place).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| if e.kind() == ErrorKind::AlreadyExists { taken(place) } else { failed(place, &e) })
}

fn taken(place: &Path) -> CliError {
    CliError::new(Exit::Usage, "the file is there already, and is not replaced")
        .at(place.display().to_string())
        .next("name another folder, or move the file away")
}

fn failed(place: &Path, e: &std::io::Error) -> CliError {
    CliError::because(Exit::Failed, "failed to write the file", e)
        .at(place.display().to_string())
        .next("name a folder that you may write to")
}
