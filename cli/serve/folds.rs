//! CLI: a log as pages read it: folded once, and from then on only what is new. Reads the log.

use crate::error::CliError;
use crate::store;
use crate::view::{MoveView, view};
use rehome_orchestrator::{BatchLoaded, CodecError, Entry, Event, HistoryError, RunId, RunState, fold_into};
use rehome_store::{Digest, Head, Log, Position, Stored};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Events read at once.
const PAGE: usize = 1_000;

/// A move, and what is told of it.
pub(crate) struct Kept {
    state: Option<RunState>,
    view: Option<MoveView>,
}

/// Everything that a log says, as far as it was read.
pub(crate) struct Folds {
    head: Head,
    runs: BTreeMap<RunId, Kept>,
    /// Moves of which a bundle does not have everything.
    withheld: BTreeSet<RunId>,
    batches: Arc<BTreeMap<String, BatchLoaded>>,
}

/// What changed.
#[derive(Default)]
struct Changed {
    runs: BTreeSet<RunId>,
    batches: BTreeSet<String>,
}

impl Default for Folds {
    fn default() -> Self {
        let head = Head { position: Position(0), hash: Digest::ZERO };
        Self { head, runs: BTreeMap::new(), withheld: BTreeSet::new(), batches: Arc::default() }
    }
}

impl Folds {
    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// How many moves a bundle does not have.
    pub(crate) fn withheld(&self) -> usize {
        self.withheld.len()
    }

    /// Where all moves stand by themselves.
    pub(crate) fn views(&self) -> Vec<MoveView> {
        self.runs.values().filter_map(|kept| kept.view.clone()).collect()
    }

    /// Where one move stands.
    pub(crate) fn state(&self, run: &RunId) -> Option<&RunState> {
        self.runs.get(run)?.state.as_ref()
    }

    pub(crate) fn batches(&self) -> Arc<BTreeMap<String, BatchLoaded>> {
        self.batches.clone()
    }

    /// Takes in what is new, where there is anything. A log in whose place another one was put is read from its beginning.
    pub(crate) async fn renew(&mut self, log: &dyn Log) -> Result<(), CliError> {
        let head = log.head().await.map_err(|e| store::unreadable(&e))?;
        if head == self.head {
            return Ok(());
        }
        if head.position <= self.head.position || !self.goes_on(log).await? {
            *self = Self::default();
        }
        let mut changed = Changed::default();
        loop {
            let page = log.read_all(self.head.position, PAGE).await.map_err(|e| store::unreadable(&e))?;
            for event in &page {
                self.take(event, &mut changed)?;
                self.head = Head { position: event.position, hash: event.hash };
            }
            if page.len() < PAGE {
                break;
            }
        }
        for run in changed.runs {
            if let Some(Kept { state: Some(state), view: seen }) = self.runs.get_mut(&run) {
                *seen = Some(view(&run, state));
            }
        }
        self.read_batches(log, changed.batches).await
    }

    /// Whether the last event that was read is still the one that it was.
    async fn goes_on(&self, log: &dyn Log) -> Result<bool, CliError> {
        let Some(before) = self.head.position.0.checked_sub(1) else { return Ok(true) };
        let last = log.read_all(Position(before), 1).await.map_err(|e| store::unreadable(&e))?;
        Ok(last.first().is_some_and(|event| event.hash == self.head.hash))
    }

    fn take(&mut self, stored: &Stored, changed: &mut Changed) -> Result<(), CliError> {
        let stream = &stored.record.stream;
        if let Some(batch) = stream.as_str().strip_prefix(BatchLoaded::PREFIX) {
            changed.batches.insert(batch.to_owned());
        }
        let Some(run) = RunId::of_stream(stream).filter(|run| !self.withheld.contains(run)) else {
            return Ok(());
        };
        let position = stored.position.0;
        let entry = match Entry::<Event>::read(stored) {
            Err(CodecError::Withheld { .. }) => {
                self.runs.remove(&run);
                self.withheld.insert(run);
                return Ok(());
            }
            Err(source) => return Err(store::unreadable(&HistoryError::Codec { position, source })),
            Ok(entry) => entry,
        };
        let kept = self.runs.entry(run.clone()).or_insert(Kept { state: None, view: None });
        fold_into(&mut kept.state, &entry)
            .map_err(|source| store::unreadable(&HistoryError::Illegal { position, source }))?;
        changed.runs.insert(run);
        Ok(())
    }

    async fn read_batches(&mut self, log: &dyn Log, names: BTreeSet<String>) -> Result<(), CliError> {
        for name in names {
            match BatchLoaded::find(log, &name).await {
                Ok(Some(batch)) => drop(Arc::make_mut(&mut self.batches).insert(name, batch)),
                Ok(None) | Err(HistoryError::Codec { source: CodecError::Withheld { .. }, .. }) => {}
                Err(e) => return Err(store::unreadable(&e)),
            }
        }
        Ok(())
    }
}
