//! CLI: `rehome man`. Writes the pages of the manual into a folder.

use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::print_failure::PrintFailure;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Write the man pages into a folder.
///
/// One page for each command: `rehome man --save man1 && man ./man1/rehome-status.1`. Pages that are there are replaced.
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// The folder; it is made, where it is not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) save: PathBuf,
}

impl Execute for Man {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let failed = |e: &std::io::Error| {
            CliError::because(Exit::Failed, "failed to write the pages", e)
                .at(self.save.display().to_string())
        };
        let mut words = c.words.clone();
        words.build();
        std::fs::create_dir_all(&self.save).map_err(|e| failed(&e))?;
        let mut pages = Vec::new();
        write(&words, "rehome", &self.save, &mut pages).map_err(|e| failed(&e))?;
        let text = format!("wrote {} into {}", counted(pages.len(), "page"), self.save.display());
        c.output.result(&text, &json!({"format_version": "1.0", "folder": self.save, "pages": pages}))?;
        Ok(Exit::Done)
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::file_written([])
    }
}

/// The page of a command, and those of the commands that belong to it.
fn write(command: &clap::Command, name: &str, into: &Path, pages: &mut Vec<String>) -> std::io::Result<()> {
    let page = format!("{name}.1");
    let mut text = Vec::new();
    // The name of a page is a word; what clap lists below is named in the same way.
    let named = command.clone().display_name(name.to_owned()).disable_help_subcommand(true);
    clap_mangen::Man::new(named).render(&mut text)?;
    std::fs::write(into.join(&page), text)?;
    pages.push(page);
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
    {
        write(below, &format!("{name}-{}", below.get_name()), into, pages)?;
    }
    Ok(())
}
