//! Engine: how far a run is, told to the batch that counts its runs. Touches nothing.

use crate::batch::{Hold, HoldCause};
use crate::driver::actor::Actor;
use crate::ids::RunId;
use crate::run::progress::{RunProgress, RunReport};
use tokio::sync::mpsc::UnboundedSender;

impl Actor {
    /// The same, and tells how far the run is whenever that has changed and is in the log.
    pub(crate) fn reporting(mut self, reports: Option<UnboundedSender<(RunId, RunReport)>>) -> Self {
        self.reports = reports;
        self
    }

    pub(super) fn report(&mut self) {
        let Some(reports) = self.reports.as_ref().filter(|_| self.pending.is_empty()) else { return };
        let report = self.state.report();
        // Before anybody hears of it, so that whoever takes its place is the only one who has it.
        let leaves = report.waits && report.progress == RunProgress::Underway && self.reins.give_up_place();
        if leaves || report != self.reported {
            self.reported = report;
            // Whoever wanted to know is gone when the drive is.
            drop(reports.send((self.run.clone(), report)));
        }
    }

    /// Why the run begins nothing new on its way forward.
    pub(super) fn hold(&self, now_ms: i64) -> Option<Hold> {
        let held = self.reins.hold(now_ms, self.state.has_begun());
        let has_no_place = || self.reins.has_no_place() && self.state.progress() == RunProgress::Underway;
        held.or_else(|| has_no_place().then_some(Hold { cause: HoldCause::Failure, until_ms: None }))
    }

    /// Whether it would go on and has left its place to another run: its batch releases it again.
    pub(super) fn wants_place(&self) -> bool {
        let RunReport { progress, waits, in_flight, .. } = self.reported;
        let goes_on = progress == RunProgress::Underway && !waits && !in_flight;
        goes_on && self.sending == 0 && self.pending.is_empty() && self.reins.has_no_place()
    }
}
