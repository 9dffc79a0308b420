//! CLI: work on a batch: this process carries it out, or the runner that is there. Touches the log.

use crate::about::BatchAbout;
use crate::args::RunArgs;
use crate::context::Context;
use crate::drive::{Drive, Driven, Goal, reach, stay};
use crate::error::{CliError, Exit, causes};
use crate::follow::Following;
use crate::store::Runner;
use crate::{crew, derived, store};
use rehome_orchestrator::{BatchLoaded, RunId};
use rehome_store::{Backend, Log};
use std::sync::Arc;
use tokio::sync::watch;

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
        if crew::shared(&**self.log).is_some() {
            store::check_anchor(self.log).await?;
            return self.drive(None, runs, args).await;
        }
        let mut nameless = 0;
        loop {
            let held = match store::take_runner(self.log, &actor).await {
                Ok(runner) => return self.drive(Some(runner), runs, args).await,
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
        if crew::shared(&**self.log).is_some() {
            return Ok(());
        }
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

    async fn drive(
        &self,
        runner: Option<Runner>,
        runs: Vec<RunId>,
        args: &RunArgs,
    ) -> Result<Driven, CliError> {
        let cloud = reach(self.c.output, &**self.log, self.batch, &self.c.global.cloud).await?;
        if !has_begun(self.log, self.batch).await? {
            let document = self.batch.document(&**self.log, self.name).await;
            let document = document.map_err(|e| store::unreadable(&e))?;
            derived::check_graph(&document, &cloud.azure.reader().graph_for_people())
                .map_err(|error| error.plan_again(self.name, None))?;
        }
        let text = |text: &str| Some(text.to_owned());
        let (authority, tenant) = (text(cloud.azure.authority()), text(cloud.azure.tenant()));
        let about = BatchAbout { cloud: text(&cloud.url), authority, tenant, ..BatchAbout::default() };
        self.c.output.note(&about.cloud_line());
        let planned = BatchAbout::of_log(&self.batch.planned().about);
        planned.told_lines().for_each(|line| self.c.output.note(&line));
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
            .note(&format!("{}; it {does}, and this is followed here; Ctrl-C leaves it at work", held.what));
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

pub(crate) async fn has_begun(log: &dyn Backend, batch: &BatchLoaded) -> Result<bool, CliError> {
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
