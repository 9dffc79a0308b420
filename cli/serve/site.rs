//! CLI: what the pages of one server share: the log, what was read of it, the door. Reads the log.

use super::door::Door;
use super::folds::Folds;
use crate::error::CliError;
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

/// What was read of the log, and what was made of it last.
#[derive(Default)]
struct Cached {
    folds: Folds,
    seen: Option<Arc<Seen>>,
}

/// What happens to the log, for whoever watches: its end, and who is at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) position: u64,
    pub(crate) runner: &'static str,
}

/// What the pages of one server share.
pub(crate) struct Site {
    pub(crate) source: Source,
    /// The file of the log, or of the bundle.
    pub(crate) place: String,
    /// The log, where requests of people are appended to.
    pub(crate) db: PathBuf,
    pub(crate) hints: Hints,
    pub(crate) own: TimeScale,
    pub(crate) actor: Arc<str>,
    pub(crate) output: Output,
    pub(crate) door: Door,
    /// Whether whoever is inside may act.
    pub(crate) acts: bool,
    pub(crate) moments: watch::Sender<Moment>,
    pub(crate) ending: watch::Receiver<bool>,
    cached: Mutex<Cached>,
}

/// What a server is opened with.
pub(crate) struct Opened {
    pub(crate) source: Source,
    pub(crate) place: String,
    pub(crate) db: PathBuf,
    pub(crate) hints: Hints,
    pub(crate) own: TimeScale,
    pub(crate) actor: Arc<str>,
    pub(crate) output: Output,
    pub(crate) acts: bool,
}

impl Site {
    pub(crate) fn new(of: Opened, door: Door, ending: watch::Receiver<bool>) -> Self {
        let Opened { source, place, db, hints, own, actor, output, acts } = of;
        let moments = watch::Sender::new(Moment { position: 0, runner: "" });
        let cached = Mutex::default();
        Self { source, place, db, hints, own, actor, output, door, acts, moments, ending, cached }
    }

    /// Where everything stands now.
    pub(crate) async fn seen(&self) -> Result<Arc<Seen>, CliError> {
        let mut cached = self.cached.lock().await;
        cached.folds.renew(self.source.log()).await?;
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
        let (views, batches, runner) = (folds.views(), folds.batches(), self.source.presence());
        let read = Read { head, batch: None, views, runner, now_ms };
        let standing = Standing::of(read, &batches, &self.hints, self.own);
        Seen { standing, batches, withheld: folds.withheld(), now_ms }
    }

    /// Where one move stands, by its own steps.
    pub(crate) async fn state(&self, run: &RunId) -> Option<RunState> {
        self.cached.lock().await.folds.state(run).cloned()
    }

    /// A command with the flags that it needs where it is pasted.
    pub(crate) fn command(&self, command: &str) -> String {
        self.hints.complete(command)
    }

    /// Tells those who watch what happens, for as long as the server lives.
    pub(crate) async fn watch(&self) {
        loop {
            let runner = self.source.presence().word();
            if let Ok(head) = self.source.log().head().await {
                let moment = Moment { position: head.position.0, runner };
                self.moments.send_if_modified(|known| {
                    let is_new = *known != moment;
                    *known = moment.clone();
                    is_new
                });
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// How often it is looked whether the log has grown.
const LOOK: Duration = Duration::from_millis(400);
