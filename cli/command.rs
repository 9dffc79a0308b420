//! CLI: what every command says of itself, beside what it does. Touches nothing by itself.

use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::print_failure::PrintFailure;

/// A command with its arguments.
pub(crate) trait Execute {
    /// Does it.
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError>;

    /// What somebody wrote for the record, with its flag: secrets in it are masked before anything else.
    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        None
    }

    /// What is true, and how to go on, when its result cannot be printed.
    fn print_failure(&self) -> PrintFailure {
        PrintFailure::default()
    }

    /// Whether it holds every move of a batch in memory, for as long as it lasts.
    fn holds_batch(&self) -> bool {
        false
    }

    /// Whether it shows a log and does not say by itself what carries the work on.
    fn shows_log(&self) -> bool {
        false
    }
}
