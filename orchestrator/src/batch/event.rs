//! Engine: what can happen to a batch, as the log keeps it. Touches nothing.

use crate::approval::{ApprovalPolicy, SignedApproval};
use crate::batch::rollout::Rollout;
use crate::batch::told::{DriftChecked, RunnerGone, Told};
use crate::ids::RunId;
use crate::json::Json;
use crate::run::event_lost::Restored;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The form of documents that this program writes. A new minor number only adds.
pub const FORMAT_VERSION: &str = "1.0";

/// Whether this program reads documents of a form: a new minor number only adds.
pub(crate) fn is_readable(format_version: &str) -> bool {
    format_version.split('.').next() == FORMAT_VERSION.split('.').next()
}

/// Something that happened to a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchEvent {
    /// A document with the plans of several runs exists.
    Planned(BatchPlanned),
    /// A person allowed it.
    Approved(BatchApproved),
    /// Somebody whose approvals count approved it, or a part of it, and signed that.
    Signed(SignedApproval),
    /// A program began to work on it.
    Opened(Opened),
    /// The end of the log is lost.
    Restored(Restored),
    /// A person asked for something.
    Requested(BatchRequested),
    /// The runs of a wave may begin.
    WaveReleased(WaveReleased),
    /// Every run of a wave is through.
    WavePassed(WavePassed),
    /// A run failed for the first time.
    RunFailed(RunFailed),
    /// People were told something outside of the log.
    Told(Told),
    /// The runner is gone, and somebody looked.
    RunnerGone(RunnerGone),
    /// Runs that are through were looked at again.
    DriftChecked(DriftChecked),
    /// A program that works on it has heard what was asked.
    Heard(BatchHeard),
}

/// See [`BatchEvent::Planned`]. Together with the runs' own events it is the whole document again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchPlanned {
    /// The digest of the document.
    pub digest: String,
    /// The version of the document's form.
    pub format_version: String,
    /// What the document says of the batch as a whole.
    pub about: Json,
    /// Its runs, in the order of the document.
    pub runs: Vec<RunId>,
    /// How they are let loose; all at once where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// Whose approvals count; where it is absent, those of whoever says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalPolicy>,
}

/// See [`BatchEvent::Approved`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchApproved {
    /// The digest of the document that the person saw.
    pub digest: String,
    /// Why.
    pub reason: String,
}

/// See [`BatchEvent::Opened`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// The program and its version.
    pub program: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// By how much the program's own timers are shortened.
    pub time_scale: f64,
    /// What the program says of the world that it works on: where it is, who it is there.
    pub world: BTreeMap<String, String>,
}

impl Opened {
    /// A program that says no more of itself than its name, on real time.
    pub fn by(program: &str) -> Self {
        let (program, host) = (program.to_owned(), String::new());
        Self { program, host, pid: 0, time_scale: 1.0, world: BTreeMap::new() }
    }
}

/// See [`BatchEvent::Requested`]. Who asked is the record's actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchRequested {
    /// What for.
    pub request: BatchRequest,
    /// Why.
    pub reason: String,
}

/// What a person can ask of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchRequest {
    /// Let this wave loose when its turn comes, and not before a person says so again where it was held.
    Release(String),
    /// Do not let this wave loose until it is released.
    Hold(String),
    /// Go on with this wave, or with the whole batch; failures until now no longer count.
    Resume(Option<String>),
    /// Begin nothing new.
    Pause {
        /// In this wave; in the whole batch where it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wave: Option<String>,
        /// Until this date, in milliseconds since 1970; until somebody says so where it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_ms: Option<i64>,
    },
    /// Have so many runs at work at once; as many as was planned where it is absent.
    Throttle(Option<u64>),
    /// Use so much of the limits that the world publishes, in percent; as much as was planned where it is absent.
    Share(Option<u64>),
    /// Begin nothing more, ever, and leave the world as it is.
    Abandon,
    /// Give it up no longer.
    TakeUp,
    /// Leave out a run that has not begun.
    Skip(RunId),
    /// Leave it out no longer.
    Include(RunId),
    /// Open the gate of the clean-up for no further run until somebody releases it. Whoever opens gates asks for that.
    HoldCleanUp,
    /// Hold it no longer.
    ReleaseCleanUp,
    /// Nothing: the reason is a remark.
    Note,
}

impl BatchRequested {
    /// Whether version 1 of this event did not know what is asked for.
    pub(crate) fn is_newer(&self) -> bool {
        !matches!(self.request, BatchRequest::Release(_) | BatchRequest::Hold(_))
    }

    /// Whether version 2 of this event did not know it either.
    pub(crate) fn is_of_shares(&self) -> bool {
        matches!(self.request, BatchRequest::Share(_))
    }

    /// Whether version 3 of this event did not know it either.
    pub(crate) fn is_of_gates(&self) -> bool {
        matches!(self.request, BatchRequest::HoldCleanUp | BatchRequest::ReleaseCleanUp)
    }
}

/// See [`BatchEvent::WaveReleased`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaveReleased {
    /// The wave.
    pub wave: String,
}

/// See [`BatchEvent::WavePassed`]. What the next wave waits for is counted from this event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WavePassed {
    /// The wave.
    pub wave: String,
    /// How many of its runs got through.
    pub through: u64,
    /// How many of its runs ended in another way.
    pub fell_out: u64,
}

/// See [`BatchEvent::RunFailed`]. A run that is tried again and fails again is not counted twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFailed {
    /// The run.
    pub run: RunId,
}

/// See [`BatchEvent::Heard`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchHeard {
    /// The last request that it has heard, by its place in the stream of the batch.
    pub asked: u64,
}
