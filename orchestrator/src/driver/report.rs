//! Engine: how far a run is, told to the batch that counts its runs. Touches nothing.

use crate::driver::actor::Actor;
use crate::ids::RunId;
use crate::run::progress::RunReport;
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
        if report != self.reported {
            self.reported = report;
            // Whoever wanted to know is gone when the drive is.
            drop(reports.send((self.run.clone(), report)));
        }
    }
}
