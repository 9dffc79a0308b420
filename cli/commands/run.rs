//! CLI: `rehome run`. The one command that carries out plans; the same again resumes. Beside a runner it asks that one.

use crate::about::BatchAbout;
use crate::args::RunArgs;
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::drive::Goal;
use crate::error::{CliError, Exit, causes};
use crate::hint::{file, quoted};
use crate::outcome::report;
use crate::print_failure::PrintFailure;
use crate::work::{Work, has_begun};
use crate::{derived, left_out, plan_again, planning, store};
use clap::Args;
use rehome_orchestrator::{BatchEvent, BatchLoaded, Clock, SystemClock};
use std::path::Path;

/// Carry out approved work; the same command again resumes.
///
/// It goes as far as it can go by itself. On a terminal it stays until people have acted and soaks are over; elsewhere it
/// ends with exit code 11 when only they are left, so that a timer that calls it is a complete scheduler.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The plan file, or the name of a batch that was approved.
    pub(crate) plan: String,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl Execute for Run {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (name, _) = named(&self.plan)?;
        let exit = run(c, &self.plan, &self.run).await?;
        left_out::of_log(c, &name, exit).await
    }

    fn holds_batch(&self) -> bool {
        true
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log(["rehome status".to_owned(), format!("rehome run {}", quoted(&self.plan))])
    }
}

/// Carries out an approved plan, as far as it goes by itself.
pub(crate) async fn run(c: &Context<'_>, plan: &str, args: &RunArgs) -> Result<Exit, CliError> {
    let (name, digest) = named(plan)?;
    store::refuse_gone(&c.global.db)?;
    if digest.is_some() && !store::exists(&c.global.db)? {
        return Err(unapproved(plan));
    }
    let log = store::open_to_write(&c.global.db).await?;
    let batch = BatchLoaded::find(&*log, &name).await;
    let batch = batch.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?;
    let wanted =
        |b: &&BatchLoaded| b.is_approved() && digest.as_ref().is_none_or(|d| *d == b.planned().digest);
    let Some(batch) = batch.as_ref().filter(wanted) else {
        return Err(refused(plan, &name, digest.as_deref(), batch.as_ref()));
    };
    if !has_begun(&log, batch).await? {
        // What the log has is what was approved, by whatever program; it is planned again all the same.
        let document = batch.document(&*log, &name).await.map_err(|e| store::unreadable(&e))?;
        let file = Path::new(plan);
        let again = |error: CliError| error.plan_again(&name, Some(file).filter(|file| file.is_file()));
        derived::check(&document, SystemClock.now_ms()).map_err(again)?;
        planning::check_expiry(&BatchAbout::of(&document)?, SystemClock.now_ms()).map_err(again)?;
        let question = format!("Carry out {} of batch {name}?", counted(batch.planned().runs.len(), "move"));
        if !args.yes && !c.output.ask(&question, "--yes").await? {
            return Err(CliError::new(Exit::Failed, "not started"));
        }
    }
    let work = Work { c, log: &log, name: &name, batch, goal: Goal::Forward };
    let driven = work.carry_on(batch.planned().runs.clone(), args).await?;
    report(c, &driven)
}

fn named(plan: &str) -> Result<(String, Option<String>), CliError> {
    let path = Path::new(plan);
    // A folder may be called as a batch is: the one that `rehome init` made.
    if path.exists() && !path.is_dir() || path.extension().is_some_and(|e| e == "json") {
        let (document, digest) = plan_again::load(path)?;
        return Ok((document.batch, Some(digest)));
    }
    Ok((plan.to_owned(), None))
}

/// Why a plan is not carried out, and what can be.
fn refused(plan: &str, name: &str, digest: Option<&str>, batch: Option<&BatchLoaded>) -> CliError {
    let Some(digest) = digest else {
        let what = format!("the log has no batch called {name:?}");
        let error = CliError::new(Exit::NotFound, what).next("rehome status");
        return match Path::new(plan).is_dir() {
            true => error.next("a folder is called so: name a plan file in it"),
            false => error,
        };
    };
    let was_recorded = |b: &&BatchLoaded| {
        b.entries.iter().any(|e| matches!(&e.event, BatchEvent::Planned(p) if p.digest == digest))
    };
    match batch.filter(was_recorded) {
        Some(batch) if batch.planned().digest != digest => {
            let what = format!(
                "this plan was replaced: of batch {name} another one is approved, {}",
                batch.planned().digest
            );
            CliError::new(Exit::Stale, what)
                .at(plan.to_owned())
                .next(format!("rehome show {}", quoted(name)))
                .next(format!("rehome run {}      # carries that one out", quoted(name)))
        }
        Some(_) | None => unapproved(plan),
    }
}

fn unapproved(plan: &str) -> CliError {
    CliError::new(Exit::Waiting, "this plan is not approved")
        .at(plan.to_owned())
        .next(format!("rehome approve {} --reason TEXT", file(Path::new(plan))))
}
