//! Engine: runs read back from the log, and held against what this program knows. Touches the log, reading.

use crate::driver::engine::{DriveError, Engine};
use crate::ids::RunId;
use crate::recovery::bulk_load::load_many;
use crate::recovery::history::{self, HistoryError, Loaded};
use rehome_store::{Log, Position};

/// So few runs are looked up, however small the log is.
const FEW: usize = 16;

/// To look a run up costs about as much as to read this many events in order.
const A_LOOK_UP: u64 = 100;

/// Reads runs back, in the order in which they are named, and sees whether this program knows all that
/// their plans name, and thinks of it as they do.
pub(crate) async fn read_back(
    engine: &Engine,
    runs: &[RunId],
    head: Position,
) -> Result<Vec<(RunId, Loaded)>, DriveError> {
    let many = runs.len() > FEW && runs.len() as u64 * A_LOOK_UP > head.0;
    let loaded = match many {
        true => load_many(&*engine.log, runs).await,
        false => one_by_one(&*engine.log, runs).await,
    };
    let loaded = loaded.map_err(|(run, source)| DriveError::History { run, source })?;
    for (run, loaded) in runs.iter().zip(&loaded) {
        if let Some(name) = engine.registry.unknown_name(loaded.state.plan()) {
            return Err(DriveError::UnknownName { name: name.to_owned(), run: run.clone() });
        }
        if let Some(step) = engine.registry.misjudged(loaded.state.plan()) {
            return Err(DriveError::Misjudged { run: run.clone(), step: step.clone() });
        }
    }
    Ok(runs.iter().cloned().zip(loaded).collect())
}

async fn one_by_one(log: &dyn Log, runs: &[RunId]) -> Result<Vec<Loaded>, (RunId, HistoryError)> {
    let mut loaded = Vec::with_capacity(runs.len());
    for run in runs {
        loaded.push(history::load(log, run).await.map_err(|source| (run.clone(), source))?);
    }
    Ok(loaded)
}
