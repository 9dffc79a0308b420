//! CLI: `rehome discover`. Reads what depends on the identities of a batch. Writes nothing at all.

use super::Context;
use crate::error::{CliError, Exit};
use crate::{cloud, manifest, planning, render};
use serde_json::json;
use std::path::Path;

/// Shows everything that was found of each identity, and what could not be read.
pub(crate) async fn discover(c: &Context<'_>, file: &Path) -> Result<Exit, CliError> {
    let manifest = manifest::load(file)?;
    let cloud = cloud::connect(&c.global.cloud, None).await?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (params, facts) in planning::survey(&cloud, &manifest).await? {
        match facts {
            Ok(facts) => found.push(facts),
            Err(why) => missing.push(json!({"identity": params.identity, "why": why})),
        }
    }
    let value = json!({
        "format_version": "1.0", "batch": manifest.name, "tenant": cloud.azure.tenant(),
        "requests": cloud.azure.requests(), "identities": found, "missing": missing,
    });
    c.output.result(&render::discover::text(&found), &value)?;
    if missing.is_empty() {
        c.output.talk(&format!("next: rehome plan -f {} --save plan.json", file.display()));
        return Ok(Exit::Done);
    }
    let error = CliError::new(Exit::NotFound, "some identities of the batch could not be read");
    let line = |m: &serde_json::Value| {
        let text = |name: &str| m.pointer(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        format!("{}: {}: {}", text("/identity"), text("/why/code"), text("/why/message"))
    };
    Err(missing.iter().fold(error, |error, m| error.next(line(m))))
}
