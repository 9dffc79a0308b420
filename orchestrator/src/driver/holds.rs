//! Engine: resources that steps of several runs and runners share: who may begin on one. Touches the log, reading.

use crate::activity::ResourceKey;
use crate::driver::DriveError;
use crate::driver::actor::Actor;
use crate::driver::engine::Engine;
use crate::ids::{RunId, StepId};
use crate::plan::Node;
use crate::recovery::history::{self, HistoryError, Loaded};
use crate::run::codec::Entry;
use crate::run::hold::{Held, HoldEvent, hold_stream};
use rehome_store::{Sequence, StreamId};
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
    /// Waits until no step of any runner holds one of these. Whoever begins then expects the streams to end where they do.
    pub(crate) async fn free(
        &self,
        engine: &Engine,
        of: (&RunId, &StepId),
        keys: &[ResourceKey],
    ) -> Result<Vec<Free>, DriveError> {
        let mut free = Vec::with_capacity(keys.len());
        for key in keys {
            let stream = hold_stream(key);
            let seen = loop {
                let failed = |source| DriveError::History { run: of.0.clone(), source };
                let mut known = self.0.lock().await;
                if let Some(seen) = known.look(engine, &stream, of).await.map_err(failed)? {
                    break seen;
                }
                drop(known);
                let clock = &engine.clock;
                clock.sleep_until(clock.now_ms().saturating_add(engine.look_ms)).await;
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
        engine: &Engine,
        stream: &StreamId,
        of: (&RunId, &StepId),
    ) -> Result<Option<Sequence>, HistoryError> {
        let (seen, held) = self.ends.entry(stream.clone()).or_default();
        loop {
            let page = engine.log.read_stream(stream, *seen, PAGE).await?;
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
            self.runs.insert(held.run.clone(), history::load(&*engine.log, &held.run).await?);
        } else if let Some(loaded) = self.runs.get_mut(&held.run) {
            history::catch_up(&*engine.log, &held.run, loaded).await?;
        }
        let state = self.runs.get(&held.run).map(|loaded| &loaded.state);
        let at = state.and_then(|state| Some((state, state.graph.find(&held.step)?)));
        Ok(at.is_none_or(|(state, at)| !state.is_unsettled(at)).then_some(seen))
    }
}

impl Actor {
    /// Holds again what was held by steps whose outcome is open.
    pub(crate) fn hold_unsettled(&mut self) {
        for at in 0..self.state.graph.len() {
            if let (true, Some(input), Node::Act { activity, .. }) =
                (self.state.is_unsettled(at), self.state.input(at), &self.state.graph.step(at).node)
                && let Ok(activity) = self.shared.engine.registry.find_activity(activity)
                && let Ok(keys) = activity.locks(input)
                && let Some(held) = self.shared.locks.try_hold(&keys)
            {
                self.held.insert(at, held);
            }
        }
    }
}
