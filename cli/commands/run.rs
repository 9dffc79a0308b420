//! CLI: `rehome run`. The one command that carries out plans; the same again resumes. Beside a runner it asks that one.

use super::Context;
use crate::args::RunArgs;
use crate::cloud::shown;
use crate::drive::{Drive, Driven, Goal, reach, stay};
use crate::error::{CliError, Exit, causes};
use crate::follow::Following;
use crate::hint::{file, quoted};
use crate::presence::Presence;
use crate::store::Runner;
use crate::view::view;
use crate::{derived, plan_again, planning, render, store};
use rehome_orchestrator::{BatchEvent, BatchLoaded, Clock, RunId, SystemClock};
use rehome_store::{Backend, Beside, Log};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;

/// Carries out an approved plan, as far as it goes by itself.
pub(crate) async fn run(c: &Context<'_>, plan: &str, args: &RunArgs) -> Result<Exit, CliError> {
    let (name, digest) = named(plan)?;
    store::refuse_gone(&c.global.db)?;
    if !c.global.db.exists() && digest.is_some() {
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
        planning::check_expiry(&document.about, SystemClock.now_ms()).map_err(again)?;
        let question = format!("Carry out {} moves of batch {name}?", batch.planned().runs.len());
        if !args.yes && !c.output.ask(&question, "--yes").await? {
            return Err(CliError::new(Exit::Failed, "not started"));
        }
    }
    let work = Work { c, log: &log, name: &name, batch, goal: Goal::Forward };
    let driven = work.carry_on(batch.planned().runs.clone(), args).await?;
    report(c, &driven)
}

/// Work on a batch that this process carries out, or the runner that is there.
pub(crate) struct Work<'a> {
    pub(crate) c: &'a Context<'a>,
    pub(crate) log: &'a Arc<dyn Backend>,
    pub(crate) name: &'a str,
    pub(crate) batch: &'a BatchLoaded,
    pub(crate) goal: Goal,
}

impl Work<'_> {
    /// Brings these moves on: as the runner, or beside the one that there is, which is asked to. One that ends before
    /// it has done that is followed by this process.
    pub(crate) async fn carry_on(&self, runs: Vec<RunId>, args: &RunArgs) -> Result<Driven, CliError> {
        let actor = store::actor(self.c.global.actor.as_deref());
        let mut nameless = 0;
        loop {
            let held = match store::take_runner(self.log, &actor).await {
                Ok(runner) => return self.drive(runner, runs, args).await,
                Err(e) if e.exit == Exit::Held => e,
                Err(e) => return Err(e),
            };
            if self.log.beside().lease().holder().is_none() {
                // It ended just now, or it is none that could be asked.
                nameless += 1;
                if nameless > 1 {
                    return Err(match self.goal {
                        Goal::Forward => held,
                        Goal::CleanUp | Goal::Back => {
                            held.left("what you asked is in the log; the next runner does it")
                        }
                    });
                }
                continue;
            }
            let followed = self.follow(&held, &runs, args).await?;
            if let Some(driven) = followed {
                return Ok(driven);
            }
        }
    }

    /// Refuses, before anything is recorded, where a runner is at work that would not do what is asked.
    pub(crate) async fn may_ask(&self) -> Result<(), CliError> {
        let held = match store::hold(self.log.beside().lease()) {
            Ok(_held) => return Ok(()),
            Err(e) if e.exit == Exit::Held => e,
            Err(e) => return Err(e),
        };
        if self.log.beside().lease().holder().is_none() {
            return Err(held);
        }
        let cloud = reach(self.c.output, &**self.log, self.batch, &self.c.global.cloud).await?;
        self.following(&[], false).check(&held, &cloud).await
    }

    async fn drive(&self, runner: Runner, runs: Vec<RunId>, args: &RunArgs) -> Result<Driven, CliError> {
        let cloud = reach(self.c.output, &**self.log, self.batch, &self.c.global.cloud).await?;
        if !has_begun(self.log, self.batch).await? {
            let document = self.batch.document(&**self.log, self.name).await;
            let document = document.map_err(|e| store::unreadable(&e))?;
            derived::check_graph(&document, &cloud.azure.reader().graph_for_people())
                .map_err(|error| error.plan_again(self.name, None))?;
        }
        let (authority, tenant) = (cloud.azure.authority(), cloud.azure.tenant());
        self.c.output.talk(&shown(&json!({"cloud": cloud.url, "authority": authority, "tenant": tenant})));
        let (log, batch) = (self.log.clone(), self.name.to_owned());
        let drive =
            Drive { c: self.c, log, runner, batch, runs, goal: self.goal, stop: watch::Sender::new(false) };
        Box::pin(drive.go(&cloud, args)).await
    }

    /// What became of it; nothing where the runner is gone.
    async fn follow(
        &self,
        held: &CliError,
        runs: &[RunId],
        args: &RunArgs,
    ) -> Result<Option<Driven>, CliError> {
        let following = self.following(runs, stay(args).people && self.goal == Goal::Forward);
        let served = match self.log.beside().lease().holder() {
            Some(holder) => following.is_served(&holder).await?,
            None => return Ok(None),
        };
        // What goes back goes back whoever asks; anything else is done as the one who asks for it.
        if !served || self.goal != Goal::Back {
            let cloud = reach(self.c.output, &**self.log, self.batch, &self.c.global.cloud).await?;
            following.ask(held, &cloud).await?;
        }
        let does = match self.goal {
            Goal::Forward => "carries the batch out",
            Goal::CleanUp => "cleans up",
            Goal::Back => "takes the moves back",
        };
        self.c
            .output
            .talk(&format!("{}; it {does}, and this is followed here; Ctrl-C leaves it at work", held.what));
        following.follow().await
    }

    pub(crate) fn following<'a>(&'a self, runs: &'a [RunId], people: bool) -> Following<'a> {
        Following {
            c: self.c,
            log: self.log,
            batch: self.name,
            loaded: self.batch,
            runs,
            goal: self.goal,
            people,
        }
    }
}

/// Says how a drive ended.
pub(crate) fn report(c: &Context<'_>, driven: &Driven) -> Result<Exit, CliError> {
    let (mut views, presence) = (driven.views.clone(), Presence::of(store::beside(&c.global.db).lease()));
    presence.judge_views(&mut views);
    crate::hint_views::complete(c.output.hints(), &mut views);
    let value = json!({"format_version": "1.0", "exit": driven.exit as u8, "moves": views});
    c.output.result(&render::status::text(&views, None), &value)?;
    if matches!(driven.exit, Exit::Interrupted | Exit::Terminated) {
        c.output.talk("stopped; everything that was acknowledged is in the log");
    }
    for hint in render::status::next(&views, driven.exit) {
        c.output.next(&hint);
    }
    Ok(driven.exit)
}

/// Says where moves stand of which none had anything to do.
pub(crate) async fn report_unmoved(
    c: &Context<'_>,
    log: &dyn Backend,
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
        let (document, digest) = plan_again::load(path)?;
        return Ok((document.batch, Some(digest)));
    }
    Ok((plan.to_owned(), None))
}

/// Why a plan is not carried out, and what can be.
fn refused(plan: &str, name: &str, digest: Option<&str>, batch: Option<&BatchLoaded>) -> CliError {
    let Some(digest) = digest else {
        let what = format!("the log has no batch called {name:?}");
        return CliError::new(Exit::NotFound, what).next("rehome status");
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

async fn has_begun(log: &dyn Backend, batch: &BatchLoaded) -> Result<bool, CliError> {
    for run in &batch.planned().runs {
        if store::read_run(log, run).await?.state.has_begun() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The log of a batch that a selection belongs to.
pub(crate) async fn batch_of(
    log: &Arc<dyn Backend>,
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
