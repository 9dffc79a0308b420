//! CLI: what a move did and where the waves of a batch stand, over time. Reads the log.

use crate::calendar::Calendar;
use crate::error::{CliError, Exit, causes, damaged};
use crate::source::Source;
use crate::timeline::{Timeline, timeline};
use crate::{store, waves};
use rehome_orchestrator::{BatchLoaded, Entry, Event, RunId, TimeScale, entries};

/// A batch with its waves.
pub(crate) async fn of_batch(source: &Source, name: &str) -> Result<(BatchLoaded, Calendar), CliError> {
    let log = source.log();
    let batch = BatchLoaded::find(log, name).await.map_err(|e| store::unreadable(&e))?;
    let batch = batch.ok_or_else(|| {
        CliError::new(Exit::NotFound, format!("the log has no batch called {name:?}")).next("rehome status")
    })?;
    let mut views = store::views(log, &batch.planned().runs).await?;
    waves::mark(log, &mut views).await?;
    let scale = waves::time_scale(&batch).unwrap_or(TimeScale::REAL);
    let calendar = Calendar::of(name, &batch, &views, source.now_ms(), scale);
    Ok((batch, calendar))
}

/// What each step of a move did; nothing where the log has no such move.
pub(crate) async fn of_move(source: &Source, run: &RunId) -> Result<Option<Timeline>, CliError> {
    let all: Vec<Entry<Event>> =
        entries(source.log(), &run.stream()).await.map_err(|e| store::unreadable(&e))?;
    timeline(run, &all, source.now_ms()).map_err(|e| damaged(&causes(&e)))
}
