//! Engine: a whole log read back in one go, chain and meaning together. Touches the log, reading.

use crate::ids::RunId;
use crate::recovery::bulk_load::BulkLoad;
use crate::recovery::history::{HistoryError, Loaded};
use crate::run::state::RunState;
use crate::verify::order::Order;
use rehome_store::{Anchor, Log, Stored, StreamId, Verified, VerifyError, walk};
use std::collections::BTreeMap;

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

/// Checks the chain and folds every run, each event once; what is checked is folded on other threads. Then holds the runs
/// against their batches.
///
/// # Errors
/// The first event that is not what was written; without one, the first that cannot have happened where
/// it stands.
pub async fn replay(log: &dyn Log, anchor: Option<&Anchor>) -> Result<Replayed, ReplayError> {
    let (bulk, mut order) = (BulkLoad::of_all(), Order::default());
    let visit = async |page: Vec<Stored>| {
        page.iter().for_each(|event| order.take(event));
        bulk.take(page).await;
    };
    let verified = walk(log, anchor, visit).await?;
    let folded = bulk.end().await.map_err(|flaw| flaw.source)?;
    let run = |(stream, loaded): (StreamId, Loaded)| Some((RunId::of_stream(&stream)?, loaded.state));
    let runs: BTreeMap<RunId, RunState> = folded.into_iter().filter_map(run).collect();
    order.end(runs.iter())?;
    Ok(Replayed { verified, runs })
}
