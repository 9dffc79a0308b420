//! A batch in waves: nothing begins before its wave, through restarts at every commit.

use rehome_orchestrator::harness::VirtualClock;
use rehome_orchestrator::*;
use rehome_store::{
    Append, AppendError, Appended, BoxFuture, Log, LogDecorator, MemoryLog, Position, Sequence,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

const HOUR_MS: i64 = 3_600_000;
const SOAK_MS: u64 = 2 * 3_600_000;

/// When each run had its effect, in the order in which that happened.
type World = Arc<Mutex<BTreeMap<String, i64>>>;

struct Write {
    world: World,
    clock: Arc<VirtualClock>,
}

impl Activity for Write {
    const NAME: &'static str = "write/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    type Input = String;
    type Before = ();
    type Output = ();

    fn locks(&self, _: &String) -> Vec<ResourceKey> {
        Vec::new()
    }

    async fn run(&self, call: &Call, _: &String, (): &()) -> Outcome<()> {
        let first =
            self.world.lock().expect("nobody panicked").insert(call.run().to_string(), self.clock.now_ms());
        assert_eq!(first, None, "{} is written twice", call.run());
        Outcome::Applied(())
    }

    async fn probe(&self, run: &String, (): &()) -> Probe<()> {
        if self.world.lock().expect("nobody panicked").contains_key(run) {
            Probe::Applied(())
        } else {
            Probe::NotApplied
        }
    }

    async fn undo(&self, _: &Call, run: &String, (): &(), _: Option<&()>) -> Outcome<()> {
        self.world.lock().expect("nobody panicked").remove(run);
        Outcome::Applied(())
    }

    async fn verify(&self, _: &String, (): &(), (): &()) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }

    fn residue(&self, _: &String, (): &(), _: Option<&()>) -> String {
        String::new()
    }
}

struct Page;

impl Workflow for Page {
    const NAME: &'static str = "page/1";
    type Params = String;
    type Facts = ();

    fn plan(run: &String, (): &()) -> Result<Plan, Fault> {
        let mut plan = PlanBuilder::of::<Self>();
        plan.then(Step::act::<Write>("write", run));
        plan.then(Step::new("soak", Node::Soak { for_ms: SOAK_MS }));
        plan.then(Step::new("gate", Node::Gate { name: "cleanup".to_owned() }).in_clean_up());
        Ok(plan.build()?)
    }
}

fn id(run: &str) -> RunId {
    RunId::new(run)
}

/// Two runs at once, one a day after, and one when somebody lets it loose.
fn document() -> Document {
    let runs = ["a-1", "a-2", "b-1", "c-1"].map(|run| PlannedRun::of::<Page>(id(run), &run.to_owned(), &()));
    let wave = |name: &str, runs: &[&str], after_ms, release| Wave {
        name: name.to_owned(),
        runs: runs.iter().map(|run| id(run)).collect(),
        after_ms,
        release,
    };
    let waves = vec![
        wave("a", &["a-1", "a-2"], 0, WaveRelease::Auto),
        wave("b", &["b-1"], 24 * 3_600_000, WaveRelease::Auto),
        wave("c", &["c-1"], 0, WaveRelease::ByHand),
    ];
    let runs = runs.into_iter().collect::<Result<_, _>>().expect("plans");
    Document { rollout: Some(Rollout { waves }), ..Document::new("book", runs) }
}

/// A log whose nth append is refused, or kept without an answer.
struct Failing {
    inner: Arc<MemoryLog>,
    appends: Arc<AtomicU64>,
    nth: u64,
    kept: bool,
}

impl LogDecorator for Failing {
    fn inner(&self) -> &dyn Log {
        &*self.inner
    }

    fn append_decorated(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            if self.appends.fetch_add(1, Ordering::SeqCst) + 1 != self.nth {
                return self.inner.append(append).await;
            }
            if self.kept {
                self.inner.append(append).await?;
            }
            Err(AppendError::Poisoned("the power is gone".to_owned()))
        })
    }
}

struct Scene {
    world: World,
    clock: Arc<VirtualClock>,
    log: Arc<MemoryLog>,
    appends: Arc<AtomicU64>,
}

impl Scene {
    async fn new() -> Self {
        let scene = Self {
            world: World::default(),
            clock: Arc::new(VirtualClock::new(0)),
            log: Arc::default(),
            appends: Arc::default(),
        };
        document().begin(&*scene.log, &"ada".into(), 0, "a test").await.expect("sound");
        scene
    }

    fn engine(&self, nth: u64, kept: bool) -> Engine {
        let (inner, appends) = (self.log.clone(), self.appends.clone());
        let write = Write { world: self.world.clone(), clock: self.clock.clone() };
        let registry = Registry::new().activity(write).workflow(Page);
        let log = Arc::new(Failing { inner, appends, nth, kept });
        Engine::builder(log, registry).clock(self.clock.clone()).look_ms(60_000).build()
    }

    /// Drives until nothing goes on by itself; a drive that the log ends is begun again.
    async fn drive(&self, nth: u64, kept: bool) -> BTreeMap<RunId, StopReason> {
        let runs: Vec<RunId> = document().runs.into_iter().map(|run| run.run).collect();
        loop {
            let (_stop, stopped) = watch::channel(false);
            let engine = self.engine(nth, kept);
            match engine.drive(&runs, WaitPolicy::FOR_SOAK, stopped).await {
                Ok(left) => return left,
                Err(DriveError::Append { .. } | DriveError::Batch { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }

    async fn release(&self, request: BatchRequest) -> Result<(), BatchError> {
        let asked = BatchRequested { request, reason: "a test".to_owned() };
        BatchLoaded::ask(&*self.log, "book", &"ada".into(), self.clock.now_ms(), asked).await
    }

    fn written(&self) -> BTreeMap<String, i64> {
        self.world.lock().expect("nobody panicked").clone()
    }
}

/// Through all waves, with one append that fails; gives how many there were.
async fn live(nth: u64, kept: bool) -> u64 {
    let scene = Scene::new().await;
    let left = scene.drive(nth, kept).await;
    assert_eq!(left[&id("c-1")], StopReason::NotReleased);
    assert!(["a-1", "a-2", "b-1"].iter().all(|run| left[&id(run)] == StopReason::People), "{left:?}");
    scene.release(BatchRequest::Release("c".to_owned())).await.expect("it waits for that");
    let left = scene.drive(nth, kept).await;
    assert!(left.values().all(|why| *why == StopReason::People), "{left:?}");
    let written = scene.written();
    assert!(written["a-1"].max(written["a-2"]) + 24 * HOUR_MS <= written["b-1"], "{written:?}");
    assert!(written["b-1"] <= written["c-1"], "{written:?}");
    let replayed = replay(&*scene.log, None).await.expect("a legal log");
    assert!(replayed.runs.values().all(|run| run.progress() == RunProgress::Through));
    scene.appends.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn each_wave_begins_after_the_one_before_it_whichever_append_fails() {
    let appends = live(u64::MAX, false).await;
    assert!(appends > 10, "{appends}");
    for nth in 1..=appends {
        for kept in [false, true] {
            live(nth, kept).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wave_that_is_released_while_a_driver_waits_for_people_begins_and_one_that_is_held_does_not() {
    let scene = Scene::new().await;
    scene.release(BatchRequest::Hold("b".to_owned())).await.expect("it is not let loose");
    let runs: Vec<RunId> = document().runs.into_iter().map(|run| run.run).collect();
    let (stop, stopped) = watch::channel(false);
    let engine = scene.engine(u64::MAX, false);
    let drive = engine.drive(&runs, WaitPolicy::TO_THE_END, stopped);
    let people = async {
        scene.clock.sleep_until(100 * HOUR_MS).await;
        assert_eq!(scene.written().len(), 2, "the second wave is held");
        scene.release(BatchRequest::Release("b".to_owned())).await.expect("it is held");
        scene.clock.sleep_until(101 * HOUR_MS).await;
        assert!(scene.written()["b-1"] >= 100 * HOUR_MS && scene.written().len() == 3);
        scene.release(BatchRequest::Release("c".to_owned())).await.expect("it waits for that");
        scene.clock.sleep_until(102 * HOUR_MS).await;
        assert_eq!(scene.written().len(), 4);
        let late = scene.release(BatchRequest::Hold("c".to_owned())).await;
        assert!(matches!(late, Err(BatchError::Refused { .. })), "{late:?}");
        stop.send(true).expect("it is driven");
    };
    let (left, ()) = tokio::join!(drive, people);
    assert!(left.expect("driven").len() == 4);
}

#[tokio::test(start_paused = true)]
async fn a_log_in_which_a_run_began_before_its_wave_is_not_believed() {
    let scene = Scene::new().await;
    scene.drive(u64::MAX, false).await;
    let (forged, mut ends) = (MemoryLog::default(), BTreeMap::<_, u64>::new());
    for stored in scene.log.read_all(Position(0), usize::MAX).await.expect("readable") {
        if !["wave_released", "wave_passed"].contains(&&*stored.record.kind) {
            let end = ends.entry(stored.record.stream.clone()).or_default();
            let expect = vec![(stored.record.stream.clone(), Sequence(*end))];
            *end += 1;
            forged.append(Append { expect, records: vec![stored.record] }).await.expect("appended");
        }
    }
    let told = format!("{:?}", replay(&forged, None).await.expect_err("nobody let them loose"));
    assert!(told.contains("before its wave was let loose"), "{told}");
}
