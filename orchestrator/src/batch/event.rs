//! Engine: what can happen to a batch, as the log keeps it. Touches nothing.

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
    /// A program began to work on it.
    Opened(Opened),
    /// The end of the log is lost.
    Restored(Restored),
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
