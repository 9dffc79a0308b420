//! Engine: the decider of batches. From where a batch and its runs stand to what the driver may start. Pure.

use crate::batch::event::{BatchEvent, WavePassed, WaveReleased};
use crate::batch::rollout::Wave;
use crate::batch::state::{BatchState, WaveWait};
use crate::ids::RunId;
use crate::run::event::Verdict;
use crate::run::progress::RunProgress;
use crate::time::scale::TimeScale;
use std::collections::{BTreeMap, BTreeSet};

/// What a batch knows of one of its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// Whether a driver works on it.
    pub standing: Standing,
    /// How far it is.
    pub progress: RunProgress,
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
    Record(BatchEvent),
    /// A driver may start this run.
    Release(RunId),
}

/// What to do for a batch now, and what is waited for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchDecision {
    /// What to do, in this order.
    pub commands: Vec<BatchCommand>,
    /// The next date on which a wave is let loose by itself, in wall milliseconds since 1970.
    pub wake_ms: Option<i64>,
    /// Whether a wave waits for a person to let it loose.
    pub people: bool,
}

/// Decides for one batch. Nothing is released of a plan that is not approved, or that another one took the place of.
///
/// `runs` are those that a driver was asked to drive, and of a batch in waves all others as well, in any order; `now_ms`
/// is the wall time in milliseconds since 1970. Without waves every run that waits is released at once, in the order of
/// the document. A run that has begun is released whatever its wave waits for: it goes on, or back.
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
    let mut kept: BTreeSet<&RunId> = BTreeSet::new();
    for (nth, (wave, state)) in batch.waves().enumerate() {
        match batch.wave_wait(nth, now_ms, time_scale) {
            WaveWait::Nothing if !state.is_released() => {
                let released = WaveReleased { wave: wave.name.clone() };
                decision.commands.push(BatchCommand::Record(BatchEvent::WaveReleased(released)));
            }
            WaveWait::Nothing if state.passed_ms.is_none() => {
                let passed = passed(wave, &known).map(BatchEvent::WavePassed);
                decision.commands.extend(passed.map(BatchCommand::Record));
            }
            WaveWait::Date(date) => decision.wake_ms = Some(date),
            WaveWait::Person => decision.people = true,
            WaveWait::Nothing | WaveWait::Approval | WaveWait::Earlier => {}
        }
        if !state.is_released() {
            kept.extend(&wave.runs);
        }
    }
    let may_begin = |summary: &&&RunSummary| {
        summary.standing == Standing::Waiting
            && (summary.progress != RunProgress::NotBegun || !kept.contains(&summary.run))
    };
    let waiting = batch.planned().runs.iter().filter_map(|run| known.get(run));
    let released = waiting.filter(may_begin).map(|summary| BatchCommand::Release(summary.run.clone()));
    decision.commands.extend(released);
    decision
}

/// What is recorded of a wave of which every run is through, or ended in another way.
fn passed(wave: &Wave, known: &BTreeMap<&RunId, &RunSummary>) -> Option<WavePassed> {
    let mut passed = WavePassed { wave: wave.name.clone(), through: 0, fell_out: 0 };
    for run in &wave.runs {
        match known.get(run)?.progress {
            RunProgress::Through | RunProgress::Closed(Verdict::Done) => passed.through += 1,
            RunProgress::Closed(Verdict::RolledBack | Verdict::Stale | Verdict::Superseded) => {
                passed.fell_out += 1
            }
            RunProgress::NotBegun | RunProgress::Underway | RunProgress::Failed => return None,
        }
    }
    Some(passed)
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
            progress: RunProgress::NotBegun,
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
