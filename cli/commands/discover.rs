//! CLI: `rehome discover`. Reads what depends on the identities of a batch. Writes the snapshot, if one is
//! asked for, and nothing else.

use super::Context;
use crate::cloud::Recorded;
use crate::error::{CliError, Exit};
use crate::place::{Kind, Place};
use crate::{cloud, hint, plan_again, planning, render, snapshot};
use rehome_activities::azure::{Azure, ResponseRecording};
use rehome_activities::relocate::surroundings;
use serde_json::json;
use std::path::Path;

/// Shows everything that was found of each identity, and what could not be read.
pub(crate) async fn discover(c: &Context<'_>, file: &Path, save: Option<&Path>) -> Result<Exit, CliError> {
    let manifest = plan_again::batch(file)?;
    let place = save.map(|save| Place::of(save, Kind::Snapshot, &c.global.db)).transpose()?;
    let cloud = cloud::connect(c.output, &c.global.cloud, Recorded::default()).await?;
    let reading = planning::reading(c.output, &cloud, manifest.moves.len());
    // A tape keeps every answer: only who wants a snapshot pays for one.
    let (reader, tape) = match save {
        Some(_) => cloud.azure.reader().taped(),
        None => (cloud.azure.reader(), ResponseRecording::default()),
    };
    let (mut found, mut missing, mut unread) = (Vec::new(), Vec::new(), Vec::new());
    for (params, facts) in planning::survey(&reader, &manifest).await? {
        match facts {
            Ok(facts) => found.push(facts),
            Err(why) => {
                missing.push(json!({"identity": params.identity, "why": why}));
                unread.push((params.identity.as_str(), why));
            }
        }
    }
    if let (Some(save), Some(place)) = (save, &place) {
        surroundings(&reader, &found).await;
        write(place, &tape, &cloud.azure)?;
        c.output.talk(&format!(
            "saved {}: no secrets, but every name; keep it as you keep a plan",
            save.display()
        ));
        c.output.next(&format!("rehome rehearse {} --estate {}", hint::file(file), hint::file(save)));
    }
    drop(reading);
    let value = json!({
        "format_version": "1.0", "batch": manifest.name, "tenant": cloud.azure.tenant(),
        "requests": cloud.azure.requests(), "identities": found, "missing": missing,
    });
    c.output.result(&render::discover::text(&found), &value)?;
    if missing.is_empty() {
        c.output.next(&format!("rehome plan -f {} --save plan.json", hint::file(file)));
        return Ok(Exit::Done);
    }
    planning::unsurveyed(&unread)?;
    Ok(Exit::Done)
}

fn write(place: &Place, tape: &ResponseRecording, azure: &Azure) -> Result<(), CliError> {
    let estate = snapshot::estate(&tape.heard(), azure.caller(), azure.national());
    let text = snapshot::text_of(&estate)
        .map_err(|e| CliError::because(Exit::Failed, "failed to write the snapshot", &e))?;
    place.write(&text)
}
