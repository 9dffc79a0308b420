//! Engine: the actor of one run. It owns the run's state, and nobody else appends results to its stream.

use crate::activity::registry::{AnyActivity, StepData};
use crate::driver::elsewhere;
use crate::driver::locks::Held;
use crate::driver::outcome::StepContext;
use crate::driver::reins::Reins;
use crate::driver::together::Undecided;
use crate::driver::work::{self, Pending, Preparation, Ready, Started, Work, WorkResult};
use crate::driver::{DriveError, Shared, StopReason};
use crate::fault::Fault;
use crate::ids::{Direction, RunId};
use crate::json::Json;
use crate::plan::graph::Index;
use crate::plan::{Node, Retry};
use crate::recovery::history::Loaded;
use crate::run::decide::{Command, Decision, Live, decide};
use crate::run::event::*;
use crate::run::progress::RunReport;
use crate::run::state::{ForwardState, RunState, UndoState};
use crate::verify::promises::Promise;
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rehome_store::Sequence;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};

pub(crate) struct Actor {
    pub(crate) shared: Arc<Shared>,
    pub(crate) run: RunId,
    pub(crate) state: RunState,
    pub(crate) sequence: Sequence,
    /// Which of those that took the run this actor works for.
    pub(super) epoch: u64,
    pub(crate) live: Live,
    /// Resources of steps whose outcome is open.
    pub(crate) held: BTreeMap<Index, Held>,
    /// Decided or answered, folded, and not yet in the log.
    pub(crate) pending: Vec<Pending>,
    pub(crate) tasks: FuturesUnordered<Work>,
    /// Attempts that were begun and have not ended.
    pub(crate) sending: usize,
    /// The permit of the attempt that has just ended. What the run goes on with takes it over, so that what has ended and
    /// what begins share a commit, and few runs are half done where many wait.
    spare: Option<OwnedSemaphorePermit>,
    /// How often in a row something could not be read, by step; `None` is the survey.
    pub(crate) failures: BTreeMap<Option<Index>, u32>,
    /// When this process began the last attempt of a step, by the clock that nobody can set.
    pub(crate) begun: BTreeMap<Index, i64>,
    pub(crate) unreadable: Option<Fault>,
    /// It was started with others, which wait until it is known whether it asks for a survey.
    pub(crate) undecided: Option<Undecided>,
    /// Who wants to know how far the run is, and what it was told last.
    pub(super) reports: Option<UnboundedSender<(RunId, RunReport)>>,
    pub(super) reported: RunReport,
    /// What its batch says.
    pub(super) reins: Reins,
    /// Says when a step of another run went on that a person had to decide about.
    went_on: watch::Receiver<u64>,
    wakeup: Arc<Notify>,
    stop: watch::Receiver<bool>,
}

/// Reading that fails is repeated this often before a person is asked.
const READS_MAX: u32 = 6;

/// The facts may be read from an index that lags: a proof that fails is repeated this often.
pub(crate) const PROOFS_MAX: u32 = 6;

impl Actor {
    pub(crate) fn new(
        shared: Arc<Shared>,
        run: RunId,
        loaded: Loaded,
        reins: Reins,
        wakeup: Arc<Notify>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let live = Live { started_ms: shared.engine.clock.now_ms(), ..Live::default() };
        let (reported, epoch) = (loaded.state.report(), loaded.state.epoch());
        let went_on = shared.locks.went_on();
        Self {
            shared,
            run,
            state: loaded.state,
            sequence: loaded.sequence,
            epoch,
            live,
            held: BTreeMap::new(),
            pending: Vec::new(),
            tasks: FuturesUnordered::new(),
            sending: 0,
            spare: None,
            failures: BTreeMap::new(),
            begun: BTreeMap::new(),
            unreadable: None,
            undecided: None,
            reports: None,
            reported,
            reins,
            went_on,
            wakeup,
            stop,
        }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.shared.engine.clock.now_ms()
    }

    /// Drives the run as far as it goes.
    pub(crate) async fn drive(mut self) -> Result<(RunId, StopReason), DriveError> {
        let left = self.go_on().await?;
        if !matches!(left, StopReason::TakenOver(_)) {
            self.shared.keep(&self.run, &self.state, self.held);
        }
        Ok((self.run, left))
    }

    async fn go_on(&mut self) -> Result<StopReason, DriveError> {
        loop {
            if let Some(owner) = self.taken_over() {
                return Ok(StopReason::TakenOver(owner));
            }
            self.report();
            if self.wants_place() {
                return Ok(StopReason::NotReleased);
            }
            let decision = self.decide_and_start()?;
            if !self.pending.is_empty() {
                self.commit().await?;
                continue;
            }
            if let Some(left) = self.left(&decision) {
                return Ok(left);
            }
            self.wait(&decision).await?;
        }
    }

    /// Decides until nothing more is decided without looking at the world.
    fn decide_and_start(&mut self) -> Result<Decision, DriveError> {
        loop {
            if *self.stop.borrow() {
                self.spare = None;
                return Ok(Decision::default());
            }
            let now = self.now_ms();
            self.live.elsewhere_ms = self.shared.engine.clock.elsewhere_ms();
            self.live.hold = self.hold(now);
            let mut decision = decide(&self.state, &self.live, now, self.shared.engine.time_scale);
            let mut recorded = false;
            for command in std::mem::take(&mut decision.commands) {
                if let Command::Record(event) = command {
                    recorded = true;
                    self.fold(event, false)?;
                } else {
                    self.start(command)?;
                }
            }
            if !recorded {
                self.spare = None;
                return Ok(decision);
            }
        }
    }

    fn start(&mut self, command: Command) -> Result<(), DriveError> {
        let work = match command {
            Command::Begin { at, direction, keep_before } => return self.prepare(at, direction, keep_before),
            Command::Survey => Ok(self.survey()),
            Command::Poll { at } => self.poll(at),
            Command::Probe { at, direction } => self.probe(at, direction),
            Command::Observe { at } => self.observe(at),
            Command::Look { at } => self.look(at),
            Command::Verify { at } => self.verify(at),
            Command::Record(_) => return Ok(()),
        };
        match work {
            Ok((at, work)) => {
                if let Some(at) = at {
                    self.live.steps.insert(at);
                }
                self.tasks.push(work);
                Ok(())
            }
            Err((at, direction, why)) => self.park(at, direction, why),
        }
    }

    pub(crate) fn park(&mut self, at: Index, direction: Direction, why: Fault) -> Result<(), DriveError> {
        let step = self.state.graph.step(at).id.clone();
        self.fold(Event::Parked(Parked { step, direction, why }), false)
    }

    fn prepare(&mut self, at: Index, direction: Direction, keep_before: bool) -> Result<(), DriveError> {
        match self.preparation(at, direction, keep_before) {
            Err(why) => self.park(at, direction, why),
            Ok(preparation) => {
                self.live.steps.insert(at);
                match preparation.at_once(&self.shared.locks, &self.shared.permits, &mut self.spare) {
                    Ok(ready) => self.begin(ready),
                    Err(preparation) => {
                        self.tasks.push(preparation.later(self.shared.clone()));
                        Ok(())
                    }
                }
            }
        }
    }

    fn preparation(
        &mut self,
        at: Index,
        direction: Direction,
        keep_before: bool,
    ) -> Result<Preparation, Fault> {
        let step = self.state.at(at);
        let (name, resolved) = self.resolve(at)?;
        let activity = self.shared.engine.registry.find_activity(&name)?;
        let (input, before) = match (direction, &step.input) {
            (Direction::Undo, Some(input)) => (input.clone(), step.before.clone()),
            (Direction::Undo, None) => (resolved, step.before.clone()),
            (Direction::Do, _) => (resolved, step.before.clone().filter(|_| keep_before)),
        };
        let before = before.or_else(|| (direction == Direction::Undo).then(|| Json::of(&())));
        // A step that still holds its resources from an attempt in doubt goes on holding them.
        let all = activity.locks(&input)?;
        let keys = if self.held.contains_key(&at) { Vec::new() } else { all.clone() };
        let is_shared = self.shared.member.is_some() && !all.is_empty();
        let id = self.state.graph.step(at).id.clone();
        let shared = is_shared.then(|| (self.run.clone(), id, all));
        let turn = activity.turn(&input, direction);
        Ok(Preparation {
            at,
            direction,
            activity,
            input,
            before,
            was: step.output.clone(),
            keys,
            shared,
            turn,
        })
    }

    /// The name and the input of an activity or a condition.
    pub(crate) fn resolve(&self, at: Index) -> Result<(String, Json), Fault> {
        let (name, input) = match &self.state.graph.step(at).node {
            Node::Act { activity, input, .. } => (activity, input),
            Node::Wait { condition, input, .. } => (condition, input),
            Node::Soak { .. }
            | Node::PropagationDelay { .. }
            | Node::Gate { .. }
            | Node::ByHand { .. }
            | Node::Check { .. } => {
                return Err(Fault::new(crate::FaultKind::Bug, "NoInput", "this kind of step has no input"));
            }
        };
        Ok((name.clone(), self.state.resolve(input)?))
    }

    /// The activity of a step, with what is recorded of its last attempt.
    pub(crate) fn recorded(&self, at: Index) -> Result<(Arc<dyn AnyActivity>, StepData), Fault> {
        let (name, resolved) = self.resolve(at)?;
        let activity = self.shared.engine.registry.find_activity(&name)?;
        let step = self.state.at(at);
        let input = step.input.clone().unwrap_or(resolved);
        let before = step.before.clone().unwrap_or_else(|| Json::of(&()));
        Ok((activity, StepData { input, before, output: step.output.clone() }))
    }

    fn poll(&mut self, at: Index) -> Started {
        let (activity, step) = self.recorded(at).map_err(|why| (at, Direction::Do, why))?;
        let attempt = self.state.at(at).attempts;
        let ForwardState::Accepted(operation) = self.state.at(at).forward.clone() else {
            return self.probe(at, Direction::Do);
        };
        let poll = work::poll(at, attempt, activity, step, operation);
        Ok((Some(at), work::reading(self.shared.permits.clone(), poll)))
    }

    fn probe(&mut self, at: Index, direction: Direction) -> Started {
        let (activity, step) = self.recorded(at).map_err(|why| (at, direction, why))?;
        let permits = self.shared.permits.clone();
        // Only a step whose record was lost has none.
        let work = if self.state.at(at).before.is_none() && activity.reads_before() {
            work::reading(permits, work::probe_without_before(at, direction, activity, step.input))
        } else {
            work::reading(permits, work::probe(at, direction, activity, step))
        };
        Ok((Some(at), work))
    }

    fn look(&mut self, at: Index) -> Started {
        let found = self
            .resolve(at)
            .and_then(|(name, input)| Ok((self.shared.engine.registry.find_condition(&name)?, input)));
        let (condition, input) = found.map_err(|why| (at, Direction::Do, why))?;
        Ok((Some(at), work::reading(self.shared.permits.clone(), work::look(at, condition, input))))
    }

    fn verify(&mut self, at: Index) -> Started {
        let Node::Check { of } = &self.state.graph.step(at).node else {
            let why = Fault::new(crate::FaultKind::Bug, "NoCheck", "this step compares nothing");
            return Err((at, Direction::Do, why));
        };
        let of: Vec<Index> = of.iter().filter_map(|id| self.state.graph.find(id)).collect();
        let promises = self.promises(&of);
        Ok((Some(at), work::reading(self.shared.permits.clone(), work::verify(at, promises))))
    }

    fn promises(&self, of: &[Index]) -> Vec<Promise> {
        crate::verify::promises::promises(&self.state, &self.shared.engine.registry, of)
    }

    /// The intent: folded now, and the attempt is made when it is in the log.
    pub(crate) fn begin(&mut self, ready: Ready) -> Result<(), DriveError> {
        let (at, direction) = (ready.at, ready.direction);
        let step = self.state.at(at);
        let attempt = 1 + match direction {
            Direction::Do => step.attempts,
            Direction::Undo => step.undo_attempts,
        };
        let id = self.state.graph.step(at).id.clone();
        let fresh = |now: &Json, then: Option<&Json>| Some(now.clone()).filter(|n| then != Some(n));
        let began = Began {
            request_id: crate::ids::request_id(&self.run, &id, direction, attempt),
            step: id,
            direction,
            attempt,
            input: fresh(&ready.input, self.state.input(at)).filter(|_| direction == Direction::Do),
            before: fresh(&ready.before, step.before.as_ref()).filter(|_| direction == Direction::Do),
        };
        let event = Event::Began(began);
        let now = self.now_ms();
        let held = direction == Direction::Do && self.hold(now).is_some();
        if held || self.state.apply(now, &event).is_err() {
            // The run was turned, paused or held while the step was being prepared.
            self.live.steps.remove(&at);
            return Ok(());
        }
        self.pending.push(Pending { at_ms: now, event, result: false, start: Some(ready) });
        Ok(())
    }

    /// Takes an event into the state; it is in the log after the next commit.
    pub(crate) fn fold(&mut self, event: Event, result: bool) -> Result<(), DriveError> {
        let at_ms = self.now_ms();
        self.state.apply(at_ms, &event).map_err(|e| self.broken_record(e))?;
        self.pending.push(Pending { at_ms, event, result, start: None });
        Ok(())
    }

    /// Why there is nothing more to do here, if that is so.
    fn left(&self, decision: &Decision) -> Option<StopReason> {
        if let Some(verdict) = self.state.verdict() {
            return Some(StopReason::Closed(verdict));
        }
        // What is only read is not waited for: it is read again next time.
        if *self.stop.borrow() && self.sending == 0 {
            return Some(StopReason::Stopped);
        }
        if !self.tasks.is_empty() {
            return None;
        }
        if let Some(why) = &self.unreadable {
            return Some(StopReason::Unreadable(why.clone()));
        }
        let left = elsewhere::left(&self.state, decision, self.shared.wait_policy, self.now_ms())?;
        let held_up = self.live.behind.keys().find_map(|at| self.state.held_up.get(at));
        Some(held_up.map_or(left, |held| StopReason::HeldUp(held.clone())))
    }

    async fn wait(&mut self, decision: &Decision) -> Result<(), DriveError> {
        self.undecided = None;
        let date = [decision.wake_ms, decision.soak_ms].into_iter().flatten().min();
        let clock = self.shared.engine.clock.clone();
        let alarm = async {
            match date {
                Some(date) => clock.sleep_until(date).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(done) = self.tasks.next() => {
                self.take(done)?;
                // What has come in meanwhile shares the commit.
                while let Some(Some(done)) = self.tasks.next().now_or_never() {
                    self.take(done)?;
                }
            }
            () = self.wakeup.notified() => self.catch_up().await?,
            () = self.reins.changed() => {}
            Ok(()) = self.went_on.changed(), if !self.live.behind.is_empty() => self.live.behind.clear(),
            _ = self.stop.changed() => {}
            () = alarm => {}
        }
        Ok(())
    }

    fn take(&mut self, done: WorkResult) -> Result<(), DriveError> {
        match done {
            WorkResult::Prepared(ready) if *self.stop.borrow() => {
                self.live.steps.remove(&ready.at);
                Ok(())
            }
            WorkResult::Prepared(ready) => self.begin(ready),
            WorkResult::HeldUp { at, direction, key, by } => {
                self.held_up(at, direction, key, by);
                Ok(())
            }
            WorkResult::Unprepared { at, direction, why } => self.unprepared(at, direction, why),
            WorkResult::Surveyed { at_ms, found } => self.surveyed(at_ms, found),
            WorkResult::Verified { at, looked, broken } => self.verified(at, looked, broken),
            WorkResult::Attempted { at, direction, attempt, outcome, call, permit } => {
                self.sending -= 1;
                self.spare = Some(permit);
                self.live.steps.remove(&at);
                let event = self.step_context(at).attempted(direction, attempt, outcome, call.exchanges());
                self.fold(event, true)
            }
            WorkResult::Polled { at, attempt, outcome } => self.polled(at, attempt, outcome),
            WorkResult::Probed { at, direction, probe } => {
                self.live.steps.remove(&at);
                let step = self.state.at(at);
                let (began_ms, checks) = match (direction, &step.forward, &step.undo) {
                    (Direction::Do, ForwardState::Attesting, _) => (None, 1),
                    (Direction::Do, ForwardState::Doubt(look), _) => {
                        (Some(step.began_ms), look.checks.saturating_add(1))
                    }
                    (Direction::Undo, _, UndoState::Doubt(look)) => {
                        (Some(step.undo_began_ms), look.checks.saturating_add(1))
                    }
                    (Direction::Undo, _, UndoState::Began) => (Some(step.undo_began_ms), 1),
                    // Nothing is under way: what is seen is what is there.
                    (Direction::Undo, _, _) => (None, 1),
                    (Direction::Do, _, _) => (Some(step.began_ms), 1),
                };
                let began_ms = began_ms.map(|wall| self.begun_ms(at).unwrap_or(wall));
                let tries = match direction {
                    Direction::Do => step.attempts - step.attempts_before_reset,
                    Direction::Undo => step.undo_attempts - step.undo_attempts_before_reset,
                };
                let event = self.step_context(at).probed(direction, began_ms, checks, tries, probe);
                self.fold(event, true)
            }
            WorkResult::Observed { at, observation } => self.observed(at, observation),
            WorkResult::Looked { at, met } => self.looked(at, met),
        }
    }

    /// When the last attempt of a step was begun, on the wall clock as it is set now; unknown after a restart.
    fn begun_ms(&self, at: Index) -> Option<i64> {
        let begun = self.begun.get(&at)?;
        Some(self.now_ms() - (self.shared.engine.clock.steady_ms() - begun))
    }

    pub(crate) fn step_context(&self, at: Index) -> StepContext<'_> {
        let step = self.state.graph.step(at);
        let (retry, settling_ms) = match &step.node {
            Node::Act { retry, settling_ms, .. } => (retry, *settling_ms),
            Node::Wait { retry, .. } => (retry, 0),
            Node::Soak { .. }
            | Node::PropagationDelay { .. }
            | Node::Gate { .. }
            | Node::ByHand { .. }
            | Node::Check { .. } => (&Retry::DEFAULT, 0),
        };
        let (now_ms, time_scale) = (self.now_ms(), self.shared.engine.time_scale);
        StepContext { run: &self.run, step: &step.id, now_ms, time_scale, retry, settling_ms }
    }

    /// Counts one more failure to read, and says when it may be tried again, or that it was enough.
    pub(crate) fn failed_again(&mut self, what: Option<Index>) -> Option<i64> {
        let failures = self.failures.entry(what).or_default();
        *failures += 1;
        let tries = *failures;
        if tries >= READS_MAX {
            self.failures.remove(&what);
            return None;
        }
        Some(self.step_context(what.unwrap_or(0)).date(tries, None))
    }
}
