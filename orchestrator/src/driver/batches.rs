//! Engine: the batches of one drive, and the runs that wait for theirs to release them. Touches the log.

use crate::batch::{
    BatchCommand, BatchDecision, BatchError, BatchEvent, BatchLoaded, BatchState, RunSummary, Standing,
    batch_record, batch_stream, decide_batch, fold_batch,
};
use crate::driver::Shared;
use crate::driver::engine::{DriveError, Engine, StopReason};
use crate::driver::read_back::read_back;
use crate::driver::reins::{Place, Reins, Told};
use crate::ids::RunId;
use crate::recovery::history::{self, HistoryError, Loaded};
use crate::run::codec::Entry;
use crate::run::event::Request;
use crate::run::progress::{RunProgress, RunReport};
use crate::run::requests::{RequestError, ask};
use rehome_store::{Append, AppendError, Position, Sequence, StreamId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::watch;

/// What the batches of one drive have released, by the names of the batches.
#[derive(Default)]
pub(crate) struct Batches(BTreeMap<String, Batch>);

/// One batch, as far as this drive was asked for its runs.
#[derive(Default)]
struct Batch {
    /// Where it stands; `None` where the log has no batch of this name, which releases nothing.
    state: Option<BatchState>,
    sequence: Sequence,
    runs: BTreeMap<RunId, (Standing, RunReport)>,
    waiting: BTreeMap<RunId, Loaded>,
    /// The places among those that may fail, of runs that are driven.
    places: BTreeMap<RunId, Place>,
    /// Runs that were asked to go back while they were driven, and may have been about to leave.
    asked_back: BTreeSet<RunId>,
    /// Tells where it stands to all who drive runs of it.
    tell: watch::Sender<Told>,
}

/// Why a run goes back that did not fail itself.
const TAKEN_BACK: &str = "a move of its wave failed, and the plan says that the wave is taken back then";

/// What is to be done before it is decided again.
#[derive(Default)]
struct Taken {
    events: Vec<BatchEvent>,
    back: Vec<RunId>,
}

/// What the batches of one drive let loose now, and what they wait for.
#[derive(Default)]
pub(crate) struct Released {
    pub(crate) runs: Vec<(RunId, Loaded, Reins)>,
    /// The next date on which more is let loose by itself.
    pub(crate) wake_ms: Option<i64>,
    /// Whether more is let loose by a person.
    pub(crate) people: bool,
}

impl Batches {
    /// Takes in runs that are to be driven; each batch is read anew, once.
    pub(crate) async fn take_in(
        &mut self,
        engine: &Engine,
        runs: Vec<(RunId, Loaded)>,
    ) -> Result<(), DriveError> {
        let mut read = BTreeSet::new();
        for (run, loaded) in runs {
            let name = loaded.state.planned().batch.clone();
            let batch = self.0.entry(name.clone()).or_default();
            batch.runs.insert(run.clone(), (Standing::Waiting, loaded.state.report()));
            batch.waiting.insert(run, loaded);
            read.insert(name);
        }
        for name in read {
            self.read(engine, &name).await?;
        }
        Ok(())
    }

    /// Reads a batch; of one in waves also how far those of its runs are that this drive was not asked for.
    async fn read(&mut self, engine: &Engine, name: &str) -> Result<(), DriveError> {
        let Some(batch) = self.0.get_mut(name) else { return Ok(()) };
        let failed = |run: &RunId, source| DriveError::History { run: run.clone(), source };
        let any = batch.runs.keys().next().cloned().unwrap_or_else(|| RunId::new(name));
        let found = BatchLoaded::find(&*engine.log, name).await.map_err(|e| failed(&any, e))?;
        let Some(found) = found else {
            batch.state = None;
            batch.tell();
            return Ok(());
        };
        if found.planned().rollout.is_some() {
            for run in &found.planned().runs {
                if !batch.runs.contains_key(run) {
                    let loaded = history::load(&*engine.log, run).await.map_err(|e| failed(run, e))?;
                    batch.runs.insert(run.clone(), (Standing::Left, loaded.state.report()));
                }
            }
        }
        (batch.state, batch.sequence) = (Some(found.state), found.sequence);
        batch.tell();
        Ok(())
    }

    /// Reads those batches anew that somebody else wrote to; gives the runs that were left, which may go on now.
    pub(crate) async fn catch_up(
        &mut self,
        engine: &Engine,
        woken: impl Fn(&StreamId) -> bool,
    ) -> Result<Vec<RunId>, DriveError> {
        let names: Vec<String> = self.names().filter(|name| woken(&batch_stream(name))).cloned().collect();
        let mut left = Vec::new();
        for name in names {
            self.read(engine, &name).await?;
            let runs = self.0.get(&name).into_iter().flat_map(|batch| &batch.runs);
            let of = runs.filter(|(_, (standing, _))| *standing == Standing::Left);
            left.extend(of.map(|(run, _)| run.clone()));
        }
        Ok(left)
    }

    /// The names of the batches.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// Takes in how far a run is.
    pub(crate) fn progressed(&mut self, run: &RunId, report: RunReport) {
        self.0.values_mut().filter_map(|batch| batch.runs.get_mut(run)).for_each(|of| of.1 = report);
    }

    /// Decides for every batch, writes down what is decided, and gives the runs that may begin. Who is told to stop lets
    /// no more waves loose.
    pub(crate) async fn release(&mut self, shared: &Shared, stopped: bool) -> Result<Released, DriveError> {
        let mut released = Released::default();
        for (name, batch) in self.0.iter_mut().filter(|(_, batch)| !stopped || !batch.is_in_waves()) {
            loop {
                let decision = batch.decide(&shared.engine);
                let taken = batch.take(decision, &mut released);
                if taken.events.is_empty() && taken.back.is_empty() {
                    break;
                }
                for run in taken.back {
                    let loaded = batch.take_back(&shared.engine, &run).await?;
                    released.runs.extend(loaded.map(|loaded| batch.started(run, loaded)));
                }
                if !taken.events.is_empty() {
                    batch.record(shared, name, taken.events).await?;
                }
            }
        }
        Ok(released)
    }

    /// Takes in that a run was left; says whether it is to be taken up again at once: it was asked to go back meanwhile, and
    /// may not have heard it, or it would go on and has no place.
    pub(crate) fn left(&mut self, run: &RunId, why: &StopReason) -> bool {
        let standing = match why {
            StopReason::Closed(verdict) => Standing::Closed(*verdict),
            StopReason::People
            | StopReason::HeldUp(_)
            | StopReason::Soak(_)
            | StopReason::Stopped
            | StopReason::TakenOver(_)
            | StopReason::NotReleased
            | StopReason::Unreadable(_) => Standing::Left,
        };
        let mut asked = false;
        for batch in self.0.values_mut() {
            batch.runs.get_mut(run).into_iter().for_each(|of| of.0 = standing);
            asked |= batch.asked_back.remove(run);
        }
        *why == StopReason::NotReleased || asked && standing == Standing::Left
    }

    /// The runs that still wait.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &RunId> {
        self.0.values().flat_map(|batch| batch.waiting.keys())
    }
}

impl Batch {
    fn tell(&self) {
        self.tell.send_replace(self.state.clone().map(Arc::new));
    }

    fn is_in_waves(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.planned().rollout.is_some())
    }

    fn decide(&self, engine: &Engine) -> BatchDecision {
        let heard = |state: &BatchState| state.steering().asked == state.steering().heard;
        let idle = |state: &BatchState| self.waiting.is_empty() && !self.is_in_waves() && heard(state);
        let Some(state) = self.state.as_ref().filter(|state| !idle(state)) else {
            return BatchDecision::default();
        };
        let summary = |(run, (standing, report)): (&RunId, &(Standing, RunReport))| RunSummary {
            run: run.clone(),
            standing: *standing,
            aside: self.places.get(run).is_some_and(Place::is_given_up),
            report: *report,
        };
        let summaries: Vec<RunSummary> = self.runs.iter().map(summary).collect();
        decide_batch(state, &summaries, engine.clock.now_ms(), engine.time_scale)
    }

    /// Lets the runs go that are released, and gives what is to be done before it is decided again.
    fn take(&mut self, decision: BatchDecision, released: &mut Released) -> Taken {
        let mut taken = Taken::default();
        for command in decision.commands {
            match command {
                BatchCommand::Record(event) => taken.events.push(*event),
                BatchCommand::TakeBack(run) => taken.back.push(run),
                BatchCommand::Release(run) => {
                    if let (Some(loaded), Some(of)) = (self.waiting.remove(&run), self.runs.get_mut(&run)) {
                        of.0 = Standing::Driven;
                        released.runs.push(self.started(run, loaded));
                    }
                }
            }
        }
        // What is recorded changes what is waited for.
        if taken.events.is_empty() {
            released.people |= decision.people;
            released.wake_ms = [released.wake_ms, decision.wake_ms].into_iter().flatten().min();
        }
        taken
    }

    fn started(&mut self, run: RunId, loaded: Loaded) -> (RunId, Loaded, Reins) {
        let place = Place::default();
        self.places.insert(run.clone(), place.clone());
        let reins = Reins::new(self.tell.subscribe(), &run, place);
        (run, loaded, reins)
    }

    /// Asks that a run is taken back; gives it, where no driver works on it.
    async fn take_back(&mut self, engine: &Engine, run: &RunId) -> Result<Option<Loaded>, DriveError> {
        let Some((standing, report)) = self.runs.get_mut(run) else { return Ok(None) };
        report.progress = RunProgress::Back;
        let asked =
            ask(&*engine.log, run, &engine.actor, engine.clock.now_ms(), Request::RollBack, TAKEN_BACK);
        match asked.await {
            // What it cannot go back from any more, it keeps.
            Ok(_) | Err(RequestError::Illegal { .. }) => {}
            Err(RequestError::History { run, source }) => return Err(DriveError::History { run, source }),
            Err(RequestError::Append(source)) => {
                return Err(DriveError::Append { run: run.clone(), source });
            }
        }
        if *standing == Standing::Driven {
            self.asked_back.insert(run.clone());
            return Ok(None);
        }
        *standing = Standing::Driven;
        self.waiting.remove(run);
        let mut read = read_back(engine, std::slice::from_ref(run), Position(u64::MAX)).await?;
        Ok(read.pop().map(|(_, loaded)| loaded))
    }

    /// Writes down what is decided; where somebody else wrote first, the batch is read again instead.
    async fn record(
        &mut self,
        shared: &Shared,
        name: &str,
        events: Vec<BatchEvent>,
    ) -> Result<(), DriveError> {
        let engine = &shared.engine;
        let failed = |source: BatchError| DriveError::Batch { batch: name.to_owned(), source };
        let (stream, at_ms) = (batch_stream(name), engine.clock.now_ms());
        let records = events.iter().map(|event| batch_record(name, &engine.actor, at_ms, event)).collect();
        let appending = shared.own.begin();
        let appended = engine.log.append(Append { expect: vec![(stream, self.sequence)], records }).await;
        let first = match appended {
            Ok(appended) => {
                appending.kept(&appended);
                appended.first.0
            }
            Err(AppendError::Conflict { .. }) => {
                let found = BatchLoaded::load(&*engine.log, name).await.map_err(failed)?;
                (self.state, self.sequence) = (Some(found.state), found.sequence);
                self.tell();
                return Ok(());
            }
            Err(source) => return Err(failed(source.into())),
        };
        for (event, position) in events.into_iter().zip(first..) {
            self.sequence.0 += 1;
            let (sequence, actor) = (self.sequence.0, engine.actor.clone());
            let folded = fold_batch(&mut self.state, &Entry { position, sequence, at_ms, actor, event });
            folded.map_err(|source| failed(HistoryError::Illegal { position, source }.into()))?;
        }
        self.tell();
        Ok(())
    }
}
