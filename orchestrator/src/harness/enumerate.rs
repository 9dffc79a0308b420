//! Engine, for tests: runs a subject once for every place and every disturbance, and looks at its world.

use super::clock::VirtualClock;
use super::inject::{Disturbance, Disturbed, DisturbedLog, Injector, Place};
use crate::batch::Document;
use crate::driver::{Engine, Left, Stay};
use crate::event::{Request, Verdict};
use crate::history;
use crate::ids::{Act, RunId, StepId};
use crate::registry::Registry;
use crate::requests;
use crate::tempo::Tempo;
use rehome_store::{CountedSalts, Log, MemoryLog};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::watch;

/// A workflow with a world of its own, to be disturbed.
pub trait Subject {
    /// A new world, as it is before the first step, with activities that work on it.
    fn world(&self) -> Arc<dyn SubjectWorld>;
}

/// One world.
pub trait SubjectWorld: Send + Sync {
    /// The activities, conditions and workflows that work on this world.
    fn registry(&self) -> Registry;
    /// What is to be done.
    fn document(&self) -> Document;
    /// Everything that matters in the world, in a form that can be compared.
    fn snapshot(&self) -> Value;
}

/// Which way a run is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To its goal, through every gate.
    Forward,
    /// To the first gate or the end, and then back.
    ThereAndBack,
}

/// How one disturbed run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The world afterwards.
    pub world: Value,
    /// How each run was left.
    pub left: Vec<(RunId, Left)>,
    /// How often the process died.
    pub crashes: u32,
    /// Commits and calls in total.
    pub counts: (u32, u32),
    /// Which step each call was for, in order.
    pub called: Vec<(StepId, Act)>,
    /// The kinds of all events, in order: the history.
    pub history: Vec<String>,
    /// What was seen to go against a promise.
    pub breaches: Vec<String>,
}

/// A disturbance that a workflow does not survive.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Where.
    pub place: Place,
    /// What went wrong there.
    pub disturbance: Disturbance,
    /// Which way the run was sent.
    pub way: Way,
    /// What is wrong with the end.
    pub what: String,
    /// How it came to that.
    pub report: Report,
}

/// The virtual date on which everything begins.
const START_MS: i64 = 1_800_000_000_000;

/// Nobody else writes while a subject runs, so looking for it would only take time.
const LOOK_MS: i64 = 3_600_000;

/// A person looks after parked steps this often before the run counts as stuck.
const CARE_MAX: u32 = 40;

/// Runs a subject once, with these disturbances, and goes on after every crash.
///
/// # Panics
/// When the engine itself fails, for example over a log that is not legal.
pub fn run_once(subject: &dyn Subject, way: Way, armed: &[(Place, Disturbance)]) -> Report {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(go(subject, way, armed))
}

struct Stage {
    log: Arc<dyn Log>,
    engine: Engine,
    injector: Injector,
    runs: Vec<RunId>,
    crashes: u32,
}

#[expect(clippy::disallowed_methods, reason = "the time of tests begins here")]
async fn go(subject: &dyn Subject, way: Way, armed: &[(Place, Disturbance)]) -> Report {
    // The runtime's clock counts whole milliseconds from its own beginning: begin on one of them.
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    let world = subject.world();
    let injector = Injector::armed(armed.iter().copied());
    let clock = Arc::new(VirtualClock::new(START_MS));
    let plain: Arc<dyn Log> = Arc::new(MemoryLog::with_salts(CountedSalts::default()));
    let log: Arc<dyn Log> = Arc::new(DisturbedLog { inner: plain.clone(), injector: injector.clone() });
    let document = world.document();
    let actor: Arc<str> = "harness".into();
    document.approve(&*plain, &actor, START_MS, "a test").await.expect("the document is sound");
    let wrap_clock = clock.clone();
    let wrap_injector = injector.clone();
    let registry = world.registry().wrapped(move |inner| {
        Arc::new(Disturbed { inner, injector: wrap_injector.clone(), clock: wrap_clock.clone() })
    });
    let engine = Engine {
        log,
        registry: Arc::new(registry),
        clock,
        tempo: Tempo::REAL,
        actor,
        concurrency: 8,
        look_ms: LOOK_MS,
        observer: Arc::new(()),
    };
    let runs = document.moves.iter().map(|m| m.run.clone()).collect();
    let mut stage = Stage { log: plain, engine, injector, runs, crashes: 0 };
    let mut left = stage.drive().await;
    if way == Way::ThereAndBack {
        stage.turn().await;
        left = stage.drive().await;
    }
    for _ in 0..CARE_MAX {
        if !stage.care(way).await {
            break;
        }
        left = stage.drive().await;
    }
    stage.report(&*world, left).await
}

impl Stage {
    /// Drives until nothing goes on by itself, starting the engine anew whenever it dies.
    async fn drive(&mut self) -> Vec<(RunId, Left)> {
        loop {
            let (_stop, stopped) = watch::channel(false);
            let drive = self.engine.drive(&self.runs, Stay::FOR_SOAK, stopped);
            tokio::select! {
                biased;
                () = self.injector.crashed() => {
                    self.crashes += 1;
                    self.injector.restart();
                }
                left = drive => {
                    let left = left.unwrap_or_else(|e| panic!("the engine failed: {}", chain(&e)));
                    return left.into_iter().collect();
                }
            }
        }
    }

    async fn turn(&self) {
        for run in &self.runs {
            let back = Request::RollBack;
            let now = self.engine.clock.now_ms();
            // A run that is closed, or went back by itself, cannot be turned.
            drop(requests::ask(&*self.log, run, &self.engine.actor, now, back, "a test").await);
        }
    }

    /// Does what a person would do: opens gates on the way forward, acknowledges, tries again.
    async fn care(&self, way: Way) -> bool {
        use crate::plan::Node;
        use crate::state::{Direction, Forward, Undo};
        let mut cared = false;
        for run in &self.runs {
            let loaded = history::load(&*self.log, run).await.expect("a legal log");
            let forward = *loaded.state.direction() == Direction::Forward;
            for (step, stands) in loaded.state.steps() {
                let parked = matches!(stands.forward, Forward::Parked { .. })
                    && (forward || stands.undo == Undo::None)
                    || matches!(stands.undo, Undo::Parked { .. });
                let request = match &step.node {
                    _ if parked => Request::Retry(step.id.clone()),
                    Node::ByHand { .. }
                        if stands.undo == Undo::ByHand || forward && loaded.state.is_open(&step.id) =>
                    {
                        Request::Acknowledge(step.id.clone())
                    }
                    Node::Gate { name }
                        if way == Way::Forward && forward && loaded.state.is_open(&step.id) =>
                    {
                        let now = self.engine.clock.now_ms();
                        let gate =
                            requests::open_gate(&*self.log, run, &self.engine.actor, now, name, "a test");
                        cared |= gate.await.is_ok();
                        continue;
                    }
                    _ => continue,
                };
                let now = self.engine.clock.now_ms();
                let asked = requests::ask(&*self.log, run, &self.engine.actor, now, request, "a test");
                cared |= asked.await.is_ok();
            }
        }
        cared
    }

    async fn report(&self, world: &dyn SubjectWorld, left: Vec<(RunId, Left)>) -> Report {
        let all = self.log.read_all(rehome_store::Position(0), usize::MAX).await.expect("readable");
        rehome_store::verify_chain(&*self.log, None).await.expect("the chain holds");
        let line = |event: &rehome_store::Stored| {
            let body = String::from_utf8_lossy(&event.record.body);
            let body: String = body.chars().take(160).collect();
            format!(
                "{} {} {} {}",
                event.record.at_ms - START_MS,
                event.record.stream,
                event.record.kind,
                body
            )
        };
        Report {
            world: world.snapshot(),
            left,
            crashes: self.crashes,
            counts: self.injector.counts(),
            called: self.injector.called(),
            history: all.iter().map(line).collect(),
            breaches: self.injector.breaches().iter().map(|b| format!("{b:?}")).collect(),
        }
    }
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

/// Every disturbance of a call.
const AT_CALLS: [Disturbance; 8] = [
    Disturbance::CrashBefore,
    Disturbance::CrashAfter,
    Disturbance::AnswerLost,
    Disturbance::RequestLost,
    Disturbance::Late(500),
    Disturbance::Refused,
    Disturbance::Retry,
    Disturbance::Repeated,
];

/// Every disturbance of a commit.
const AT_COMMITS: [Disturbance; 2] = [Disturbance::CrashBefore, Disturbance::CrashAfter];

/// Disturbs a subject at every place in every way, forward and back, and returns what it did not
/// survive, shortest history first, with the number of runs that were made.
pub fn enumerate(subject: &dyn Subject) -> (u32, Vec<Failure>) {
    let before = subject.world().snapshot();
    let goal = run_once(subject, Way::Forward, &[]).world;
    let (mut runs, mut failures) = (0, Vec::new());
    for way in [Way::Forward, Way::ThereAndBack] {
        let (commits, calls) = run_once(subject, way, &[]).counts;
        let at_commits = (1..=commits).flat_map(|n| AT_COMMITS.map(|d| (Place::Commit(n), d)));
        let at_calls = (1..=calls).flat_map(|n| AT_CALLS.map(|d| (Place::Call(n), d)));
        for (place, disturbance) in at_commits.chain(at_calls) {
            runs += 1;
            let report = run_once(subject, way, &[(place, disturbance)]);
            if let Some(what) = flaw(&report, way, &before, &goal) {
                failures.push(Failure { place, disturbance, way, what, report });
            }
        }
    }
    failures.sort_by_key(|failure| failure.report.history.len());
    (runs, failures)
}

fn flaw(report: &Report, way: Way, before: &Value, goal: &Value) -> Option<String> {
    if let Some(breach) = report.breaches.first() {
        return Some(format!("a promise was broken: {breach}"));
    }
    if let Some((run, left)) = report.left.iter().find(|(_, left)| !matches!(left, Left::Closed(_))) {
        return Some(format!("{run} did not come to an end: {left:?}"));
    }
    let back = report.left.iter().any(|(_, left)| *left == Left::Closed(Verdict::RolledBack));
    let expected = if back || way == Way::ThereAndBack { before } else { goal };
    (report.world != *expected).then(|| format!("the world is {}, not {expected}", report.world))
}
