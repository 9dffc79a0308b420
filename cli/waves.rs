//! CLI: what moves wait for that their batch keeps. Reads the log.

use crate::error::CliError;
use crate::kept::keep;
use crate::steering;
use crate::store;
use crate::view::MoveView;
use rehome_orchestrator::{
    BatchEvent, BatchLoaded, BatchState, Clock, CodecError, HistoryError, RunId, SystemClock, TimeScale,
};
use rehome_store::Log;
use std::collections::{BTreeMap, BTreeSet};

/// Where runs stand, with what those wait for that their batch keeps.
pub(crate) async fn views(log: &dyn Log, runs: &[RunId]) -> Result<Vec<MoveView>, CliError> {
    let mut views = store::views(log, runs).await?;
    mark(log, &mut views).await?;
    Ok(views)
}

/// Says of each move what of its batch keeps it, in the place of whatever else it would wait for; gives what people asked
/// of the batches.
pub(crate) async fn mark(log: &dyn Log, views: &mut [MoveView]) -> Result<Vec<steering::Asked>, CliError> {
    let batches: BTreeSet<String> = views.iter().map(|view| view.batch.clone()).collect();
    let (now_ms, mut asked) = (SystemClock.now_ms(), Vec::new());
    for name in batches {
        let Some(batch) = find(log, &name).await? else { continue };
        let scale = time_scale(&batch).unwrap_or(TimeScale::REAL);
        let of_batch = views.iter_mut().filter(|view| view.batch == name);
        of_batch.for_each(|view| keep(view, &batch.state, now_ms, scale));
        asked.extend(steering::asked(&name, &batch, views, now_ms));
    }
    Ok(asked)
}

/// What may keep moves of a batch; nothing where it lets them all loose, and nobody asked anything of it.
pub(crate) async fn keeper(log: &dyn Log, name: &str) -> Option<(BatchState, TimeScale)> {
    let batch = BatchLoaded::find(log, name).await.ok()??;
    let keeps = batch.planned().rollout.is_some() || batch.state.steering().asked > 0;
    let scale = time_scale(&batch).unwrap_or(TimeScale::REAL);
    keeps.then_some((batch.state, scale))
}

/// A batch; nothing where a bundle of one move says nothing of it.
async fn find(log: &dyn Log, name: &str) -> Result<Option<BatchLoaded>, CliError> {
    match BatchLoaded::find(log, name).await {
        Err(HistoryError::Codec { source: CodecError::Withheld { .. }, .. }) => Ok(None),
        found => found.map_err(|e| store::unreadable(&e)),
    }
}

/// By how much the runner of each batch shortens its timers.
pub(crate) async fn time_scales(
    log: &dyn Log,
    batches: &BTreeSet<&str>,
    own: TimeScale,
) -> Result<BTreeMap<String, TimeScale>, CliError> {
    let mut scales = BTreeMap::new();
    for name in batches {
        let scale = find(log, name).await?.and_then(|batch| time_scale(&batch)).unwrap_or(own);
        scales.insert((*name).to_owned(), scale);
    }
    Ok(scales)
}

/// By how much the runner that was there last shortens its timers.
fn time_scale(batch: &BatchLoaded) -> Option<TimeScale> {
    batch.entries.iter().rev().find_map(|entry| match &entry.event {
        BatchEvent::Opened(opened) => TimeScale::scaled(opened.time_scale),
        _ => None,
    })
}
