//! CLI: `rehome plan`. Reads the cloud and writes one file.

use super::Context;
use crate::error::{CliError, Exit};
use crate::place::{Kind, Place};
use crate::{cloud, manifest, plan_file, planning, render};
use serde_json::json;
use std::path::Path;

/// Reads what depends on the identities of a batch, and writes the plan.
pub(crate) async fn plan(c: &Context<'_>, file: &Path, save: &Path) -> Result<Exit, CliError> {
    let manifest = manifest::load(file)?;
    let place = Place::of(save, Kind::Plan, &c.global.db)?;
    let cloud = cloud::connect(&c.global.cloud, None).await?;
    let document = planning::plan(&cloud, &manifest).await?;
    let (text, digest) = plan_file::text(&document)?;
    place.write(&text)?;
    let value = json!({"format_version": "1.0", "digest": digest, "file": save, "document": document});
    c.output.result(&render::plan::text(&document, &digest), &value)?;
    if let Some(blockers) = planning::blockers(&document) {
        return Err(blockers.left("only the plan file was written").at(save.display().to_string()));
    }
    c.output.talk(&format!("saved {}", save.display()));
    c.output.talk(&format!("next: rehome approve {} --reason TEXT", save.display()));
    Ok(Exit::Done)
}
