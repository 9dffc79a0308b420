//! CLI: drives runs with the engine, as the one runner of a log or as one of several, and says how it ended.

use crate::about::BatchAbout;
use crate::again::again;
use crate::args::{CloudArgs, RunArgs};
use crate::beside::Beside;
use crate::checkpoint;
use crate::clock::{self, Clocks};
use crate::cloud::{self, Cloud, Recorded};
use crate::context::Context;
use crate::crew::{self, Sharing};
use crate::error::{CliError, Exit, causes};
use crate::hint::quoted;
use crate::interrupt::{Handling, Signal};
use crate::key;
use crate::output::Output;
use crate::presence::BEAT;
use crate::progress::Progress;
use crate::service::Service;
use crate::store::{self, Runner};
use crate::view::{MoveView, State};
use crate::wait::WaitKind;
use crate::waves;
use crate::witness::Witnessing;
use crate::world;
use rehome_orchestrator::{
    BatchEvent, BatchLoaded, Crew, DriveError, Engine, Opened, Replayed, RunId, StopReason, WaitPolicy,
};
use rehome_store::{Backend, Log, RunnerError};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

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
    pub(crate) log: Arc<dyn Backend>,
    #[expect(dead_code, reason = "it is held until the drive is over, not used")]
    pub(crate) runner: Option<Runner>,
    pub(crate) batch: String,
    pub(crate) runs: Vec<RunId>,
    pub(crate) goal: Goal,
    /// Says to start nothing new.
    pub(crate) stop: watch::Sender<bool>,
}

/// How it ended.
pub(crate) struct Driven {
    pub(crate) exit: Exit,
    pub(crate) views: Vec<MoveView>,
}

/// How often the log is looked at for what other processes asked.
const LOOK_MS: i64 = 200;

/// Without a terminal, a soak that ends this soon is still waited for.
pub(crate) const SHORT_SOAK_MS: i64 = 20_000;

/// Connects to the cloud that the batch was planned for.
pub(crate) async fn reach(
    output: &Output,
    log: &dyn Log,
    batch: &BatchLoaded,
    args: &CloudArgs,
) -> Result<Cloud, CliError> {
    let about = BatchAbout::of_log(&batch.planned().about);
    let recorded = Recorded { url: about.cloud.as_deref(), authority: about.authority.as_deref() };
    if let (None, Some(url)) = (&args.cloud, recorded.url)
        && !cloud::is_known(url)
        && !worked_in(batch, url)
    {
        let what =
            format!("the plan is for the cloud {url}, which has no name here, and you did not name it");
        return Err(CliError::new(Exit::Usage, what)
            .next(format!(
                "{}      # if this is the cloud that you mean",
                again(&format!("--cloud {}", quoted(url)))
            ))
            .next("what you sign in with is sent to the server that this cloud names"));
    }
    let cloud = cloud::connect(output, args, recorded).await?;
    let planned_for = about.tenant.unwrap_or_default();
    if !planned_for.is_empty() && !planned_for.eq_ignore_ascii_case(cloud.azure.tenant()) {
        let what = format!(
            "the batch was planned for tenant {planned_for}, but you are signed in to {}",
            cloud.azure.tenant()
        );
        return Err(CliError::new(Exit::NotPermitted, what).next("sign in to the tenant of the plan"));
    }
    cloud.azure.use_share(batch.state.share());
    // A log that cannot be read is better found before the cloud is asked anything.
    log.head().await.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?;
    Ok(cloud)
}

/// Whether somebody named this cloud for this batch before, and the work began.
fn worked_in(batch: &BatchLoaded, url: &str) -> bool {
    batch.entries.iter().any(|entry| match &entry.event {
        BatchEvent::Opened(opened) => world::cloud(opened) == Some(url),
        _ => false,
    })
}

/// How long to stay, given the flags and whether somebody is watching.
pub(crate) fn stay(args: &RunArgs) -> WaitPolicy {
    if args.alone {
        WaitPolicy::FOR_SOAK
    } else if args.stay || std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        WaitPolicy::TO_THE_END
    } else {
        WaitPolicy { soak_ms: SHORT_SOAK_MS, people: false }
    }
}

impl Drive<'_> {
    /// Drives as far as it goes, and looks at every run afterwards.
    pub(crate) async fn go(self, cloud: &Cloud, args: &RunArgs) -> Result<Driven, CliError> {
        let reading =
            self.c.output.waiting(|| "reading the log, and whether it is as it was written".to_owned());
        let known = store::check_whole(&self.log).await?;
        drop(reading);
        let actor = store::actor(self.c.global.actor.as_deref());
        self.check_world(cloud).await?;
        clock::tell(&cloud.azure, self.c.output);
        clock::remark(&*self.log, &cloud.azure, cloud.time_scale.scale() <= 1.0, self.c.output).await;
        let key = key::of(&self.log).await?;
        let signer = checkpoint::signer(&*self.log).await?.verifier().to_string();
        let opened = opened(cloud, key::mark(&key), Some(signer));
        let (heard, hears) = mpsc::unbounded_channel();
        let witnessing = Witnessing::begin(self.c, &self.log).await?;
        let progress = Arc::new(Progress::new(&self.log, self.c.output, heard, &witnessing));
        let registry = Arc::new(rehome_activities::registry(&cloud.azure, key));
        let who = store::holder(&actor);
        let aside =
            Beside::begin(self.c, &self.log, cloud, (&actor, &who, &progress, &registry), args).await?;
        let (log, azure) = (self.log.clone(), cloud.azure.clone());
        let service = Service { log, actor: actor.clone(), opened, progress: progress.clone(), azure };
        let (runs, served) = self.all_runs(&service, &known).await?;
        witnessing.secure().await?;
        let runners = crew::shared(&*self.log);
        let crew = runners.map(|runners| Crew::new(runners, who));
        let engine = Engine {
            log: self.log.clone(),
            registry,
            clock: Arc::new(Clocks(cloud.azure.clone())),
            time_scale: cloud.time_scale,
            actor,
            concurrency: args.parallel.clamp(1, 256),
            look_ms: LOOK_MS,
            observer: Arc::new(Sharing { progress: progress.clone(), azure: cloud.azure.clone() }),
            crew,
        };
        let stay = match (self.goal, stay(args)) {
            // Somebody who cleans up or goes back is not waiting for other people.
            (Goal::CleanUp | Goal::Back, stay) => WaitPolicy { people: false, ..stay },
            (Goal::Forward, stay) => stay,
        };
        let (joining, joined) = mpsc::unbounded_channel();
        // Whoever sees the first line may answer it with Ctrl-C.
        let handling = Handling::begin();
        let beside =
            [tokio::spawn(progress.clone().tick()), tokio::spawn(service.watch(served, hears, joining))];
        let left = self
            .drive(&progress, handling, engine.serve(&runs, known, stay, self.stop.subscribe(), joined))
            .await;
        beside.iter().for_each(tokio::task::JoinHandle::abort);
        progress.finish();
        let stopped = left.as_ref().map_or(true, |(_, signal)| signal.is_some());
        aside.finish(stopped).await;
        let anchored = witnessing.secure().await;
        witnessing.finish(stopped).await;
        let (left, signal) = left?;
        anchored.map_err(|e| e.left("everything that was done is in the log"))?;
        let mut views = waves::views(&*self.log, &self.runs).await?;
        views.iter_mut().for_each(|view| unread(view, &left));
        let own = left.into_iter().filter(|(run, _)| self.runs.contains(run)).collect();
        let exit = signal.map_or_else(|| exit(self.goal, &own, &views), Signal::exit);
        Ok(Driven { exit, views })
    }

    /// The moves of this drive, and whoever carries work on goes on with what was begun before.
    async fn all_runs(
        &self,
        service: &Service,
        known: &Replayed,
    ) -> Result<(Vec<RunId>, Vec<String>), CliError> {
        let (mut runs, mut served) = (self.runs.clone(), vec![self.batch.clone()]);
        service.open(&self.batch).await?;
        service.progress.join(&self.batch, self.runs.iter().filter_map(|run| known.runs.get_key_value(run)));
        if self.goal == Goal::Forward {
            for (name, more) in service.begun(&self.batch).await? {
                service.open(&name).await?;
                service.progress.join(&name, more.iter().filter_map(|run| known.runs.get_key_value(run)));
                runs.extend(more);
                served.push(name);
            }
        }
        Ok((runs, served))
    }

    /// Drives to the end, or as far as a signal lets it.
    async fn drive(
        &self,
        progress: &Progress,
        handling: Handling,
        drive: impl Future<Output = Result<BTreeMap<RunId, StopReason>, DriveError>>,
    ) -> Result<(BTreeMap<RunId, StopReason>, Option<Signal>), CliError> {
        tokio::pin!(drive);
        let mut beat = tokio::time::interval(BEAT);
        let mut asked: Option<(Signal, Instant)> = None;
        loop {
            let patience = async {
                match asked {
                    Some((_, until)) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                left = &mut drive => {
                    let left = left.map_err(|e| drive_error(&e))?;
                    return Ok((left, asked.map(|(signal, _)| signal)));
                }
                signal = handling.next() => {
                    if let Some((first, _)) = asked {
                        return Ok((BTreeMap::new(), Some(first)));
                    }
                    asked = Some((signal, Instant::now() + signal.patience()));
                    self.stop.send_replace(true);
                    let seconds = signal.patience().as_secs();
                    progress.tell_line(&format!(
                        "stopping: what was sent already is waited for, {seconds} s at most; once more stops at once"
                    ));
                }
                // A date that cannot be set is seen by who looks.
                _ = beat.tick() => drop(self.log.beside().lease().beat()),
                () = patience => return Ok((BTreeMap::new(), asked.map(|(signal, _)| signal))),
            }
        }
    }

    /// Refuses another tenant than the one that this batch was worked on before.
    async fn check_world(&self, cloud: &Cloud) -> Result<(), CliError> {
        let batch = BatchLoaded::load(&*self.log, &self.batch).await;
        let batch = batch.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?;
        let mut worked = batch.entries.iter().filter_map(|e| match &e.event {
            BatchEvent::Opened(opened) => world::tenant(opened),
            _ => None,
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
}

/// What a program says of itself and of the world that it works on.
pub(crate) fn opened(cloud: &Cloud, key: String, signer: Option<String>) -> Opened {
    Opened {
        program: concat!("rehome ", env!("CARGO_PKG_VERSION")).to_owned(),
        host: store::host(),
        pid: std::process::id(),
        time_scale: cloud.time_scale.scale(),
        world: world::of(cloud, key, signer),
    }
}

fn drive_error(e: &DriveError) -> CliError {
    if let DriveError::Runner(why @ RunnerError::Alone) = e {
        return CliError::new(Exit::Held, causes(why)).left("nothing was begun here").next("rehome status");
    }
    let exit = match e {
        DriveError::Append { .. }
        | DriveError::Runner(_)
        | DriveError::Batch { .. }
        | DriveError::UnknownName { .. }
        | DriveError::Misjudged { .. }
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

/// A move that cannot be compared with Azure waits for that, and for nothing else.
fn unread(view: &mut MoveView, left: &BTreeMap<RunId, StopReason>) {
    if let Some(StopReason::Unreadable(why)) = left.get(&RunId::new(view.run.as_str())) {
        view.waiting_for.insert(0, view.waits_unread(why.clone()));
    }
}

/// What only people and clocks end.
const WAITS: [WaitKind; 6] =
    [WaitKind::Approval, WaitKind::ByHand, WaitKind::Soak, WaitKind::Pause, WaitKind::HeldUp, WaitKind::Held];

/// What the ends of all moves amount to.
pub(crate) fn exit(goal: Goal, left: &BTreeMap<RunId, StopReason>, views: &[MoveView]) -> Exit {
    let views: Vec<&MoveView> = views.iter().filter(|view| !view.is_rehearsed()).collect();
    let any = |state: State| views.iter().any(|v| v.state == state);
    let waits = |kind: WaitKind| views.iter().any(|v| v.waiting_for.iter().any(|w| w.kind == kind));
    let reached = |v: &MoveView| match goal {
        Goal::Forward => matches!(v.state, State::AwaitingCleanup | State::Done),
        Goal::CleanUp => v.state == State::Done,
        Goal::Back => v.is_back(),
    };
    let kept = left.values().any(|l| *l == StopReason::NotReleased);
    if left.values().any(|l| matches!(l, StopReason::Unreadable(_))) {
        Exit::Failed
    } else if any(State::Failed) || any(State::Abandoned) || goal != Goal::Back && any(State::RolledBack) {
        Exit::Partly
    } else if any(State::Stale) {
        Exit::Stale
    } else if views.iter().all(|v| reached(v) || matches!(v.state, State::Superseded | State::Skipped)) {
        Exit::Done
    } else if kept
        || WAITS.into_iter().any(waits)
        || any(State::Paused)
        || left.values().any(|l| matches!(l, StopReason::Soak(_) | StopReason::TakenOver(_)))
    {
        Exit::Waiting
    } else {
        Exit::Partly
    }
}
