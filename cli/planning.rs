//! CLI: a batch file into a document to approve: survey, preflight, plan. Reads the cloud.

use crate::cloud::Cloud;
use crate::error::{CliError, Exit};
use crate::manifest::Manifest;
use rehome_activities::azure::Reader;
use rehome_activities::relocate::cannot_see::cannot_see;
use rehome_activities::relocate::preflight::{audiences, preflight};
use rehome_activities::relocate::{self, Facts, Params};
use rehome_orchestrator::{Clock, Document, FORMAT_VERSION, Fault, Move, RunId, SystemClock, digest};
use serde_json::{Value, json};

/// A plan that was not begun is good for this long.
const VALID_MS: i64 = 72 * 3_600_000;

/// What was read of one identity, or why it could not be.
pub(crate) type Surveyed<'a> = (&'a Params, Result<Facts, Fault>);

/// Reads the facts of every identity of the batch.
pub(crate) async fn survey<'a>(
    reader: &Reader,
    manifest: &'a Manifest,
) -> Result<Vec<Surveyed<'a>>, CliError> {
    let surveyed = relocate::survey(reader, &manifest.moves)
        .await
        .map_err(|why| CliError::new(Exit::Failed, format!("failed to read the cloud: {why}")))?;
    Ok(manifest.moves.iter().zip(surveyed).collect())
}

/// Surveys every identity of the batch and plans its move.
pub(crate) async fn plan(cloud: &Cloud, manifest: &Manifest) -> Result<Document, CliError> {
    let now = SystemClock.now_ms();
    let (mut moves, mut missing) = (Vec::new(), Vec::new());
    for (params, facts) in survey(&cloud.azure.reader(), manifest).await? {
        match facts {
            Ok(facts) => moves.push(one(cloud, &manifest.name, params, &facts, now)?),
            Err(why) => missing.push((params.identity.as_str(), why)),
        }
    }
    unsurveyed(&missing)?;
    Ok(Document {
        format_version: FORMAT_VERSION.to_owned(),
        batch: manifest.name.clone(),
        about: json!({
            "program": concat!("rehome ", env!("CARGO_PKG_VERSION")),
            "cloud": cloud.url,
            "tenant": cloud.azure.tenant(),
            "planned_by": cloud.azure.caller().object_id,
            "created_at_ms": now,
            "expires_at_ms": now + VALID_MS,
            "requests": cloud.azure.requests(),
        }),
        moves,
    })
}

/// Says what kept facts from being read: an identity that is not there is one thing, a read that failed another.
pub(crate) fn unsurveyed(missing: &[(&str, Fault)]) -> Result<(), CliError> {
    if missing.is_empty() {
        return Ok(());
    }
    let absent = missing.iter().all(|(_, why)| why.code == "NoIdentity");
    let error = match absent {
        true => CliError::new(Exit::NotFound, "some identities of the batch could not be read"),
        false => CliError::new(Exit::Failed, "what the plan is made from could not be read"),
    };
    let line = |(identity, why): &(&str, Fault)| match why.target.as_deref() {
        Some(target) if !target.eq_ignore_ascii_case(identity) => format!("{identity}: {target}: {why}"),
        Some(_) | None => format!("{identity}: {why}"),
    };
    Err(missing.iter().map(line).fold(error, CliError::next))
}

fn one(cloud: &Cloud, batch: &str, params: &Params, facts: &Facts, now: i64) -> Result<Move, CliError> {
    let plan = relocate::plan(params, facts).map_err(|why| {
        CliError::new(Exit::Failed, format!("no plan can be made: {why}")).at(params.identity.clone())
    })?;
    let mut preflight = preflight(params, facts);
    let national = cloud.azure.national().into_iter();
    preflight.warnings.extend(national.flat_map(|national| audiences(facts, national)));
    let seen = cannot_see(facts);
    let name = digest(&json!([batch, params.identity.to_lowercase(), now]));
    let name = name.trim_start_matches("sha256:").chars().take(6).collect::<String>();
    Ok(Move {
        run: RunId::new(format!("m-{name}")),
        about: json!({
            "identity": params.identity,
            "target": params.target.id(),
            "blockers": preflight.blockers,
            "warnings": preflight.warnings,
            "cannot_see": seen,
            "gaps": facts.gaps,
        }),
        params: to_value(params)?,
        facts: to_value(facts)?,
        plan,
    })
}

fn to_value(what: &impl serde::Serialize) -> Result<Value, CliError> {
    serde_json::to_value(what).map_err(|e| CliError::because(Exit::Failed, "failed to write the plan", &e))
}

/// What keeps a document from being approved.
pub(crate) fn blockers(document: &Document) -> Option<CliError> {
    let mut lines = Vec::new();
    for entry in &document.moves {
        for blocker in entry.about["blockers"].as_array().into_iter().flatten() {
            let text = |name: &str| blocker[name].as_str().unwrap_or_default().to_owned();
            lines.push(format!(
                "{} {}: {} ({}): {}",
                entry.run,
                text("code"),
                text("text"),
                text("target"),
                text("remedy")
            ));
        }
    }
    if lines.is_empty() {
        return None;
    }
    let error = CliError::new(Exit::Blocked, format!("the plan has {} blockers", lines.len()));
    Some(lines.into_iter().fold(error, CliError::next))
}

/// Refuses a plan that is too old to be begun.
pub(crate) fn check_expiry(document: &Document, now: i64) -> Result<(), CliError> {
    check_expiry_of(&document.about, now)
}

/// The same, from what a document says about itself.
pub(crate) fn check_expiry_of(about: &Value, now: i64) -> Result<(), CliError> {
    match about["expires_at_ms"].as_i64() {
        Some(date) if date < now => {
            let what = format!(
                "the plan was to be begun by {}, 72 hours after it was made: too much may have changed since",
                crate::time::date(date)
            );
            Err(CliError::new(Exit::Stale, what).next("rehome plan      makes a new one"))
        }
        Some(_) | None => Ok(()),
    }
}
