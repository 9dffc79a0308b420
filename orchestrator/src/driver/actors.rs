//! Engine: the actors of one drive. They come while it lasts, and one that left comes back when somebody wrote to its
//! run. Touches the log, reading.

use crate::driver::actor::Actor;
use crate::driver::batches::Batches;
use crate::driver::read_back::read_back;
use crate::driver::watch::Wakeups;
use crate::driver::{DriveError, Shared, StopReason};
use crate::fault::{Fault, FaultKind};
use crate::ids::RunId;
use crate::recovery::history::Loaded;
use futures_util::FutureExt;
use rehome_store::Position;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, watch as signal};
use tokio::task::JoinSet;

type Gone = Result<(RunId, StopReason), DriveError>;

pub(crate) struct Actors {
    pub(crate) shared: Arc<Shared>,
    pub(crate) wakeups: Arc<Wakeups>,
    pub(crate) stop: signal::Receiver<bool>,
    batches: Batches,
    running: JoinSet<Gone>,
    left: BTreeMap<RunId, StopReason>,
}

impl Actors {
    pub(crate) fn new(shared: Arc<Shared>, wakeups: Arc<Wakeups>, stop: signal::Receiver<bool>) -> Self {
        Self {
            shared,
            wakeups,
            stop,
            batches: Batches::default(),
            running: JoinSet::new(),
            left: BTreeMap::new(),
        }
    }

    /// Takes in runs that have no actor, and starts what their batches release.
    pub(crate) async fn take_in(&mut self, runs: Vec<(RunId, Loaded)>) -> Result<(), DriveError> {
        runs.iter().for_each(|(run, _)| drop(self.left.remove(run)));
        self.batches.take_in(&*self.shared.engine.log, runs).await?;
        self.start_released();
        Ok(())
    }

    fn start_released(&mut self) {
        let released = self.batches.released(self.shared.engine.clock.now_ms());
        let actor = |(run, loaded): (RunId, Loaded)| {
            let wakeup = self.wakeups.of(&run.stream());
            Actor::new(self.shared.clone(), run, loaded, wakeup, self.stop.clone())
        };
        let mut actors: Vec<Actor> = released.into_iter().map(actor).collect();
        // What was in flight holds its resources again before anything starts.
        actors.iter_mut().for_each(Actor::hold_unsettled);
        actors.iter_mut().for_each(|actor| actor.undecided = Some(self.shared.surveys.expect()));
        actors.into_iter().for_each(|actor| drop(self.running.spawn(actor.drive())));
    }

    /// Until every actor has left.
    pub(crate) async fn gather(mut self) -> Result<BTreeMap<RunId, StopReason>, DriveError> {
        while let Some(joined) = self.running.join_next().await {
            self.note(joined)?;
        }
        Ok(self.all_left())
    }

    /// Until all have left at the same time. Runs that come in are taken up; so is one that was left, when somebody
    /// else writes to it.
    pub(crate) async fn serve(
        mut self,
        mut joining: mpsc::UnboundedReceiver<Vec<RunId>>,
    ) -> Result<BTreeMap<RunId, StopReason>, DriveError> {
        while !self.running.is_empty() {
            let wakeups = self.wakeups.clone();
            tokio::select! {
                biased;
                Some(joined) = self.running.join_next() => self.note(joined)?,
                Some(runs) = joining.recv() => {
                    let new = |run: &RunId| !self.wakeups.knows(&run.stream());
                    let runs: Vec<RunId> = runs.into_iter().filter(new).collect();
                    self.take_up(runs).await;
                }
                () = wakeups.woken() => {}
            }
            self.take_up_again().await;
        }
        Ok(self.all_left())
    }

    fn all_left(mut self) -> BTreeMap<RunId, StopReason> {
        self.left.extend(self.batches.waiting().map(|run| (run.clone(), StopReason::NotReleased)));
        self.left
    }

    fn note(&mut self, joined: Result<Gone, tokio::task::JoinError>) -> Result<(), DriveError> {
        let (run, how) = joined.map_err(|e| DriveError::Panicked(e.to_string()))??;
        self.shared.engine.observer.left(&run, &how);
        self.batches.left(&run, &how);
        self.left.insert(run, how);
        self.start_released();
        Ok(())
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
