//! Engine: the decider of batches. From where a batch and its runs stand to what the driver may start. Pure.

use crate::batch::event::{BatchEvent, BatchHeard, RunFailed, WavePassed, WaveReleased};
use crate::batch::rollout::Wave;
use crate::batch::state::{BatchState, WaveWait};
use crate::batch::steering::{Hold, HoldCause};
use crate::ids::RunId;
use crate::run::event::Verdict;
use crate::run::progress::{RunProgress, RunReport};
use crate::time::scale::TimeScale;
use std::collections::BTreeMap;

/// What a batch knows of one of its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// Whether a driver works on it.
    pub standing: Standing,
    /// It waited for people and dates alone, and gave up its place among those that may fail: a driver begins nothing of
    /// it on its way forward before it is released again.
    pub aside: bool,
    /// How far it is, and what became of it.
    pub report: RunReport,
}

/// Whether a driver works on a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for its batch to release it.
    Waiting,
    /// A driver works on it.
    Driven,
    /// A driver left it: it waits for a date or for people.
    Left,
    /// It is closed.
    Closed(Verdict),
}

/// One thing to do for a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchCommand {
    /// Write down what is decided, and decide again.
    Record(Box<BatchEvent>),
    /// A driver may start this run.
    Release(RunId),
    /// This run is to be taken back.
    TakeBack(RunId),
}

/// What to do for a batch now, and what is waited for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchDecision {
    /// What to do, in this order.
    pub commands: Vec<BatchCommand>,
    /// The next date on which a wave is let loose by itself, in wall milliseconds since 1970.
    pub wake_ms: Option<i64>,
    /// Whether a wave waits for a person: to let it loose, or to say that it is to go on.
    pub people: bool,
}

/// Decides for one batch. Nothing is released of a plan that is not approved, or that another one took the place of.
///
/// `runs` are those that a driver was asked to drive, and of a batch in waves all others as well, in any order; `now_ms`
/// is the wall time in milliseconds since 1970. Without waves every run that waits is released at once, in the order of
/// the document. A run that has begun is released whatever its wave waits for: it goes on, or back. Only where no more may
/// fail than may, and it begins something new, it needs a place among those.
pub fn decide_batch(
    batch: &BatchState,
    runs: &[RunSummary],
    now_ms: i64,
    time_scale: TimeScale,
) -> BatchDecision {
    let mut decision = BatchDecision::default();
    if !batch.is_approved() {
        return decision;
    }
    let known: BTreeMap<&RunId, &RunSummary> = runs.iter().map(|summary| (&summary.run, summary)).collect();
    let mut decider = Decider { batch, known, now_ms, out: &mut decision };
    decider.hear();
    decider.failures();
    if decider.out.commands.is_empty() {
        for nth in 0..batch.waves().count() {
            decider.wave(nth, batch.wave_wait(nth, now_ms, time_scale));
        }
        decider.release();
    }
    decision
}

struct Decider<'a> {
    batch: &'a BatchState,
    known: BTreeMap<&'a RunId, &'a RunSummary>,
    now_ms: i64,
    out: &'a mut BatchDecision,
}

impl Decider<'_> {
    fn record(&mut self, event: BatchEvent) {
        self.out.commands.push(BatchCommand::Record(Box::new(event)));
    }

    /// Says that what people asked is known here.
    fn hear(&mut self) {
        let steering = self.batch.steering();
        if steering.asked > steering.heard {
            self.record(BatchEvent::Heard(BatchHeard { asked: steering.asked }));
        }
    }

    /// Counts what failed before anything else is decided.
    fn failures(&mut self) {
        let batch = self.batch;
        let runs = batch.waves().flat_map(|(wave, _)| wave.runs.iter().map(move |run| (wave, run)));
        let failed = |(wave, run): &(&Wave, &RunId)| {
            let failed = |RunReport { failed, differs, .. }| failed || wave.rehearsal && differs;
            let known = self.known.get(run).is_some_and(|summary| failed(summary.report));
            known && !batch.current.failed.contains(*run)
        };
        let failed: Vec<RunId> = runs.filter(failed).map(|(_, run)| run.clone()).collect();
        failed.into_iter().for_each(|run| self.record(BatchEvent::RunFailed(RunFailed { run })));
    }

    fn wave(&mut self, nth: usize, wait: WaveWait) {
        let Some((wave, state)) = self.batch.waves().nth(nth) else { return };
        match wait {
            WaveWait::Nothing if !state.is_released() => {
                self.record(BatchEvent::WaveReleased(WaveReleased { wave: wave.name.clone() }));
            }
            WaveWait::Nothing if state.passed_ms.is_some() => {}
            WaveWait::Nothing if self.batch.asks(nth) => self.out.people = true,
            WaveWait::Nothing => {
                let passed = self.passed(wave).map(BatchEvent::WavePassed);
                passed.into_iter().for_each(|passed| self.record(passed));
            }
            WaveWait::Date(date) => self.out.wake_ms = Some(date),
            WaveWait::Person | WaveWait::Approvals => self.out.people = true,
            WaveWait::Approval | WaveWait::Earlier => {}
        }
        if state.turned || wave.rehearsal {
            let runs = wave.runs.iter().filter_map(|run| self.known.get(run));
            let goes = |summary: &&&RunSummary| match summary.report.progress {
                RunProgress::Through => summary.report.returns,
                RunProgress::Underway | RunProgress::Failed => state.turned && summary.report.returns,
                RunProgress::NotBegun | RunProgress::Back | RunProgress::Closed(_) => false,
            };
            let back = runs.filter(goes).map(|summary| BatchCommand::TakeBack(summary.run.clone()));
            self.out.commands.extend(back);
        }
    }

    /// Lets runs begin whose wave is let loose, and no more than may fail. Those that have begun come first.
    fn release(&mut self) {
        let mut room = Room::of(self.batch, &self.known, self.now_ms);
        let waiting = self.batch.planned().runs.iter().filter_map(|run| self.known.get(run).copied());
        let waiting = waiting.filter(|summary| summary.standing == Standing::Waiting);
        let (begun, new): (Vec<_>, Vec<_>) =
            waiting.partition(|summary| summary.report.progress != RunProgress::NotBegun);
        for summary in begun {
            if !self.batch.wants_place(summary) || room.take_again(&summary.run) {
                self.out.commands.push(BatchCommand::Release(summary.run.clone()));
            } else {
                // As many failed as may; where fewer did, one of those at work comes through.
                let nth = room.wave_of(&summary.run);
                self.out.people |= nth.is_some_and(|nth| self.batch.failures_left(nth) == Some(0));
            }
        }
        for RunSummary { run, .. } in new {
            if room.take(run) {
                self.out.commands.push(BatchCommand::Release(run.clone()));
            } else if !self.batch.is_skipped(run) {
                self.kept(self.batch.hold(room.wave_of(run), self.now_ms));
            }
        }
    }

    /// What ends it that a run is kept which might begin.
    fn kept(&mut self, hold: Option<Hold>) {
        match hold {
            Some(Hold { until_ms: Some(date), .. }) => {
                self.out.wake_ms = Some(self.out.wake_ms.map_or(date, |wake| wake.min(date)));
            }
            Some(Hold { cause: HoldCause::Abandoned, .. }) | None => {}
            Some(Hold { until_ms: None, .. }) => self.out.people = true,
        }
    }

    /// What is recorded of a wave of which every run is through, or ended in another way.
    fn passed(&self, wave: &Wave) -> Option<WavePassed> {
        let mut passed = WavePassed { wave: wave.name.clone(), through: 0, fell_out: 0 };
        for run in &wave.runs {
            match self.known.get(run)?.report.progress {
                RunProgress::Through if wave.rehearsal => return None,
                RunProgress::Closed(Verdict::RolledBack) if wave.rehearsal => passed.through += 1,
                RunProgress::Through | RunProgress::Closed(Verdict::Done) => passed.through += 1,
                RunProgress::Closed(Verdict::RolledBack | Verdict::Stale | Verdict::Superseded) => {
                    passed.fell_out += 1
                }
                RunProgress::NotBegun if self.batch.is_skipped(run) => passed.fell_out += 1,
                RunProgress::NotBegun | RunProgress::Underway | RunProgress::Failed | RunProgress::Back => {
                    return None;
                }
            }
        }
        Some(passed)
    }
}

/// How many more runs may begin, and how many more of those that have begun may go on.
struct Room<'a> {
    batch_state: &'a BatchState,
    wave_of: BTreeMap<&'a RunId, usize>,
    /// Of each wave, whether runs of it may begin, and how many more may be at risk.
    waves: Vec<(bool, u64)>,
    /// How many more of the batch may be at risk.
    batch: u64,
    /// How many more may be at work.
    parallel: u64,
}

impl<'a> Room<'a> {
    fn of(batch: &'a BatchState, known: &BTreeMap<&RunId, &RunSummary>, now_ms: i64) -> Self {
        let rollout = batch.planned().rollout.as_ref();
        let budget = rollout.map(|rollout| rollout.budget).unwrap_or_default();
        let at_work = known.values().filter(|summary| summary.is_at_work()).count() as u64;
        let parallel = batch.steering().parallel.or(rollout.and_then(|rollout| rollout.parallel));
        let room = |most: Option<u64>, failures: u64, at_risk: u64| {
            most.map_or(u64::MAX, |most| most.saturating_sub(failures).saturating_sub(at_risk))
        };
        let (mut waves, mut wave_of, mut all) = (Vec::new(), BTreeMap::new(), 0);
        for (nth, (wave, state)) in batch.waves().enumerate() {
            let at_risk = |run: &&RunId| known.get(*run).is_some_and(|one| batch.is_at_risk(one, wave));
            let at_risk = wave.runs.iter().filter(at_risk).count() as u64;
            all += at_risk;
            wave_of.extend(wave.runs.iter().map(|run| (run, nth)));
            let open = state.is_released() && batch.hold(Some(nth), now_ms).is_none();
            waves.push((open, room(budget.wave, state.failures, at_risk)));
        }
        let parallel = match waves.is_empty() && batch.hold(None, now_ms).is_some() {
            true => 0,
            false => room(parallel, 0, at_work),
        };
        let of_all = room(budget.batch, batch.current.failures, all);
        Self { batch_state: batch, wave_of, waves, batch: of_all, parallel }
    }

    fn wave_of(&self, run: &RunId) -> Option<usize> {
        self.wave_of.get(run).copied()
    }

    /// Takes the place of one more run that begins, if there is one.
    fn take(&mut self, run: &RunId) -> bool {
        let is_open = self.wave_of(run).is_none_or(|nth| self.waves[nth].0);
        let any = is_open && self.parallel > 0 && !self.batch_state.is_skipped(run) && self.take_again(run);
        self.parallel -= u64::from(any);
        any
    }

    /// Takes a place among those that may fail, if there is one.
    fn take_again(&mut self, run: &RunId) -> bool {
        let mut endless = u64::MAX;
        let wave = self.wave_of(run).map_or(&mut endless, |nth| &mut self.waves[nth].1);
        let any = *wave > 0 && self.batch > 0;
        *wave -= u64::from(any);
        self.batch -= u64::from(any);
        any
    }
}

impl BatchState {
    /// Whether a run may fail that never did.
    fn is_at_risk(&self, summary: &RunSummary, wave: &Wave) -> bool {
        let at_risk = match (summary.report.progress, summary.standing) {
            (RunProgress::NotBegun, standing) => standing == Standing::Driven,
            (RunProgress::Underway, Standing::Driven) => !summary.aside,
            // Another runner may work on it, or it is only held up.
            (RunProgress::Underway, Standing::Left) => !summary.report.waits,
            // What is in flight may fail; nothing else is begun of it before it is released.
            (RunProgress::Underway, _) => summary.report.in_flight,
            // It has to come back as it was.
            (RunProgress::Through | RunProgress::Back, _) => wave.rehearsal,
            (RunProgress::Failed | RunProgress::Closed(_), _) => false,
        };
        at_risk && !self.current.failed.contains(&summary.run)
    }

    /// Whether a run that has begun needs a place among those that may fail before it goes on.
    fn wants_place(&self, summary: &RunSummary) -> bool {
        let RunReport { progress, waits, in_flight, .. } = summary.report;
        let goes_on = progress == RunProgress::Underway && !waits && !in_flight;
        goes_on && !self.current.failed.contains(&summary.run)
    }
}

impl RunSummary {
    /// Whether it takes one of the places of those that are at work. What waits for a person or a date takes none.
    fn is_at_work(&self) -> bool {
        match self.report.progress {
            RunProgress::NotBegun => self.standing == Standing::Driven,
            RunProgress::Underway => !self.report.waits && !self.aside,
            RunProgress::Through | RunProgress::Failed | RunProgress::Back | RunProgress::Closed(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::event::{BatchApproved, BatchEvent, BatchPlanned, FORMAT_VERSION};
    use crate::batch::fold::fold_batch;
    use crate::json::Json;
    use crate::run::codec::Entry;

    fn planned(digest: &str, runs: &[&str]) -> BatchEvent {
        BatchEvent::Planned(BatchPlanned {
            digest: digest.to_owned(),
            format_version: FORMAT_VERSION.to_owned(),
            about: Json::of(&()),
            runs: runs.iter().map(|run| RunId::new(*run)).collect(),
            rollout: None,
            approval: None,
        })
    }

    fn approved(digest: &str) -> BatchEvent {
        BatchEvent::Approved(BatchApproved { digest: digest.to_owned(), reason: "r".to_owned() })
    }

    fn folded(events: &[BatchEvent]) -> BatchState {
        let mut state = None;
        for (event, at) in events.iter().zip(1..) {
            let entry =
                Entry { position: at, sequence: at, at_ms: 0, actor: "a".into(), event: event.clone() };
            fold_batch(&mut state, &entry).expect("a legal record");
        }
        state.expect("it begins with a plan")
    }

    #[test]
    fn only_runs_that_wait_and_are_of_the_approved_plan_are_released() {
        let summary = |run: &str, standing| RunSummary {
            run: RunId::new(run),
            standing,
            aside: false,
            report: RunReport::default(),
        };
        let runs = [
            summary("a", Standing::Waiting),
            summary("b", Standing::Driven),
            summary("c", Standing::Left),
            summary("d", Standing::Closed(Verdict::Done)),
            summary("old", Standing::Waiting),
        ];
        let current = ["a", "b", "c", "d"];
        let mut events = vec![planned("1", &["old"]), approved("1"), planned("2", &current)];
        let released =
            |events: &[BatchEvent]| decide_batch(&folded(events), &runs, 0, TimeScale::REAL).commands;
        assert_eq!(released(&events), []);
        events.push(approved("2"));
        assert_eq!(released(&events), [BatchCommand::Release(RunId::new("a"))]);
    }
}
