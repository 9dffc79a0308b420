//! Runs of one step, a soak and a gate, in a batch with rules, on a log whose appends fail: what tests of batches share.

use rehome_orchestrator::harness::VirtualClock;
use rehome_orchestrator::*;
use rehome_store::{Append, AppendError, Appended, BoxFuture, Log, LogDecorator, MemoryLog};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

pub(crate) const HOUR_MS: i64 = 3_600_000;
const SOAK_MS: u64 = 2 * 3_600_000;
/// How long a run is at work.
const WRITING_MS: i64 = 60_000;

/// What is written, and what is refused.
#[derive(Default)]
struct Pages {
    /// When each run had its effect.
    written: BTreeMap<String, i64>,
    /// The runs that are refused.
    refused: BTreeSet<String>,
}

type World = Arc<Mutex<Pages>>;

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

    async fn run(&self, _: &Call, page: &String, (): &()) -> Outcome<()> {
        self.clock.sleep_until(self.clock.now_ms() + WRITING_MS).await;
        let mut pages = self.world.lock().expect("nobody panicked");
        if pages.refused.contains(page) {
            return Outcome::Refused(Fault::new(FaultKind::Denied, "NoInk", "there is no ink"));
        }
        let first = pages.written.insert(page.clone(), self.clock.now_ms());
        assert_eq!(first, None, "{page} is written twice");
        Outcome::Applied(())
    }

    async fn probe(&self, run: &String, (): &()) -> Probe<()> {
        if self.world.lock().expect("nobody panicked").written.contains_key(run) {
            Probe::Applied(())
        } else {
            Probe::NotApplied
        }
    }

    async fn undo(&self, _: &Call, run: &String, (): &(), _: Option<&()>) -> Outcome<()> {
        self.world.lock().expect("nobody panicked").written.remove(run);
        Outcome::Applied(())
    }

    async fn verify(&self, page: &String, (): &(), (): &()) -> Result<Vec<Finding>, Fault> {
        let found = self.world.lock().expect("nobody panicked").written.get(page).map(|_| page.clone());
        Ok(vec![Finding { fact: page.clone(), expected: page.clone(), holds: found.is_some(), found }])
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

/// A page that a person has to read before its back is written.
struct Letter;

/// What is written on the back of a run's page.
pub(crate) fn back_of(run: &str) -> String {
    format!("{run}, back")
}

impl Workflow for Letter {
    const NAME: &'static str = "letter/1";
    type Params = String;
    type Facts = ();

    fn plan(run: &String, (): &()) -> Result<Plan, Fault> {
        let mut plan = PlanBuilder::of::<Self>();
        plan.then(Step::act::<Write>("write", run));
        let hand = Node::ByHand { instruction: Template::known("read it"), undo: Template::known(()) };
        plan.then(Step::new("read", hand));
        plan.then(Step::act::<Write>("back", &back_of(run)));
        plan.then(Step::new("soak", Node::Soak { for_ms: SOAK_MS }));
        plan.then(Step::new("gate", Node::Gate { name: "cleanup".to_owned() }).in_clean_up());
        Ok(plan.build()?)
    }
}

pub(crate) fn id(run: &str) -> RunId {
    RunId::new(run)
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

pub(crate) struct Scene {
    world: World,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) appends: Arc<AtomicU64>,
    pub(crate) runs: Vec<RunId>,
}

impl Scene {
    /// These waves of runs, released after the one before them, with this rule.
    pub(crate) async fn of(rollout: Rollout) -> Self {
        Self::planned::<Page>(rollout, None).await
    }

    /// The same, where people whose approvals count have to sign.
    pub(crate) async fn approved_by(rollout: Rollout, policy: ApprovalPolicy) -> Self {
        Self::planned::<Page>(rollout, Some(policy)).await
    }

    /// The same, of runs in which a person has something to do.
    pub(crate) async fn with_people(rollout: Rollout) -> Self {
        Self::planned::<Letter>(rollout, None).await
    }

    async fn planned<W: Workflow<Params = String, Facts = ()>>(
        rollout: Rollout,
        approval: Option<ApprovalPolicy>,
    ) -> Self {
        let runs: Vec<RunId> = rollout.waves.iter().flat_map(|wave| wave.runs.clone()).collect();
        let scene = Self {
            world: World::default(),
            clock: Arc::new(VirtualClock::new(0)),
            log: Arc::default(),
            appends: Arc::default(),
            runs: runs.clone(),
        };
        let planned = |run: RunId| PlannedRun::of::<W>(run.clone(), &run.to_string(), &()).expect("a plan");
        let runs = runs.into_iter().map(planned).collect();
        let document = Document { rollout: Some(rollout), approval, ..Document::new("book", runs) };
        document.begin(&*scene.log, &"ada".into(), 0, "a test").await.expect("sound");
        scene
    }

    pub(crate) fn engine(&self, nth: u64, kept: bool) -> Engine {
        let (inner, appends) = (self.log.clone(), self.appends.clone());
        self.engine_on(Arc::new(Failing { inner, appends, nth, kept }))
    }

    /// An engine on this log, which is this scene's in another way.
    pub(crate) fn engine_on(&self, log: Arc<dyn Log>) -> Engine {
        Engine::builder(log, self.registry()).clock(self.clock.clone()).look_ms(60_000).build()
    }

    /// What can be done here.
    pub(crate) fn registry(&self) -> Registry {
        let write = Write { world: self.world.clone(), clock: self.clock.clone() };
        Registry::new().activity(write).workflow(Page).workflow(Letter)
    }

    /// A stranger tears a page out, or puts it back.
    pub(crate) fn tear(&self, page: &str, out: bool) {
        match out {
            true => assert!(self.pages().written.remove(page).is_some(), "{page} is written"),
            false => drop(self.pages().written.insert(page.to_owned(), self.clock.now_ms())),
        }
    }

    /// Drives until nothing goes on by itself; a drive that the log ends is begun again.
    pub(crate) async fn drive(&self, nth: u64, kept: bool) -> BTreeMap<RunId, StopReason> {
        loop {
            let (_stop, stopped) = watch::channel(false);
            let engine = self.engine(nth, kept);
            match engine.drive(&self.runs, WaitPolicy::FOR_SOAK, stopped).await {
                Ok(left) => return left,
                Err(DriveError::Append { .. } | DriveError::Batch { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }

    pub(crate) async fn ask(&self, request: BatchRequest) -> Result<(), BatchError> {
        let asked = BatchRequested { request, reason: "a test".to_owned() };
        BatchLoaded::ask(&*self.log, "book", &"ada".into(), self.clock.now_ms(), asked).await
    }

    /// Says of these runs that a person has read what they wrote.
    pub(crate) async fn read(&self, runs: &[&str]) {
        for run in runs {
            let read = Request::Acknowledge("read".into());
            let asked = ask(&*self.log, &id(run), &"ada".into(), self.clock.now_ms(), read, "read").await;
            asked.expect("it waits for that");
        }
    }

    pub(crate) fn written(&self) -> BTreeMap<String, i64> {
        self.world.lock().expect("nobody panicked").written.clone()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.world.lock().expect("nobody panicked")
    }

    /// Refuses these runs from now on, and nobody else.
    pub(crate) fn refuse(&self, runs: &[&str]) {
        self.pages().refused = runs.iter().map(|run| (*run).to_owned()).collect();
    }

    /// Where each run stands, as the log tells it.
    pub(crate) async fn progress(&self) -> BTreeMap<RunId, RunProgress> {
        let replayed = replay(&*self.log, None).await.expect("a legal log");
        replayed.runs.iter().map(|(run, state)| (run.clone(), state.progress())).collect()
    }

    /// What happened to the batch.
    pub(crate) async fn told(&self) -> Vec<Entry<BatchEvent>> {
        BatchLoaded::load(&*self.log, "book").await.expect("a batch").entries
    }
}

/// A wave of these runs, let loose by itself.
pub(crate) fn wave(name: &str, runs: &[&str]) -> Wave {
    let runs = runs.iter().map(|run| id(run)).collect();
    Wave { name: name.to_owned(), runs, after_ms: 0, release: WaveRelease::Auto, rehearsal: false }
}
