//! Engine: where a batch stands, as its events tell it. Holds data; the rules are in `batch/fold`.

use crate::batch::event::BatchPlanned;
use crate::ids::RunId;
use std::collections::BTreeSet;

/// Where a batch stands: its documents, of which the last one counts.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchState {
    pub(crate) earlier: Vec<DocumentState>,
    pub(crate) current: DocumentState,
}

/// Where one document of a batch stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DocumentState {
    pub(crate) planned: BatchPlanned,
    /// The same runs as in `planned`, to be looked up.
    pub(crate) runs: BTreeSet<RunId>,
    pub(crate) approved: bool,
    /// Where in the log a program first began to work on it.
    pub(crate) opened: Option<u64>,
}

impl BatchState {
    /// What was planned last.
    pub fn planned(&self) -> &BatchPlanned {
        &self.current.planned
    }

    /// Whether a person allowed what was planned last.
    pub fn is_approved(&self) -> bool {
        self.current.approved
    }

    /// The document with this digest, of whichever time.
    pub(crate) fn document(&self, digest: &str) -> Option<&DocumentState> {
        let mut all = self.earlier.iter().chain([&self.current]);
        all.find(|document| document.planned.digest == digest)
    }
}
