//! Engine: the driver. It does what the decider decides, and writes down what comes of it.
//!
//! One actor for each run, and one watcher for what other processes append. The right to act is the
//! caller's to hold (a runner's lock), or is shared: then each run is one driver's at a time ([`Crew`]).

use crate::activity::registry::Registry;
use crate::batch::BatchError;
use crate::crew::{Crew, Member};
use crate::driver::holds::Holds;
use crate::driver::locks::{Kept, Locks};
use crate::driver::own::Own;
use crate::driver::together::Surveys;
use crate::fault::Fault;
use crate::ids::{RunId, StepId};
use crate::recovery::history::HistoryError;
use crate::run::event::{Event, HeldUp, Verdict};
use crate::time::clock::Clock;
use crate::time::scale::TimeScale;
use rehome_store::{AppendError, BoxFuture, Log, ReadError, RunnerError, StreamId};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

/// What a driver works with.
#[derive(Clone)]
pub struct Engine {
    /// Where everything is written down.
    pub log: Arc<dyn Log>,
    /// What plans may name.
    pub registry: Arc<Registry>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// By how much own timers are shortened.
    pub time_scale: TimeScale,
    /// Who runs it, as they call themselves.
    pub actor: Arc<str>,
    /// How many things may be in flight at once, reads and writes together.
    pub concurrency: usize,
    /// How often the log is looked at for what other processes asked, in wall milliseconds.
    pub look_ms: i64,
    /// Who is told what was written.
    pub observer: Arc<dyn Observer>,
    /// With whom the log is shared; nobody where this driver has it for itself.
    pub crew: Option<Crew>,
}

/// Is told about every event that the driver wrote, after it is safe.
pub trait Observer: Send + Sync + 'static {
    /// These events of this run are in the log.
    fn appended(&self, run: &RunId, events: &[Event]);

    /// Somebody wrote to this stream; that may have been this driver.
    fn heard(&self, stream: &StreamId) {
        let _ = stream;
    }

    /// So many runners share the log now, this one among them; whoever is at work has seen the same when `known_in` has passed.
    fn shared(&self, runners: usize, known_in: Duration) {
        let _ = (runners, known_in);
    }

    /// The driver left a run, and may go on with others.
    fn left(&self, run: &RunId, left: &StopReason) {
        let _ = (run, left);
    }

    /// The intent of something that nothing brings back is in the log, and nothing of it was sent yet. What
    /// has to be safe outside the log before it is sent is made safe here; an error means that it is not sent.
    fn secure<'a>(&'a self, run: &'a RunId, step: &'a StepId) -> BoxFuture<'a, Result<(), String>> {
        let _ = (run, step);
        Box::pin(async { Ok(()) })
    }
}

/// Nobody is told.
impl Observer for () {
    fn appended(&self, _: &RunId, _: &[Event]) {}
}

/// How long a driver stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitPolicy {
    /// It waits for soaks that end within this many wall milliseconds.
    pub soak_ms: i64,
    /// It waits for people.
    pub people: bool,
}

impl WaitPolicy {
    /// As far as it can go by itself.
    pub const BRIEFLY: Self = Self { soak_ms: 0, people: false };
    /// Until every soak has ended, but not for people.
    pub const FOR_SOAK: Self = Self { soak_ms: i64::MAX, people: false };
    /// Until everything is closed.
    pub const TO_THE_END: Self = Self { soak_ms: i64::MAX, people: true };
}

/// Why the driver left a run.
#[derive(Clone, Debug, PartialEq)]
pub enum StopReason {
    /// It is closed.
    Closed(Verdict),
    /// Only a person can bring it on.
    People,
    /// What it works on is held until a person decides about a step of another run.
    HeldUp(HeldUp),
    /// Nothing happens before this date, in wall milliseconds since 1970.
    Soak(i64),
    /// It was told to stop.
    Stopped,
    /// Another runner has it, by this name.
    TakenOver(String),
    /// Its batch has not released it, so nothing was begun: nobody approved it, its wave is not let loose, or it has begun
    /// and as many others are at work, or failed, as may fail.
    NotReleased,
    /// The world could not be read, so nothing was begun or proven.
    Unreadable(Fault),
}

/// Why the driver gave up altogether. What is in the log stays true; run it again.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// An event could not be written.
    #[error("failed to append to the log of {run}")]
    Append {
        /// The run.
        run: RunId,
        /// Why.
        source: AppendError,
    },
    /// The log could not be watched.
    #[error("failed to read the log")]
    Read(#[from] ReadError),
    /// A run's record could not be read or is not legal.
    #[error("failed to read the record of {run}")]
    History {
        /// The run.
        run: RunId,
        /// Why.
        source: HistoryError,
    },
    /// What was decided for a batch could not be written down.
    #[error("failed to go on with batch {batch}")]
    Batch {
        /// The batch.
        batch: String,
        /// Why.
        source: BatchError,
    },
    /// The plan names something that this program does not know.
    #[error("the plan of {run} names {name:?}, which this program does not know; nothing was begun")]
    UnknownName {
        /// The run.
        run: RunId,
        /// The name.
        name: String,
    },
    /// The plan calls a step reversible that nothing brings back.
    #[error(
        "the plan of {run} says that step {step} can be taken back, and nothing brings it back; nothing was begun"
    )]
    Misjudged {
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
    },
    /// What has to be safe before something that nothing brings back could not be made safe. It was not sent.
    #[error("step {step} of {run} cannot be taken back and was not sent: {why}")]
    NotSecured {
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
        /// Why.
        why: String,
    },
    /// This runner is not known to be at work any more, so it stopped: others carry on what it had.
    #[error("this runner has lost its right to act, and has stopped")]
    Runner(#[source] RunnerError),
    /// An activity or the engine itself broke down.
    #[error("the work on a move broke down: {0}")]
    Panicked(String),
}

/// What the actors of one drive share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) locks: Locks,
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) surveys: Arc<Surveys>,
    pub(crate) wait_policy: WaitPolicy,
    pub(crate) own: Arc<Own>,
    /// This runner, where it is one of several.
    pub(crate) member: Option<Arc<Member>>,
    pub(crate) holds: Holds,
    pub(crate) kept: Mutex<Kept>,
}
