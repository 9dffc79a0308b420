//! Engine: runs of this drive that another runner works on: how far they are, and whether they are waited for. Touches the
//! log, reading.

use crate::driver::engine::{DriveError, Engine, StopReason, WaitPolicy};
use crate::driver::reins::Reins;
use crate::ids::RunId;
use crate::recovery::history::{self, Loaded};
use crate::run::decide::{Decision, Live, decide};
use crate::run::state::RunState;
use rehome_store::{Position, page_size};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// A run of which nothing was heard for this long is not waited for, in unscaled milliseconds: whoever has it may have left it, as one
/// that cannot be read, and wait for this runner in turn.
const SILENT_MS: u64 = 900_000;

/// A run that another runner has, as its record told it last.
pub(crate) struct Foreign {
    pub(crate) loaded: Loaded,
    pub(crate) reins: Reins,
    /// When something was heard of it last, by this runner's own steady clock: what others write down is by clocks of theirs.
    heard_ms: i64,
}

/// So few runs are read on one by one, however little was written.
const FEW: usize = 16;

/// To read on in one run costs about as much as to read this many events in the order of the log.
const A_LOOK_UP: u64 = 100;

/// The runs that other runners have.
pub(crate) struct Elsewhere {
    runs: BTreeMap<RunId, Foreign>,
    /// The log was read on up to here, as a whole.
    read: Position,
}

/// Why there is nothing more to do for a run, if that is so.
pub(crate) fn left(
    state: &RunState,
    decision: &Decision,
    wait_policy: WaitPolicy,
    now_ms: i64,
) -> Option<StopReason> {
    if let Some(verdict) = state.verdict() {
        return Some(StopReason::Closed(verdict));
    }
    let soak = decision.soak_ms.filter(|date| date.saturating_sub(now_ms) > wait_policy.soak_ms);
    match (decision.wake_ms, decision.soak_ms, soak) {
        (Some(_), _, _) => None,
        (None, Some(_), None) => None,
        (None, _, Some(date)) => Some(StopReason::Soak(date)),
        // Whoever opens a gate comes for that: nobody is waited for there.
        (None, None, None) if wait_policy.people && decision.people => None,
        (None, None, None) => Some(StopReason::People),
    }
}

impl Elsewhere {
    /// None, of a log that was read up to `read`.
    pub(crate) fn after(read: Position) -> Self {
        Self { runs: BTreeMap::new(), read }
    }

    pub(crate) fn insert(&mut self, engine: &Engine, run: RunId, loaded: Loaded, reins: Reins) {
        let heard_ms = engine.clock.steady_ms();
        self.runs.insert(run, Foreign { loaded, reins, heard_ms });
    }

    pub(crate) fn remove(&mut self, run: &RunId) -> Option<Foreign> {
        self.runs.remove(run)
    }

    pub(crate) fn get(&self, run: &RunId) -> Option<&Loaded> {
        self.runs.get(run).map(|foreign| &foreign.loaded)
    }

    pub(crate) fn runs(&self) -> impl Iterator<Item = (&RunId, &Loaded)> {
        self.runs.iter().map(|(run, foreign)| (run, &foreign.loaded))
    }

    /// Reads on in those of these that somebody wrote to; gives their names.
    pub(crate) async fn catch_up(
        &mut self,
        engine: &Engine,
        woken: impl Fn(&RunId) -> bool,
    ) -> Result<Vec<RunId>, DriveError> {
        let changed: Vec<RunId> = self.runs.keys().filter(|run| woken(run)).cloned().collect();
        let mut behind = changed.clone();
        if changed.len() > FEW {
            let written = engine.log.head().await?.position.0.saturating_sub(self.read.0);
            if changed.len() as u64 * A_LOOK_UP > written {
                behind = self.read_on(engine).await?.into_iter().collect();
            }
        }
        for run in &behind {
            let Some(foreign) = self.runs.get_mut(run) else { continue };
            let failed = |source| DriveError::History { run: run.clone(), source };
            history::catch_up(&*engine.log, run, &mut foreign.loaded).await.map_err(failed)?;
        }
        let heard_ms = engine.clock.steady_ms();
        for run in &changed {
            self.runs.get_mut(run).into_iter().for_each(|foreign| foreign.heard_ms = heard_ms);
        }
        Ok(changed)
    }

    /// Reads the log on as a whole, up to its end; gives the runs of which something was passed over before.
    async fn read_on(&mut self, engine: &Engine) -> Result<BTreeSet<RunId>, DriveError> {
        let (mut behind, mut limit) = (BTreeSet::new(), page_size(&[]));
        loop {
            let page = engine.log.read_all(self.read, limit).await?;
            let Some(last) = page.last() else { return Ok(behind) };
            self.read = last.position;
            limit = page_size(&page);
            for stored in &page {
                let run = RunId::of_stream(&stored.record.stream);
                let Some((run, foreign)) = run.and_then(|run| Some((run.clone(), self.runs.get_mut(&run)?)))
                else {
                    continue;
                };
                let next = foreign.loaded.sequence.0 + 1;
                match stored.sequence.0.cmp(&next) {
                    Ordering::Less => {}
                    Ordering::Equal => history::follow(&mut foreign.loaded, stored)
                        .map_err(|source| DriveError::History { run, source })?,
                    Ordering::Greater => drop(behind.insert(run)),
                }
            }
        }
    }

    /// Why nobody waits for these here, where that is so: the same as whoever has them would say.
    pub(crate) fn left(
        &self,
        engine: &Engine,
        wait_policy: WaitPolicy,
    ) -> BTreeMap<RunId, Option<StopReason>> {
        let (now_ms, steady_ms) = (engine.clock.now_ms(), engine.clock.steady_ms());
        // Whoever died counts as at work until its lease is over, however short timers are made: only then can its runs be taken.
        let lease_ms = engine.crew.as_ref().map_or(0, |crew| i64::from(crew.lease_ms));
        let patience_ms = engine.time_scale.wall_ms(SILENT_MS).max(lease_ms.saturating_mul(2));
        let left = |(run, foreign): (&RunId, &Foreign)| {
            let state = &foreign.loaded.state;
            let hold = foreign.reins.hold(now_ms, state.has_begun());
            let elsewhere_ms = engine.clock.elsewhere_ms();
            let behind = state.held_up.iter().map(|(at, held)| (*at, held.direction)).collect();
            let live = Live { started_ms: now_ms, hold, elsewhere_ms, behind, ..Live::default() };
            let decision = decide(state, &live, now_ms, engine.time_scale);
            let idle = decision.commands.is_empty() || state.verdict().is_some();
            let why = idle.then(|| left(state, &decision, wait_policy, now_ms)).flatten();
            let silent = foreign.heard_ms.saturating_add(patience_ms) < steady_ms;
            let owner = state.owner().filter(|_| silent && !wait_policy.people);
            (run.clone(), why.or_else(|| owner.map(|owner| StopReason::TakenOver(owner.runner.clone()))))
        };
        self.runs.iter().map(left).collect()
    }
}
