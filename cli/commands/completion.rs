//! CLI: `rehome completion`. Prints a script for a shell.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use clap::Args;

/// Print a completion script for a shell.
#[derive(Args, Debug)]
pub(crate) struct Completion {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

impl Execute for Completion {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut c.words.clone(), "rehome", &mut script);
        c.output.line(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}
