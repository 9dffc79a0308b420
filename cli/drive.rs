//! CLI: drives runs with the engine, as the one runner of a log, and says how it ended.

use crate::anchor;
use crate::args::{CloudArgs, RunArgs};
use crate::clock::{self, Clocks};
use crate::cloud::{self, Cloud};
use crate::commands::Context;
use crate::error::{CliError, Exit, causes};
use crate::key;
use crate::progress::Progress;
use crate::store::{self, Runner};
use crate::view::{MoveView, State, view};
use rehome_orchestrator::{
    BatchEvent, BatchLoaded, Clock, DriveError, Engine, Left, Opened, RunId, Stay, SystemClock,
};
use rehome_store::{Log, SqliteLog};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Arc;
use tokio::sync::watch;

/// Which end a command is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Forward work and soak.
    Forward,
    /// Everything, with the old identities gone.
    CleanUp,
    /// Back to where it began.
    Back,
}

/// Everything that a drive needs.
pub(crate) struct Drive<'a> {
    pub(crate) c: &'a Context<'a>,
    pub(crate) log: Arc<SqliteLog>,
    #[expect(dead_code, reason = "it is held until the drive is over, not used")]
    pub(crate) runner: Runner,
    pub(crate) batch: String,
    pub(crate) runs: Vec<RunId>,
    pub(crate) goal: Goal,
}

/// How it ended.
pub(crate) struct Driven {
    pub(crate) exit: Exit,
    pub(crate) views: Vec<MoveView>,
}

/// How often the log is looked at for what other processes asked.
const LOOK_MS: i64 = 200;

/// Without a terminal, a soak that ends this soon is still waited for.
const SHORT_SOAK_MS: i64 = 20_000;

/// Connects to the cloud that the batch was planned for.
pub(crate) async fn reach(log: &dyn Log, batch: &BatchLoaded, args: &CloudArgs) -> Result<Cloud, CliError> {
    let about: serde_json::Value = serde_json::from_str(batch.planned.about.get()).unwrap_or_default();
    let cloud = cloud::connect(args, about["cloud"].as_str()).await?;
    let planned_for = about["tenant"].as_str().unwrap_or_default();
    if !planned_for.is_empty() && !planned_for.eq_ignore_ascii_case(cloud.azure.tenant()) {
        let what = format!(
            "the batch was planned for tenant {planned_for}, but you are signed in to {}",
            cloud.azure.tenant()
        );
        return Err(CliError::new(Exit::NotPermitted, what).next("sign in to the tenant of the plan"));
    }
    // A log that cannot be read is better found before the cloud is asked anything.
    log.head().await.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?;
    Ok(cloud)
}

/// How long to stay, given the flags and whether somebody is watching.
fn stay(args: &RunArgs) -> Stay {
    if args.stay || std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        Stay::TO_THE_END
    } else {
        Stay { soak_ms: SHORT_SOAK_MS, people: false }
    }
}

impl Drive<'_> {
    /// Drives as far as it goes, and looks at every run afterwards.
    pub(crate) async fn go(self, cloud: &Cloud, args: &RunArgs) -> Result<Driven, CliError> {
        store::check_whole(&self.log).await?;
        let actor = store::actor(self.c.global.actor.as_deref());
        self.check_world(cloud).await?;
        clock::tell(&cloud.azure, self.c.output);
        clock::remark(&*self.log, &cloud.azure, cloud.tempo.scale() <= 1.0, self.c.output).await;
        let key = key::of(&self.log).await?;
        let opened = self.opened(cloud, key::mark(&key));
        BatchLoaded::open(&*self.log, &self.batch, &actor, SystemClock.now_ms(), opened)
            .await
            .map_err(|e| store::write_error(&e))?;
        anchor::write(&self.log).await?;
        let progress = Arc::new(Progress::new(&self.log, &self.runs, self.c.output).await?);
        let engine = Engine {
            log: self.log.clone(),
            registry: Arc::new(rehome_activities::registry(&cloud.azure, key)),
            clock: Arc::new(Clocks(cloud.azure.clone())),
            tempo: cloud.tempo,
            actor,
            concurrency: args.parallel.clamp(1, 256),
            look_ms: LOOK_MS,
            observer: progress.clone(),
        };
        let stay = match (self.goal, stay(args)) {
            // Somebody who cleans up or goes back is not waiting for other people.
            (Goal::CleanUp | Goal::Back, stay) => Stay { people: false, ..stay },
            // Once the work is done the gate is all that is left, and nobody waits at a gate.
            (Goal::Forward, stay) => stay,
        };
        let left = self.drive(&engine, stay).await;
        progress.finish();
        let anchored = anchor::write(&self.log).await;
        let (left, interrupted) = left?;
        anchored.map_err(|e| e.left("everything that was done is in the log"))?;
        let views = self.views().await?;
        let exit = if interrupted { Exit::Interrupted } else { exit(self.goal, &left, &views) };
        Ok(Driven { exit, views })
    }

    async fn drive(&self, engine: &Engine, stay: Stay) -> Result<(BTreeMap<RunId, Left>, bool), CliError> {
        let (stop, stopped) = watch::channel(false);
        let drive = engine.drive(&self.runs, stay, stopped);
        tokio::pin!(drive);
        let mut interrupts = 0;
        loop {
            tokio::select! {
                biased;
                left = &mut drive => {
                    let left = left.map_err(|e| drive_error(&e))?;
                    return Ok((left, interrupts > 0));
                }
                () = interrupted() => {
                    interrupts += 1;
                    if interrupts > 1 {
                        return Ok((BTreeMap::new(), true));
                    }
                    stop.send_replace(true);
                    self.c.output.talk("stopping: what is in flight is finished first; once more stops at once");
                }
            }
        }
    }

    /// Refuses another tenant than the one that this batch was worked on before.
    async fn check_world(&self, cloud: &Cloud) -> Result<(), CliError> {
        let batch = BatchLoaded::load(&*self.log, &self.batch).await;
        let batch = batch.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?;
        let mut worked = batch.entries.iter().filter_map(|e| match &e.event {
            BatchEvent::Opened(opened) => opened.world.get("tenant"),
            BatchEvent::Planned(_) | BatchEvent::Approved(_) | BatchEvent::Restored(_) => None,
        });
        match worked.next_back() {
            Some(tenant) if !tenant.eq_ignore_ascii_case(cloud.azure.tenant()) => {
                let what = format!(
                    "this batch was worked on in tenant {tenant}, and you are signed in to {}",
                    cloud.azure.tenant()
                );
                Err(CliError::new(Exit::NotPermitted, what))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn opened(&self, cloud: &Cloud, key: String) -> Opened {
        let caller = cloud.azure.caller();
        let world = [
            ("cloud", cloud.url.clone()),
            ("tenant", cloud.azure.tenant().to_owned()),
            ("principal", caller.object_id.clone()),
            ("application", caller.app_id.clone()),
            (key::SAID_AS, key),
        ];
        Opened {
            program: concat!("rehome ", env!("CARGO_PKG_VERSION")).to_owned(),
            host: store::host(),
            pid: std::process::id(),
            time_scale: cloud.tempo.scale(),
            world: world.map(|(k, v)| (k.to_owned(), v)).into(),
        }
    }

    async fn views(&self) -> Result<Vec<MoveView>, CliError> {
        let mut views = Vec::with_capacity(self.runs.len());
        for run in &self.runs {
            views.push(view(run, &store::read_run(&*self.log, run).await?.state));
        }
        Ok(views)
    }
}

async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    drop(tokio::signal::ctrl_c().await);
}

fn drive_error(e: &DriveError) -> CliError {
    let exit = match e {
        DriveError::Append { .. }
        | DriveError::UnknownName { .. }
        | DriveError::NotSecured { .. }
        | DriveError::Panicked(_) => Exit::Failed,
        DriveError::Read(_) | DriveError::History { .. } => Exit::Damaged,
    };
    let error = if exit == Exit::Failed { store::write_error(e) } else { CliError::new(exit, causes(e)) };
    error
        .left(
            "everything that was acknowledged is in the log; what was in flight is looked at first next time",
        )
        .next("mend the cause, and run the same command again")
}

/// What the ends of all runs amount to.
fn exit(goal: Goal, left: &BTreeMap<RunId, Left>, views: &[MoveView]) -> Exit {
    let any = |state: State| views.iter().any(|v| v.state == state);
    let waits = |kind: &str| views.iter().any(|v| v.waiting_for.iter().any(|w| w.kind == kind));
    let reached = |v: &MoveView| match goal {
        Goal::Forward => v.state == State::Done,
        Goal::CleanUp => v.state == State::Done && v.waiting_for.is_empty(),
        Goal::Back => v.is_back(),
    };
    if left.values().any(|l| matches!(l, Left::Unreadable(_))) {
        Exit::Failed
    } else if any(State::Failed) || goal != Goal::Back && any(State::RolledBack) {
        Exit::Partly
    } else if any(State::Stale) {
        Exit::Stale
    } else if views.iter().all(|v| reached(v) || v.state == State::Superseded) {
        Exit::Done
    } else if ["approval", "by-hand", "soak", "pause"].into_iter().any(waits)
        || any(State::Paused)
        || left.values().any(|l| matches!(l, Left::Soak(_)))
    {
        Exit::Waiting
    } else {
        Exit::Partly
    }
}
