//! CLI: `rehome run`. The one command that carries out plans; the same again resumes.

use super::Context;
use crate::args::RunArgs;
use crate::drive::{Drive, Driven, Goal, reach};
use crate::error::{CliError, Exit, causes};
use crate::view::view;
use crate::{anchor, plan_file, planning, render, store};
use rehome_orchestrator::{BatchLoaded, Clock, RunId, SystemClock};
use rehome_store::{Log, SqliteLog};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Carries out an approved plan, as far as it goes by itself.
pub(crate) async fn run(c: &Context<'_>, plan: &str, args: &RunArgs) -> Result<Exit, CliError> {
    let (name, digest) = named(plan)?;
    anchor::refuse_gone(&c.global.db)?;
    if !c.global.db.exists() && digest.is_some() {
        return Err(unapproved(plan));
    }
    let log = store::open_to_write(&c.global.db).await?;
    let batch = BatchLoaded::find(&*log, &name).await;
    let batch = batch.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?;
    let Some(batch) = batch.filter(|b| b.approved && digest.as_ref().is_none_or(|d| *d == b.planned.digest))
    else {
        return Err(match digest {
            Some(_) => unapproved(plan),
            None => CliError::new(Exit::NotFound, format!("the log has no batch called {name:?}"))
                .next("rehome status"),
        });
    };
    let actor = store::actor(c.global.actor.as_deref());
    let runner = store::take_runner(&log, &actor).await?;
    let begun = has_begun(&log, &batch).await?;
    if !begun {
        let about = serde_json::from_str(batch.planned.about.get()).unwrap_or_default();
        planning::check_expiry_of(&about, SystemClock.now_ms())?;
        let question = format!("Carry out {} moves of batch {name}?", batch.planned.runs.len());
        if !args.yes && !c.output.ask(&question, "--yes")? {
            return Err(CliError::new(Exit::Failed, "not started"));
        }
    }
    let cloud = reach(&*log, &batch, &c.global.cloud).await?;
    let runs = batch.planned.runs.clone();
    let drive = Drive { c, log, runner, batch: name, runs, goal: Goal::Forward };
    let driven = drive.go(&cloud, args).await?;
    report(c, &driven)
}

/// Says how a drive ended.
pub(crate) fn report(c: &Context<'_>, driven: &Driven) -> Result<Exit, CliError> {
    let value = json!({"format_version": "1.0", "exit": driven.exit as u8, "moves": driven.views});
    c.output.result(&render::status::text(&driven.views, None), &value)?;
    for hint in render::status::next(&driven.views) {
        c.output.talk(&format!("next: {hint}"));
    }
    Ok(driven.exit)
}

/// Says where moves stand of which none had anything to do.
pub(crate) async fn report_unmoved(
    c: &Context<'_>,
    log: &SqliteLog,
    runs: &[RunId],
    exit: Exit,
) -> Result<Exit, CliError> {
    let mut views = Vec::with_capacity(runs.len());
    for run in runs {
        views.push(view(run, &store::read_run(log, run).await?.state));
    }
    report(c, &Driven { exit, views })
}

fn named(plan: &str) -> Result<(String, Option<String>), CliError> {
    let path = Path::new(plan);
    if path.exists() || path.extension().is_some_and(|e| e == "json") {
        let (document, digest) = plan_file::load(path)?;
        return Ok((document.batch, Some(digest)));
    }
    Ok((plan.to_owned(), None))
}

fn unapproved(plan: &str) -> CliError {
    CliError::new(Exit::Waiting, "this plan is not approved")
        .at(plan.to_owned())
        .next(format!("rehome approve {plan} --reason TEXT"))
}

async fn has_begun(log: &SqliteLog, batch: &BatchLoaded) -> Result<bool, CliError> {
    for run in &batch.planned.runs {
        if store::read_run(log, run).await?.state.has_begun() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The log of a batch that a selection belongs to.
pub(crate) async fn batch_of(
    log: &Arc<SqliteLog>,
    selection: &store::Selection,
) -> Result<(String, BatchLoaded), CliError> {
    let name = match (&selection.batch, selection.runs.first()) {
        (Some(batch), _) => batch.clone(),
        (None, Some(run)) => store::read_run(&**log, run).await?.state.planned().batch.clone(),
        (None, None) => return Err(CliError::new(Exit::NotFound, "the log has no moves")),
    };
    let batch = BatchLoaded::load(&**log as &dyn Log, &name).await;
    Ok((name, batch.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?))
}
