//! One seed from its beginning to its end, and what has to be true then.

use super::actors;
use super::acts::registry;
use super::checker_log::{CheckerLog, Deadly, RUNNER};
use super::fault_plan::{Dice, FaultPlan, Trouble};
use super::workload::furnish;
use super::world::{Author, World};
use rehome_orchestrator::harness::VirtualClock;
use rehome_orchestrator::*;
use rehome_store::{LeaseHolder, Log, MemoryRunners, Position, verify_chain};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Notify, watch};

/// How a seed ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SimulationReport {
    /// What was wrong; nothing in a good story.
    pub(crate) wrong: Vec<String>,
    /// The hash of the last event: equal only when every byte of both logs is.
    pub(crate) digest: String,
    pub(crate) events: u64,
    pub(crate) crashes: u64,
    pub(crate) verdicts: Vec<String>,
    /// Every single disturbance, by name.
    pub(crate) struck: Vec<String>,
    /// Every event, for people.
    pub(crate) history: Vec<String>,
}

const START_MS: i64 = 1_800_000_000_000;

/// How often the log is looked at for what other people asked.
const LOOK_MS: i64 = 15_000;

/// The troubles stop after this much virtual time.
const TROUBLED_MS: u64 = 5_400_000;

/// The lives of a runner are counted from here on once all is calm.
const CALM: u64 = 1_000_000;

/// Once all is calm, people look after what is left this often before a run counts as stuck.
const CARE_MAX: u32 = 60;

/// Lives through one seed.
pub(crate) fn live(faults: &FaultPlan) -> SimulationReport {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        // The runtime's clock counts whole milliseconds from its own beginning: begin on one of them.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        Simulation::set(faults.again()).play().await
    })
}

pub(crate) struct Simulation {
    pub(crate) faults: FaultPlan,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) log: Arc<CheckerLog>,
    pub(crate) world: Arc<World>,
    pub(crate) runs: Vec<RunId>,
    pub(crate) people: Arc<str>,
    document: Document,
    /// Who shares the log.
    runners: Arc<MemoryRunners>,
    crashes: AtomicU64,
}

impl Simulation {
    fn set(faults: FaultPlan) -> Self {
        let clock = Arc::new(VirtualClock::new(START_MS));
        let log = CheckerLog::new(&faults);
        let world = World::new(faults.clone(), clock.clone(), log.clone());
        let document = furnish(&world, &faults);
        let runs = document.runs.iter().map(|m| m.run.clone()).collect();
        let steady = clock.clone();
        let runners = Arc::new(MemoryRunners::new(move || steady.steady_ms()));
        let (people, crashes) = ("people".into(), AtomicU64::new(0));
        Self { faults, clock, log, world, runs, people, document, runners, crashes }
    }

    async fn play(self) -> SimulationReport {
        self.document.begin(&*self.log, &self.people, START_MS, "a simulation").await.expect("sound plans");
        let helpers = [
            tokio::spawn(actors::others(self.faults.clone(), self.world.clone(), self.runs.clone())),
            tokio::spawn(actors::operators(
                self.faults.clone(),
                self.clock.clone(),
                self.log.clone(),
                self.runs.clone(),
            )),
            tokio::spawn(actors::clock_setters(self.faults.clone(), self.clock.clone())),
        ];
        let mut wrong = self.troubled().await;
        helpers.iter().for_each(tokio::task::JoinHandle::abort);
        self.world.calm();
        self.log.calm();
        if wrong.is_empty() {
            wrong = self.calm().await;
        }
        self.tell(wrong).await
    }

    /// The engine of one life of a runner, and what ends when a commit kills it.
    fn engine(&self, nth: u64, life: u64) -> (Engine, Arc<Notify>) {
        let (log, dead) = Deadly::of(&self.log);
        let engine = Engine::builder(log, registry(&self.world));
        let engine = engine.clock(self.clock.clone()).concurrency(6).look_ms(LOOK_MS);
        if self.faults.runners < 2 {
            return (engine.actor(RUNNER).build(), dead);
        }
        let name = format!("{RUNNER}-{nth}-{life}");
        let who = LeaseHolder { host: format!("m-{nth}"), pid: 1, actor: name.clone(), since_ms: 0 };
        let crew = Crew { name: Some(name.clone()), ..Crew::new(self.runners.clone(), who) };
        (engine.actor(name).crew(crew).build(), dead)
    }

    /// Drives under trouble, through crashes, until the time of trouble is over or everything is closed.
    async fn troubled(&self) -> Vec<String> {
        let all = (0..self.faults.runners.max(1)).map(|nth| self.troubled_runner(nth));
        tokio::select! {
            biased;
            () = self.world.pause(TROUBLED_MS) => Vec::new(),
            wrong = futures_util::future::join_all(all) => wrong.concat(),
        }
    }

    async fn troubled_runner(&self, nth: u64) -> Vec<String> {
        let mut dice = Dice::of(self.faults.seed, "deaths", nth);
        let mut deaths = 0;
        for life in 0.. {
            let (engine, dead) = self.engine(nth, life);
            let (_stop, stopped) = watch::channel(false);
            let drive = engine.drive(&self.runs, WaitPolicy::TO_THE_END, stopped);
            let (world, struck) = (self.world.clone(), self.faults.struck.clone());
            let death = async {
                loop {
                    deaths += 1;
                    world.pause(1_000 + dice.below(1_200_000)).await;
                    if struck.strikes(|| {
                        if nth == 0 { format!("death {deaths}") } else { format!("death {deaths} of {nth}") }
                    }) {
                        return;
                    }
                }
            };
            let dies = self.faults.has(Trouble::Crashes);
            tokio::select! {
                biased;
                () = dead.notified() => {}
                () = death, if dies => {}
                left = drive => return left.err().map(|e| chain(&e)).into_iter().collect(),
            }
            self.crashes.fetch_add(1, Ordering::Relaxed);
            // A supervisor starts it again at once, or somebody notices.
            let asleep = if dice.happens(500) { 0 } else { dice.below(60_000) };
            self.world.pause(asleep).await;
        }
        Vec::new()
    }

    /// Nothing goes wrong any more, and patient people look after what is left.
    async fn calm(&self) -> Vec<String> {
        for round in 0..CARE_MAX {
            let (engine, _dead) = self.engine(0, u64::from(round) + CALM);
            let (_stop, stopped) = watch::channel(false);
            let left = match engine.drive(&self.runs, WaitPolicy::FOR_SOAK, stopped).await {
                Ok(left) => left,
                Err(e) => return vec![chain(&e)],
            };
            if left.values().all(|l| matches!(l, StopReason::Closed(_))) {
                return Vec::new();
            }
            actors::care(self, round).await;
        }
        let open = self.runs.iter().filter_map(|run| self.log.state(run).filter(|s| s.verdict().is_none()));
        open.map(|state| {
            let steps = state.steps().filter(|(_, s)| !s.forward.is_settled() || s.undo != UndoState::None);
            let steps: Vec<String> =
                steps.map(|(step, s)| format!("{} {:?} {:?}", step.id, s.forward, s.undo)).collect();
            format!("a run is stuck: {}", steps.join("; "))
        })
        .collect()
    }

    async fn tell(self, mut wrong: Vec<String>) -> SimulationReport {
        wrong.extend(self.world.breaches());
        wrong.extend(self.log.breaches());
        if wrong.is_empty() {
            wrong.extend(self.runs.iter().flat_map(|run| self.judge(run)));
            wrong.extend(self.judge_others());
        }
        if let Err(e) = verify_chain(&*self.log, None).await {
            wrong.push(chain(&e));
        }
        let states = self.runs.iter().filter_map(|run| Some((run.clone(), self.log.state(run)?))).collect();
        if let Err(e) = check_order(&*self.log, &states).await {
            wrong.push(chain(&e));
        }
        let all = self.log.read_all(Position(0), usize::MAX).await.expect("a log in memory is readable");
        let verdict = |run: &RunId| format!("{:?}", self.log.state(run).and_then(|s| s.verdict()));
        SimulationReport {
            wrong,
            digest: all.last().map(|e| format!("{:?}", e.hash)).unwrap_or_default(),
            events: all.len() as u64,
            crashes: self.crashes.load(Ordering::Relaxed),
            struck: self.faults.struck.seen(),
            verdicts: self.runs.iter().map(verdict).collect(),
            history: all.iter().map(line).collect(),
        }
    }

    /// Compares the world with what the record of a run promises.
    fn judge(&self, run: &RunId) -> Vec<String> {
        let Some(state) = self.log.state(run) else { return vec![format!("{run} has no record")] };
        let verdict = state.verdict();
        let mut wrong = Vec::new();
        for (step, stands) in state.steps() {
            let Node::Act { activity, .. } = &step.node else { continue };
            let done = matches!(stands.forward, ForwardState::Done { .. });
            let back = matches!(stands.undo, UndoState::Undone | UndoState::NotNeeded);
            let wanted = match verdict {
                Some(Verdict::Done) if done => true,
                Some(Verdict::RolledBack) if back => false,
                Some(Verdict::Stale | Verdict::Superseded) => false,
                // Left out or left in place by a person: either is as recorded.
                _ => continue,
            };
            let theirs = matches!(stands.forward, ForwardState::Done { ours: false });
            if let Some(what) = self.effect(run, step, activity, wanted, stands, theirs) {
                wrong.push(format!("{run} {} ended {verdict:?}, {:?}: {what}", step.id, stands.undo));
            }
        }
        wrong
    }

    fn effect(
        &self,
        run: &RunId,
        step: &Step,
        activity: &str,
        wanted: bool,
        stands: &StepState,
        theirs: bool,
    ) -> Option<String> {
        let things = self.world.things();
        let own = Author::Ours(run.clone(), step.id.clone());
        let shelf = |place: &str| things.shelves.get(place).cloned();
        let wrong = match (activity, step.id.as_str()) {
            ("town.put/1", id) => {
                let place = format!("{run}/{}", id.replace("put-", "p").replace("make", "new"));
                let item = shelf(&place);
                match &item {
                    Some(item) if item.by == own => !wanted,
                    Some(item) if item.by == Author::Stranger => false,
                    Some(_) | None => wanted,
                }
            }
            ("town.join/1", id) => {
                let hall = things.halls.get(&id.replace("join", "hall"));
                wanted != hall.is_some_and(|names| names.contains(&format!("{run}/is-here")))
            }
            ("town.leave/1", _) => {
                let name = format!("{run}/was-here");
                wanted == things.halls.values().any(|names| names.contains(&name))
            }
            ("town.take/1", _) | ("town.burn/1", _) => {
                let place = if step.id.as_str() == "take" { "old" } else { "waste" };
                let touched = stands.attempts > 0;
                match shelf(&format!("{run}/{place}")) {
                    Some(item) if item.by == Author::Original => wanted,
                    Some(_) => false,
                    None => !wanted && touched,
                }
            }
            _ => return Some(format!("nobody knows {activity}")),
        };
        (wrong && !theirs).then(|| format!("the effect of {activity} should be there: {wanted}"))
    }

    /// What other people did is still there.
    fn judge_others(&self) -> Vec<String> {
        let things = self.world.things();
        let wrong = things.put_by_others.iter().filter(|(place, thing)| {
            let shelf = things.shelves.get(place).is_some_and(|item| item.thing == *thing);
            let hall = things.halls.get(place).is_some_and(|names| names.contains(thing));
            !shelf && !hall
        });
        let wrong: Vec<String> =
            wrong.map(|(place, thing)| format!("a stranger's {thing} at {place} is gone")).collect();
        let wardens = things.halls.values().filter(|names| !names.contains(&"warden".to_owned())).count();
        wrong.into_iter().chain((wardens > 0).then(|| format!("{wardens} halls lost their warden"))).collect()
    }
}

fn line(event: &rehome_store::Stored) -> String {
    let body: String = String::from_utf8_lossy(&event.record.body).chars().take(200).collect();
    let (at, stream, kind) = (event.record.at_ms - START_MS, &event.record.stream, &event.record.kind);
    format!("{at:>10} {stream} {} {kind} {body}", event.record.actor)
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
