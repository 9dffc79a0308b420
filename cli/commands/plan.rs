//! CLI: `rehome plan`. Reads the cloud and writes one file.

use crate::about::BatchAbout;
use crate::cloud::Recorded;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::Lazily;
use crate::output_file::{FileKind, OutputFile};
use crate::print_failure::PrintFailure;
use crate::render::plan::of_file;
use crate::{
    cloud, hint, left_out, open_moves, plan_again, plan_file, planned_move, planning, render, scan,
    selection, store,
};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Work out each step and its undo, as a plan file (read-only).
///
/// Reads everything that depends on the identities of a batch. Changes nothing in Azure.
#[derive(Args, Debug)]
pub(crate) struct Plan {
    /// The batch file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where the plan is written. Replaces a plan, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: PathBuf,
    /// What `rehome scan --save` found in your own code: each place becomes a step of whoever owns it.
    #[arg(long, value_name = "FILE")]
    pub(crate) scan: Option<PathBuf>,
}

impl Execute for Plan {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        plan(c, &self.file, &self.save, self.scan.as_deref()).await
    }

    fn holds_batch(&self) -> bool {
        true
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::file_written([format!("rehome show {}", hint::file(&self.save))])
    }

    fn shows_log(&self) -> bool {
        true
    }
}

/// Reads what depends on the identities of a batch, and writes the plan.
pub(crate) async fn plan(
    c: &Context<'_>,
    file: &Path,
    save: &Path,
    scan: Option<&Path>,
) -> Result<Exit, CliError> {
    let batch = plan_again::batch(file)?;
    let code = scan.map(scan::load).transpose()?;
    let place = OutputFile::of(save, FileKind::Plan, &c.global.db)?;
    let cloud = cloud::connect(c.output, &c.global.cloud, Recorded::default()).await?;
    cloud.azure.use_share(batch.rollout.share.unwrap_or(100));
    let mut batch = selection::resolve(&cloud.azure.reader(), batch).await?;
    if c.global.cloud.sign_in.is_some() && batch.approvers.take().is_some() {
        c.output.note("a rehearsal takes the approvals of people as given");
    }
    let reading = planning::reading(c.output, &cloud, batch.moves.len());
    // A plan needs no log; where there is one, it knows what this program has made itself.
    let log = if store::exists(&c.global.db)? { store::open_to_read(&c.global.db).ok() } else { None };
    let open = match log {
        Some(log) => open_moves::open_moves(&*log).await?,
        None => Vec::new(),
    };
    let author = store::actor(c.global.actor.as_deref());
    let document = planning::plan(&cloud, &batch, &open, &author, code.as_ref()).await?;
    drop(reading);
    let digest = document.digest();
    place.write(|file| plan_file::write(&document, &digest, file))?;
    let value =
        Lazily(|| json!({"format_version": "1.0", "digest": digest, "file": save, "document": document}));
    let text = render::plan::text(&document, &digest, None, &|run| of_file(save, run))?;
    c.output.list(&text, &value, &planned_move::list(&|| planned_move::values(&document)))?;
    planning::refuse_blocked(&document)
        .map_err(|error| error.left("only the plan file was written").at(save.display().to_string()))?;
    c.output.note(&format!("saved {}", save.display()));
    c.output.next(&format!("rehome approve {} --reason TEXT", hint::file(save)));
    Ok(left_out::ended(c.output, &BatchAbout::of(&document)?, Exit::Done))
}
