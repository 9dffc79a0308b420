//! Engine: resources that steps of several runs and runners share: who may begin on one. Touches the log, reading.

use crate::activity::ResourceKey;
use crate::ids::{RunId, StepId};
use crate::recovery::history::{self, HistoryError, Loaded};
use crate::run::codec::Entry;
use crate::run::hold::{Held, HoldEvent, hold_stream};
use crate::time::clock::Clock;
use rehome_store::{Log, Sequence, StreamId};
use std::collections::BTreeMap;
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

/// What is known of the resources that anybody works on. It is read on from where it was read last.
#[derive(Default)]
pub(crate) struct Holds(Mutex<Known>);

impl Holds {
    /// Waits until no step of any runner holds one of these; looked at again every so many milliseconds. Whoever begins then
    /// expects the streams to end where they do.
    pub(crate) async fn free(
        &self,
        log: &dyn Log,
        (clock, look_ms): (&dyn Clock, i64),
        of: (&RunId, &StepId),
        keys: &[ResourceKey],
    ) -> Result<Vec<Free>, HistoryError> {
        let mut free = Vec::with_capacity(keys.len());
        for key in keys {
            let stream = hold_stream(key);
            let seen = loop {
                let mut known = self.0.lock().await;
                if let Some(seen) = known.look(log, &stream, of).await? {
                    break seen;
                }
                drop(known);
                clock.sleep_until(clock.now_ms().saturating_add(look_ms)).await;
            };
            free.push(Free { key: key.clone(), stream, seen });
        }
        Ok(free)
    }
}

impl Known {
    /// The end of a resource's stream; nothing while a step holds it.
    async fn look(
        &mut self,
        log: &dyn Log,
        stream: &StreamId,
        of: (&RunId, &StepId),
    ) -> Result<Option<Sequence>, HistoryError> {
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
        let (seen, Some(held)) = (*seen, held.clone()) else { return Ok(Some(*seen)) };
        if (&held.run, &held.step) == of {
            return Ok(Some(seen));
        }
        if !self.runs.contains_key(&held.run) {
            self.runs.insert(held.run.clone(), history::load(log, &held.run).await?);
        } else if let Some(loaded) = self.runs.get_mut(&held.run) {
            history::catch_up(log, &held.run, loaded).await?;
        }
        let state = self.runs.get(&held.run).map(|loaded| &loaded.state);
        let at = state.and_then(|state| Some((state, state.graph.find(&held.step)?)));
        Ok(at.is_none_or(|(state, at)| !state.is_unsettled(at)).then_some(seen))
    }
}
