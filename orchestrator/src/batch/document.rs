//! Engine: the document that is planned, approved and run as a whole: a batch of runs.

use crate::batch::event::{BatchApproved, BatchEvent, BatchPlanned};
use crate::ids::{RunId, is_name};
use crate::json::Json;
use crate::plan::{Plan, PlanError, digest};
use crate::recovery::history::{self, HistoryError};
use crate::run::codec::{Entry, Recorded};
use crate::run::event::{Approved, Closed, Event, Planned, Verdict};
use crate::run::requests::record;
use rehome_store::{Append, AppendError, Log, Record, Sequence, StreamId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The form of documents that this program writes. A new minor number only adds.
pub const FORMAT_VERSION: &str = "1.0";

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

/// A batch as the log tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchLoaded {
    /// What was planned last.
    pub planned: BatchPlanned,
    /// Whether that was approved.
    pub approved: bool,
    /// All that happened to it.
    pub entries: Vec<Entry<BatchEvent>>,
    pub(crate) sequence: Sequence,
}

/// Whether recording changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// It is now in the log.
    Recorded,
    /// It was in the log before.
    AlreadyThere,
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

/// The stream of a batch.
pub fn batch_stream(batch: &str) -> StreamId {
    StreamId::new(format!("{}{batch}", BatchLoaded::PREFIX))
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
        if self.format_version.split('.').next() != FORMAT_VERSION.split('.').next() {
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

    /// Records that the document exists and that a person approves it, in one append. Runs of an
    /// earlier document of the batch that never began give way.
    ///
    /// # Errors
    /// When a rule is broken, another document is under way, or the log fails.
    pub async fn approve(
        &self,
        log: &dyn Log,
        actor: &Arc<str>,
        now_ms: i64,
        reason: &str,
    ) -> Result<Recording, BatchError> {
        self.check()?;
        let digest = self.digest();
        let known = BatchLoaded::find(log, &self.batch).await?;
        let mut append = Append::default();
        let sequence = known.as_ref().map_or(Sequence(0), |k| k.sequence);
        append.expect.push((batch_stream(&self.batch), sequence));
        if let Some(known) = known {
            if known.planned.digest == digest {
                return Ok(Recording::AlreadyThere);
            }
            self.supersede(log, &known, actor, now_ms, &mut append).await?;
        }
        self.write_batch(&digest, actor, now_ms, reason, &mut append);
        for entry in &self.moves {
            self.write_move(log, entry, &digest, actor, now_ms, reason, &mut append).await?;
        }
        log.append(append).await?;
        Ok(Recording::Recorded)
    }

    fn write_batch(&self, digest: &str, actor: &Arc<str>, at_ms: i64, reason: &str, append: &mut Append) {
        let planned = BatchEvent::Planned(BatchPlanned {
            digest: digest.to_owned(),
            format_version: self.format_version.clone(),
            about: Json::of(&self.about),
            runs: self.moves.iter().map(|m| m.run.clone()).collect(),
        });
        let approved =
            BatchEvent::Approved(BatchApproved { digest: digest.to_owned(), reason: reason.to_owned() });
        append.records.push(batch_record(&self.batch, actor, at_ms, &planned));
        append.records.push(batch_record(&self.batch, actor, at_ms, &approved));
    }

    #[expect(clippy::too_many_arguments, reason = "the words of one record")]
    async fn write_move(
        &self,
        log: &dyn Log,
        entry: &Move,
        digest: &str,
        actor: &Arc<str>,
        at_ms: i64,
        reason: &str,
        append: &mut Append,
    ) -> Result<(), BatchError> {
        let taken = log.read_stream(&entry.run.stream(), Sequence(0), 1).await.map_err(HistoryError::from)?;
        if !taken.is_empty() {
            return Err(BatchError::Taken(entry.run.clone()));
        }
        let planned = Event::Planned(Planned {
            batch: self.batch.clone(),
            digest: digest.to_owned(),
            params: Json::of(&entry.params),
            facts: Json::of(&entry.facts),
            about: Json::of(&entry.about),
            plan: Arc::new(entry.plan.clone()),
        });
        let approved = Event::Approved(Approved {
            gate: None,
            digest: digest.to_owned(),
            reason: reason.to_owned(),
            accepts: Vec::new(),
        });
        append.expect.push((entry.run.stream(), Sequence(0)));
        append.records.push(record(&entry.run, actor, at_ms, &planned));
        append.records.push(record(&entry.run, actor, at_ms, &approved));
        Ok(())
    }

    async fn supersede(
        &self,
        log: &dyn Log,
        known: &BatchLoaded,
        actor: &Arc<str>,
        at_ms: i64,
        append: &mut Append,
    ) -> Result<(), BatchError> {
        for run in &known.planned.runs {
            let loaded = history::load(log, run).await?;
            if loaded.state.verdict().is_some() {
                continue;
            }
            if loaded.state.has_begun() || loaded.state.is_restored() {
                return Err(BatchError::UnderWay { batch: self.batch.clone(), run: run.clone() });
            }
            let closed = Event::Closed(Closed { verdict: Verdict::Superseded });
            append.expect.push((run.stream(), loaded.sequence));
            append.records.push(record(run, actor, at_ms, &closed));
        }
        Ok(())
    }
}

impl BatchLoaded {
    /// Stream names of batches begin with this.
    pub const PREFIX: &'static str = "batch/";

    /// Reads a batch, if there is one of that name.
    ///
    /// # Errors
    /// When its record cannot be read.
    pub async fn find(log: &dyn Log, batch: &str) -> Result<Option<Self>, HistoryError> {
        let entries: Vec<Entry<BatchEvent>> = history::entries(log, &batch_stream(batch)).await?;
        let sequence = Sequence(entries.last().map_or(0, |e| e.sequence));
        let (mut planned, mut approved) = (None, false);
        for entry in &entries {
            match &entry.event {
                BatchEvent::Planned(p) => (planned, approved) = (Some(p.clone()), false),
                BatchEvent::Approved(_) => approved = true,
                BatchEvent::Opened(_) | BatchEvent::Restored(_) => {}
            }
        }
        Ok(planned.map(|planned| Self { planned, approved, entries, sequence }))
    }

    /// Reads a batch.
    ///
    /// # Errors
    /// When there is none of that name, or its record cannot be read.
    pub async fn load(log: &dyn Log, batch: &str) -> Result<Self, BatchError> {
        Self::find(log, batch).await?.ok_or_else(|| BatchError::NoBatch(batch.to_owned()))
    }

    /// Records that a program begins to work on the batch.
    ///
    /// # Errors
    /// When the log fails.
    pub async fn open(
        log: &dyn Log,
        batch: &str,
        actor: &Arc<str>,
        at_ms: i64,
        opened: crate::Opened,
    ) -> Result<(), BatchError> {
        loop {
            let known = Self::load(log, batch).await?;
            let event = BatchEvent::Opened(opened.clone());
            let append = Append {
                expect: vec![(batch_stream(batch), known.sequence)],
                records: vec![batch_record(batch, actor, at_ms, &event)],
            };
            match log.append(append).await {
                Ok(_) => return Ok(()),
                Err(AppendError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// The document as the log has it, put together again from the batch and its runs.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn document(&self, log: &dyn Log, batch: &str) -> Result<Document, HistoryError> {
        let mut moves = Vec::with_capacity(self.planned.runs.len());
        for run in &self.planned.runs {
            let first: Vec<Entry<Event>> = history::entries(log, &run.stream()).await?;
            let planned = first.into_iter().find_map(|e| match e.event {
                Event::Planned(planned) => Some(planned),
                _ => None,
            });
            let planned = planned.ok_or_else(|| HistoryError::NoRun(run.clone()))?;
            let read = |json: &Json| serde_json::from_str(json.get()).unwrap_or(Value::Null);
            moves.push(Move {
                run: run.clone(),
                about: read(&planned.about),
                params: read(&planned.params),
                facts: read(&planned.facts),
                plan: Plan::clone(&planned.plan),
            });
        }
        Ok(Document {
            format_version: self.planned.format_version.clone(),
            batch: batch.to_owned(),
            about: serde_json::from_str(self.planned.about.get()).unwrap_or(Value::Null),
            moves,
        })
    }
}

pub(crate) fn batch_record(batch: &str, actor: &Arc<str>, at_ms: i64, event: &BatchEvent) -> Record {
    let (kind, version) = event.kind();
    Record {
        stream: batch_stream(batch),
        kind: Cow::Borrowed(kind),
        version,
        at_ms,
        actor: actor.clone(),
        body: event.encode(),
    }
}
