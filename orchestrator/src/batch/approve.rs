//! Engine: how a document gets into the log, with the approval of a person. Touches the log.

use crate::batch::document::{BatchError, Document, PlannedRun, Recording};
use crate::batch::event::{BatchApproved, BatchEvent, BatchPlanned, Opened};
use crate::batch::record::{BatchLoaded, batch_record, batch_stream};
use crate::json::Json;
use crate::recovery::history::{self, HistoryError};
use crate::run::event::{Approved, Closed, Event, Planned, Verdict};
use crate::run::requests::record;
use rehome_store::{Append, Log, Sequence};
use std::sync::Arc;

impl Document {
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
            if known.planned().digest == digest {
                return Ok(Recording::AlreadyThere);
            }
            self.supersede(log, &known, actor, now_ms, &mut append).await?;
        }
        self.write_batch(&digest, actor, now_ms, reason, &mut append);
        for entry in &self.runs {
            self.write_run(log, entry, &digest, actor, now_ms, reason, &mut append).await?;
        }
        log.append(append).await?;
        Ok(Recording::Recorded)
    }

    /// The same, and records that a program begins to work on it: [`crate::replay`] holds a run that is worked on
    /// without that for a forgery.
    ///
    /// # Errors
    /// As [`Document::approve`].
    pub async fn begin(
        &self,
        log: &dyn Log,
        actor: &Arc<str>,
        now_ms: i64,
        reason: &str,
    ) -> Result<Recording, BatchError> {
        let recording = self.approve(log, actor, now_ms, reason).await?;
        BatchLoaded::open(log, &self.batch, actor, now_ms, Opened::by(actor)).await?;
        Ok(recording)
    }

    fn write_batch(&self, digest: &str, actor: &Arc<str>, at_ms: i64, reason: &str, append: &mut Append) {
        let planned = BatchEvent::Planned(BatchPlanned {
            digest: digest.to_owned(),
            format_version: self.format_version.clone(),
            about: Json::of(&self.about),
            runs: self.runs.iter().map(|m| m.run.clone()).collect(),
            rollout: self.rollout.clone(),
            approval: self.approval.clone(),
        });
        let approved =
            BatchEvent::Approved(BatchApproved { digest: digest.to_owned(), reason: reason.to_owned() });
        append.records.push(batch_record(&self.batch, actor, at_ms, &planned));
        append.records.push(batch_record(&self.batch, actor, at_ms, &approved));
    }

    #[expect(clippy::too_many_arguments, reason = "the words of one record")]
    async fn write_run(
        &self,
        log: &dyn Log,
        entry: &PlannedRun,
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
            params: entry.params.clone(),
            facts: entry.facts.clone(),
            about: entry.about.clone(),
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
        for run in &known.planned().runs {
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
