//! Engine: the names of things in the log. Touches nothing.

use rehome_store::{Digest, StreamId};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The longest name of a run, a step or a batch.
const NAME_MAX: usize = 64;

/// Whether a text may name a run, a step or a batch: 1 to 64 letters, digits, hyphens, underscores and dots. A name is
/// typed by people, stands in commands that are printed, and is a part of the names of streams.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The name of one run of a workflow (for Rehome: one move); it is also the name of its stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// Stream names of runs begin with this.
    pub const PREFIX: &'static str = "run/";

    /// Names a run.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as people type it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The stream that holds the events of this run.
    pub fn stream(&self) -> StreamId {
        StreamId::new(format!("{}{}", Self::PREFIX, self.0))
    }

    /// The run that a stream belongs to, if it is the stream of a run.
    pub fn of_stream(stream: &StreamId) -> Option<Self> {
        stream.as_str().strip_prefix(Self::PREFIX).map(Self::new)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a step inside one plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(String);

impl StepId {
    /// Names a step.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as people type it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for StepId {
    fn from(name: String) -> Self {
        Self(name)
    }
}

impl From<&str> for StepId {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is done with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Its effect is put in place.
    #[serde(rename = "run")]
    Do,
    /// Its effect is taken back.
    Undo,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Do => "run",
            Self::Undo => "undo",
        })
    }
}

/// The name-space of request ids, so that they never meet ids made elsewhere.
const REQUESTS: Uuid = Uuid::from_u128(0x5f0e_6d4a_9d0b_4f6c_8a53_2b7e_61c0_94d1);

/// What everything that an intent makes the program send to write is known by on the other side: the first 122 bits of
/// the hash of the event that says the intent, in the form of a UUID of version 8 (RFC 9562). Whoever keeps it there keeps
/// a piece of this log, with everything before that event, and it can be worked out from no other log.
pub fn correlation_id(intent: Digest) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&intent.0[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The client request id of one attempt: the same whenever the same attempt is named, so that the
/// log can be reconciled with the other side's own record.
pub fn request_id(run: &RunId, step: &StepId, direction: Direction, attempt: u32) -> Uuid {
    Uuid::new_v5(&REQUESTS, format!("{run}\n{step}\n{direction}\n{attempt}").as_bytes())
}
