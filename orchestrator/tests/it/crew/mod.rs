//! Several runners over one log: each run has one at a time, and whoever lost it sends nothing more.

mod process;
mod town;

use process::{Dice, Gate, Others, Seen, Watch};
use rehome_orchestrator::harness::VirtualClock;
use rehome_orchestrator::*;
use rehome_store::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use town::{PutUp, Signs, Town};

const START_MS: i64 = 1_800_000_000_000;
const SIGNS: usize = 4;

/// Runs of one batch, and the runners that share them.
struct Scene {
    town: Arc<Town>,
    runners: Arc<MemoryRunners>,
    runs: Vec<RunId>,
}

/// How a drive of one process ended.
type Left = Result<BTreeMap<RunId, StopReason>, DriveError>;

impl Scene {
    async fn of(runs: usize) -> Self {
        let clock = Arc::new(VirtualClock::new(START_MS));
        let log = Arc::new(MemoryLog::with_salts(CountedSalts::default()));
        let runs: Vec<RunId> = (1..=runs).map(|nth| RunId::new(format!("s-{nth}"))).collect();
        let planned =
            |run: &RunId| PlannedRun::of::<Signs>(run.clone(), &run.to_string(), &()).expect("a plan");
        let document = Document::new("signs", runs.iter().map(planned).collect());
        document.begin(&*log, &"ada".into(), START_MS, "a test").await.expect("sound");
        let steady = clock.clone();
        let runners = Arc::new(MemoryRunners::new(move || steady.steady_ms()));
        Self { town: Arc::new(Town { clock, log, things: Mutex::default() }), runners, runs }
    }

    /// One more process, which takes on up to `parallel` runs.
    fn engine(&self, name: &str, gate: &Gate, parallel: usize) -> Engine {
        self.engine_at(TimeScale::REAL, name, gate, parallel)
    }

    /// The same with timers that are shortened.
    fn engine_at(&self, scale: TimeScale, name: &str, gate: &Gate, parallel: usize) -> Engine {
        let town = &self.town;
        let put_up = PutUp { town: town.clone(), sender: name.to_owned(), gate: gate.clone() };
        let seen = Seen { log: town.log.clone(), gate: gate.clone() };
        let others = Others { runners: self.runners.clone(), gate: gate.clone() };
        let who = LeaseHolder { host: name.to_owned(), pid: 1, actor: name.to_owned(), since_ms: 0 };
        let registry = Registry::new().activity(put_up).workflow(Signs);
        Engine::builder(Arc::new(seen), registry)
            .clock(Arc::new(Watch { clock: town.clock.clone(), gate: gate.clone() }))
            .actor(name)
            .concurrency(parallel)
            .time_scale(scale)
            .look_ms(200)
            .crew(Crew::new(Arc::new(others), who))
            .build()
    }

    async fn drive(&self, name: &str, gate: &Gate, parallel: usize) -> Left {
        let (_never, stop) = watch::channel(false);
        self.engine(name, gate, parallel).drive(&self.runs, WaitPolicy::TO_THE_END, stop).await
    }

    /// Every sign is up, each was put up once, and nothing was sent by anybody who had no right to.
    async fn is_whole(&self, seed: u64) {
        {
            let things = self.town.things();
            assert_eq!(things.breaches, Vec::<String>::new(), "seed {seed}");
            assert_eq!(things.signs.len(), self.runs.len() * SIGNS, "seed {seed}");
            assert!(things.signs.values().all(|times| *times == 1), "seed {seed}: {:?}", things.signs);
        }
        for run in &self.runs {
            let loaded = load(&*self.town.log, run).await.expect("a legal record");
            assert_eq!(loaded.state.verdict(), Some(Verdict::Done), "seed {seed}: {run}");
        }
        replay(&*self.town.log, None).await.expect("the whole log is sound");
    }

    /// Who took this run, one after the other.
    async fn takers(&self, run: &RunId) -> Vec<String> {
        let all = self.town.log.read_stream(&run.stream(), Sequence(0), usize::MAX).await.expect("readable");
        let taken = all.iter().filter(|stored| stored.record.kind == "taken");
        taken.map(|stored| stored.record.actor.to_string()).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "time is virtual")]
async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

#[tokio::test(start_paused = true)]
async fn two_runners_share_the_runs_of_a_batch_and_each_run_has_one() {
    let scene = Scene::of(8).await;
    let (a, b) = (Gate::of(1), Gate::of(2));
    let (one, other) = tokio::join!(scene.drive("a", &a, 4), scene.drive("b", &b, 4));
    for left in [one, other] {
        let left = left.expect("driven");
        assert!(left.values().all(|why| *why == StopReason::Closed(Verdict::Done)), "{left:?}");
    }
    scene.is_whole(0).await;
    let mut of = BTreeMap::<String, usize>::new();
    for run in &scene.runs {
        let takers = scene.takers(run).await;
        assert_eq!(takers.len(), 1, "{run} changed hands: {takers:?}");
        *of.entry(takers[0].clone()).or_default() += 1;
    }
    assert!(of["a"] >= 2 && of["b"] >= 2, "both have some: {of:?}");
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_was_stopped_for_an_hour_wakes_fenced_and_sends_nothing() {
    let scene = Scene::of(3).await;
    let (a, b) = (Gate::of(1), Gate::of(2));
    let story = async {
        pause(3_000).await;
        a.stop();
        let other = scene.drive("b", &b, 8).await.expect("driven");
        assert!(other.values().all(|why| *why == StopReason::Closed(Verdict::Done)), "{other:?}");
        let sent = scene.town.things().sent;
        pause(3_600_000).await;
        a.go_on();
        sent
    };
    let (one, sent) = tokio::join!(scene.drive("a", &a, 8), story);
    assert!(matches!(one, Err(DriveError::Runner(RunnerError::Over { .. }))), "{one:?}");
    assert_eq!(scene.town.things().sent, sent, "whoever was stopped has sent nothing more");
    scene.is_whole(0).await;
    let takers = scene.takers(&scene.runs[0]).await;
    assert_eq!(takers, ["a", "b"]);
}

/// Kills `a` after so many milliseconds, beside which `b` drives with room for so many runs; how long after the death each run that
/// changed hands was taken.
async fn taken_after(scene: &Scene, killed_ms: u64, room: usize) -> Vec<i64> {
    let (a, b) = (Gate::of(1), Gate::of(2));
    let beside = scene.drive("b", &b, room);
    let story = async {
        tokio::select! {
            _ = scene.drive("a", &a, 2) => panic!("it has more to do"),
            () = pause(killed_ms) => {}
        }
        // Killed: nothing of it goes on, and it says nothing.
        scene.town.clock.now_ms()
    };
    let (left, died_ms) = tokio::join!(beside, story);
    left.expect("driven");
    scene.is_whole(killed_ms).await;
    let mut after = Vec::new();
    for run in &scene.runs {
        let all = scene.town.log.read_stream(&run.stream(), Sequence(0), usize::MAX).await.expect("readable");
        let taken: Vec<&Stored> = all.iter().filter(|stored| stored.record.kind == "taken").collect();
        if let [first, second] = &taken[..] {
            assert_eq!((&*first.record.actor, &*second.record.actor), ("a", "b"));
            after.push(second.record.at_ms - died_ms);
        }
    }
    after
}

#[tokio::test(start_paused = true)]
async fn what_a_runner_had_is_taken_within_its_lease_and_two_seconds_of_its_death_whenever_it_dies() {
    for killed_ms in (1_000..7_000).step_by(500) {
        let scene = Scene::of(8).await;
        let after = taken_after(&scene, killed_ms, 4).await;
        assert!(after.iter().all(|ms| *ms <= 17_000), "killed after {killed_ms} ms: {after:?}");
        assert!(killed_ms > 3_000 || !after.is_empty(), "killed after {killed_ms} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_something_on_its_way_is_taken_by_a_runner_that_has_no_room_for_more() {
    let scene = Scene::of(40).await;
    let after = taken_after(&scene, 1_000, 1).await;
    assert!(!after.is_empty() && after.iter().all(|ms| *ms <= 17_000), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_of_a_runner_that_died_is_waited_for_however_short_timers_are_made() {
    let scene = Scene::of(2).await;
    let (a, b) = (Gate::of(1), Gate::of(2));
    tokio::select! {
        _ = scene.drive("a", &a, 8) => panic!("it has more to do"),
        () = pause(1_000) => {}
    }
    let scale = TimeScale::scaled(20_000.0).expect("a legal scale");
    let (_never, stop) = watch::channel(false);
    let left = scene.engine_at(scale, "b", &b, 8).drive(&scene.runs, WaitPolicy::FOR_SOAK, stop).await;
    let left = left.expect("driven");
    assert!(left.values().all(|why| *why == StopReason::Closed(Verdict::Done)), "{left:?}");
    scene.is_whole(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_is_cut_off_from_the_log_stops_and_its_runs_go_on_elsewhere() {
    let scene = Scene::of(3).await;
    let (a, b) = (Gate::of(1), Gate::of(2));
    let story = async {
        pause(3_000).await;
        a.cut_off(true);
        scene.drive("b", &b, 8).await.expect("driven");
    };
    let (one, ()) = tokio::join!(scene.drive("a", &a, 8), story);
    assert!(one.is_err(), "{one:?}");
    scene.is_whole(0).await;
}

/// What befalls one process, until it is killed; in the end it is left alone.
async fn fate(gate: &Gate, dice: &Dice, calm: &watch::Receiver<bool>) {
    loop {
        pause(1_000 + dice.below(40_000)).await;
        if *calm.borrow() {
            return std::future::pending().await;
        }
        match dice.below(5) {
            0 => return,
            1 => {
                gate.stop();
                pause(1 + dice.below(5_000)).await;
                gate.go_on();
            }
            2 => {
                gate.stop();
                pause(1 + dice.below(3_600_000)).await;
                gate.go_on();
            }
            3 => {
                gate.cut_off(true);
                pause(1 + dice.below(60_000)).await;
                gate.cut_off(false);
            }
            _ => {}
        }
    }
}

/// One machine on which a supervisor starts the runner again, whatever became of it.
async fn machine(scene: &Scene, nth: u64, seed: u64, calm: watch::Receiver<bool>) {
    let dice = Dice::of(seed.wrapping_mul(31).wrapping_add(nth));
    for life in 0.. {
        let (name, gate) = (format!("m{nth}-{life}"), Gate::of(dice.below(u64::MAX)));
        tokio::select! {
            biased;
            () = fate(&gate, &dice, &calm) => {}
            left = scene.drive(&name, &gate, 3) => if left.is_ok() {
                return;
            }
        }
        pause(dice.below(30_000)).await;
    }
}

/// Lives through one seed: three machines, eight runs, and whatever befalls the machines for two hours.
fn live(seed: u64) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        pause(1).await;
        let scene = Scene::of(8).await;
        let (troubles, calm) = watch::channel(false);
        let machines = async {
            tokio::join!(
                machine(&scene, 1, seed, calm.clone()),
                machine(&scene, 2, seed, calm.clone()),
                machine(&scene, 3, seed, calm.clone()),
            )
        };
        let ends = async {
            pause(7_200_000).await;
            troubles.send_replace(true);
            pause(7_200_000).await;
        };
        tokio::select! {
            _ = machines => {}
            () = ends => panic!("seed {seed}: it does not come to its end"),
        }
        scene.is_whole(seed).await;
    });
}

#[test]
fn whatever_befalls_three_machines_nothing_is_lost_and_nothing_is_done_twice() {
    let seeds = if std::env::var_os("REHOME_NIGHT").is_some() { 10_000 } else { 40 };
    for seed in 0..seeds {
        live(seed);
    }
}
