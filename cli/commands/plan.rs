//! CLI: `rehome plan`. Reads the cloud and writes one file.

use super::Context;
use crate::cloud::Recorded;
use crate::error::{CliError, Exit};
use crate::place::{Kind, Place};
use crate::{cloud, hint, open_moves, plan_again, plan_file, planning, render, store};
use serde_json::json;
use std::path::Path;

/// Reads what depends on the identities of a batch, and writes the plan.
pub(crate) async fn plan(c: &Context<'_>, file: &Path, save: &Path) -> Result<Exit, CliError> {
    let manifest = plan_again::batch(file)?;
    let place = Place::of(save, Kind::Plan, &c.global.db)?;
    let cloud = cloud::connect(c.output, &c.global.cloud, Recorded::default()).await?;
    let reading = planning::reading(c.output, &cloud, manifest.moves.len());
    let mut document = planning::plan(&cloud, &manifest).await?;
    drop(reading);
    // A plan needs no log; where there is one, it knows what this program has made itself.
    if c.global.db.exists()
        && let Ok(log) = store::open_to_read(&c.global.db)
    {
        open_moves::name_own(&mut document, &open_moves::open_moves(&*log).await?);
    }
    let (text, digest) = plan_file::text(&document)?;
    place.write(&text)?;
    let value = json!({"format_version": "1.0", "digest": digest, "file": save, "document": document});
    c.output.result(&render::plan::text(&document, &digest, false), &value)?;
    if let Some(blockers) = planning::blockers(&document) {
        return Err(blockers.left("only the plan file was written").at(save.display().to_string()));
    }
    c.output.talk(&format!("saved {}", save.display()));
    c.output.next(&format!("rehome approve {} --reason TEXT", hint::file(save)));
    Ok(Exit::Done)
}
