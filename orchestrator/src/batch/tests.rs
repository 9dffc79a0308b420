//! Engine, tests: batches in waves, whatever becomes of their runs.

use super::*;
use crate::ids::RunId;
use crate::json::Json;
use crate::run::codec::Entry;
use crate::run::event::Verdict;
use crate::run::progress::{RunProgress, RunReport};
use crate::time::scale::TimeScale;
use std::collections::{BTreeMap, BTreeSet};

const HOUR_MS: i64 = 3_600_000;

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, of: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb).rotate_right(31) % of
    }
}

/// A batch that is lived through by the law of its events, on a clock of its own.
struct Story {
    dice: Dice,
    rollout: Rollout,
    state: Option<BatchState>,
    runs: BTreeMap<RunId, RunSummary>,
    /// When each wave was let loose and was through.
    dates: BTreeMap<String, (Option<i64>, Option<i64>)>,
    /// The runs that ever failed, and how many of each wave did since somebody last looked at it.
    failed: BTreeSet<RunId>,
    failures: BTreeMap<usize, u64>,
    events: u64,
    now_ms: i64,
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let waves = (0..1 + dice.below(4)).map(|nth| Wave {
            name: format!("w{nth}"),
            runs: (0..dice.below(4)).map(|of| RunId::new(format!("m-{nth}-{of}"))).collect(),
            after_ms: dice.below(3) * 24 * HOUR_MS as u64,
            release: if dice.below(3) == 0 { WaveRelease::ByHand } else { WaveRelease::Auto },
            rehearsal: dice.below(4) == 0,
        });
        let mut rollout = Rollout::of(waves.collect());
        let most = |dice: &mut Dice| Some(1 + dice.below(3)).filter(|_| dice.below(2) == 0);
        rollout.budget = Budget { wave: most(&mut dice), batch: most(&mut dice) };
        rollout.on_failure =
            [WaveFailure::Stop, WaveFailure::Pause, WaveFailure::RollBack][dice.below(3) as usize];
        let runs: Vec<RunId> = rollout.waves.iter().flat_map(|wave| wave.runs.clone()).collect();
        let summary = |run: &RunId| RunSummary {
            run: run.clone(),
            standing: Standing::Waiting,
            aside: false,
            report: RunReport { returns: true, ..RunReport::default() },
        };
        let summaries = runs.iter().map(|run| (run.clone(), summary(run))).collect();
        let dates = rollout.waves.iter().map(|wave| (wave.name.clone(), (None, None))).collect();
        let mut story = Self {
            dice,
            rollout: rollout.clone(),
            state: None,
            runs: summaries,
            dates,
            failed: BTreeSet::new(),
            failures: BTreeMap::new(),
            events: 0,
            now_ms: 0,
        };
        let digest = "sha256:0".to_owned();
        story.take(BatchEvent::Planned(BatchPlanned {
            digest: digest.clone(),
            format_version: FORMAT_VERSION.to_owned(),
            about: Json::of(&()),
            runs,
            rollout: Some(rollout),
            approval: None,
        }));
        story.take(BatchEvent::Approved(BatchApproved { digest, reason: "r".to_owned() }));
        story
    }

    /// Folds an event; whether it could follow.
    fn may(&mut self, event: BatchEvent) -> bool {
        self.events += 1;
        let (position, sequence) = (self.events, self.events);
        let entry = Entry { position, sequence, at_ms: self.now_ms, actor: "a".into(), event };
        fold_batch(&mut self.state, &entry).is_ok()
    }

    fn take(&mut self, event: BatchEvent) {
        assert!(self.may(event.clone()), "{event:?} is not lawful");
    }

    fn decide(&self) -> BatchDecision {
        let summaries: Vec<RunSummary> = self.runs.values().cloned().collect();
        let state = self.state.as_ref().expect("it was planned");
        let decision = decide_batch(state, &summaries, self.now_ms, TimeScale::REAL);
        let backwards: Vec<RunSummary> = summaries.into_iter().rev().collect();
        assert_eq!(
            decision,
            decide_batch(state, &backwards, self.now_ms, TimeScale::REAL),
            "it decides the same"
        );
        decision
    }

    /// Does what is decided until nothing more is, and holds each of it against what was asked for.
    fn advance(&mut self) {
        loop {
            let decision = self.decide();
            let mut recorded = false;
            for command in decision.commands {
                match command {
                    BatchCommand::Record(event) => {
                        recorded = true;
                        self.note(&event);
                        self.take(*event);
                    }
                    BatchCommand::Release(run) => self.begin(&run),
                    BatchCommand::TakeBack(run) => {
                        recorded = true;
                        let summary = self.runs.get_mut(&run).expect("a run");
                        let rehearsal =
                            self.rollout.wave_of(&run).is_some_and(|nth| self.rollout.waves[nth].rehearsal);
                        let turns = rehearsal || self.rollout.on_failure == WaveFailure::RollBack;
                        assert!(turns && summary.report.returns);
                        summary.report.progress = RunProgress::Back;
                    }
                }
            }
            if !recorded {
                return;
            }
        }
    }

    fn note(&mut self, event: &BatchEvent) {
        match event {
            BatchEvent::WaveReleased(WaveReleased { wave }) => {
                let nth = self.rollout.waves.iter().position(|known| known.name == *wave).expect("a wave");
                if let Some(before) = nth.checked_sub(1) {
                    let (_, passed) = self.dates[&self.rollout.waves[before].name];
                    let due =
                        passed.expect("the wave before is through") + self.rollout.waves[nth].after_ms as i64;
                    assert!(self.now_ms >= due, "{wave} at {} and not at {due}", self.now_ms);
                }
                self.dates.entry(wave.clone()).or_default().0 = Some(self.now_ms);
            }
            BatchEvent::WavePassed(WavePassed { wave, through, fell_out }) => {
                let nth = self.rollout.waves.iter().position(|known| known.name == *wave).expect("a wave");
                assert_eq!(through + fell_out, self.rollout.waves[nth].runs.len() as u64, "counts add up");
                assert!(
                    !self.state.as_ref().expect("planned").asks(nth),
                    "{wave} is through and asks for somebody"
                );
                self.dates.entry(wave.clone()).or_default().1 = Some(self.now_ms);
            }
            BatchEvent::RunFailed(RunFailed { run }) => {
                assert!(self.failed.insert(run.clone()), "{run} fails twice");
                let nth = self.rollout.waves.iter().position(|wave| wave.runs.contains(run)).expect("a wave");
                *self.failures.entry(nth).or_default() += 1;
                let all: u64 = self.failures.values().sum();
                let Budget { wave, batch } = self.rollout.budget;
                let told = format!("{:?} of {:?}", self.failures, self.rollout.budget);
                assert!(wave.is_none_or(|most| self.failures[&nth] <= most), "{told}");
                assert!(batch.is_none_or(|most| all <= most), "{told}");
            }
            BatchEvent::Heard(_) => {}
            other => panic!("{other:?} is not decided"),
        }
    }

    fn begin(&mut self, run: &RunId) {
        let wave = self.rollout.waves.iter().find(|wave| wave.runs.contains(run)).expect("a wave");
        assert!(self.dates[&wave.name].0.is_some(), "{run} begins before its wave");
        let summary = self.runs.get_mut(run).expect("a run");
        assert_eq!(summary.standing, Standing::Waiting, "{run} begins twice");
        summary.standing = Standing::Driven;
        if summary.report.progress != RunProgress::NotBegun {
            return;
        }
        let state = self.state.as_ref().expect("planned");
        let wave = self.rollout.wave_of(run);
        assert_eq!(state.hold(wave, self.now_ms), None, "{run} begins and is held");
        assert!(!state.is_skipped(run), "{run} begins and is left out");
        let is_new = |run: &&RunSummary| run.standing == Standing::Driven && !run.report.waits;
        let at_work = |run: &&RunSummary| {
            matches!(run.report.progress, RunProgress::NotBegun | RunProgress::Underway) && is_new(run)
        };
        let at_work = self.runs.values().filter(at_work).count() as u64;
        assert!(state.steering().parallel.is_none_or(|most| at_work <= most), "{at_work} are at work");
    }

    /// Something happens: time passes, a run comes on, fails, is taken back or is left, a person asks.
    fn live(&mut self) {
        self.now_ms += self.dice.below(3) as i64 * HOUR_MS;
        if self.dice.below(12) == 0 {
            self.go_on();
        }
        if self.dice.below(6) == 0 {
            self.steer();
        }
        if self.dice.below(6) == 0 {
            let nth = self.dice.below(self.rollout.waves.len() as u64) as usize;
            let name = self.rollout.waves[nth].name.clone();
            let hold = self.dice.below(2) == 0;
            let request = if hold { BatchRequest::Hold(name) } else { BatchRequest::Release(name) };
            let asked = BatchEvent::Requested(BatchRequested { request, reason: "r".to_owned() });
            let over = self.dates[&self.rollout.waves[nth].name].0.is_some();
            assert_eq!(self.may(asked), !over, "only a wave that is not let loose is held or released");
        }
        let fate = self.dice.below(10);
        let begun: Vec<RunId> =
            self.runs.values().filter(|r| r.standing != Standing::Waiting).map(|r| r.run.clone()).collect();
        if begun.is_empty() {
            return;
        }
        let run = &begun[self.dice.below(begun.len() as u64) as usize];
        let strange = self.dice.below(3) == 0;
        let summary = self.runs.get_mut(run).expect("a run");
        if summary.aside {
            // A person has acted, and it goes on when it is released again.
            summary.come_back();
            return;
        }
        if fate == 6 && summary.report.progress == RunProgress::Underway {
            (summary.aside, summary.report.waits) = (true, true);
            return;
        }
        let was = summary.report.progress;
        let RunReport { progress, failed, .. } = &mut summary.report;
        *progress = match (fate, *progress) {
            (_, over @ RunProgress::Closed(_)) => over,
            (1..=2, RunProgress::Back) => RunProgress::Closed(Verdict::RolledBack),
            (_, RunProgress::Back) => RunProgress::Back,
            // What is through and fails all the same is no longer held back by a budget.
            (_, RunProgress::Through) => RunProgress::Through,
            (0, _) => RunProgress::Failed,
            (1, RunProgress::Failed) => RunProgress::Back,
            (2, RunProgress::NotBegun) => RunProgress::Closed(Verdict::Stale),
            (3..=5, _) => RunProgress::Underway,
            (_, _) => RunProgress::Through,
        };
        *failed = *progress == RunProgress::Failed;
        let over = matches!(progress, RunProgress::Closed(_));
        summary.report.returns = !over;
        let came_back =
            was == RunProgress::Back && summary.report.progress == RunProgress::Closed(Verdict::RolledBack);
        summary.report.differs |= strange && came_back;
        if fate == 9 && summary.report.progress != RunProgress::NotBegun {
            // It was left, and somebody asks for it again.
            summary.standing = Standing::Waiting;
        }
    }

    /// Somebody asks for something else; what does not fit is refused.
    fn steer(&mut self) {
        let (most, until_ms) = (Some(1 + self.dice.below(2)), Some(self.now_ms + 5 * HOUR_MS));
        let runs: Vec<RunId> = self.runs.keys().cloned().collect();
        let Some(run) = runs.get(self.dice.below(1 + runs.len() as u64) as usize).cloned() else { return };
        let request = match self.dice.below(9) {
            0 => BatchRequest::Pause { wave: None, until_ms },
            1 => BatchRequest::Pause { wave: Some("w0".to_owned()), until_ms: None },
            2 => BatchRequest::Throttle(most),
            3 => BatchRequest::Throttle(None),
            4 => BatchRequest::Skip(run),
            5 => BatchRequest::Include(run),
            6 => BatchRequest::Abandon,
            7 => BatchRequest::Share(Some(self.dice.below(102))),
            _ => BatchRequest::TakeUp,
        };
        self.may(BatchEvent::Requested(BatchRequested { request, reason: "r".to_owned() }));
    }

    /// Nothing that somebody asked for holds any more.
    fn withdraw(&mut self) {
        let runs: Vec<RunId> = self.runs.keys().cloned().collect();
        let all = [
            BatchRequest::Throttle(None),
            BatchRequest::Share(None),
            BatchRequest::HoldCleanUp,
            BatchRequest::ReleaseCleanUp,
            BatchRequest::TakeUp,
            BatchRequest::Resume(None),
        ];
        self.failures.clear();
        for request in all.into_iter().chain(runs.into_iter().map(BatchRequest::Include)) {
            self.may(BatchEvent::Requested(BatchRequested { request, reason: "r".to_owned() }));
        }
    }

    /// Somebody looks at what failed, and says that it is to go on.
    fn go_on(&mut self) {
        let request = BatchRequest::Resume(None);
        self.take(BatchEvent::Requested(BatchRequested { request, reason: "r".to_owned() }));
        self.failures.clear();
    }

    /// Everybody does what is left to do.
    fn end(&mut self) {
        self.withdraw();
        self.runs.values_mut().filter(|summary| summary.aside).for_each(RunSummary::come_back);
        for nth in 0..self.rollout.waves.len() {
            self.now_ms += 100 * HOUR_MS;
            self.advance();
            let name = self.rollout.waves[nth].name.clone();
            if self.dates[&name].0.is_none() {
                let request = BatchRequest::Release(name);
                self.take(BatchEvent::Requested(BatchRequested { request, reason: "r".to_owned() }));
                self.advance();
            }
            // One of an earlier wave may have been left out until now.
            let runs: Vec<RunId> =
                self.rollout.waves[..=nth].iter().flat_map(|wave| wave.runs.clone()).collect();
            // As many at a time as may fail, and each of a rehearsal there and back.
            for _ in 0..=6 * runs.len() {
                self.go_on();
                self.advance();
                for run in &runs {
                    let summary = self.runs.get_mut(run).expect("a run");
                    let RunReport { progress, failed, .. } = &mut summary.report;
                    *progress = match *progress {
                        RunProgress::Back => RunProgress::Closed(Verdict::RolledBack),
                        kept @ (RunProgress::NotBegun | RunProgress::Underway)
                            if summary.standing == Standing::Waiting =>
                        {
                            kept
                        }
                        over @ RunProgress::Closed(_) => over,
                        _ => RunProgress::Through,
                    };
                    *failed = false;
                }
                self.advance();
            }
        }
    }
}

impl RunSummary {
    /// It waits for nobody any more, and has no place among those that may fail.
    fn come_back(&mut self) {
        (self.aside, self.report.waits, self.standing) = (false, false, Standing::Waiting);
    }
}

#[test]
fn what_waits_for_people_leaves_its_place_to_others_and_goes_on_when_there_is_one() {
    let names = ["a", "b", "c"].map(RunId::new);
    let wave = Wave {
        name: "w".to_owned(),
        runs: names.to_vec(),
        after_ms: 0,
        release: WaveRelease::Auto,
        rehearsal: false,
    };
    let rollout = Rollout { budget: Budget { wave: Some(1), batch: None }, ..Rollout::of(vec![wave]) };
    let mut state = None;
    let digest = "sha256:0".to_owned();
    let planned = BatchPlanned {
        digest: digest.clone(),
        format_version: FORMAT_VERSION.to_owned(),
        about: Json::of(&()),
        runs: names.to_vec(),
        rollout: Some(rollout),
        approval: None,
    };
    let approved = BatchApproved { digest, reason: "r".to_owned() };
    let released = WaveReleased { wave: "w".to_owned() };
    let events =
        [BatchEvent::Planned(planned), BatchEvent::Approved(approved), BatchEvent::WaveReleased(released)];
    for (event, at) in events.into_iter().zip(1..) {
        let entry = Entry { position: at, sequence: at, at_ms: 0, actor: "a".into(), event };
        fold_batch(&mut state, &entry).expect("lawful");
    }
    let state = state.expect("planned");
    let of = |standing, progress, aside| (standing, progress, aside);
    let released = |runs: [(Standing, RunProgress, bool); 3]| -> Vec<String> {
        let summaries = names.iter().zip(runs).map(|(run, (standing, progress, aside))| RunSummary {
            run: run.clone(),
            standing,
            aside,
            report: RunReport { progress, waits: aside, ..RunReport::default() },
        });
        let decision = decide_batch(&state, &summaries.collect::<Vec<_>>(), 0, TimeScale::REAL);
        let released = decision.commands.iter().map(|command| match command {
            BatchCommand::Release(run) => run.to_string(),
            other => panic!("{other:?}"),
        });
        released.collect()
    };
    let (at_work, new) = (
        of(Standing::Driven, RunProgress::Underway, false),
        of(Standing::Waiting, RunProgress::NotBegun, false),
    );
    let (aside, back) = (
        of(Standing::Driven, RunProgress::Underway, true),
        of(Standing::Waiting, RunProgress::Underway, false),
    );
    assert_eq!(released([new, new, new]), ["a"], "one may fail");
    assert_eq!(released([at_work, new, new]), [""; 0]);
    assert_eq!(released([aside, new, new]), ["b"], "it waits for a person");
    assert_eq!(released([back, at_work, new]), [""; 0], "a person has acted, and another one is at work");
    assert_eq!(released([back, aside, new]), ["a"], "it comes before those that have not begun");
    let left = |waits| of(Standing::Left, RunProgress::Underway, waits);
    assert_eq!(released([left(true), new, new]), ["b"]);
    assert_eq!(released([left(false), new, new]), [""; 0], "another runner may work on it");
}

#[test]
fn no_run_begins_before_its_wave_whatever_becomes_of_the_others_and_in_the_end_all_have() {
    for seed in 0..2_000 {
        let told = std::panic::catch_unwind(|| {
            let mut story = Story::new(seed);
            story.advance();
            for _ in 0..60 {
                story.live();
                story.advance();
            }
            story.end();
            let over =
                |(released, passed): &(Option<i64>, Option<i64>)| released.is_some() && passed.is_some();
            assert!(
                story.dates.values().all(over),
                "{:?}\n{:?}\n{:?}",
                story.dates,
                story.runs,
                story.rollout
            );
            assert!(story.runs.values().all(|run| run.standing != Standing::Waiting));
            assert_eq!(story.decide(), BatchDecision::default());
        });
        assert!(told.is_ok(), "seed {seed}");
    }
}

#[test]
fn waves_that_do_not_share_out_the_runs_are_refused() {
    let wave = |name: &str, runs: &[&str]| Wave {
        name: name.to_owned(),
        runs: runs.iter().map(|run| RunId::new(*run)).collect(),
        after_ms: 0,
        release: WaveRelease::Auto,
        rehearsal: false,
    };
    let runs = ["a", "b"].map(RunId::new);
    let judged = |waves: Vec<Wave>| Rollout::of(waves).check(runs.iter()).is_ok();
    assert!(judged(vec![wave("1", &["b"]), wave("2", &["a"]), wave("3", &[])]));
    for wrong in [
        vec![wave("1", &["a"])],
        vec![wave("1", &["a", "b"]), wave("1", &[])],
        vec![wave("1", &["a", "b"]), wave("2", &["a"])],
        vec![wave("1", &["a", "b", "c"])],
        vec![wave("a b", &["a", "b"])],
    ] {
        assert!(!judged(wrong.clone()), "{wrong:?}");
    }
}
