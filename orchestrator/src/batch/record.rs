//! Engine: the record of a batch: read back and folded, added to, and put together as a document. Touches the log.

use crate::approval::{ApprovalError, SignedApproval};
use crate::batch::document::{BatchError, Document, PlannedRun, Recording};
use crate::batch::event::{BatchEvent, BatchPlanned, BatchRequested, Opened};
use crate::batch::fold::fold_batch;
use crate::batch::state::BatchState;
use crate::batch::told::{DriftChecked, RunnerGone, Told};
use crate::json::Json;
use crate::plan::Plan;
use crate::recovery::history::{self, HistoryError};
use crate::run::codec::{Entry, Recorded};
use crate::run::event::Event;
use crate::run::fold::apply::Illegal;
use rehome_store::{Append, AppendError, Log, Record, Sequence, StreamId};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// A batch as the log tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchLoaded {
    /// Where it stands.
    pub state: BatchState,
    /// All that happened to it.
    pub entries: Vec<Entry<BatchEvent>>,
    pub(crate) sequence: Sequence,
}

/// The stream of a batch.
pub fn batch_stream(batch: &str) -> StreamId {
    StreamId::new(format!("{}{batch}", BatchLoaded::PREFIX))
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
        let mut state = None;
        for entry in &entries {
            fold_batch(&mut state, entry)
                .map_err(|source| HistoryError::Illegal { position: entry.position, source })?;
        }
        Ok(state.map(|state| Self { state, entries, sequence }))
    }

    /// What was planned last.
    pub fn planned(&self) -> &BatchPlanned {
        self.state.planned()
    }

    /// Whether that was approved.
    pub fn is_approved(&self) -> bool {
        self.state.is_approved()
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
        opened: Opened,
    ) -> Result<(), BatchError> {
        Self::add(log, batch, actor, at_ms, BatchEvent::Opened(opened)).await
    }

    /// Records what a person asks of the batch.
    ///
    /// # Errors
    /// When it cannot be asked where the batch stands, or the log fails.
    pub async fn ask(
        log: &dyn Log,
        batch: &str,
        actor: &Arc<str>,
        at_ms: i64,
        requested: BatchRequested,
    ) -> Result<(), BatchError> {
        Self::add(log, batch, actor, at_ms, BatchEvent::Requested(requested)).await
    }

    /// Records an approval that somebody signed.
    ///
    /// # Errors
    /// When it does not count, or the log fails.
    pub async fn sign(
        log: &dyn Log,
        batch: &str,
        actor: &Arc<str>,
        at_ms: i64,
        signed: SignedApproval,
    ) -> Result<Recording, BatchError> {
        match Self::load(log, batch).await?.state.judge(&signed, at_ms) {
            Err(ApprovalError::Known) => return Ok(Recording::AlreadyThere),
            judged => judged?,
        };
        Self::add(log, batch, actor, at_ms, BatchEvent::Signed(signed)).await?;
        Ok(Recording::Recorded)
    }

    /// Records that something was told.
    ///
    /// # Errors
    /// When somebody else told it meanwhile, or the log fails.
    pub async fn tell(
        log: &dyn Log,
        batch: &str,
        actor: &Arc<str>,
        at_ms: i64,
        told: Told,
    ) -> Result<(), BatchError> {
        Self::add(log, batch, actor, at_ms, BatchEvent::Told(told)).await
    }

    /// Records that the runner of the batch is gone.
    ///
    /// # Errors
    /// When none was there since one was missed, or the log fails.
    pub async fn lose_runner(
        log: &dyn Log,
        batch: &str,
        actor: &Arc<str>,
        at_ms: i64,
        gone: RunnerGone,
    ) -> Result<(), BatchError> {
        Self::add(log, batch, actor, at_ms, BatchEvent::RunnerGone(gone)).await
    }

    /// Records that runs which are through were looked at again.
    ///
    /// # Errors
    /// When nobody has worked on the batch, or the log fails.
    pub async fn check_drift(
        log: &dyn Log,
        batch: &str,
        actor: &Arc<str>,
        at_ms: i64,
        checked: DriftChecked,
    ) -> Result<(), BatchError> {
        Self::add(log, batch, actor, at_ms, BatchEvent::DriftChecked(checked)).await
    }

    /// Adds an event that can follow, whatever others add meanwhile.
    async fn add(
        log: &dyn Log,
        batch: &str,
        actor: &Arc<str>,
        at_ms: i64,
        event: BatchEvent,
    ) -> Result<(), BatchError> {
        loop {
            let known = Self::load(log, batch).await?;
            let (position, sequence) = (u64::MAX, known.sequence.0 + 1);
            let entry = Entry { position, sequence, at_ms, actor: actor.clone(), event: event.clone() };
            if let Err(Illegal::Here { because, .. }) = fold_batch(&mut Some(known.state), &entry) {
                return Err(BatchError::Refused { batch: batch.to_owned(), because });
            }
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
        let mut runs = Vec::with_capacity(self.planned().runs.len());
        for run in &self.planned().runs {
            let first: Vec<Entry<Event>> = history::entries(log, &run.stream()).await?;
            let planned = first.into_iter().find_map(|e| match e.event {
                Event::Planned(planned) => Some(planned),
                _ => None,
            });
            let planned = planned.ok_or_else(|| HistoryError::NoRun(run.clone()))?;
            runs.push(PlannedRun {
                run: run.clone(),
                about: Json::sorted(&planned.about),
                params: Json::sorted(&planned.params),
                facts: Json::sorted(&planned.facts),
                plan: Plan::clone(&planned.plan),
            });
        }
        Ok(Document {
            format_version: self.planned().format_version.clone(),
            batch: batch.to_owned(),
            about: serde_json::from_str(self.planned().about.get()).unwrap_or(Value::Null),
            runs,
            rollout: self.planned().rollout.clone(),
            approval: self.planned().approval.clone(),
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
