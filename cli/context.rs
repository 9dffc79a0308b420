//! CLI: what every command is handed. Touches nothing.

use crate::args::Global;
use crate::output::Output;
use crate::settings::Setting;

/// What every command is handed.
pub(crate) struct Context<'a> {
    pub(crate) global: &'a Global,
    pub(crate) output: &'a Output,
    /// All commands and flags, for whoever completes them.
    pub(crate) words: &'a clap::Command,
    /// What every command takes, and where that comes from.
    pub(crate) settings: &'a [Setting],
}
