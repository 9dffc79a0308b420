//! Three hundred runs in four waves over three weeks, with a freeze, hours, a budget, a run that fails, a stranger who
//! changes a finished one, people who steer, two approvers, somebody who is told, and a process that is killed again and
//! again. What must not happen is looked for after every event.

use crate::approvers::Approvers;
use crate::book::{HOUR_MS, Scene, id, wave};
use rehome_orchestrator::*;
use rehome_store::{
    Append, AppendError, Appended, BoxFuture, Log, LogDecorator, MemoryLog, Position, Stored,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

const DAY_MS: i64 = 24 * HOUR_MS;

/// Of four waves, the runs of each.
const SIZES: [(&str, usize); 4] = [("canary", 5), ("inside", 45), ("business", 100), ("critical", 150)];

/// So many runs may fail of a wave, and of the batch.
const BUDGET: (u64, u64) = (3, 5);

/// The freeze, in days from the beginning, which was a Thursday.
const FREEZE: (i64, i64) = (7, 12);

/// Something is begun from Monday to Friday at these hours of a zone that is two hours ahead.
const HOURS: (i64, i64) = (7, 19);
const AHEAD: i64 = 2;

/// The run that fails, until somebody has brought ink.
const WITHOUT_INK: &str = "inside-7";

/// The run whose page a stranger tears out when it is through.
const TORN: &str = "business-3";

/// The run that somebody leaves out.
const LEFT_OUT: &str = "critical-99";

fn rollout() -> Rollout {
    let runs = |name: &str, size: usize| (0..size).map(|n| format!("{name}-{n}")).collect::<Vec<_>>();
    let of = |(name, size): (&str, usize)| {
        let runs = runs(name, size);
        wave(name, &runs.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let mut waves: Vec<Wave> = SIZES.into_iter().map(of).collect();
    let day = DAY_MS.unsigned_abs();
    (waves[1].after_ms, waves[2].after_ms, waves[3].after_ms) = (2 * day, 4 * day, 6 * day);
    waves[3].release = WaveRelease::ByHand;
    let minutes = ((HOURS.1 - HOURS.0) * 60) as u32;
    let open = (0..5).map(|day| OpenHours { from: day * 24 * 60 + HOURS.0 as u32 * 60, minutes });
    let window = Window {
        open: open.collect(),
        zone: "Europe/Helsinki".to_owned(),
        offsets: vec![Offset { from_ms: 0, minutes: AHEAD as i32 * 60 }],
        freezes: vec![Freeze { from_ms: FREEZE.0 * DAY_MS, to_ms: FREEZE.1 * DAY_MS }],
    };
    Rollout {
        on_failure: WaveFailure::Pause,
        budget: Budget { wave: Some(BUDGET.0), batch: Some(BUDGET.1) },
        parallel: Some(4),
        window: Some(Box::new(window)),
        ..Rollout::of(waves)
    }
}

/// Whether something may be begun, in other words than the engine's.
fn is_open(at_ms: i64) -> bool {
    let frozen = at_ms >= FREEZE.0 * DAY_MS && at_ms < FREEZE.1 * DAY_MS;
    let local = at_ms + AHEAD * HOUR_MS;
    // The first day was a Thursday.
    let (day, hour) = ((local / DAY_MS + 3) % 7, local % DAY_MS / HOUR_MS);
    !frozen && day < 5 && (HOURS.0..HOURS.1).contains(&hour)
}

/// A log that looks at every event, and that kills who writes to it as the driver.
struct Watched {
    inner: Arc<MemoryLog>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    dice: u64,
    deaths: u64,
    runs: BTreeMap<RunId, RunState>,
    batch: Option<BatchState>,
    /// The runs that failed since somebody said that it is to go on, by their waves.
    failed: BTreeMap<String, BTreeSet<String>>,
    ever_failed: BTreeSet<String>,
    released: BTreeSet<String>,
    /// By how many each wave, and the clean-up, is approved.
    signed: BTreeMap<ApprovalScope, usize>,
    /// Whether people sign at all.
    signs: bool,
    /// Runs that a stranger changed, and nobody has mended yet.
    torn: BTreeSet<String>,
    /// What is to be told, by its place in the log.
    news: BTreeSet<u64>,
    events: u64,
}

impl Seen {
    fn is_signed(&self, scope: &ApprovalScope) -> bool {
        !self.signs || self.signed.get(scope).is_some_and(|people| *people == 2)
    }
}

fn wave_of(run: &str) -> &str {
    run.split('-').next().unwrap_or_default()
}

impl Seen {
    fn look(&mut self, stored: &Stored) {
        self.events += 1;
        match RunId::of_stream(&stored.record.stream) {
            Some(run) => self.of_run(&run, &Entry::read(stored).expect("an event of a run")),
            None => self.of_batch(&Entry::read(stored).expect("an event of a batch")),
        }
    }

    fn of_run(&mut self, run: &RunId, entry: &Entry<Event>) {
        let name = run.as_str();
        let Some(state) = self.runs.get_mut(run) else {
            let state = RunState::begin(entry.at_ms, &entry.event).expect("a plan");
            self.runs.insert(run.clone(), state);
            return;
        };
        state.apply(entry.at_ms, &entry.event).expect("a legal event");
        match &entry.event {
            Event::Began(began) if began.direction == Direction::Do => {
                assert!(is_open(entry.at_ms), "{run} begins in a freeze or at night: {}", entry.at_ms);
                assert!(self.released.contains(wave_of(name)), "{run} begins before its wave");
                let steering = self.batch.as_ref().expect("planned").steering();
                let heard = steering.heard == steering.asked;
                let paused =
                    steering.paused.is_some_and(|p| p.until_ms.is_none_or(|until| until > entry.at_ms));
                assert!(!(heard && paused), "{run} begins in a pause that is known");
                assert!(!(heard && steering.skipped.contains(run)), "{run} is left out and begins");
            }
            Event::Approved(approved) if approved.gate.is_some() => {
                assert!(self.is_signed(&ApprovalScope::CleanUp), "{run} is cleaned up before both signed");
                assert!(!self.torn.contains(name), "{run} is cleaned up while it is changed");
            }
            Event::Parked(_) | Event::Ended(Ended { end: End::Refused(_), .. }) => {
                if self.ever_failed.insert(name.to_owned()) {
                    self.failed.entry(wave_of(name).to_owned()).or_default().insert(name.to_owned());
                }
                let all: usize = self.failed.values().map(BTreeSet::len).sum();
                let of_wave = self.failed.get(wave_of(name)).map_or(0, BTreeSet::len);
                let told = format!("{:?}", self.failed);
                assert!(of_wave as u64 <= BUDGET.0 && all as u64 <= BUDGET.1, "more than may fail: {told}");
            }
            _ => {}
        }
    }

    fn of_batch(&mut self, entry: &Entry<BatchEvent>) {
        fold_batch(&mut self.batch, entry).expect("a legal event");
        match &entry.event {
            BatchEvent::WaveReleased(WaveReleased { wave }) => {
                let scope = ApprovalScope::Wave(wave.clone());
                assert!(self.is_signed(&scope), "{wave} is let loose before both signed");
                self.released.insert(wave.clone());
            }
            BatchEvent::Signed(signed) => {
                let of = ApprovalStatement::parse(&signed.statement).expect("a statement");
                of.scope.into_iter().for_each(|scope| *self.signed.entry(scope).or_default() += 1);
            }
            BatchEvent::RunFailed(_) => drop(self.news.insert(entry.position)),
            BatchEvent::WavePassed(WavePassed { wave, through, fell_out }) => {
                let size = SIZES.iter().find(|(name, _)| name == wave).expect("a wave").1;
                assert_eq!(through + fell_out, size as u64, "the counts of {wave} add up");
                let of_wave = self.runs.iter().filter(|(run, _)| wave_of(run.as_str()) == wave);
                let is_through = |state: &RunState| {
                    matches!(state.progress(), RunProgress::Through | RunProgress::Closed(Verdict::Done))
                };
                self.news.insert(entry.position);
                let counted = of_wave.filter(|(_, state)| is_through(state)).count();
                assert_eq!(counted as u64, *through, "the counts of {wave} are those of its runs");
            }
            BatchEvent::Requested(BatchRequested { request: BatchRequest::Resume(Some(wave)), .. }) => {
                drop(self.failed.remove(wave));
            }
            BatchEvent::Requested(BatchRequested { request: BatchRequest::Resume(None), .. }) => {
                self.failed.clear();
            }
            _ => {}
        }
    }

    fn happens(&mut self, per_thousand: u64) -> bool {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % 1_000 < per_thousand
    }
}

impl Watched {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("nothing that must not happen has happened")
    }
}

impl LogDecorator for Watched {
    fn inner(&self) -> &dyn Log {
        &*self.inner
    }

    fn append_decorated(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            let appended = self.inner.append(append).await?;
            let stored = self.inner.read_all(Position(appended.first.0 - 1), usize::MAX).await;
            stored.expect("readable").iter().for_each(|event| self.seen().look(event));
            Ok(appended)
        })
    }
}

/// The same log, as a process has it that may be killed by a commit.
struct Deadly(Arc<Watched>);

impl LogDecorator for Deadly {
    fn inner(&self) -> &dyn Log {
        &*self.0
    }

    fn append_decorated(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            let (before, after) = {
                let mut seen = self.0.seen();
                (seen.happens(10), seen.happens(10))
            };
            let killed = || {
                self.0.seen().deaths += 1;
                Err(AppendError::Poisoned("it was killed".to_owned()))
            };
            if before {
                return killed();
            }
            let appended = self.0.append(append).await?;
            if after { killed() } else { Ok(appended) }
        })
    }
}

/// The people of the batch, who look at it every few hours.
struct People<'a> {
    scene: &'a Scene,
    log: Arc<Watched>,
    approvers: Option<&'a Approvers>,
    /// What the receiver of messages took, in its order.
    heard: Mutex<Vec<u64>>,
}

impl People<'_> {
    async fn ask(&self, request: BatchRequest) {
        let asked = BatchRequested { request, reason: "a test".to_owned() };
        let now = self.scene.clock.now_ms();
        BatchLoaded::ask(&*self.log, "book", &"ada".into(), now, asked).await.expect("it can be asked");
    }

    async fn of_run(&self, run: &str, request: Request) {
        let now = self.scene.clock.now_ms();
        ask(&*self.log, &id(run), &"ada".into(), now, request, "a test").await.expect("it can be asked");
    }

    /// One of the two who approve signs a wave, or the clean-up.
    async fn sign(&self, nth: usize, scope: ApprovalScope) {
        let Some(approvers) = self.approvers else { return };
        let now = self.scene.clock.now_ms();
        let batch = BatchLoaded::load(&*self.log, "book").await.expect("a batch");
        let signed = approvers.sign(nth, &batch.planned().digest, scope, now);
        BatchLoaded::sign(&*self.log, "book", &"ada".into(), now, signed).await.expect("it counts");
    }

    /// Tells what is due from where it was told last; who tells may die before that is in the log, and tells it again.
    async fn tell(&self) {
        let batch = BatchLoaded::load(&*self.log, "book").await.expect("a batch");
        let told = batch.state.told_through("webhook");
        let due: Vec<u64> = self.log.seen().news.iter().copied().filter(|at| *at > told).collect();
        for at in due {
            let first = {
                let mut heard = self.heard.lock().expect("nobody panicked");
                heard.push(at);
                heard.len() == 1
            };
            if first || self.log.seen().happens(300) {
                return;
            }
            let now = self.scene.clock.now_ms();
            let through = Told { by: "webhook".to_owned(), through: at, refused: None };
            BatchLoaded::tell(&*self.log, "book", &"ada".into(), now, through).await.expect("it goes on");
        }
    }

    /// A stranger tears out the page of a run that is through; who looks again finds it and stops the run, and a day later
    /// somebody has put it back.
    async fn look_again(&self, quarter: i64, torn_at: &mut Option<i64>) {
        let state = self.log.seen().runs[&id(TORN)].clone();
        let at_gate = state.verdict().is_none() && state.is_open(&"gate".into());
        match *torn_at {
            None if at_gate => {
                self.scene.tear(TORN, true);
                self.log.seen().torn.insert(TORN.to_owned());
                *torn_at = Some(quarter);
                let found = drift(&state, &self.scene.registry()).await;
                assert_eq!(found.broken.len(), 1, "who looks again sees it");
                let why = Fault::new(FaultKind::Differs, "Drifted", "somebody has changed what was done");
                let now = self.scene.clock.now_ms();
                let parked = park(&*self.log, &id(TORN), &"ada".into(), now, &"gate".into(), &why).await;
                parked.expect("it is through");
            }
            Some(at) if quarter == at + 4 => {
                let now = self.scene.clock.now_ms();
                let opened =
                    open_gate(&*self.log, &id(TORN), &"ada".into(), now, ("cleanup", &[]), "a test").await;
                assert!(opened.is_err(), "nobody cleans up what a stranger has changed");
                self.scene.tear(TORN, false);
                self.log.seen().torn.clear();
                self.of_run(TORN, Request::Retry("gate".into())).await;
                self.ask(BatchRequest::Resume(Some(wave_of(TORN).to_owned()))).await;
            }
            _ => {}
        }
    }

    async fn until(&self, quarter: i64) {
        self.scene.clock.sleep_until(quarter * DAY_MS / 4).await;
    }

    /// What they do, by quarters of days; gives when every run is done but one.
    async fn live(&self) -> i64 {
        self.ask(BatchRequest::Note).await;
        self.ask(BatchRequest::Throttle(Some(2))).await;
        let (mut quarter, mut torn_at) = (0, None);
        for (name, _) in SIZES.into_iter().take(2) {
            self.sign(0, ApprovalScope::Wave(name.to_owned())).await;
        }
        loop {
            quarter += 1;
            self.until(quarter).await;
            self.look_again(quarter, &mut torn_at).await;
            self.tell().await;
            let now = self.scene.clock.now_ms();
            match quarter {
                // Nothing has begun until the second of them has signed too.
                1 => {
                    assert!(self.approvers.is_none() || self.log.seen().released.is_empty());
                    for (name, _) in SIZES {
                        self.sign(1, ApprovalScope::Wave(name.to_owned())).await;
                    }
                }
                2 => self.ask(BatchRequest::Throttle(None)).await,
                3 => {
                    self.sign(0, ApprovalScope::CleanUp).await;
                    self.sign(1, ApprovalScope::CleanUp).await;
                }
                18 => {
                    for (name, _) in SIZES.into_iter().skip(2) {
                        self.sign(0, ApprovalScope::Wave(name.to_owned())).await;
                    }
                }
                // The second wave would begin on that Monday, and somebody keeps it for half a day.
                16 => self.ask(BatchRequest::Pause { wave: None, until_ms: Some(now + DAY_MS / 2) }).await,
                20 => self.ask(BatchRequest::Skip(id(LEFT_OUT))).await,
                84 => self.ask(BatchRequest::Release("critical".to_owned())).await,
                _ => {}
            }
            let parked: Vec<String> = {
                let seen = self.log.seen();
                let failed = seen.runs.iter().filter(|(_, state)| state.progress() == RunProgress::Failed);
                failed.map(|(run, _)| run.to_string()).filter(|run| run != TORN).collect()
            };
            if !parked.is_empty() && quarter % 4 == 0 {
                self.scene.refuse(&[]);
                for run in &parked {
                    self.of_run(run, Request::Retry("write".into())).await;
                }
                self.ask(BatchRequest::Resume(Some(wave_of(&parked[0]).to_owned()))).await;
            }
            self.clean_up().await;
            if self.log.seen().runs.values().filter(|state| state.verdict().is_none()).count() == 1 {
                return now;
            }
            assert!(quarter < 160, "it comes to no end: {:?}", self.scene.progress().await);
        }
    }

    /// Opens the gate of every run that has come to it, while others begin and soak.
    async fn clean_up(&self) {
        let ready: Vec<RunId> = {
            let seen = self.log.seen();
            let both = seen.is_signed(&ApprovalScope::CleanUp);
            let at_gate =
                |state: &RunState| both && state.verdict().is_none() && state.is_open(&"gate".into());
            // Whose page is torn out is no news to them.
            let whole = |run: &RunId| !seen.torn.contains(run.as_str());
            let ready = seen.runs.iter().filter(|(run, state)| at_gate(state) && whole(run));
            ready.map(|(run, _)| run.clone()).collect()
        };
        for run in ready {
            let now = self.scene.clock.now_ms();
            let opened = open_gate(&*self.log, &run, &"ada".into(), now, ("cleanup", &[]), "a test").await;
            opened.expect("it waits for that");
        }
    }
}

async fn live(seed: u64) -> (u64, u64) {
    let approvers = Approvers::new();
    let scene = match &approvers {
        Some(approvers) => Scene::approved_by(rollout(), approvers.policy()).await,
        None => Scene::of(rollout()).await,
    };
    scene.refuse(&[WITHOUT_INK]);
    let log = Arc::new(Watched { inner: scene.log.clone(), seen: Mutex::default() });
    {
        let so_far = scene.log.read_all(Position(0), usize::MAX).await.expect("readable");
        let mut seen = log.seen();
        (seen.dice, seen.signs) = (seed, approvers.is_some());
        so_far.iter().for_each(|event| seen.look(event));
    }
    let (stop, _) = watch::channel(false);
    let runner = async {
        loop {
            let engine = scene.engine_on(Arc::new(Deadly(log.clone())));
            match engine.drive(&scene.runs, WaitPolicy::TO_THE_END, stop.subscribe()).await {
                Ok(_) if *stop.borrow() => return,
                // Nothing went on by itself, or it was killed: it is started again, as by a clock.
                Ok(_) | Err(DriveError::Append { .. } | DriveError::Batch { .. }) => {
                    scene.clock.sleep_until(scene.clock.now_ms() + HOUR_MS / 4).await;
                }
                Err(other) => panic!("seed {seed}: {other}"),
            }
        }
    };
    let people =
        People { scene: &scene, log: log.clone(), approvers: approvers.as_ref(), heard: Mutex::default() };
    let lived = async {
        let ended = people.live().await;
        stop.send_replace(true);
        ended
    };
    let ((), ended) = tokio::join!(runner, lived);
    while people.heard.lock().expect("nobody panicked").last() != log.seen().news.last() {
        people.tell().await;
    }
    assert!(ended >= 21 * DAY_MS, "seed {seed}: it lasted {} days", ended / DAY_MS);
    let progress = scene.progress().await;
    let done = progress.values().filter(|found| **found == RunProgress::Closed(Verdict::Done)).count();
    assert_eq!((done, progress[&id(LEFT_OUT)]), (299, RunProgress::NotBegun), "seed {seed}");
    let written = scene.written();
    assert!(
        written.values().all(|at| is_open(at - 60_000)),
        "seed {seed}: what is written was begun in time"
    );
    let seen = log.seen();
    assert!(seen.ever_failed.contains(WITHOUT_INK), "seed {seed}: {:?}", seen.ever_failed);
    assert!(
        seen.ever_failed.contains(TORN) && seen.torn.is_empty(),
        "seed {seed}: nobody saw what was changed"
    );
    let heard = people.heard.lock().expect("nobody panicked").clone();
    let told: BTreeSet<u64> = heard.iter().copied().collect();
    assert_eq!(told, seen.news, "seed {seed}: everything is told, at least once");
    assert!(
        heard.is_sorted() && heard.len() > told.len(),
        "seed {seed}: in its order, and again after a death"
    );
    let waves: Vec<bool> =
        seen.batch.as_ref().expect("planned").waves().map(|(_, state)| state.passed_ms.is_some()).collect();
    assert_eq!(waves, [true; 4], "seed {seed}");
    (seen.events, seen.deaths)
}

#[tokio::test(start_paused = true)]
async fn three_hundred_runs_over_three_weeks_keep_to_all_that_was_said() {
    let seeds = std::env::var("REHOME_WEEKS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for seed in 1..=seeds {
        let (events, deaths) = live(seed).await;
        assert!(events > 2_000 && deaths > 10, "seed {seed}: {events} events, {deaths} deaths");
    }
}
