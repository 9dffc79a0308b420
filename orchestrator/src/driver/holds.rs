//! Engine: resources that steps of several runs and runners share: who may begin on one. Touches the log, reading.

use crate::activity::ResourceKey;
use crate::driver::locks::Holder;
use crate::ids::{RunId, StepId};
use crate::recovery::history::{self, HistoryError, Loaded};
use crate::run::codec::Entry;
use crate::run::hold::{Held, HoldEvent, hold_stream};
use crate::run::state::RunState;
use crate::time::clock::Clock;
use rehome_store::{Log, Sequence, StreamId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex as Shortly, PoisonError};
use tokio::sync::Mutex;

/// Events read at once.
const PAGE: usize = 100;

/// The end of a resource's stream, as it was when nobody held the resource.
#[derive(Clone, Debug)]
pub(crate) struct Free {
    pub(crate) key: ResourceKey,
    pub(crate) stream: StreamId,
    pub(crate) seen: Sequence,
}

#[derive(Default)]
struct Known {
    /// The end of each resource's stream, and what stands there.
    ends: BTreeMap<StreamId, (Sequence, Option<Held>)>,
    /// The runs of steps that were begun on them.
    runs: BTreeMap<RunId, Loaded>,
}

/// Who may begin on a resource.
enum Look {
    /// Whoever expects its stream to end here.
    Free(Sequence),
    /// Who works on it, for a while.
    Busy,
    /// This step, which stopped for a person.
    Stopped(Holder),
}

/// What is known of the resources that anybody works on. It is read on from where it was read last.
#[derive(Default)]
pub(crate) struct Holds {
    known: Mutex<Known>,
    /// Steps that stopped for a person while others wanted what they hold.
    stopped: Shortly<BTreeSet<Holder>>,
}

impl Holds {
    /// Waits until no step of any runner holds one of these; looked at again every so many milliseconds. Whoever begins then
    /// expects the streams to end where they do. In place of that the first that is held until a person decides, and by whom.
    pub(crate) async fn free(
        &self,
        log: &dyn Log,
        (clock, look_ms): (&dyn Clock, i64),
        of: (&RunId, &StepId),
        keys: &[ResourceKey],
    ) -> Result<Result<Vec<Free>, (ResourceKey, Holder)>, HistoryError> {
        let mut free = Vec::with_capacity(keys.len());
        for key in keys {
            let stream = hold_stream(key);
            let seen = loop {
                let mut known = self.known.lock().await;
                match known.look(log, &stream, of).await? {
                    Look::Free(seen) => break seen,
                    Look::Busy => {}
                    Look::Stopped(by) => {
                        self.stopped().insert(by.clone());
                        return Ok(Err((key.clone(), by)));
                    }
                }
                drop(known);
                clock.sleep_until(clock.now_ms().saturating_add(look_ms)).await;
            };
            free.push(Free { key: key.clone(), stream, seen });
        }
        Ok(Ok(free))
    }

    /// Whether this step is known to have stopped for a person.
    pub(crate) fn is_stopped(&self, by: &Holder) -> bool {
        self.stopped().contains(by)
    }

    /// Looks again at the steps that stopped for a person; gives whether one of them went on.
    pub(crate) async fn look_again(&self, log: &dyn Log) -> Result<bool, HistoryError> {
        let stopped = self.stopped().clone();
        let mut went_on = false;
        for by in stopped {
            let mut known = self.known.lock().await;
            let (run, step) = &by;
            let state = known.read(log, run).await?;
            if !state.graph.find(step).is_some_and(|at| state.is_left_open(at)) {
                went_on |= self.stopped().remove(&by);
            }
        }
        Ok(went_on)
    }

    fn stopped(&self) -> std::sync::MutexGuard<'_, BTreeSet<Holder>> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The state of a run as it stands in the log.
    async fn read(&mut self, log: &dyn Log, run: &RunId) -> Result<&RunState, HistoryError> {
        if let Some(loaded) = self.runs.get_mut(run) {
            history::catch_up(log, run, loaded).await?;
        } else {
            self.runs.insert(run.clone(), history::load(log, run).await?);
        }
        Ok(&self.runs[run].state)
    }

    async fn look(
        &mut self,
        log: &dyn Log,
        stream: &StreamId,
        of: (&RunId, &StepId),
    ) -> Result<Look, HistoryError> {
        let (seen, held) = self.ends.entry(stream.clone()).or_default();
        loop {
            let page = log.read_stream(stream, *seen, PAGE).await?;
            for stored in &page {
                let position = stored.position.0;
                let entry: Entry<HoldEvent> =
                    Entry::read(stored).map_err(|source| HistoryError::Codec { position, source })?;
                let HoldEvent::Held(last) = entry.event;
                (*seen, *held) = (stored.sequence, Some(last));
            }
            if page.len() < PAGE {
                break;
            }
        }
        let (seen, Some(held)) = (*seen, held.clone()) else { return Ok(Look::Free(*seen)) };
        if (&held.run, &held.step) == of {
            return Ok(Look::Free(seen));
        }
        let state = self.read(log, &held.run).await?;
        Ok(match state.graph.find(&held.step) {
            Some(at) if state.is_unsettled(at) => Look::Busy,
            Some(at) if state.is_left_open(at) => Look::Stopped((held.run, held.step)),
            Some(_) | None => Look::Free(seen),
        })
    }
}
