//! Engine: a whole log read back in one go, chain and meaning together. Touches the log, reading.

use crate::batch_event::BatchEvent;
use crate::codec::{CodecError, Entry};
use crate::event::Event;
use crate::fold::Illegal;
use crate::history::{HistoryError, fold_into};
use crate::ids::RunId;
use crate::state::RunState;
use rehome_store::{Anchor, Log, Stored, StreamId, Verified, VerifyError, walk};
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// A log that is what was written, and that this engine could have written.
#[derive(Debug)]
pub struct Replayed {
    /// The end of the log, and whether its anchor confirmed it.
    pub verified: Verified,
    /// Where every run stands.
    pub runs: BTreeMap<RunId, RunState>,
}

/// Why a log is not to be believed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It is not what was written.
    #[error(transparent)]
    Chain(#[from] VerifyError),
    /// It is what was written, by something else than this engine.
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// Where streams of runs stand.
type States = BTreeMap<StreamId, Option<RunState>>;

/// Pages that are checked and not folded yet.
const AHEAD_MAX: usize = 2;

/// Checks the chain and folds every run, each event once; what is checked is folded on another thread.
///
/// # Errors
/// The first event that is not what was written; without one, the first that cannot have happened where
/// it stands.
pub async fn replay(log: &dyn Log, anchor: Option<&Anchor>) -> Result<Replayed, ReplayError> {
    let (pages, checked) = mpsc::channel(AHEAD_MAX);
    let folding = tokio::task::spawn_blocking(move || fold_all(checked));
    // A folder that found something is gone, and the chain is checked to its end all the same.
    let walked = walk(log, anchor, async |page| drop(pages.send(page).await)).await;
    drop(pages);
    let folded = folding.await.expect("folding does not panic");
    let verified = walked?;
    let run = |(stream, state): (StreamId, Option<RunState>)| Some((RunId::of_stream(&stream)?, state?));
    Ok(Replayed { verified, runs: folded?.into_iter().filter_map(run).collect() })
}

fn fold_all(mut checked: mpsc::Receiver<Vec<Stored>>) -> Result<States, HistoryError> {
    let mut states = States::new();
    while let Some(page) = checked.blocking_recv() {
        page.iter().try_for_each(|stored| take(&mut states, stored))?;
    }
    Ok(states)
}

fn take(states: &mut States, stored: &Stored) -> Result<(), HistoryError> {
    let position = stored.position.0;
    let codec = |source: CodecError| HistoryError::Codec { position, source };
    let illegal = |source: Illegal| HistoryError::Illegal { position, source };
    let stream = &stored.record.stream;
    if !stream.as_str().starts_with(RunId::PREFIX) {
        Entry::<BatchEvent>::read(stored).map_err(codec)?;
        return Ok(());
    }
    let entry = Entry::<Event>::read(stored).map_err(codec)?;
    if let Some(state) = states.get_mut(stream) {
        return fold_into(state, &entry).map_err(illegal);
    }
    fold_into(states.entry(stream.clone()).or_default(), &entry).map_err(illegal)
}
