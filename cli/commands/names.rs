//! CLI: `rehome names`: what a shell completes with. Reads the log.

use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::store;
use clap::Args;
use rehome_orchestrator::{BatchLoaded, RunId};

/// Print the names of batches and moves, one a line; nothing where there is no log.
#[derive(Args, Debug)]
pub(crate) struct Names;

impl Execute for Names {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let Ok(log) = store::open_to_read(&c.global.db) else { return Ok(Exit::Done) };
        let mut names = Vec::new();
        for prefix in [BatchLoaded::PREFIX, RunId::PREFIX] {
            let streams = log.streams(prefix).await.map_err(|e| store::unreadable(&e))?;
            let of = |stream: &str| stream.strip_prefix(prefix).map(ToOwned::to_owned);
            names.extend(streams.iter().filter_map(|(stream, _)| of(stream.as_str())));
        }
        // A shell reads them: others than a batch file may have are no names.
        let plain = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        names.retain(|name| !name.starts_with('-') && plain(name));
        if !names.is_empty() {
            c.output.line(&names.join("\n"))?;
        }
        Ok(Exit::Done)
    }
}
