//! CLI: tells what is to be told while somebody is at work, and never keeps the work. Touches the log.

use super::config::Hooks;
use super::outbox::{Outbox, ToTell};
use super::way::{NotTaken, Way, WayKind};
use crate::aside::{Aside, turn};
use crate::crew;
use crate::error::{CliError, causes};
use crate::output::Output;
use crate::store;
use rehome_orchestrator::{BatchError, BatchLoaded, Clock, HistoryError, SystemClock, TimeScale, Told};
use rehome_store::{Backend, LeaseHolder, Log, Position};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How often the log is looked at for what is to be told.
const LOOK: Duration = Duration::from_millis(250);

/// How often it is looked whether it is this one's turn, where another runner tells.
const LOOK_AT_OTHERS: Duration = Duration::from_secs(2);

/// Events read at once.
const PAGE: usize = 1_000;

/// After the first failure so long is waited, and each time twice as long.
const RETRY_MS: u64 = 5_000;

/// And never longer.
const RETRY_MAX_MS: u64 = 600_000;

/// What it takes to tell.
#[derive(Clone)]
pub(crate) struct Teller {
    pub(crate) log: Arc<dyn Backend>,
    pub(crate) actor: Arc<str>,
    pub(crate) output: Output,
    /// A file with an authority to trust beside the machine's.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) time_scale: TimeScale,
    /// The one batch that it tells of; all of the log without it.
    pub(crate) only: Option<String>,
    /// The runner that it tells for, which leaves that to the first where there are several.
    pub(crate) who: Option<LeaseHolder>,
}

/// The log, as far as it was read for what is to be told.
pub(crate) struct Reading {
    log: Arc<dyn Backend>,
    outbox: Outbox,
    after: Position,
}

/// One thing to tell by one way.
pub(crate) struct Due {
    hooks: Hooks,
    way: WayKind,
    what: ToTell,
}

impl Due {
    pub(crate) fn messages(&self) -> usize {
        self.what.messages.len()
    }
}

impl Reading {
    pub(crate) fn new(log: &Arc<dyn Backend>) -> Self {
        Self { log: log.clone(), outbox: Outbox::new(log.id()), after: Position(0) }
    }

    /// Reads on to the end of the log: what is to be told of what is new there, and was not told.
    ///
    /// # Errors
    /// When an event cannot be read or cannot follow.
    pub(crate) async fn catch_up(&mut self, only: Option<&str>) -> Result<Vec<Due>, HistoryError> {
        let mut new = Vec::new();
        loop {
            let page = self.log.read_all(self.after, PAGE).await?;
            for stored in &page {
                new.extend(self.outbox.take(stored)?);
                self.after = stored.position;
            }
            if page.len() < PAGE {
                break;
            }
        }
        let mut due = Vec::new();
        for (batch, hooks) in self.outbox.batches().filter(|(name, _)| only.is_none_or(|only| only == *name))
        {
            for way in WayKind::of(hooks) {
                let told = self.outbox.told(batch, way);
                let is_due = |what: &&ToTell| what.batch == *batch && what.position > told;
                let what = new.iter().filter(is_due).cloned();
                due.extend(what.map(|what| Due { hooks: hooks.clone(), way, what }));
            }
        }
        Ok(due)
    }
}

impl Teller {
    /// Begins to tell. When it is to end, each way tells what is due once more; what it does not take then stays due.
    pub(crate) fn begin(self) -> Aside {
        Aside::begin(|closing| self.follow(closing))
    }

    async fn follow(self, mut closing: watch::Receiver<bool>) {
        let mut reading = Reading::new(&self.log);
        let mut ways: BTreeMap<(String, WayKind), mpsc::UnboundedSender<ToTell>> = BTreeMap::new();
        let mut tasks = JoinSet::new();
        loop {
            // What happened before it is to end is read once more after that.
            let last = *closing.borrow_and_update();
            if !self.is_its_turn().await {
                if last {
                    break;
                }
                turn(&mut closing, LOOK_AT_OTHERS).await;
                continue;
            }
            let due = match reading.catch_up(self.only.as_deref()).await {
                Ok(due) => due,
                Err(e) => return self.output.note(&format!("hooks: nothing more is told: {}", causes(&e))),
            };
            for Due { hooks, way, what } in due {
                let key = (what.batch.clone(), way);
                let to = ways.entry(key).or_insert_with(|| {
                    let (to, queue) = mpsc::unbounded_channel();
                    tasks.spawn(self.clone().carry(hooks, way, queue, closing.clone()));
                    to
                });
                // One whose key cannot be read takes nothing; it is told by whoever is next.
                drop(to.send(what));
            }
            if last {
                break;
            }
            turn(&mut closing, LOOK).await;
        }
        drop(ways);
        while tasks.join_next().await.is_some() {}
    }

    async fn is_its_turn(&self) -> bool {
        match &self.who {
            Some(who) => crew::is_first(&*self.log, who).await,
            None => true,
        }
    }

    /// Tells by one way, one thing after the other: what is not taken keeps what comes after it.
    async fn carry(
        self,
        hooks: Hooks,
        kind: WayKind,
        mut queue: mpsc::UnboundedReceiver<ToTell>,
        mut closing: watch::Receiver<bool>,
    ) {
        let way = match Way::open(kind, &hooks, self.ca.as_deref()) {
            Ok(way) => way,
            Err(e) => return self.cannot(kind, &e),
        };
        while let Some(what) = queue.recv().await {
            let mut refused = None;
            for message in &what.messages {
                let mut message = message.clone();
                let next = message.data.next.iter().map(|next| self.output.hints().complete(next));
                message.data.next = next.collect();
                let mut wait_ms = RETRY_MS;
                loop {
                    let why = match way.tell(&message, SystemClock.now_ms() / 1_000).await {
                        Ok(()) => break,
                        Err(NotTaken::Never(why)) => {
                            self.output.note(&format!(
                                "hooks: the {} refuses {}: {why}",
                                kind.word(),
                                message.id
                            ));
                            refused = Some(why);
                            break;
                        }
                        Err(NotTaken::Later(why)) => why,
                    };
                    self.output.note(&format!("hooks: the {} does not take it yet: {why}", kind.word()));
                    let wall_ms = u64::try_from(self.time_scale.wall_ms(wait_ms)).unwrap_or(wait_ms);
                    tokio::select! {
                        biased;
                        _ = closing.wait_for(|closing| *closing) => return,
                        () = tokio::time::sleep(Duration::from_millis(wall_ms)) => {}
                    }
                    wait_ms = (wait_ms * 2).min(RETRY_MAX_MS);
                }
            }
            if let Err(e) = self.record(kind, &what, refused).await {
                return self.cannot(kind, &e);
            }
        }
    }

    fn cannot(&self, kind: WayKind, e: &CliError) {
        let place = e.place.as_deref().map(|place| format!(" ({place})")).unwrap_or_default();
        self.output.note(&format!("hooks: the {} is told nothing: {}{place}", kind.word(), e.what));
    }

    async fn record(&self, kind: WayKind, what: &ToTell, refused: Option<String>) -> Result<(), CliError> {
        let told = Told { by: kind.word().to_owned(), through: what.position, refused };
        match BatchLoaded::tell(&*self.log, &what.batch, &self.actor, SystemClock.now_ms(), told).await {
            // Somebody else told it meanwhile.
            Ok(()) | Err(BatchError::Refused { .. }) => Ok(()),
            Err(e) => Err(store::write_error(&e)),
        }
    }
}
