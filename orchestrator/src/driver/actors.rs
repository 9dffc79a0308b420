//! Engine: the actors of one drive. They come while it lasts, and one that left comes back when somebody wrote to its
//! run. Touches the log, reading.

use crate::batch::batch_stream;
use crate::driver::actor::Actor;
use crate::driver::batches::Batches;
use crate::driver::elsewhere::Elsewhere;
use crate::driver::read_back::read_back;
use crate::driver::reins::Reins;
use crate::driver::taking::Taking;
use crate::driver::watch::Wakeups;
use crate::driver::{DriveError, Shared, StopReason};
use crate::fault::{Fault, FaultKind};
use crate::ids::RunId;
use crate::recovery::history::Loaded;
use crate::run::progress::RunReport;
use crate::time::clock::Clock;
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use rehome_store::{Position, StreamId};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::{mpsc, watch as signal};
use tokio::task::JoinSet;

/// How far a run is.
type Report = (RunId, RunReport);

/// So many runs are taken at the same time.
const TAKEN_AT_ONCE: usize = 256;

type Gone = Result<(RunId, StopReason), DriveError>;

pub(crate) struct Actors {
    pub(crate) shared: Arc<Shared>,
    pub(crate) wakeups: Arc<Wakeups>,
    pub(crate) stop: signal::Receiver<bool>,
    batches: Batches,
    running: JoinSet<Gone>,
    left: BTreeMap<RunId, StopReason>,
    /// Released by their batches; they wait until this runner has room for them.
    ready: VecDeque<(RunId, Loaded, Reins)>,
    /// Those of them that a runner has or had. What it has left is carried on whatever room there is: nobody else knows what became of what
    /// was on its way, others may wait for what it holds, and what is half done does not wait for what was not begun.
    owned: VecDeque<(RunId, Loaded, Reins)>,
    /// Those that other runners have.
    elsewhere: Elsewhere,
    /// Those that have an actor, and whether each only waits, for a date or for people: then it takes no room.
    driven: BTreeMap<RunId, bool>,
    /// How far runs are whose batches want to know.
    progress: (mpsc::UnboundedSender<Report>, mpsc::UnboundedReceiver<Report>),
    /// What batches wait for, as they said last.
    wake_ms: Option<i64>,
    people: bool,
    /// Says when a step went on that a person had to decide about.
    went_on: signal::Receiver<u64>,
}

impl Actors {
    /// Of a log that was read up to `head`.
    pub(crate) fn new(
        shared: Arc<Shared>,
        head: Position,
        wakeups: Arc<Wakeups>,
        stop: signal::Receiver<bool>,
    ) -> Self {
        Self {
            went_on: shared.locks.went_on(),
            shared,
            wakeups,
            stop,
            batches: Batches::default(),
            running: JoinSet::new(),
            left: BTreeMap::new(),
            ready: VecDeque::new(),
            owned: VecDeque::new(),
            elsewhere: Elsewhere::after(head),
            driven: BTreeMap::new(),
            progress: mpsc::unbounded_channel(),
            wake_ms: None,
            people: false,
        }
    }

    /// Takes in runs that have no actor, and starts what their batches release.
    pub(crate) async fn take_in(&mut self, runs: Vec<(RunId, Loaded)>) -> Result<(), DriveError> {
        runs.iter().for_each(|(run, _)| drop(self.left.remove(run)));
        self.shared.hold_before(&runs);
        self.batches.take_in(&self.shared.engine, runs).await?;
        self.start_released().await?;
        // Whoever writes to these is heard from here on.
        self.batches.names().for_each(|name| drop(self.wakeups.of(&batch_stream(name))));
        let kept = self.batches.waiting();
        kept.for_each(|run| drop(self.wakeups.of(&run.stream())));
        Ok(())
    }

    fn hear_reports(&mut self) {
        while let Ok((run, report)) = self.progress.1.try_recv() {
            self.progressed(&run, report);
        }
    }

    async fn start_released(&mut self) -> Result<(), DriveError> {
        self.hear_reports();
        // Not borrowed while the log is waited for: whoever says that it is to stop would wait as well, on the same thread.
        let stopped = *self.stop.borrow();
        let released = self.batches.release(&self.shared, stopped).await?;
        (self.wake_ms, self.people) = (released.wake_ms, released.people);
        released.runs.iter().for_each(|(run, ..)| drop(self.left.remove(run)));
        for (run, loaded, reins) in released.runs {
            self.queue_of(&loaded).push_back((run, loaded, reins));
        }
        self.start_ready().await
    }

    /// How many more runs this runner has room for.
    fn room(&self) -> usize {
        let busy = self.driven.values().filter(|waits| !**waits).count();
        match (&self.shared.member, *self.stop.borrow()) {
            (None, _) => usize::MAX,
            (Some(_), true) => 0,
            (Some(_), false) => self.shared.engine.concurrency.saturating_sub(busy),
        }
    }

    /// Where a run waits to be started.
    fn queue_of(&mut self, loaded: &Loaded) -> &mut VecDeque<(RunId, Loaded, Reins)> {
        if loaded.state.owner().is_some() { &mut self.owned } else { &mut self.ready }
    }

    /// The next run to start.
    fn next_ready(&mut self, room: usize) -> Option<(RunId, Loaded, Reins)> {
        if *self.stop.borrow() && room == 0 {
            return None;
        }
        let owned = self.owned.pop_front();
        owned.or_else(|| if room > 0 { self.ready.pop_front() } else { None })
    }

    /// Takes the next runs at the same time, so that what says so shares commits, and in their order.
    async fn take_ready(&mut self, room: usize) -> Result<Vec<(RunId, Reins, Taking)>, DriveError> {
        let mut next = Vec::new();
        while next.len() < TAKEN_AT_ONCE
            && let Some((run, loaded, reins)) = self.next_ready(room.saturating_sub(next.len()))
        {
            let shared = self.shared.clone();
            next.push(async move {
                let taking = shared.take(&run, loaded).await?;
                Ok((run, reins, taking))
            });
        }
        stream::iter(next).buffered(TAKEN_AT_ONCE).try_collect().await
    }

    /// Starts what is released, as far as no other runner has it and there is room.
    async fn start_ready(&mut self) -> Result<(), DriveError> {
        let (mut actors, room) = (Vec::new(), self.room());
        loop {
            let taken = self.take_ready(room.saturating_sub(actors.len())).await?;
            if taken.is_empty() {
                break;
            }
            for (run, reins, taking) in taken {
                let wakeup = self.wakeups.of(&run.stream());
                match taking {
                    Taking::Elsewhere(loaded) => {
                        self.batches.progressed(&run, loaded.state.report());
                        self.elsewhere.insert(&self.shared.engine, run, loaded, reins);
                    }
                    Taking::Own(loaded) => {
                        self.driven.insert(run.clone(), loaded.state.report().waits);
                        let (shared, stop) = (self.shared.clone(), self.stop.clone());
                        let actor = Actor::new(shared, run, loaded, reins, wakeup, stop);
                        actors.push(actor.reporting(Some(self.progress.0.clone())));
                    }
                }
            }
        }
        // What was in flight holds its resources again before anything starts.
        actors.iter_mut().for_each(Actor::hold_unsettled);
        actors.iter_mut().for_each(|actor| actor.undecided = Some(self.shared.surveys.expect()));
        actors.into_iter().for_each(|actor| drop(self.running.spawn(actor.drive())));
        Ok(())
    }

    /// Until every actor has left and no batch lets more loose soon. With a way for more runs to come in, until all
    /// have left at the same time: then runs that come in are taken up, and so is one that was left, when somebody else
    /// writes to it.
    pub(crate) async fn gather(
        mut self,
        mut joining: Option<mpsc::UnboundedReceiver<Vec<RunId>>>,
    ) -> Result<BTreeMap<RunId, StopReason>, DriveError> {
        while self.stays() {
            let (wakeups, clock, wake_ms) =
                (self.wakeups.clone(), self.shared.engine.clock.clone(), self.wake_ms);
            let join = async { joining.as_mut()?.recv().await };
            let looked = self.others_looked_at();
            tokio::select! {
                biased;
                () = looked => {
                    self.take_back_from_the_gone().await?;
                    self.look_at_holds().await;
                }
                Ok(()) = self.went_on.changed() => self.take_up_held_up().await,
                Some(joined) = self.running.join_next() => self.note(joined).await?,
                Some((run, report)) = self.progress.1.recv() => {
                    self.progressed(&run, report);
                    self.start_released().await?;
                }
                Some(runs) = join => {
                    let new = |run: &RunId| !self.wakeups.knows(&run.stream());
                    let runs: Vec<RunId> = runs.into_iter().filter(new).collect();
                    self.take_up(runs).await;
                }
                () = wakeups.woken() => self.hear().await?,
                () = sleep_until(&*clock, wake_ms) => self.start_released().await?,
                Ok(()) = self.stop.changed() => {}
            }
            if joining.is_some() {
                self.take_up_again().await;
            }
        }
        Ok(self.all_left())
    }

    /// Whether anybody is at work, or a batch lets more loose soon enough to be waited for.
    fn stays(&self) -> bool {
        let wait_policy = self.shared.wait_policy;
        let soon = |date: i64| date.saturating_sub(self.shared.engine.clock.now_ms()) <= wait_policy.soak_ms;
        let waits = self.wake_ms.is_some_and(soon) || self.people && wait_policy.people;
        !self.running.is_empty() || !*self.stop.borrow() && (waits || self.is_needed_elsewhere())
    }

    /// Whether another runner is at work on a run of this drive, which this one carries on when that one is gone.
    fn is_needed_elsewhere(&self) -> bool {
        self.elsewhere.left(&self.shared.engine, self.shared.wait_policy).values().any(Option::is_none)
    }

    /// Ends when it was looked again who is at work.
    fn others_looked_at(&self) -> impl Future<Output = ()> + use<> {
        let member = self.shared.member.clone();
        async move {
            match member {
                Some(member) => member.looked_around().await,
                None => std::future::pending().await,
            }
        }
    }

    /// Runs of runners that are gone are carried on before any is begun.
    async fn take_back_from_the_gone(&mut self) -> Result<(), DriveError> {
        let Some(member) = self.shared.member.clone() else { return Ok(()) };
        let gone = |loaded: &Loaded| loaded.state.owner().is_none_or(|owner| !member.is_alive(&owner.runner));
        let gone = self.elsewhere.runs().filter(|(_, loaded)| gone(loaded)).map(|(run, _)| run.clone());
        let gone: Vec<RunId> = gone.collect();
        for run in gone.into_iter().rev() {
            if let Some(foreign) = self.elsewhere.remove(&run) {
                let queue = self.queue_of(&foreign.loaded);
                queue.push_front((run, foreign.loaded, foreign.reins));
            }
        }
        self.start_ready().await
    }

    /// Takes in how far a run is.
    fn progressed(&mut self, run: &RunId, report: RunReport) {
        self.driven.get_mut(run).into_iter().for_each(|waits| *waits = report.waits);
        self.batches.progressed(run, report);
    }

    fn all_left(mut self) -> BTreeMap<RunId, StopReason> {
        for (run, why) in self.elsewhere.left(&self.shared.engine, self.shared.wait_policy) {
            self.left.insert(run, why.unwrap_or(StopReason::Stopped));
        }
        let waiting = self.owned.drain(..).chain(self.ready.drain(..));
        self.left.extend(waiting.map(|(run, ..)| (run, StopReason::Stopped)));
        self.left.extend(self.batches.waiting().map(|run| (run.clone(), StopReason::NotReleased)));
        self.left
    }

    async fn note(&mut self, joined: Result<Gone, tokio::task::JoinError>) -> Result<(), DriveError> {
        let (run, how) = joined.map_err(|e| DriveError::Panicked(e.to_string()))??;
        // All that it reported, before it is read again.
        self.hear_reports();
        self.driven.remove(&run);
        if how != StopReason::NotReleased {
            self.shared.engine.observer.left(&run, &how);
        }
        let is_owed = self.batches.left(&run, &how) && how != StopReason::Stopped;
        let is_owed = is_owed || matches!(how, StopReason::TakenOver(_)) || self.may_go_on(&how);
        self.left.insert(run.clone(), how);
        if is_owed {
            self.take_up(vec![run]).await;
        }
        if self.went_on.has_changed().unwrap_or(false) {
            self.went_on.mark_unchanged();
            self.take_up_held_up().await;
        }
        self.start_released().await
    }

    /// Somebody else wrote to a batch, or to a run that its batch keeps.
    async fn hear(&mut self) -> Result<(), DriveError> {
        let wakeups = self.wakeups.clone();
        let woken = |stream: &StreamId| wakeups.of(stream).notified().now_or_never().is_some();
        let left = self.batches.catch_up(&self.shared.engine, woken).await?;
        let kept = self.batches.waiting().filter(|run| woken(&run.stream()));
        let kept: Vec<RunId> = kept.cloned().collect();
        self.hear_elsewhere().await?;
        let again = read_back(&self.shared.engine, &kept, Position(u64::MAX)).await?;
        self.batches.take_in(&self.shared.engine, again).await?;
        self.start_released().await?;
        let left = left.into_iter().filter(|run| self.left.contains_key(run)).collect();
        self.take_up(left).await;
        Ok(())
    }

    /// Somebody wrote to a run that another runner has.
    async fn hear_elsewhere(&mut self) -> Result<(), DriveError> {
        let wakeups = self.wakeups.clone();
        let woken = |run: &RunId| wakeups.of(&run.stream()).notified().now_or_never().is_some();
        for run in self.elsewhere.catch_up(&self.shared.engine, woken).await? {
            let known = self.elsewhere.get(&run).map(|known| (known.state.report(), known.state.verdict()));
            let Some((report, verdict)) = known else { continue };
            self.batches.progressed(&run, report);
            if let Some(verdict) = verdict {
                let how = StopReason::Closed(verdict);
                self.elsewhere.remove(&run);
                self.batches.left(&run, &how);
                self.left.insert(run, how);
            }
        }
        Ok(())
    }

    /// Looks whether steps of other runners went on that a person had to decide about. What cannot be read is looked at again the
    /// next time.
    async fn look_at_holds(&self) {
        if let Ok(true) = self.shared.holds.look_again(&*self.shared.engine.log).await {
            self.shared.locks.tell_went_on();
        }
    }

    /// Whether a run was left because of a step that has gone on since.
    fn may_go_on(&self, how: &StopReason) -> bool {
        let StopReason::HeldUp(held) = how else { return false };
        let by = (held.by.clone(), held.by_step.clone());
        let stopped = self.shared.locks.is_stopped(&held.key, &by) || self.shared.holds.is_stopped(&by);
        !stopped && !*self.stop.borrow()
    }

    /// Runs that were left because of a step that has gone on are taken up again.
    async fn take_up_held_up(&mut self) {
        let runs = self.left.iter().filter(|(_, how)| self.may_go_on(how)).map(|(run, _)| run.clone());
        let runs: Vec<RunId> = runs.collect();
        self.take_up(runs).await;
    }

    async fn take_up_again(&mut self) {
        if *self.stop.borrow() {
            return;
        }
        let woken = |run: &RunId| self.wakeups.of(&run.stream()).notified().now_or_never().is_some();
        let open = |(run, how): &(&RunId, &StopReason)| !matches!(how, StopReason::Closed(_)) && woken(run);
        let runs: Vec<RunId> = self.left.iter().filter(open).map(|(run, _)| run.clone()).collect();
        self.take_up(runs).await;
    }

    /// What cannot be read keeps nobody else from going on.
    async fn take_up(&mut self, runs: Vec<RunId>) {
        for run in runs {
            let taken =
                match read_back(&self.shared.engine, std::slice::from_ref(&run), Position(u64::MAX)).await {
                    Ok(loaded) => self.take_in(loaded).await,
                    Err(e) => Err(e),
                };
            if let Err(e) = taken {
                let why = Fault::new(FaultKind::Bug, "NotTakenUp", e.to_string());
                self.left.insert(run, StopReason::Unreadable(why));
            }
        }
    }
}

async fn sleep_until(clock: &dyn Clock, date_ms: Option<i64>) {
    match date_ms {
        Some(date_ms) => clock.sleep_until(date_ms).await,
        None => std::future::pending().await,
    }
}
