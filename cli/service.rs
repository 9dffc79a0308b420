//! CLI: the batches that one runner serves: its own, those that were begun here before, and those that somebody asks
//! for while it is at work. Touches the log.

use crate::about::BatchAbout;
use crate::error::{CliError, causes, one_line};
use crate::planning;
use crate::progress::Progress;
use crate::{store, world};
use rehome_activities::azure::Azure;
use rehome_orchestrator::{BatchEvent, BatchLoaded, Clock, Opened, RunId, RunState, SystemClock};
use rehome_store::{Backend, Log, StreamId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::mpsc;

/// What a runner needs to know to take up other batches than its own.
pub(crate) struct Service {
    pub(crate) log: Arc<dyn Backend>,
    pub(crate) actor: Arc<str>,
    /// What the runner says of itself and its world.
    pub(crate) opened: Opened,
    pub(crate) progress: Arc<Progress>,
    /// Asks no more of the cloud than its batches may.
    pub(crate) azure: Azure,
}

/// The last time that somebody asked for the plan that is approved, or began to work on it.
pub(crate) fn asked_for(batch: &BatchLoaded) -> Option<&Opened> {
    let after_plan = batch.entries.iter().rev().take_while(|e| !matches!(e.event, BatchEvent::Planned(_)));
    after_plan.into_iter().find_map(|e| match &e.event {
        BatchEvent::Opened(opened) => Some(opened),
        _ => None,
    })
}

impl Service {
    /// Batches that were begun here before and are not over, other than this one, with their open moves.
    pub(crate) async fn begun(&self, own: &str) -> Result<Vec<(String, Vec<RunId>)>, CliError> {
        let streams = self.log.streams(BatchLoaded::PREFIX).await.map_err(|e| store::unreadable(&e))?;
        let (mut begun, mut said) = (Vec::new(), BTreeSet::new());
        for (stream, _) in streams {
            let Some(name) = stream.as_str().strip_prefix(BatchLoaded::PREFIX).filter(|n| *n != own) else {
                continue;
            };
            let runs = self.wanted(name, &mut said).await;
            if !runs.is_empty() {
                begun.push((name.to_owned(), runs.into_iter().map(|(run, _)| run).collect()));
            }
        }
        Ok(begun)
    }

    /// The open moves of a batch, if somebody asked for them who works on the same world. What cannot be read is said, once and not each time
    /// that somebody writes to it, and left to whoever asks for it by name.
    async fn wanted(&self, name: &str, said: &mut BTreeSet<String>) -> Vec<(RunId, RunState)> {
        self.read(name).await.unwrap_or_else(|why| {
            let line = format!("{}: not carried on here, it cannot be read: {why}", one_line(name));
            if said.insert(line.clone()) {
                self.progress.tell_line(&line);
            }
            Vec::new()
        })
    }

    async fn read(&self, name: &str) -> Result<Vec<(RunId, RunState)>, String> {
        let batch = BatchLoaded::find(&*self.log, name).await.map_err(|e| causes(&e))?;
        let Some(batch) = batch else { return Ok(Vec::new()) };
        let asked = asked_for(&batch).is_some_and(|opened| world::same(opened, &self.opened).is_ok());
        if !batch.is_approved() || !asked {
            return Ok(Vec::new());
        }
        let about = BatchAbout::of_log(&batch.planned().about);
        let expired = planning::check_expiry(&about, SystemClock.now_ms()).is_err();
        let mut open = Vec::new();
        for run in &batch.planned().runs {
            let loaded = store::read_run(&*self.log, run).await.map_err(|e| e.what)?;
            if loaded.state.verdict().is_none() && (loaded.state.has_begun() || !expired) {
                open.push((run.clone(), loaded.state));
            }
        }
        Ok(open)
    }

    /// Records that this runner works on a batch.
    pub(crate) async fn open(&self, name: &str) -> Result<(), CliError> {
        let opened =
            BatchLoaded::open(&*self.log, name, &self.actor, SystemClock.now_ms(), self.opened.clone());
        opened.await.map_err(|e| store::write_error(&e))
    }

    /// Uses so much of the cloud's limits as each of the batches may that are served. What cannot be read changes nothing.
    async fn pace(&self, shares: &mut BTreeMap<String, u64>, name: &str) {
        if let Ok(Some(batch)) = BatchLoaded::find(&*self.log, name).await {
            shares.insert(name.to_owned(), batch.state.share());
        }
        shares.values().min().into_iter().for_each(|least| self.azure.use_share(*least));
    }

    /// Takes up every batch that somebody asks for from now on, and hears what is asked of those that are served; ends when
    /// nobody listens any more.
    pub(crate) async fn watch(
        self,
        mut served: Vec<String>,
        mut heard: mpsc::UnboundedReceiver<StreamId>,
        joining: mpsc::UnboundedSender<Vec<RunId>>,
    ) {
        let (mut shares, mut said) = (BTreeMap::new(), BTreeSet::new());
        for name in &served {
            self.pace(&mut shares, name).await;
        }
        while let Some(stream) = heard.recv().await {
            let Some(name) = stream.as_str().strip_prefix(BatchLoaded::PREFIX) else { continue };
            if served.iter().any(|known| known == name) {
                self.pace(&mut shares, name).await;
                continue;
            }
            let runs = self.wanted(name, &mut said).await;
            if runs.is_empty() {
                continue;
            }
            served.push(name.to_owned());
            self.pace(&mut shares, name).await;
            self.progress.join(name, runs.iter().map(|(run, state)| (run, state)));
            let runs = runs.into_iter().map(|(run, _)| run).collect();
            if joining.send(runs).is_err() || self.open(name).await.is_err() {
                return;
            }
        }
    }
}
