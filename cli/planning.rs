//! CLI: a batch file into a document to approve: survey, preflight, plan. Reads the cloud.

use crate::about::{BatchAbout, MoveAbout};
use crate::batch_file::Batch;
use crate::cloud::Cloud;
use crate::error::{CliError, Exit};
use crate::output::{Output, Waiting};
use rehome_activities::azure::Reader;
use rehome_activities::azure::national::KnownCloud;
use rehome_activities::relocate::cannot_see::cannot_see;
use rehome_activities::relocate::preflight::{Notice, audiences, preflight};
use rehome_activities::relocate::{self, Facts, Params};
use rehome_orchestrator::{
    Clock, Document, FORMAT_VERSION, Fault, Json, PlannedRun, RunId, SystemClock, digest,
};
use serde_json::json;

/// A plan that was not begun is good for this long.
pub(crate) const VALID_MS: i64 = 72 * 3_600_000;

/// What was read of one identity, or why it could not be.
pub(crate) type Surveyed<'a> = (&'a Params, Result<Facts, Fault>);

/// Reads the facts of every identity of the batch.
pub(crate) async fn survey<'a>(reader: &Reader, batch: &'a Batch) -> Result<Vec<Surveyed<'a>>, CliError> {
    let surveyed = relocate::survey(reader, &batch.moves).await.map_err(|why| unread(&why))?;
    Ok(batch.moves.iter().zip(surveyed).collect())
}

fn unread(why: &Fault) -> CliError {
    CliError::new(Exit::Failed, format!("failed to read the cloud: {why}"))
}

/// Says that the cloud is read, as long as the answer is held.
pub(crate) fn reading(output: &Output, cloud: &Cloud, identities: usize) -> Waiting {
    crate::clock::tell(&cloud.azure, output);
    let what = format!("reading what depends on {identities} identities");
    output.note(&what);
    let azure = cloud.azure.clone();
    output.waiting(move || format!("{what}: {} requests so far", azure.requests()))
}

/// The program that plans, as a plan names it: only the same one can tell whether a plan is its own.
pub(crate) const PROGRAM: &str = concat!("rehome ", env!("CARGO_PKG_VERSION"));

/// What is the same for every move of a document.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) batch: &'a str,
    /// When the facts were read; names of moves are made of it.
    pub(crate) created_at_ms: i64,
    /// The cloud with a name that it is or plays.
    pub(crate) national: Option<&'static KnownCloud>,
}

/// Surveys every identity of the batch and plans its move.
pub(crate) async fn plan(cloud: &Cloud, batch: &Batch) -> Result<Document, CliError> {
    let now = SystemClock.now_ms();
    let setting = Setting { batch: &batch.name, created_at_ms: now, national: cloud.azure.national() };
    let planned =
        |params: &Params, facts: Result<Facts, Fault>| facts.map(|facts| a_move(setting, params, &facts));
    let planned = relocate::survey_each(&cloud.azure.reader(), &batch.moves, planned).await;
    let (mut moves, mut missing) = (Vec::new(), Vec::new());
    for (params, planned) in batch.moves.iter().zip(planned.map_err(|why| unread(&why))?) {
        match planned {
            Ok(planned) => moves.push(planned?),
            Err(why) => missing.push((params.identity.as_str(), why)),
        }
    }
    unsurveyed(&missing)?;
    rehome_activities::check(&cloud.azure, moves.iter().map(|planned| &planned.plan))
        .map_err(|why| CliError::new(Exit::Failed, format!("the plan is not one of this program: {why}")))?;
    let about = BatchAbout {
        program: Some(PROGRAM.to_owned()),
        cloud: Some(cloud.url.clone()),
        authority: Some(cloud.azure.authority().to_owned()),
        tenant: Some(cloud.azure.tenant().to_owned()),
        planned_by: Some(cloud.azure.caller().object_id.clone()),
        created_at_ms: Some(now),
        expires_at_ms: Some(now + VALID_MS),
        requests: Some(cloud.azure.requests()),
        national: setting.national.map(|national| national.name.to_owned()),
    };
    let (format_version, batch) = (FORMAT_VERSION.to_owned(), batch.name.clone());
    Ok(Document { format_version, batch, about: Json::of(&about).value(), runs: moves })
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

/// One move, as it follows from what was asked for and what was read: the same again whenever it is asked.
pub(crate) fn a_move(setting: Setting<'_>, params: &Params, facts: &Facts) -> Result<PlannedRun, CliError> {
    let plan = relocate::plan(params, facts).map_err(|why| {
        CliError::new(Exit::Failed, format!("no plan can be made: {why}")).at(params.identity.clone())
    })?;
    let mut preflight = preflight(params, facts);
    let national = setting.national.into_iter();
    preflight.warnings.extend(national.flat_map(|national| audiences(facts, national)));
    let about = MoveAbout {
        identity: params.identity.to_string(),
        target: params.target.id().to_string(),
        blockers: preflight.blockers,
        warnings: preflight.warnings,
        cannot_see: cannot_see(facts),
        gaps: facts.gaps.clone(),
    };
    let name = digest(&json!([setting.batch, params.identity.to_lowercase(), setting.created_at_ms]));
    let name = name.trim_start_matches("sha256:").chars().take(6).collect::<String>();
    Ok(PlannedRun {
        run: RunId::new(format!("m-{name}")),
        about: Json::sorted(&about),
        params: Json::sorted(params),
        facts: Json::sorted(facts),
        plan,
    })
}

/// What keeps a document from being approved.
pub(crate) fn refuse_blocked(document: &Document) -> Result<(), CliError> {
    let mut lines = Vec::new();
    for entry in &document.runs {
        for Notice { code, target, text, remedy } in MoveAbout::of(entry)?.blockers {
            lines.push(format!("{} {code}: {text} ({target}): {remedy}", entry.run));
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    let error = CliError::new(Exit::Blocked, format!("the plan has {} blockers", lines.len()));
    Err(lines.into_iter().fold(error, CliError::next))
}

/// Refuses a plan that is too old to be begun, from what its document says about itself.
pub(crate) fn check_expiry(about: &BatchAbout, now: i64) -> Result<(), CliError> {
    match about.expires_at_ms {
        Some(date) if date < now => {
            let what = format!(
                "the plan was to be begun by {}, 72 hours after it was made: too much may have changed since",
                crate::time::date(date)
            );
            Err(CliError::new(Exit::Stale, what))
        }
        Some(_) | None => Ok(()),
    }
}
