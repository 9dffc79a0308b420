//! Engine: the batches of one drive, and the runs that wait for theirs to release them. Touches the log, reading.

use crate::batch::{BatchCommand, BatchLoaded, BatchState, RunSummary, Standing, decide_batch};
use crate::driver::engine::{DriveError, StopReason};
use crate::ids::RunId;
use crate::recovery::history::Loaded;
use rehome_store::Log;
use std::collections::{BTreeMap, BTreeSet};

/// What the batches of one drive have released, by the names of the batches.
#[derive(Default)]
pub(crate) struct Batches(BTreeMap<String, Batch>);

/// One batch, as far as this drive was asked for its runs.
#[derive(Default)]
struct Batch {
    /// Where it stands; `None` where the log has no batch of this name, which releases nothing.
    state: Option<BatchState>,
    runs: BTreeMap<RunId, Standing>,
    waiting: BTreeMap<RunId, Loaded>,
}

impl Batches {
    /// Takes in runs that are to be driven; each batch is read anew, once.
    pub(crate) async fn take_in(
        &mut self,
        log: &dyn Log,
        runs: Vec<(RunId, Loaded)>,
    ) -> Result<(), DriveError> {
        let mut read = BTreeSet::new();
        for (run, loaded) in runs {
            let name = loaded.state.planned().batch.clone();
            if read.insert(name.clone()) {
                let found = BatchLoaded::find(log, &name).await;
                let found = found.map_err(|source| DriveError::History { run: run.clone(), source })?;
                self.0.entry(name.clone()).or_default().state = found.map(|batch| batch.state);
            }
            let batch = self.0.entry(name).or_default();
            batch.runs.insert(run.clone(), Standing::Waiting);
            batch.waiting.insert(run, loaded);
        }
        Ok(())
    }

    /// The runs that the batches release now.
    pub(crate) fn released(&mut self, now_ms: i64) -> Vec<(RunId, Loaded)> {
        self.0.values_mut().flat_map(|batch| batch.released(now_ms)).collect()
    }

    /// Takes in that a run was left.
    pub(crate) fn left(&mut self, run: &RunId, why: &StopReason) {
        let standing = match why {
            StopReason::Closed(verdict) => Standing::Closed(*verdict),
            StopReason::People
            | StopReason::Soak(_)
            | StopReason::Stopped
            | StopReason::NotReleased
            | StopReason::Unreadable(_) => Standing::Left,
        };
        self.0.values_mut().filter_map(|batch| batch.runs.get_mut(run)).for_each(|of| *of = standing);
    }

    /// The runs that still wait.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &RunId> {
        self.0.values().flat_map(|batch| batch.waiting.keys())
    }
}

impl Batch {
    fn released(&mut self, now_ms: i64) -> Vec<(RunId, Loaded)> {
        let Some(state) = self.state.as_ref().filter(|_| !self.waiting.is_empty()) else { return Vec::new() };
        let summary =
            |(run, standing): (&RunId, &Standing)| RunSummary { run: run.clone(), standing: *standing };
        let summaries: Vec<RunSummary> = self.runs.iter().map(summary).collect();
        let mut released = Vec::new();
        for BatchCommand::Release(run) in decide_batch(state, &summaries, now_ms) {
            if let Some(loaded) = self.waiting.remove(&run) {
                self.runs.insert(run.clone(), Standing::Driven);
                released.push((run, loaded));
            }
        }
        released
    }
}
