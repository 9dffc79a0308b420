//! CLI: one of several runners of a log: it leaves the others their part of Azure's limits, and people are told who has
//! which moves. Touches what keeps the runners of the log, reading.

use crate::counted::counted;
use crate::error::one_line;
use crate::progress::Progress;
use crate::view::MoveView;
use rehome_activities::azure::Azure;
use rehome_orchestrator::{Event, Observer, RunId, StepId, StopReason};
use rehome_store::{Backend, BoxFuture, LeaseHolder, RunnerRow, Runners, StreamId};
use std::sync::Arc;
use std::time::Duration;

/// Tells people what happens, and the clients of the cloud how many share its limits.
pub(crate) struct Sharing {
    pub(crate) progress: Arc<Progress>,
    pub(crate) azure: Azure,
}

impl Observer for Sharing {
    fn appended(&self, run: &RunId, events: &[Event]) {
        self.progress.appended(run, events);
    }

    fn heard(&self, stream: &StreamId) {
        self.progress.heard(stream);
    }

    fn shared(&self, runners: usize, known_in: Duration) {
        self.azure.share_limits(u32::try_from(runners).unwrap_or(u32::MAX), known_in);
    }

    fn left(&self, run: &RunId, left: &StopReason) {
        self.progress.left(run, left);
    }

    fn secure<'a>(&'a self, run: &'a RunId, step: &'a StepId) -> BoxFuture<'a, Result<(), String>> {
        self.progress.secure(run, step)
    }
}

/// Where the runners are kept that share a log; nothing where it has one at a time, as a file has.
pub(crate) fn shared(log: &dyn Backend) -> Option<Arc<dyn Runners>> {
    log.beside().runners()
}

/// Whether this is the one of several runners that does what one of them does for all. Where nobody says that he is at work, whoever
/// asks is; for a moment, two may be.
pub(crate) async fn is_first(log: &dyn Backend, who: &LeaseHolder) -> bool {
    let Some(runners) = shared(log) else { return true };
    // What is not known is left to another one, or to a later look.
    let Ok(all) = runners.all().await else { return false };
    let first = all.iter().find(|row| row.left_ms > 0);
    first.is_none_or(|first| first.who == *who)
}

/// The runners that share a log; nothing where it has one at a time, or nobody can say who they are.
pub(crate) async fn runners(log: &dyn Backend) -> Option<Vec<RunnerRow>> {
    shared(log)?.all().await.ok()
}

/// One line for each runner, with what it has.
pub(crate) fn lines(runners: &[RunnerRow], views: &[MoveView]) -> Vec<String> {
    let line = |row: &RunnerRow| {
        let has = views.iter().filter(|view| !view.is_over() && view.runner.as_deref() == Some(&row.id));
        let (who, has) = (&row.who, has.count());
        let who = one_line(&format!("{} process {} on {}", who.actor, who.pid, who.host));
        match (row.left_ms, has) {
            (1.., _) => Some(format!("runner {}: {who}, has {}", row.id, counted(has, "move"))),
            // It left nothing that anybody has to know of.
            (_, 0) => None,
            _ => {
                let moves = counted(has, "move");
                Some(format!(
                    "runner {}: {who}, says nothing any more; another one takes its {moves}",
                    row.id
                ))
            }
        }
    };
    runners.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::State;

    #[test]
    fn each_runner_is_told_of_with_the_moves_that_it_has() {
        let row = |id: &str, left_ms| {
            let who = LeaseHolder { host: "h-1".to_owned(), pid: 7, actor: "ada".to_owned(), since_ms: 0 };
            RunnerRow { id: id.to_owned(), who, left_ms }
        };
        let of = |state, runner: &str| {
            let mut view = MoveView::standing(state);
            view.runner = Some(runner.to_owned());
            view
        };
        let views = [
            of(State::Running, "r-1"),
            of(State::Soaking, "r-1"),
            of(State::Done, "r-1"),
            of(State::Running, "r-2"),
            of(State::Done, "r-3"),
        ];
        assert_eq!(
            lines(&[row("r-1", 9_000), row("r-2", -1), row("r-3", -1)], &views),
            [
                "runner r-1: ada process 7 on h-1, has 2 moves",
                "runner r-2: ada process 7 on h-1, says nothing any more; another one takes its 1 move",
            ]
        );
    }
}
