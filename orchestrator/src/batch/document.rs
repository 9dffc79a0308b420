//! Engine: the document that is planned, approved and run as a whole: a batch of runs. Pure.

use crate::batch::event::{FORMAT_VERSION, is_readable};
use crate::ids::{RunId, is_name};
use crate::plan::{Plan, PlanError, digest};
use crate::recovery::history::HistoryError;
use rehome_store::AppendError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// The plans of several runs, as one file that a person approves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The version of the document's form.
    pub format_version: String,
    /// The name of the batch.
    pub batch: String,
    /// What else it says of the batch, for people and for the program that made it.
    pub about: Value,
    /// The runs.
    pub moves: Vec<Move>,
}

/// One run of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Its name.
    pub run: RunId,
    /// What else the document says of it.
    pub about: Value,
    /// What a person asked for.
    pub params: Value,
    /// What was read before the plan was made.
    pub facts: Value,
    /// The plan.
    pub plan: Plan,
}

/// Why a document was not recorded. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The document has a form of the future.
    #[error("the document has format {0}, and this program knows {FORMAT_VERSION}")]
    Format(String),
    /// A plan breaks a rule.
    #[error("the plan of {run} breaks a rule")]
    Plan {
        /// The run.
        run: RunId,
        /// The rule.
        source: PlanError,
    },
    /// Two runs of one name, or none.
    #[error("a document names each of its moves once, and has at least one: {0}")]
    Runs(String),
    /// A name that is none.
    #[error(
        "{0:?} is no name: a batch and a move are called by 1 to 64 letters, digits, hyphens, underscores and dots"
    )]
    Name(String),
    /// Another document of the batch is under way.
    #[error("batch {batch} is under way with another plan: {run} has begun and is not closed")]
    UnderWay {
        /// The batch.
        batch: String,
        /// A run that has begun.
        run: RunId,
    },
    /// A run of that name is in the log, with another plan.
    #[error("the log has a move called {0} from another plan")]
    Taken(RunId),
    /// There is no such batch.
    #[error("the log has no batch called {0}")]
    NoBatch(String),
    /// The log could not be read.
    #[error("failed to read the record of the batch")]
    History(#[from] HistoryError),
    /// The log could not be written.
    #[error("failed to append to the log")]
    Append(#[from] AppendError),
}

impl Document {
    /// The digest that a person approves: SHA-256 of the document's RFC 8785 form.
    pub fn digest(&self) -> String {
        digest(self)
    }

    /// Checks the rules of a document and of its plans.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), BatchError> {
        if !is_readable(&self.format_version) {
            return Err(BatchError::Format(self.format_version.clone()));
        }
        let runs = self.moves.iter().map(|entry| entry.run.as_str());
        if let Some(none) = runs.chain([self.batch.as_str()]).find(|name| !is_name(name)) {
            return Err(BatchError::Name(none.to_owned()));
        }
        let mut names = BTreeSet::new();
        for entry in &self.moves {
            if !names.insert(&entry.run) {
                return Err(BatchError::Runs(entry.run.to_string()));
            }
            entry.plan.check().map_err(|source| BatchError::Plan { run: entry.run.clone(), source })?;
        }
        if names.is_empty() { Err(BatchError::Runs("none".to_owned())) } else { Ok(()) }
    }
}
