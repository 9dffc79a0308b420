//! A board that several runs pin notes to, each of which has to find the others' notes as they were: a step that stopped for a
//! person holds it, also for runs of other drives and other runners, and whoever it holds up goes on after that person.

use rehome_orchestrator::harness::VirtualClock;
use rehome_orchestrator::*;
use rehome_store::{LeaseHolder, MemoryLog, MemoryRunners};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

#[derive(Default)]
struct Board {
    notes: BTreeSet<String>,
    /// Nobody can look at it or reach it.
    away: bool,
    /// When this note is pinned, the board goes away before it can say so.
    fatal: Option<String>,
    sent: BTreeMap<String, u32>,
}

type World = Arc<Mutex<Board>>;

fn away() -> Fault {
    Fault::new(FaultKind::Broken, "Away", "nobody answers")
}

struct Pin(World);

impl Pin {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.lock().expect("nobody panicked")
    }
}

impl Activity for Pin {
    const NAME: &'static str = "board.pin/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = 60_000;
    type Input = String;
    type Before = BTreeSet<String>;
    type Output = ();

    fn locks(&self, _: &String) -> Vec<ResourceKey> {
        vec![ResourceKey::new("/board")]
    }

    async fn before(&self, _: &String) -> Result<BTreeSet<String>, Fault> {
        let board = self.board();
        if board.away { Err(away()) } else { Ok(board.notes.clone()) }
    }

    async fn run(&self, call: &Call, note: &String, _: &BTreeSet<String>) -> Outcome<()> {
        call.admit().await;
        let mut board = self.board();
        board.notes.insert(note.clone());
        *board.sent.entry(note.clone()).or_default() += 1;
        board.away |= board.fatal.as_ref() == Some(note);
        if board.away { Outcome::Unknown(away()) } else { Outcome::Applied(()) }
    }

    /// What else has changed is somebody else's.
    async fn probe(&self, note: &String, before: &BTreeSet<String>) -> Probe<()> {
        let board = self.board();
        if board.away {
            return Probe::Unsettled { after: None, why: away() };
        }
        let others: BTreeSet<String> = board.notes.iter().filter(|one| *one != note).cloned().collect();
        if others != *before {
            let told = |notes: &BTreeSet<String>| Some(format!("{notes:?}"));
            let (expected, found) = (told(before), told(&others));
            return Probe::Foreign(Difference { fact: "board".to_owned(), expected, found });
        }
        if board.notes.contains(note) { Probe::Applied(()) } else { Probe::NotApplied }
    }

    async fn undo(&self, _: &Call, note: &String, _: &BTreeSet<String>, _: Option<&()>) -> Outcome<()> {
        self.board().notes.remove(note);
        Outcome::Applied(())
    }

    async fn verify(&self, _: &String, _: &BTreeSet<String>, (): &()) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }

    fn residue(&self, note: &String, _: &BTreeSet<String>, _: Option<&()>) -> String {
        note.clone()
    }
}

struct Note;

impl Workflow for Note {
    const NAME: &'static str = "note/1";
    type Params = String;
    type Facts = ();

    async fn survey(&self, _: &String) -> Result<(), Fault> {
        Ok(())
    }

    fn plan(note: &String, (): &()) -> Result<Plan, Fault> {
        let mut plan = PlanBuilder::of::<Self>();
        plan.then(Step::act::<Pin>("pin", note));
        Ok(plan.build()?)
    }
}

struct Scene {
    world: World,
    clock: Arc<VirtualClock>,
    log: Arc<MemoryLog>,
    runners: Arc<MemoryRunners>,
}

const RUNS: [&str; 3] = ["a", "b", "c"];

fn ids(runs: &[&str]) -> Vec<RunId> {
    runs.iter().map(|run| RunId::new(*run)).collect()
}

impl Scene {
    /// In which `a` pins its note, and the board goes away.
    async fn new() -> Self {
        let clock = Arc::new(VirtualClock::new(1_800_000_000_000));
        let log = Arc::new(MemoryLog::default());
        let planned =
            |run: RunId| PlannedRun::of::<Note>(run.clone(), &run.to_string(), &()).expect("a plan");
        let document = Document::new("notes", ids(&RUNS).into_iter().map(planned).collect());
        document.begin(&*log, &"ada".into(), clock.now_ms(), "a test").await.expect("sound");
        let world: World = Arc::default();
        world.lock().expect("new").fatal = Some("a".to_owned());
        let steady = clock.clone();
        Self { world, clock, log, runners: Arc::new(MemoryRunners::new(move || steady.steady_ms())) }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.world.lock().expect("nobody panicked")
    }

    fn comes_back(&self) {
        (self.board().away, self.board().fatal) = (false, None);
    }

    fn engine(&self, one_of_several: Option<&str>) -> Engine {
        let registry = Registry::new().activity(Pin(self.world.clone())).workflow(Note);
        let engine = Engine::builder(self.log.clone(), registry)
            .clock(self.clock.clone())
            .look_ms(1_000)
            .concurrency(8);
        match one_of_several {
            None => engine.build(),
            Some(name) => {
                let who = LeaseHolder { host: name.to_owned(), pid: 1, actor: name.to_owned(), since_ms: 0 };
                engine.actor(name).crew(Crew::new(self.runners.clone(), who)).build()
            }
        }
    }

    async fn drive(&self, runner: Option<&str>, runs: &[&str]) -> Vec<StopReason> {
        let (_never, stop) = watch::channel(false);
        let left = self.engine(runner).drive(&ids(runs), WaitPolicy::FOR_SOAK, stop).await.expect("driven");
        left.into_values().collect()
    }

    async fn ask(&self, run: &str, request: Request) {
        let run = RunId::new(run);
        ask(&*self.log, &run, &"ada".into(), self.clock.now_ms(), request, "a test")
            .await
            .expect("it can be asked");
    }

    /// Every note is on the board and was sent once.
    async fn is_whole(&self) {
        assert_eq!(self.board().notes, RUNS.map(str::to_owned).into());
        assert!(self.board().sent.values().all(|times| *times == 1), "{:?}", self.board().sent);
        for run in ids(&RUNS) {
            let loaded = load(&*self.log, &run).await.expect("a legal record");
            assert_eq!(loaded.state.verdict(), Some(Verdict::Done), "{run}");
        }
    }

    /// What is told of this run, as the log has it.
    async fn wait_of(&self, run: &str) -> StepWait {
        let loaded = load(&*self.log, &RunId::new(run)).await.expect("a legal record");
        loaded.state.wait_of(&"pin".into()).expect("it waits")
    }
}

fn behind(run: &str) -> StopReason {
    let (key, step) = (ResourceKey::new("/board"), StepId::from("pin"));
    StopReason::HeldUp(HeldUp {
        step: step.clone(),
        direction: Direction::Do,
        key,
        by: RunId::new(run),
        by_step: step,
    })
}

const DONE: StopReason = StopReason::Closed(Verdict::Done);

#[tokio::test(start_paused = true)]
async fn who_wants_what_a_stopped_step_holds_is_held_up_and_goes_on_when_a_person_has_decided() {
    let scene = Scene::new().await;
    let left = scene.drive(None, &RUNS).await;
    assert_eq!(left, [StopReason::People, behind("a"), behind("a")]);
    let why = scene.wait_of("b").await.why.expect("it is told");
    assert_eq!((why.code.as_str(), why.target.as_deref()), ("HeldUp", Some("/board")));
    scene.comes_back();
    assert_eq!(scene.drive(None, &RUNS).await, [StopReason::People, behind("a"), behind("a")]);
    assert_eq!(scene.board().notes.len(), 1, "nobody began there meanwhile");
    scene.ask("a", Request::Retry("pin".into())).await;
    assert_eq!(scene.drive(None, &RUNS).await, [DONE, DONE, DONE]);
    scene.is_whole().await;
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_left_out_holds_nothing_any_more() {
    let scene = Scene::new().await;
    scene.drive(None, &RUNS).await;
    scene.comes_back();
    scene.ask("a", Request::RollBack).await;
    assert_eq!(scene.drive(None, &RUNS).await, [StopReason::People, behind("a"), behind("a")]);
    scene.ask("a", Request::Skip(vec!["pin".into()])).await;
    let left = scene.drive(None, &RUNS).await;
    assert_eq!(left[1..], [DONE, DONE]);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_served_goes_on_by_itself_after_the_person() {
    let scene = Scene::new().await;
    let known = replay(&*scene.log, None).await.expect("a legal log");
    let (joins, joining) = mpsc::unbounded_channel();
    let (stops, stop) = watch::channel(false);
    let (engine, runs) = (scene.engine(None), ids(&RUNS));
    let story = async {
        pause(7_200_000).await;
        assert_eq!(scene.wait_of("c").await.why.map(|why| why.code.clone()).as_deref(), Some("HeldUp"));
        scene.comes_back();
        scene.ask("a", Request::Retry("pin".into())).await;
        pause(60_000).await;
        scene.is_whole().await;
        drop((joins, stops));
    };
    let serves = engine.serve(&runs, known, WaitPolicy::TO_THE_END, stop, joining);
    let (left, ()) = tokio::join!(serves, story);
    assert!(left.expect("driven").values().all(|how| *how == DONE));
}

#[tokio::test(start_paused = true)]
async fn what_a_run_that_nobody_drives_left_in_the_middle_holds_up_those_that_are_driven() {
    let scene = Scene::new().await;
    tokio::select! {
        left = scene.drive(None, &["a"]) => panic!("it looks for long: {left:?}"),
        () = pause(30_000) => {}
    }
    scene.comes_back();
    let known = replay(&*scene.log, None).await.expect("a legal log");
    let (_joins, joining) = mpsc::unbounded_channel();
    let (_stops, stop) = watch::channel(false);
    let (engine, others) = (scene.engine(None), ids(&["b", "c"]));
    let left = engine.serve(&others, known, WaitPolicy::FOR_SOAK, stop, joining).await.expect("driven");
    assert!(left.values().all(|how| *how == behind("a")), "{left:?}");
    assert_eq!(scene.board().notes.len(), 1, "nobody began there meanwhile");
    assert_eq!(scene.drive(None, &RUNS).await, [DONE, DONE, DONE]);
    scene.is_whole().await;
}

#[tokio::test(start_paused = true)]
async fn a_step_of_another_runner_that_stopped_holds_up_as_well_and_that_it_goes_on_is_heard() {
    let scene = Scene::new().await;
    assert_eq!(scene.drive(Some("m1"), &["a"]).await, [StopReason::People]);
    scene.comes_back();
    assert_eq!(scene.drive(Some("m2"), &["b", "c"]).await, [behind("a"), behind("a")]);
    assert_eq!(scene.board().notes.len(), 1, "nobody began there meanwhile");
    let (_never, stop) = watch::channel(false);
    let (engine, others) = (scene.engine(Some("m3")), ids(&["b", "c"]));
    let waits = engine.drive(&others, WaitPolicy::TO_THE_END, stop);
    let story = async {
        pause(60_000).await;
        scene.ask("a", Request::Retry("pin".into())).await;
        scene.drive(Some("m4"), &["a"]).await
    };
    let (left, first) = tokio::join!(waits, story);
    assert_eq!(first, [DONE]);
    assert!(left.expect("driven").values().all(|how| *how == DONE));
    scene.is_whole().await;
}

#[tokio::test(start_paused = true)]
async fn runners_whose_runs_are_held_up_do_not_wait_for_each_other() {
    let scene = Scene::new().await;
    assert_eq!(scene.drive(Some("m0"), &["a"]).await, [StopReason::People]);
    let began_ms = scene.clock.now_ms();
    let (one, other) = tokio::join!(scene.drive(Some("m1"), &RUNS), scene.drive(Some("m2"), &RUNS));
    for left in [one, other] {
        assert!(left.iter().all(|how| !matches!(how, StopReason::Closed(_))), "{left:?}");
    }
    let took_ms = scene.clock.now_ms() - began_ms;
    assert!(took_ms < 60_000, "nobody waited until the other was silent for long: {took_ms} ms");
    scene.comes_back();
    scene.ask("a", Request::Retry("pin".into())).await;
    let (one, other) = tokio::join!(scene.drive(Some("m1"), &RUNS), scene.drive(Some("m2"), &RUNS));
    assert!(one.iter().chain(&other).all(|how| *how == DONE), "{one:?} {other:?}");
    scene.is_whole().await;
}

#[expect(clippy::disallowed_methods, reason = "time is virtual")]
async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
