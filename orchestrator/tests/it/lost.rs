//! The log is cut at every place while the world is that of every later place: the run looks around, and ends as
//! planned or as before, with nothing made twice and nothing guessed.

use crate::fake_world::{HouseWorld, Shelves, plan};
use rehome_orchestrator::harness::{VirtualClock, WorldUnderTest};
use rehome_orchestrator::*;
use rehome_store::{
    Append, AppendError, Appended, BoxFuture, CountedSalts, Log, LogDecorator, MemoryLog, Position, Sequence,
    Stored, StreamId,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub(crate) const START_MS: i64 = 1_800_000_000_000;
const LATER_MS: i64 = START_MS + 1_000_000_000;

type World = BTreeMap<String, String>;

/// A log that remembers how the world was at each of its events.
struct Snapping {
    inner: MemoryLog,
    shelves: Shelves,
    seen: Mutex<BTreeMap<u64, World>>,
}

impl LogDecorator for Snapping {
    fn inner(&self) -> &dyn Log {
        &self.inner
    }

    fn append_decorated(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            let appended = self.inner.append(append).await?;
            let world = self.shelves.lock().expect("whole").clone();
            self.seen.lock().expect("whole").insert(appended.last.0, world);
            Ok(appended)
        })
    }
}

pub(crate) fn run() -> RunId {
    RunId::new("m-1")
}

pub(crate) fn original() -> World {
    [("old", "lamp"), ("waste", "paper")].map(|(a, b)| (a.to_owned(), b.to_owned())).into()
}

pub(crate) fn house(world: World) -> HouseWorld {
    HouseWorld {
        shelves: Arc::new(Mutex::new(world)),
        plan: plan(OnFailure::Park),
        blind: false,
        under_way: Arc::default(),
    }
}

pub(crate) fn engine(log: Arc<dyn Log>, world: &HouseWorld, clock: Arc<VirtualClock>) -> Engine {
    Engine {
        log,
        registry: Arc::new(world.registry()),
        clock,
        time_scale: TimeScale::REAL,
        actor: "runner".into(),
        concurrency: 4,
        look_ms: 3_600_000,
        observer: Arc::new(()),
        crew: None,
    }
}

async fn drive(engine: &Engine) {
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    engine.drive(&[run()], WaitPolicy::FOR_SOAK, stopped).await.expect("the engine does its work");
}

async fn state(engine: &Engine) -> RunState {
    load(&*engine.log, &run()).await.expect("a legal log").state
}

/// What a person does about one step, if it waits for one.
fn care_of(state: &RunState, step: &Step, stands: &StepState) -> Option<Request> {
    let forward = *state.direction() == RunDirection::Forward;
    let id = || step.id.clone();
    match (&stands.undo, &stands.forward) {
        (UndoState::None, ForwardState::Parked { why, .. }) if forward && why.code == "Gone" => {
            Some(Request::Retry(id()))
        }
        (UndoState::None, ForwardState::Parked { doubt: true, .. }) if forward => {
            Some(Request::MarkDone(id()))
        }
        (UndoState::None, ForwardState::Parked { .. }) => Some(Request::Skip(vec![id()])),
        (UndoState::None, ForwardState::Idle) if forward && matches!(step.node, Node::ByHand { .. }) => {
            state.is_open(&step.id).then(|| Request::Acknowledge(id()))
        }
        (UndoState::Parked { .. }, _) => Some(Request::Retry(id())),
        _ => None,
    }
}

async fn care(engine: &Engine, gates: bool) -> bool {
    let state = state(engine).await;
    let (log, actor, now) = (&*engine.log, &engine.actor, engine.clock.now_ms());
    let mut cared = false;
    for (step, stands) in state.steps() {
        if let Some(request) = care_of(&state, step, stands) {
            cared |= ask(log, &run(), actor, now, request, "a test").await.is_ok();
        }
        if let (true, Node::Gate { name }) = (gates && state.is_open(&step.id), &step.node) {
            let accepts: Vec<StepId> = state.skipped().cloned().collect();
            cared |= open_gate(log, &run(), actor, now, (name, &accepts), "a test").await.is_ok();
        }
    }
    cared
}

pub(crate) async fn turn(engine: &Engine) -> bool {
    let now = engine.clock.now_ms();
    ask(&*engine.log, &run(), &engine.actor, now, Request::RollBack, "a test").await.is_ok()
}

/// Drives with the help of people, forward to the end or back.
pub(crate) async fn to_the_end(engine: &Engine, back: bool) {
    for _ in 0..20 {
        drive(engine).await;
        if !care(engine, !back).await {
            return;
        }
    }
    panic!("it does not come to an end");
}

/// Lives through a whole run, and remembers everything.
async fn live(back: bool) -> (Vec<Stored>, BTreeMap<u64, World>) {
    let world = house(original());
    let (inner, shelves) = (MemoryLog::with_salts(CountedSalts::default()), world.shelves.clone());
    let log = Arc::new(Snapping { inner, shelves, seen: Mutex::default() });
    let approved = world.document().approve(&*log, &"harness".into(), START_MS, "a test").await;
    approved.expect("a sound document");
    let engine = engine(log.clone(), &world, Arc::new(VirtualClock::new(START_MS)));
    if back {
        drive(&engine).await;
        assert!(turn(&engine).await, "it goes back");
    }
    to_the_end(&engine, back).await;
    let all = log.read_all(Position(0), usize::MAX).await.expect("readable");
    let seen = log.seen.lock().expect("whole").clone();
    (all, seen)
}

/// The log as it was after so many events, with what a person says of it.
async fn cut(all: &[Stored], events: usize) -> MemoryLog {
    let log = MemoryLog::with_salts(CountedSalts::default());
    let mut heads: BTreeMap<StreamId, u64> = BTreeMap::new();
    for event in &all[..events] {
        let head = heads.entry(event.record.stream.clone()).or_default();
        let expect = vec![(event.record.stream.clone(), Sequence(*head))];
        log.append(Append { expect, records: vec![event.record.clone()] }).await.expect("as before");
        *head += 1;
    }
    let end = |event: &Stored| LogEnd { position: event.position.0, hash: event.hash.to_string() };
    let (ends, known) = (end(&all[events - 1]), all.last().map(end));
    let restored = Restored { reason: "a test".to_owned(), ends, known };
    restore(&log, &"people".into(), LATER_MS, restored).await.expect("recorded");
    log
}

/// What is made although it was there.
async fn made_twice(log: &dyn Log, events: usize, there: &World) -> Vec<String> {
    let all = log.read_all(Position(events as u64), usize::MAX).await.expect("readable");
    let began =
        all.iter().filter_map(|e| match Event::decode(&e.record.kind, e.record.version, &e.record.body) {
            Ok(Event::Began(began)) if began.direction == Direction::Do => Some(began.step.to_string()),
            _ => None,
        });
    began.filter(|step| there.contains_key(if step == "make" { "new" } else { step })).collect()
}

struct Scenario {
    events: usize,
    at: u64,
    back: bool,
    there: World,
}

async fn judge(all: &[Stored], scenario: &Scenario) -> Result<(), String> {
    let log = Arc::new(cut(all, scenario.events).await);
    let world = house(scenario.there.clone());
    let engine = engine(log.clone(), &world, Arc::new(VirtualClock::new(LATER_MS)));
    if scenario.back && state(&engine).await.direction() == &RunDirection::Forward && !turn(&engine).await {
        // The copy itself knows that the last step was begun.
        return Ok(());
    }
    let already_back = state(&engine).await.direction() != &RunDirection::Forward;
    to_the_end(&engine, scenario.back).await;
    let end = world.shelves.lock().expect("whole").clone();
    let state = state(&engine).await;
    let twice = made_twice(&*log, scenario.events, &scenario.there).await;
    if !twice.is_empty() {
        return Err(format!("{twice:?} was made again"));
    }
    let burnt = !scenario.there.contains_key("waste");
    let back = scenario.back || already_back;
    let mut wanted = match (back, burnt) {
        (true, true) if state.direction() != &RunDirection::Forward => {
            return Err("it went back from what nothing brings back".to_owned());
        }
        (true, true) => scenario.there.clone(),
        (true, false) => original(),
        (false, _) => World::from(
            [
                ("new", "lamp"),
                ("left", "lamp@new"),
                ("right", "lamp@new"),
                ("far", "lamp@new"),
                ("last", "vase"),
            ]
            .map(|(a, b)| (a.into(), b.into())),
        ),
    };
    // What was on the old shelf is told only by the record of its step.
    let known = state.step(&"take".into()).is_some_and(|(_, s)| s.before.is_some());
    if back && !burnt && !scenario.there.contains_key("old") && !known {
        wanted.remove("old");
    }
    match (end == wanted, state.verdict(), back && burnt) {
        (false, _, _) => Err(format!("the world is {end:?}, not {wanted:?}")),
        (true, None, false) => Err("it is not closed".to_owned()),
        (true, _, _) => Ok(()),
    }
}

#[test]
fn wherever_the_log_is_cut_and_however_far_the_world_went_nothing_is_made_twice() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    let mut scenarios = 0;
    for lived_back in [false, true] {
        let (all, seen) = runtime.block_on(live(lived_back));
        for events in 4..all.len() {
            for (at, there) in seen.range(events as u64..) {
                for back in [false, true] {
                    // What is closed in the copy stays closed.
                    let scenario = Scenario { events, at: *at, back, there: there.clone() };
                    scenarios += 1;
                    if let Err(what) = runtime.block_on(judge(&all, &scenario)) {
                        let kinds: Vec<_> = all.iter().map(|e| e.record.kind.to_string()).collect();
                        panic!(
                            "lived back {lived_back}, cut after {events}, world of {}, back {back}: {what}\n{kinds:?}",
                            scenario.at
                        );
                    }
                }
            }
        }
    }
    assert!(scenarios > 300, "only {scenarios} cases");
}
