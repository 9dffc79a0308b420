//! CLI: what the pages of one server share: the log, what was read of it, the door. Reads the log.

use super::door::Door;
use super::folds::Folds;
use super::moment::Moment;
use crate::error::{CliError, causes};
use crate::hint::Hints;
use crate::output::Output;
use crate::source::Source;
use crate::standing::{Read, Standing};
use rehome_orchestrator::{BatchLoaded, Clock, RunId, RunState, SystemClock, TimeScale};
use rehome_store::Head;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// Where everything stands, as one page shows it.
pub(crate) struct Seen {
    pub(crate) standing: Standing,
    pub(crate) batches: Arc<BTreeMap<String, BatchLoaded>>,
    /// Moves that a bundle does not have.
    pub(crate) withheld: usize,
    pub(crate) now_ms: i64,
}

/// What is made anew only where something is new, or this is over.
const FRESH_MS: i64 = 1_000;

/// How often it is looked whether the log has grown.
pub(crate) const LOOK: Duration = Duration::from_millis(400);

/// What was read of the log, and what was made of it last.
#[derive(Default)]
struct Cached {
    folds: Folds,
    seen: Option<Arc<Seen>>,
}

/// What a server is opened with.
pub(crate) struct Opened {
    pub(crate) source: Source,
    /// The file of the log, or of the bundle.
    pub(crate) place: String,
    /// The log, where requests of people are appended to.
    pub(crate) db: PathBuf,
    pub(crate) hints: Hints,
    pub(crate) own: TimeScale,
    pub(crate) actor: Arc<str>,
    pub(crate) output: Output,
    /// Whether whoever is inside may act.
    pub(crate) acts: bool,
}

/// What the pages of one server share.
pub(crate) struct Site {
    pub(crate) of: Opened,
    pub(crate) door: Door,
    pub(crate) moments: watch::Sender<Moment>,
    pub(crate) ending: watch::Receiver<bool>,
    cached: Mutex<Cached>,
}

impl Site {
    pub(crate) fn new(of: Opened, door: Door, ending: watch::Receiver<bool>) -> Self {
        Self { of, door, moments: watch::Sender::default(), ending, cached: Mutex::default() }
    }

    /// Where everything stands now.
    pub(crate) async fn seen(&self) -> Result<Arc<Seen>, CliError> {
        let mut cached = self.cached.lock().await;
        cached.folds.renew(self.of.source.log()).await?;
        let (head, now_ms) = (cached.folds.head(), SystemClock.now_ms());
        let good = |seen: &Arc<Seen>| seen.standing.head == head && now_ms - seen.now_ms < FRESH_MS;
        if let Some(seen) = cached.seen.clone().filter(good) {
            return Ok(seen);
        }
        let seen = Arc::new(self.made(&cached.folds, head, now_ms));
        cached.seen = Some(seen.clone());
        Ok(seen)
    }

    fn made(&self, folds: &Folds, head: Head, now_ms: i64) -> Seen {
        let (views, batches, runner) = (folds.views(), folds.batches(), self.of.source.presence());
        let read = Read { head, batch: None, views, runner, now_ms };
        let standing = Standing::of(read, &batches, &self.of.hints, self.of.own);
        Seen { standing, batches, withheld: folds.withheld(), now_ms }
    }

    /// Where one move stands, by its own steps.
    pub(crate) async fn state(&self, run: &RunId) -> Option<RunState> {
        self.cached.lock().await.folds.state(run).cloned()
    }

    /// A command with the flags that it needs where it is pasted.
    pub(crate) fn command(&self, command: &str) -> String {
        self.of.hints.complete(command)
    }

    /// Looks how far the log goes and who is at work, and tells those who watch what is new.
    pub(crate) async fn look(&self) {
        let read = self.of.source.log().head().await;
        let read = read.map(|head| head.position.0).map_err(|e| causes(&e));
        let (runner, now_ms) = (self.of.source.presence().word(), SystemClock.now_ms());
        self.moments.send_if_modified(|known| {
            let next = known.then(read, runner, now_ms);
            let is_new = *known != next;
            *known = next;
            is_new
        });
    }

    /// Looks again and again, for as long as the server lives.
    pub(crate) async fn watch(&self) {
        loop {
            self.look().await;
            tokio::time::sleep(LOOK).await;
        }
    }
}
