//! Engine: the decider of batches. From where a batch and its runs stand to what the driver may start. Pure.

use crate::batch::state::BatchState;
use crate::ids::RunId;
use crate::run::event::Verdict;
use std::collections::BTreeSet;

/// What a batch knows of one of its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// Whether a driver works on it.
    pub standing: Standing,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchCommand {
    /// A driver may start this run.
    Release(RunId),
}

/// Decides for one batch. Nothing is released of a plan that is not approved, or that another one took the place of.
///
/// `runs` are those that a driver was asked to drive, in any order; `now_ms` is the wall time in milliseconds since
/// 1970. Every run that waits is released at once, in the order of the document. Waves belong here: a run of a later wave is released when the
/// runs before it stand as the wave asks, or at a date.
pub fn decide_batch(batch: &BatchState, runs: &[RunSummary], now_ms: i64) -> Vec<BatchCommand> {
    let _ = now_ms;
    if !batch.is_approved() {
        return Vec::new();
    }
    let waiting = runs.iter().filter(|summary| summary.standing == Standing::Waiting);
    let waiting: BTreeSet<&RunId> = waiting.map(|summary| &summary.run).collect();
    let planned = batch.planned().runs.iter().filter(|run| waiting.contains(run));
    planned.cloned().map(BatchCommand::Release).collect()
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
        let summary = |run: &str, standing| RunSummary { run: RunId::new(run), standing };
        let runs = [
            summary("a", Standing::Waiting),
            summary("b", Standing::Driven),
            summary("c", Standing::Left),
            summary("d", Standing::Closed(Verdict::Done)),
            summary("old", Standing::Waiting),
        ];
        let current = ["a", "b", "c", "d"];
        let mut events = vec![planned("1", &["old"]), approved("1"), planned("2", &current)];
        assert_eq!(decide_batch(&folded(&events), &runs, 0), []);
        events.push(approved("2"));
        assert_eq!(decide_batch(&folded(&events), &runs, 0), [BatchCommand::Release(RunId::new("a"))]);
    }
}
