//! Engine: one drive: the actors of its runs, and one watcher for what other processes append.

use crate::batch::{BatchError, Document, Recording};
use crate::crew::Member;
use crate::driver::actors::Actors;
use crate::driver::engine::{DriveError, Engine, Shared, StopReason, WaitPolicy};
use crate::driver::holds::Holds;
use crate::driver::locks::Locks;
use crate::driver::read_back::{known_of, read_back};
use crate::driver::together::Surveys;
use crate::driver::watch;
use crate::ids::RunId;
use crate::recovery::history::Loaded;
use crate::run::state::RunState;
use crate::verify::replay::Replayed;
use rehome_store::Position;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, watch as signal};

/// What a drive begins with.
struct Begin {
    runs: Vec<(RunId, Loaded)>,
    /// Runs that nobody drives, and that have begun something of which the outcome is open.
    others: Vec<(RunId, RunState)>,
    /// The log was read up to here.
    head: Position,
}

impl Engine {
    /// Records a document, that this engine's actor approves it, and that they begin to work on it.
    ///
    /// # Errors
    /// As [`Document::approve`].
    pub async fn begin(&self, document: &Document, reason: &str) -> Result<Recording, BatchError> {
        document.begin(&*self.log, &self.actor, self.clock.now_ms(), reason).await
    }

    /// Drives these runs as far as they go by themselves, and says where each was left.
    ///
    /// # Errors
    /// As [`Engine::drive`].
    pub async fn advance(&self, runs: &[RunId]) -> Result<BTreeMap<RunId, StopReason>, DriveError> {
        let (_never, stop) = signal::channel(false);
        self.drive(runs, WaitPolicy::BRIEFLY, stop).await
    }

    /// Drives these runs as far as `wait_policy` says, and says where each was left. A `true` on `stop` lets
    /// what is in flight finish and starts nothing new.
    ///
    /// # Errors
    /// When the log or a run's record fails; everything else is a state of a run.
    pub async fn drive(
        &self,
        runs: &[RunId],
        wait_policy: WaitPolicy,
        stop: signal::Receiver<bool>,
    ) -> Result<BTreeMap<RunId, StopReason>, DriveError> {
        let head = self.log.head().await?.position;
        let runs = read_back(self, runs, head).await?;
        self.drive_until(Begin { runs, others: Vec::new(), head }, wait_policy, stop, None).await
    }

    /// The same for more runs, which come in while it lasts: it ends when all are left at the same time. A run that was
    /// left is taken up again when somebody else writes to it. The log was `known` a moment ago, and is not read again.
    ///
    /// # Errors
    /// As [`Engine::drive`]; a run that came in and cannot be read is [`StopReason::Unreadable`].
    pub async fn serve(
        &self,
        runs: &[RunId],
        mut known: Replayed,
        wait_policy: WaitPolicy,
        stop: signal::Receiver<bool>,
        joining: mpsc::UnboundedReceiver<Vec<RunId>>,
    ) -> Result<BTreeMap<RunId, StopReason>, DriveError> {
        let head = known.verified.head.position;
        let runs = known_of(self, runs, &mut known).await?;
        // Several runners know from the log what others hold.
        let others = known.runs.into_iter().filter(|(_, state)| self.crew.is_none() && state.is_holding());
        let others = others.collect();
        self.drive_until(Begin { runs, others, head }, wait_policy, stop, Some(joining)).await
    }

    /// As one of several runners or as the only one, until all are left, the log fails, or the right to act is lost.
    async fn drive_until(
        &self,
        begin: Begin,
        wait_policy: WaitPolicy,
        stop: signal::Receiver<bool>,
        joining: Option<mpsc::UnboundedReceiver<Vec<RunId>>>,
    ) -> Result<BTreeMap<RunId, StopReason>, DriveError> {
        let member = match &self.crew {
            Some(crew) => {
                let observer = self.observer.clone();
                let known_in = Duration::from_millis(u64::from(crew.beat_ms));
                let told = move |alive| observer.shared(alive, known_in);
                let joined = Member::join(crew.clone(), self.clock.clone(), told).await;
                Some(joined.map_err(DriveError::Runner)?)
            }
            None => None,
        };
        let kept = member.clone();
        let keep = async move {
            match kept {
                Some(member) => DriveError::Runner(member.keep().await),
                None => std::future::pending().await,
            }
        };
        let work = async {
            let (actors, watcher) = self.actors(begin, wait_policy, stop, member.clone()).await?;
            tokio::select! {
                biased;
                left = actors.gather(joining) => left,
                broken = watcher => Err(broken),
            }
        };
        let left = tokio::select! {
            biased;
            lost = keep => Err(lost),
            left = Box::pin(work) => left,
        };
        if let Some(member) = member {
            member.leave().await;
        }
        left
    }

    /// The actors of these runs, and who notices what others write after this place.
    async fn actors(
        &self,
        Begin { runs, others, head }: Begin,
        wait_policy: WaitPolicy,
        stop: signal::Receiver<bool>,
        member: Option<Arc<Member>>,
    ) -> Result<(Actors, impl Future<Output = DriveError>), DriveError> {
        let permits = Arc::new(Semaphore::new(self.concurrency.max(1)));
        let shared = Arc::new(Shared {
            engine: self.clone(),
            locks: Locks::default(),
            surveys: Surveys::new(permits.clone(), self.clock.clone()),
            permits,
            wait_policy,
            own: Arc::default(),
            member,
            holds: Holds::default(),
            kept: Mutex::default(),
        });
        shared.hold_for_others(&others);
        let wakeups = Arc::new(watch::Wakeups::default());
        let mut actors = Actors::new(shared.clone(), head, wakeups.clone(), stop);
        actors.take_in(runs).await?;
        Ok((actors, watch::watch(shared, head, wakeups)))
    }
}
