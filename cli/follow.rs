//! CLI: a command beside a runner: it asks the runner for a batch, and follows what the runner does. Touches the log.

use crate::again::again;
use crate::context::Context;
use crate::drive::{self, Driven, Goal, SHORT_SOAK_MS, opened};
use crate::error::{CliError, Exit};
use crate::interrupt::{Handling, Signal};
use crate::live_line::Shown;
use crate::presence::Presence;
use crate::render::live;
use crate::view::{MoveView, State};
use crate::wait::{WaitKind, WaitView};
use crate::{cloud::Cloud, kept, key, store, waves, world};
use rehome_activities::relocate::{self, Facts, Params, Relocate};
use rehome_orchestrator::{
    BatchEvent, BatchLoaded, Clock, Fault, Opened, Request, RunId, SystemClock, Workflow, ask,
};
use rehome_store::{Backend, LeaseHolder, Log};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often a runner that is followed is looked after.
const LOOK: Duration = Duration::from_millis(250);

/// A runner takes up what it is asked for within this time, or it never will.
const TAKEN_UP: u32 = 80;

/// So many looks in a row nothing may happen before a batch counts as waiting for people or clocks.
const STILL: u32 = 6;

/// After so many looks without any event it is looked why nothing happens; after fewer where timers are shortened.
const STUCK: u32 = 80;
const STUCK_SHORTENED: u32 = 8;

/// Why a runner is asked to look again.
const LOOK_AGAIN: &str = "what it is compared with can be read";

/// A batch that a runner is asked for, or works on already.
pub(crate) struct Following<'a> {
    pub(crate) c: &'a Context<'a>,
    pub(crate) log: &'a Arc<dyn Backend>,
    pub(crate) batch: &'a str,
    pub(crate) loaded: &'a BatchLoaded,
    pub(crate) runs: &'a [RunId],
    pub(crate) goal: Goal,
    /// People are waited for as well.
    pub(crate) people: bool,
}

impl Following<'_> {
    /// What the runner said when it began, if it is one that carries out batches.
    async fn runner(&self, holder: &LeaseHolder) -> Result<Option<(Opened, bool)>, CliError> {
        let unreadable = |e: &(dyn std::error::Error + 'static)| store::unreadable(e);
        let (mut world, mut has_this) = (None, false);
        for (stream, _) in self.log.streams(BatchLoaded::PREFIX).await.map_err(|e| unreadable(&e))? {
            let Some(name) = stream.as_str().strip_prefix(BatchLoaded::PREFIX) else { continue };
            let batch = BatchLoaded::find(&**self.log, name).await.map_err(|e| unreadable(&e))?;
            for entry in batch.iter().flat_map(|batch| &batch.entries) {
                if let BatchEvent::Opened(opened) = &entry.event
                    && opened.pid == holder.pid
                    && opened.host == holder.host
                    && entry.at_ms >= holder.since_ms
                {
                    has_this |= name == self.batch;
                    world = Some(opened.clone());
                }
            }
        }
        Ok(world.map(|world| (world, has_this)))
    }

    /// Whether the runner that is there works on this batch already.
    pub(crate) async fn is_served(&self, holder: &LeaseHolder) -> Result<bool, CliError> {
        Ok(self.runner(holder).await?.is_some_and(|(_, has_this)| has_this))
    }

    /// Refuses where the runner works on another world than this cloud, or as somebody else.
    pub(crate) async fn check(&self, held: &CliError, cloud: &Cloud) -> Result<(), CliError> {
        let refused = |what: String| CliError { what, ..held.clone() };
        // The name is written before the runner says what it works on.
        for _ in 0..TAKEN_UP {
            let Some(holder) = self.log.beside().lease().holder() else { return Ok(()) };
            if let Some((runner, _)) = self.runner(&holder).await? {
                let mark = key::mark(&key::to_read(self.log).await?);
                return world::same(&runner, &opened(cloud, mark, None))
                    .map_err(|why| refused(format!("{}; it works with {why} here", held.what)));
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(held.clone())
    }

    /// Asks the runner to take the batch up, if it does not work on it already, and waits until it has.
    pub(crate) async fn ask(&self, held: &CliError, cloud: &Cloud) -> Result<(), CliError> {
        self.check(held, cloud).await?;
        let Some(holder) = self.log.beside().lease().holder() else { return Ok(()) };
        if self.is_served(&holder).await? {
            return Ok(());
        }
        let mark = key::mark(&key::to_read(self.log).await?);
        let actor = store::actor(self.c.global.actor.as_deref());
        let now = SystemClock.now_ms();
        let asked = BatchLoaded::open(&**self.log, self.batch, &actor, now, opened(cloud, mark, None)).await;
        asked.map_err(|e| store::write_error(&e))?;
        for _ in 0..TAKEN_UP {
            match self.log.beside().lease().holder() {
                Some(there) if there == holder && !self.is_served(&there).await? => {}
                Some(_) | None => return Ok(()),
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(CliError { what: format!("{}; it does not take up other batches", held.what), ..held.clone() }
            .left("that this batch is to be run is in the log; the next runner takes it up"))
    }

    /// Waits until the runner has brought the moves as far as it can; nothing where it is gone before that.
    pub(crate) async fn follow(&self) -> Result<Option<Driven>, CliError> {
        let (handling, _line) = (Handling::begin(), self.c.output.line_below());
        let (mut still, mut before, mut silent) = (0, Vec::new(), false);
        let shortened = self.c.global.cloud.time_scale.is_some_and(|scale| scale > 1.0);
        let stuck = if shortened { STUCK_SHORTENED } else { STUCK };
        loop {
            let presence = Presence::of(self.log.beside().lease());
            if matches!(presence, Presence::Silent(..)) && !silent {
                presence.line(&[]).iter().for_each(|line| self.c.output.note(line));
            }
            silent = matches!(presence, Presence::Silent(..));
            let there = !presence.is_nobody();
            let views = waves::views(&**self.log, self.runs).await?;
            let events: Vec<u64> = views.iter().map(|view| view.events).collect();
            still = if events == before { still + 1 } else { 0 };
            before = events;
            let over = views.iter().all(|view| self.rests(view));
            if over && (still >= STILL || !there || views.iter().all(MoveView::is_over)) {
                let exit = drive::exit(self.goal, &BTreeMap::new(), &views);
                return Ok(Some(Driven { exit, views }));
            }
            if !there {
                return Ok(None);
            }
            self.show(&views);
            if still > 0 && still % stuck == 0 {
                self.look_why(&views).await?;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                signal = handling.next() => return Err(stopped(signal)),
            }
        }
    }

    /// Says what the runner waits for, as it does itself.
    fn show(&self, views: &[MoveView]) {
        let of = |count: fn(&MoveView) -> usize| views.iter().map(count).sum::<usize>() as u64;
        let counts = Some((of(|view| view.done), of(|view| view.total)));
        let (batches, all) = ([self.batch.to_owned()], views.iter().collect::<Vec<_>>());
        let text = live::line(&batches, &all, SystemClock.now_ms(), self.c.output.hints());
        self.c.output.show(&Shown { counts, text });
    }

    /// A runner begins nothing of a move that it cannot compare with Azure, and the log does not say so. Whoever follows
    /// looks as well: what cannot be read is told, and where it can be, the runner is asked to look again.
    async fn look_why(&self, views: &[MoveView]) -> Result<(), CliError> {
        let waits = |view: &&MoveView| {
            !view.is_over()
                && (view.waiting_for.is_empty() || kept::is_compared(view))
                && view.state != State::Paused
        };
        for view in views.iter().filter(waits) {
            let run = RunId::new(view.run.as_str());
            if let Some(why) = self.unread(&run).await? {
                return Err(self.unreadable(view, &why));
            }
            let (actor, now) = (store::actor(self.c.global.actor.as_deref()), SystemClock.now_ms());
            let asked = ask(&**self.log, &run, &actor, now, Request::Resume, LOOK_AGAIN).await;
            asked.map_err(|e| store::request_error(&e))?;
        }
        Ok(())
    }

    /// What of that which a move is compared with cannot be read.
    async fn unread(&self, run: &RunId) -> Result<Option<Fault>, CliError> {
        let state = store::read_run(&**self.log, run).await?.state;
        let bad = |why: Fault| store::damaged(&why.to_string());
        let params: Params = state.planned().params.read("parameters").map_err(bad)?;
        let facts: Facts = state.planned().facts.read("facts").map_err(bad)?;
        let cloud = drive::reach(self.c.output, &**self.log, self.loaded, &self.c.global.cloud).await?;
        let reader = cloud.azure.reader();
        let found = Box::pin(relocate::survey(&reader, &[params])).await;
        Ok(match found.map(|mut all| all.pop()) {
            Ok(Some(Ok(found))) => Relocate::unread(&facts, &found),
            Ok(Some(Err(why))) | Err(why) => Some(why),
            Ok(None) => None,
        })
    }

    fn unreadable(&self, view: &MoveView, why: &Fault) -> CliError {
        let what = format!("{} cannot be compared with Azure, and goes no further: {why}", view.run);
        let error = CliError::new(Exit::Failed, what)
            .at(why.target.as_deref().unwrap_or(&view.identity))
            .left("the runner goes on with everything else; when it can read that, it goes on with this as well");
        let error = match rehome_activities::azure::errors::advice(why) {
            Some(advice) => error.next(advice),
            None => error,
        };
        error.next(again(""))
    }

    /// Whether a runner has nothing to do for a move.
    fn rests(&self, view: &MoveView) -> bool {
        let now = SystemClock.now_ms();
        let rests = |w: &WaitView| match w.kind {
            WaitKind::Approval => self.goal == Goal::Forward,
            WaitKind::ByHand | WaitKind::Failed | WaitKind::Wave | WaitKind::HeldUp | WaitKind::Held => {
                !self.people
            }
            WaitKind::Soak => !self.people && w.next_check_ms.is_some_and(|date| date - now > SHORT_SOAK_MS),
            WaitKind::Azure
            | WaitKind::Retry
            | WaitKind::Pause
            | WaitKind::Restored
            | WaitKind::Runner
            | WaitKind::Unread => false,
        };
        view.is_over() || !view.waiting_for.is_empty() && view.waiting_for.iter().all(rests)
    }
}

/// Who followed leaves, and the runner does not.
fn stopped(signal: Signal) -> CliError {
    CliError::new(signal.exit(), "stopped following")
        .left("the runner goes on with what you asked")
        .next(again("      # follows it again"))
}
