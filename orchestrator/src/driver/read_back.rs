//! Engine: runs read back from the log, and held against what this program knows. Touches the log, reading.

use crate::driver::engine::{DriveError, Engine};
use crate::ids::RunId;
use crate::recovery::bulk_load::load_many;
use crate::recovery::history::{self, HistoryError, Loaded};
use crate::verify::replay::Replayed;
use rehome_store::{Log, Position, Sequence};
use std::slice;

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
    checked(engine, runs.iter().cloned().zip(loaded).collect())
}

/// The same from a log that was read as a whole a moment ago; what was written since is found by whoever watches it. What else
/// is known stays.
pub(crate) async fn known_of(
    engine: &Engine,
    runs: &[RunId],
    known: &mut Replayed,
) -> Result<Vec<(RunId, Loaded)>, DriveError> {
    let mut loaded = Vec::with_capacity(runs.len());
    for run in runs {
        match known.runs.remove(run) {
            Some(state) => loaded.push((run.clone(), Loaded { sequence: Sequence(state.events()), state })),
            None => loaded.append(&mut read_back(engine, slice::from_ref(run), Position(u64::MAX)).await?),
        }
    }
    checked(engine, loaded)
}

fn checked(engine: &Engine, runs: Vec<(RunId, Loaded)>) -> Result<Vec<(RunId, Loaded)>, DriveError> {
    for (run, loaded) in &runs {
        if let Some(name) = engine.registry.unknown_name(loaded.state.plan()) {
            return Err(DriveError::UnknownName { name: name.to_owned(), run: run.clone() });
        }
        if let Some(step) = engine.registry.misjudged(loaded.state.plan()) {
            return Err(DriveError::Misjudged { run: run.clone(), step: step.clone() });
        }
    }
    Ok(runs)
}

async fn one_by_one(log: &dyn Log, runs: &[RunId]) -> Result<Vec<Loaded>, (RunId, HistoryError)> {
    let mut loaded = Vec::with_capacity(runs.len());
    for run in runs {
        loaded.push(history::load(log, run).await.map_err(|source| (run.clone(), source))?);
    }
    Ok(loaded)
}
