//! Engine, for tests: lives through one case: drives, starts anew after every death, and plays the people.

use super::clock::{Still, VirtualClock};
use super::fault_injection::{FaultInjection, FaultyLog};
use super::fault_point::{FaultPoint, InjectedFault};
use super::injector::{Happened, Injector};
use super::system_under_test::{SystemUnderTest, WorldUnderTest};
use crate::activity::registry::{Registry, StepData};
use crate::activity::{Call, Outcome, Reversibility};
use crate::driver::{Engine, StopReason, WaitPolicy};
use crate::ids::{Direction, RunId, StepId};
use crate::json::Json;
use crate::plan::{Node, Step};
use crate::recovery::history;
use crate::run::event::Request;
use crate::run::requests;
use crate::run::state::{ForwardState, Progress, RunDirection, RunState, StepState, UndoState};
use crate::verify::order::check_order;
use rehome_store::{CountedSalts, Log, MemoryLog, Position};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Which way a run is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Journey {
    /// To its goal, through every gate.
    Forward,
    /// As far as it goes by itself, and then back.
    ThereAndBack,
    /// Through every gate until only what cannot be undone is left, and then back.
    BackFromCleanUp,
}

/// What people do about a step that cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperatorAction {
    /// They ask to try again.
    Retry,
    /// They leave it out, or its effect in place.
    Skip,
    /// They do it by hand and say so.
    MarkDone,
}

/// One way to send a run, with what goes wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Which way.
    pub way: Journey,
    /// What goes wrong, and where.
    pub armed: Vec<(FaultPoint, InjectedFault)>,
    /// What people do then.
    pub help: OperatorAction,
}

impl Scenario {
    /// A case in which people ask to try again.
    pub fn new(way: Journey, armed: &[(FaultPoint, InjectedFault)]) -> Self {
        Self { way, armed: armed.to_vec(), help: OperatorAction::Retry }
    }
}

/// How one case ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The world afterwards.
    pub world: Value,
    /// The world after somebody did what the list of what was left says.
    pub cleared: Value,
    /// What was left, by step, with a command for each.
    pub residue: Vec<(RunId, StepId, String)>,
    /// How each run was left.
    pub left: Vec<(RunId, StopReason)>,
    /// How often the process died.
    pub crashes: u32,
    /// Every commit, call and look.
    pub happened: Happened,
    /// Every event in words, in order.
    pub history: Vec<String>,
    /// What was seen to go against a promise.
    pub breaches: Vec<String>,
    /// The activity and the step that broke a promise, where that is known.
    pub suspect: Option<(String, StepId)>,
    /// How much of what was to go wrong never came to its turn.
    pub unused: usize,
}

/// The virtual date on which everything begins.
const START_MS: i64 = 1_800_000_000_000;

/// Nobody else writes while a subject runs, so looking for it would only take time.
const LOOK_MS: i64 = 3_600_000;

/// A person looks after parked steps this often before the run counts as stuck.
const CARE_MAX: u32 = 40;

/// Lives through one case in a world of its own.
pub fn run_once<S: SystemUnderTest>(system: &S, scenario: &Scenario) -> Report {
    in_virtual_time(async {
        let world = Still::during(S::OUTSIDE, system.world()).await;
        let run_of = ScenarioRun::set(&world, S::OUTSIDE, scenario).await;
        run_of.play(&world).await
    })
}

/// Lives through a case again and finds the steps whose act, done once more by hand, still changes a world in
/// which it is said to be done.
pub(crate) fn not_idempotent<S: SystemUnderTest>(system: &S, scenario: &Scenario) -> Vec<StepId> {
    in_virtual_time(async {
        let world = Still::during(S::OUTSIDE, system.world()).await;
        let mut run_of = ScenarioRun::set(&world, S::OUTSIDE, scenario).await;
        run_of.live().await;
        run_of.not_idempotent(&world).await
    })
}

/// Runs something in a runtime of its own, whose time passes when everybody waits for it.
#[expect(clippy::disallowed_methods, reason = "the time of tests begins here")]
pub(crate) fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        // The runtime's clock counts whole milliseconds from its own beginning: begin on one of them.
        tokio::time::sleep(Duration::from_millis(1)).await;
        work.await
    })
}

struct ScenarioRun {
    scenario: Scenario,
    log: Arc<dyn Log>,
    engine: Engine,
    /// The same without faults, for people and for what they list.
    plain: Registry,
    injector: Injector,
    runs: Vec<RunId>,
    outside: bool,
    crashes: u32,
    broken: Option<String>,
}

impl ScenarioRun {
    async fn set(world: &impl WorldUnderTest, outside: bool, scenario: &Scenario) -> Self {
        let injector = Injector::armed(&scenario.armed);
        let clock = Arc::new(VirtualClock::new(START_MS));
        let log: Arc<dyn Log> = Arc::new(MemoryLog::with_salts(CountedSalts::default()));
        let document = world.document();
        let actor: Arc<str> = "harness".into();
        document.begin(&*log, &actor, START_MS, "a test").await.expect("the document is sound");
        let injection = FaultInjection {
            injector: injector.clone(),
            clock: clock.clone(),
            outside,
            no_point_of_no_return: scenario.way == Journey::BackFromCleanUp,
        };
        let disturbed = Arc::new(FaultyLog { inner: log.clone(), injector: injector.clone() });
        let engine = Engine::builder(disturbed, injection.wrap(world.registry())).clock(clock).actor(actor);
        let engine = engine.concurrency(8).look_ms(LOOK_MS).build();
        Self {
            scenario: scenario.clone(),
            log,
            engine,
            plain: world.registry(),
            injector,
            runs: document.runs.iter().map(|m| m.run.clone()).collect(),
            outside,
            crashes: 0,
            broken: None,
        }
    }

    async fn play(mut self, world: &impl WorldUnderTest) -> Report {
        let left = self.live().await;
        self.report(world, left).await
    }

    /// Drives and helps until nobody has anything more to do, and everything that was on its way is there.
    async fn live(&mut self) -> Vec<(RunId, StopReason)> {
        let mut left = self.drive().await;
        let mut turned = self.scenario.way == Journey::Forward;
        for _ in 0..CARE_MAX {
            // Who goes there and back turns where the run stands, with what is parked there.
            let helps = self.broken.is_none() && (turned || self.scenario.way != Journey::ThereAndBack);
            let cared = helps && self.care(turned).await;
            if !cared && (turned || self.broken.is_some()) {
                break;
            }
            if !cared {
                turned = true;
                self.turn().await;
            }
            left = self.drive().await;
        }
        let late = self.scenario.armed.iter().map(|(_, fault)| match fault {
            InjectedFault::Late(ms) | InjectedFault::CrashLate(ms) => *ms + 1,
            _ => 0,
        });
        self.pause(late.max().unwrap_or(0)).await;
        left
    }

    /// Drives until nothing goes on by itself, starting the engine anew whenever it dies.
    async fn drive(&mut self) -> Vec<(RunId, StopReason)> {
        loop {
            let (_stop, stopped) = watch::channel(false);
            let drive = self.engine.drive(&self.runs, WaitPolicy::FOR_SOAK, stopped);
            tokio::select! {
                biased;
                () = self.injector.crashed() => {}
                left = drive => match left {
                    Ok(left) => return left.into_iter().collect(),
                    Err(_) if self.injector.is_dead() => {}
                    Err(e) => {
                        self.broken = Some(format!("the engine failed: {}", chain(&e)));
                        return Vec::new();
                    }
                },
            }
            self.crashes += 1;
            self.injector.restart();
        }
    }

    async fn ask(&self, run: &RunId, request: Request) -> bool {
        let now = self.engine.clock.now_ms();
        requests::ask(&*self.log, run, &self.engine.actor, now, request, "a test").await.is_ok()
    }

    async fn turn(&self) {
        for run in &self.runs {
            // A run that is closed, or went back by itself, cannot be turned.
            self.ask(run, Request::RollBack).await;
        }
    }

    async fn state(&self, run: &RunId) -> RunState {
        history::load(&*self.log, run).await.expect("a legal log").state
    }

    /// Does what a person would do: opens gates, acknowledges, looks after what is parked; says whether there
    /// was anything to do.
    async fn care(&self, turned: bool) -> bool {
        let mut cared = false;
        for run in &self.runs {
            let state = self.state(run).await;
            let forward = *state.direction() == RunDirection::Forward;
            for (step, stands) in state.steps() {
                let stopped = stands.forward.progress() == Progress::Blocked
                    && (forward || stands.undo == UndoState::None)
                    || matches!(stands.undo, UndoState::Parked { .. });
                let open = forward && state.is_open(&step.id);
                cared |= match &step.node {
                    Node::Act { activity, .. } if stopped && forward && self.is_last(activity) => false,
                    _ if stopped => self.help(run, step, stands).await,
                    Node::ByHand { .. } if stands.undo == UndoState::ByHand || open => {
                        self.ask(run, Request::Acknowledge(step.id.clone())).await
                    }
                    Node::Gate { name } if open && self.opens(turned) => {
                        let accepts: Vec<StepId> = state.skipped().cloned().collect();
                        self.open_gate(run, (name, &accepts)).await
                    }
                    _ => false,
                };
            }
        }
        cared
    }

    /// Whether this is what a run that turns in its clean-up never gets past.
    fn is_last(&self, activity: &str) -> bool {
        self.scenario.way == Journey::BackFromCleanUp
            && self
                .plain
                .find_activity(activity)
                .is_ok_and(|a| a.reversibility() == Reversibility::Irreversible)
    }

    fn opens(&self, turned: bool) -> bool {
        match self.scenario.way {
            Journey::Forward => true,
            Journey::ThereAndBack => false,
            Journey::BackFromCleanUp => !turned,
        }
    }

    async fn open_gate(&self, run: &RunId, gate: (&str, &[StepId])) -> bool {
        let now = self.engine.clock.now_ms();
        requests::open_gate(&*self.log, run, &self.engine.actor, now, gate, "a test").await.is_ok()
    }

    async fn help(&self, run: &RunId, step: &Step, stands: &StepState) -> bool {
        let id = step.id.clone();
        let doubt = matches!(stands.forward, ForwardState::Parked { doubt: true, .. })
            || matches!(stands.undo, UndoState::Parked { doubt: true, .. });
        let request = match (self.scenario.help, &step.node) {
            (OperatorAction::Skip, _) if !doubt => Request::Skip(vec![id]),
            (OperatorAction::MarkDone, Node::Act { .. }) if !doubt => {
                let direction = if matches!(stands.undo, UndoState::Parked { .. }) {
                    Direction::Undo
                } else {
                    Direction::Do
                };
                self.by_hand(run, step, stands, direction).await;
                Request::MarkDone(id)
            }
            (OperatorAction::Retry | OperatorAction::Skip | OperatorAction::MarkDone, _) => {
                Request::Retry(id)
            }
        };
        self.ask(run, request).await
    }

    /// Somebody does what a step would do, past the engine.
    async fn by_hand(&self, run: &RunId, step: &Step, stands: &StepState, direction: Direction) {
        let Node::Act { activity, .. } = &step.node else { return };
        let input = stands.input.as_ref().or_else(|| step.known_input()).cloned();
        let (Ok(activity), Some(input)) = (self.plain.find_activity(activity), input) else { return };
        let before = stands.before.clone().unwrap_or_else(|| Json::of(&()));
        let request_id = crate::ids::request_id(run, &step.id, direction, u32::MAX);
        let call = Call::new(run.clone(), step.id.clone(), direction, u32::MAX, 0, request_id);
        let call = Arc::new(call);
        let known = StepData { input, before, output: stands.output.clone() };
        let mut done = Still::during(self.outside, async {
            match direction {
                Direction::Do => activity.clone().run(call, known.clone()).await,
                Direction::Undo => activity.clone().undo(call, known.clone()).await,
            }
        })
        .await;
        for _ in 0..CARE_MAX {
            let Outcome::Accepted(operation) = done else { return };
            self.pause(operation.after_ms).await;
            let poll = activity.clone().poll(known.clone(), operation);
            done = Still::during(self.outside, poll).await;
        }
    }

    async fn pause(&self, ms: u64) {
        let clock = &self.engine.clock;
        clock.sleep_until(clock.now_ms().saturating_add_unsigned(ms)).await;
    }

    async fn report(mut self, world: &impl WorldUnderTest, left: Vec<(RunId, StopReason)>) -> Report {
        let (outside, breaches) = (self.outside, self.injector.breaches());
        let suspect = breaches.first().map(|breach| breach.suspect());
        let mut breaches: Vec<String> = breaches.iter().map(ToString::to_string).collect();
        breaches.extend(self.broken.take());
        breaches.extend(Still::during(outside, world.breaches()).await);
        let after = Still::during(outside, world.snapshot()).await;
        let residue = self.residue().await;
        let cleared = match residue.is_empty() {
            true => after.clone(),
            false => self.clear(world, &residue).await,
        };
        let all = self.log.read_all(Position(0), usize::MAX).await.expect("readable");
        rehome_store::verify_chain(&*self.log, None).await.expect("the chain holds");
        breaches.extend(self.out_of_order().await);
        Report {
            world: after,
            cleared,
            residue,
            left,
            crashes: self.crashes,
            happened: self.injector.happened(),
            history: all.iter().map(line).collect(),
            breaches,
            suspect,
            unused: self.injector.unused(),
        }
    }

    /// What of the batch and its runs cannot have happened in the order of the log.
    async fn out_of_order(&self) -> Option<String> {
        let mut states = BTreeMap::new();
        for run in &self.runs {
            states.insert(run.clone(), self.state(run).await);
        }
        check_order(&*self.log, &states).await.err().map(|e| chain(&e))
    }

    async fn not_idempotent(&self, world: &impl WorldUnderTest) -> Vec<StepId> {
        let mut not_idempotent = Vec::new();
        let mut then = Still::during(self.outside, world.snapshot()).await;
        for run in &self.runs {
            let state = self.state(run).await;
            let mut steps: Vec<(&Step, &StepState)> = state.steps().collect();
            if *state.direction() != RunDirection::Forward {
                steps.reverse();
            }
            for (step, stands) in steps {
                let direction = match (&stands.forward, &stands.undo) {
                    (_, UndoState::Undone) => Direction::Undo,
                    (ForwardState::Done { .. }, UndoState::None) => Direction::Do,
                    _ => continue,
                };
                self.by_hand(run, step, stands, direction).await;
                let now = Still::during(self.outside, world.snapshot()).await;
                if now != std::mem::replace(&mut then, now.clone()) {
                    not_idempotent.push(step.id.clone());
                }
            }
        }
        not_idempotent
    }

    async fn residue(&self) -> Vec<(RunId, StepId, String)> {
        let mut all = Vec::new();
        for run in &self.runs {
            let state = self.state(run).await;
            // Of a run that has reached its goal, nothing is left over.
            if state.direction() != &RunDirection::Forward {
                let left = crate::verify::promises::residue(&state, &self.plain);
                all.extend(left.into_iter().map(|(step, command)| (run.clone(), step, command)));
            }
        }
        all
    }

    /// The world after somebody has taken back what was left, the last first.
    async fn clear(&self, world: &impl WorldUnderTest, residue: &[(RunId, StepId, String)]) -> Value {
        for (run, step, _) in residue.iter().rev() {
            let state = self.state(run).await;
            if let Some((step, stands)) = state.step(step) {
                self.by_hand(run, step, stands, Direction::Undo).await;
            }
        }
        Still::during(self.outside, world.snapshot()).await
    }
}

fn line(event: &rehome_store::Stored) -> String {
    let record = &event.record;
    let body: String = String::from_utf8_lossy(&record.body).chars().take(160).collect();
    format!("{} {} {} {body}", record.at_ms - START_MS, record.stream, record.kind)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
