//! Engine: how a person says that the newest copy of a log is gone. Touches the log.

use crate::batch::{BatchEvent, BatchLoaded, batch_record};
use crate::ids::RunId;
use crate::recovery::history::{self, HistoryError};
use crate::run::event::{Event, Restored};
use crate::run::requests::record;
use rehome_store::{Append, AppendError, Log};
use std::sync::Arc;

/// Why it was not written down. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A record could not be read.
    #[error("failed to read the record")]
    History(#[from] HistoryError),
    /// It could not be written.
    #[error("failed to append to the log")]
    Append(#[from] AppendError),
}

/// Writes down for every batch, and for every run that is not closed, that what happened after the end of this
/// log is lost; all or nothing. Such a run looks at the world before it does anything. Returns these runs.
///
/// # Errors
/// When a record cannot be read, somebody else writes at the same time, or the log fails.
pub async fn restore(
    log: &dyn Log,
    actor: &Arc<str>,
    now_ms: i64,
    restored: Restored,
) -> Result<Vec<RunId>, RestoreError> {
    let (mut append, mut runs) = (Append::default(), Vec::new());
    for (stream, sequence) in log.streams(BatchLoaded::PREFIX).await.map_err(HistoryError::from)? {
        let name = stream.as_str().strip_prefix(BatchLoaded::PREFIX).unwrap_or_default();
        let event = BatchEvent::Restored(restored.clone());
        append.records.push(batch_record(name, actor, now_ms, &event));
        append.expect.push((stream, sequence));
    }
    for (stream, _) in log.streams(RunId::PREFIX).await.map_err(HistoryError::from)? {
        let Some(run) = RunId::of_stream(&stream) else { continue };
        let loaded = history::load(log, &run).await?;
        if loaded.state.verdict().is_some() {
            continue;
        }
        append.records.push(record(&run, actor, now_ms, &Event::Restored(restored.clone())));
        append.expect.push((stream, loaded.sequence));
        runs.push(run);
    }
    if !append.records.is_empty() {
        log.append(append).await?;
    }
    Ok(runs)
}
