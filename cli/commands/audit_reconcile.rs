//! CLI: `rehome audit reconcile`. Offline; reads the log or a bundle, and the exports.

use crate::args::{AsOf, ReadFrom};
use crate::azure_exports::{Exports, record};
use crate::azure_logs::{Asked, reconciled};
use crate::batch_file::moment;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::render;
use crate::source::Source;
use clap::Args;
use rehome_orchestrator::{Clock, SystemClock};

/// Match the log with an export of Azure's own, both ways.
///
/// Works offline. Azure keeps with each write an id that is made from the hash of its intent in the log. What Azure never
/// saw, what was changed under the same sign-in and is not in the log, and what was changed before it was approved is
/// listed, and ends with 14. Nothing is called unseen that the export does not reach.
#[derive(Args, Debug)]
pub(crate) struct AuditReconcile {
    #[command(flatten)]
    pub(crate) exports: Exports,
    /// The exports were asked from this date on, where that is before their first entry.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// The exports were asked up to this date, where that is after their last entry.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    #[command(flatten)]
    pub(crate) when: AsOf,
}

impl Execute for AuditReconcile {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let now = SystemClock.now_ms();
        let date = |text: &Option<String>| text.as_deref().map(|text| date(text, now)).transpose();
        let asked = Asked { from_ms: date(&self.since)?, until_ms: date(&self.until)? };
        let exports = self.exports.read()?;
        if exports.is_empty() {
            let what = "name an export of Azure's log: --activity-log FILE, --directory-audits FILE, or both";
            return Err(CliError::new(Exit::Usage, what));
        }
        let source = Source::open_at(c, &self.from, &self.when).await?;
        let record = record(&source).await?;
        if record.principals.is_empty() {
            c.output.note("note: no runner of this log says who it was signed in as, so nothing is said of changes that the log lacks");
        }
        let found = reconciled(&record, &exports, asked);
        c.output.result(&render::reconciled::text(&found), &found)?;
        Ok(if found.agrees { Exit::Done } else { Exit::Differences })
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none() && self.when.at.is_none()
    }
}

fn date(text: &str, now_ms: i64) -> Result<i64, CliError> {
    moment(text, now_ms)
        .ok_or_else(|| CliError::new(Exit::Usage, format!("{text:?} is no date like 2026-12-11T06:00Z")))
}
