//! CLI: what moves wait for that their batch keeps. Reads the log.

use crate::error::CliError;
use crate::kept::{is_at_work, keep};
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

/// Says of each move what of its batch keeps it, in the place of whatever else it would wait for.
pub(crate) async fn mark(log: &dyn Log, views: &mut [MoveView]) -> Result<(), CliError> {
    mark_by(&batches(log, views).await?, views);
    Ok(())
}

/// The batches of these moves, each read once; without one of which a bundle of one move says nothing.
pub(crate) async fn batches(
    log: &dyn Log,
    views: &[MoveView],
) -> Result<BTreeMap<String, BatchLoaded>, CliError> {
    let names: BTreeSet<&str> = views.iter().map(|view| view.batch.as_str()).collect();
    let mut all = BTreeMap::new();
    for name in names {
        all.extend(find(log, name).await?.map(|batch| (name.to_owned(), batch)));
    }
    Ok(all)
}

/// The same where the batches are read; gives what people asked of them.
pub(crate) fn mark_by(
    batches: &BTreeMap<String, BatchLoaded>,
    views: &mut [MoveView],
) -> Vec<steering::Asked> {
    let (now_ms, mut asked) = (SystemClock.now_ms(), Vec::new());
    for (name, batch) in batches {
        let scale = time_scale(batch).unwrap_or(TimeScale::REAL);
        let of_batch = || views.iter().filter(|view| view.batch == *name);
        let whole = of_batch().count() >= batch.planned().runs.len();
        let crowd = whole.then(|| of_batch().any(is_at_work));
        let of_batch = views.iter_mut().filter(|view| view.batch == *name);
        of_batch.for_each(|view| keep(view, &batch.state, now_ms, scale, crowd));
        asked.extend(steering::asked(name, batch, views, now_ms));
    }
    asked
}

/// What may keep moves of a batch; nothing where it lets them all loose, and nobody asked anything of it.
///
/// # Errors
/// When the batch cannot be read: then nobody knows.
pub(crate) async fn keeper(
    log: &dyn Log,
    name: &str,
) -> Result<Option<(BatchState, TimeScale)>, HistoryError> {
    let Some(batch) = BatchLoaded::find(log, name).await? else { return Ok(None) };
    let keeps = batch.planned().rollout.is_some() || batch.state.steering().asked > 0;
    let scale = time_scale(&batch).unwrap_or(TimeScale::REAL);
    Ok(keeps.then_some((batch.state, scale)))
}

/// A batch; nothing where a bundle of one move says nothing of it.
async fn find(log: &dyn Log, name: &str) -> Result<Option<BatchLoaded>, CliError> {
    match BatchLoaded::find(log, name).await {
        Err(HistoryError::Codec { source: CodecError::Withheld { .. }, .. }) => Ok(None),
        found => found.map_err(|e| store::unreadable(&e)),
    }
}

/// By how much the runner of each of these moves' batches shortens its timers; `own` where none was there.
pub(crate) fn time_scales(
    batches: &BTreeMap<String, BatchLoaded>,
    views: &[MoveView],
    own: TimeScale,
) -> BTreeMap<String, TimeScale> {
    let scale = |name: &String| batches.get(name).and_then(time_scale).unwrap_or(own);
    views.iter().map(|view| (view.batch.clone(), scale(&view.batch))).collect()
}

/// By how much the runner that was there last shortens its timers.
pub(crate) fn time_scale(batch: &BatchLoaded) -> Option<TimeScale> {
    batch.entries.iter().rev().find_map(|entry| match &entry.event {
        BatchEvent::Opened(opened) => TimeScale::scaled(opened.time_scale),
        _ => None,
    })
}
