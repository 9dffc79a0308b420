//! CLI: `rehome audit reconcile`. Offline; reads the log or a bundle, and the exports.

use crate::args::{AsOf, ReadFrom};
use crate::azure_logs::{Asked, Export, Keeper, Record, reconciled};
use crate::batch_file::moment;
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit, causes};
use crate::source::Source;
use crate::{files, render, store};
use clap::Args;
use rehome_orchestrator::{Clock, SystemClock};
use rehome_store::Position;
use std::path::{Path, PathBuf};

/// Match the log with an export of Azure's own, both ways.
///
/// Works offline. Azure keeps with each write an id that is made from the hash of its intent in the log. What Azure never
/// saw, what was changed under the same sign-in and is not in the log, and what was changed before it was approved is
/// listed, and ends with 14. Nothing is called unseen that the export does not reach.
#[derive(Args, Debug)]
pub(crate) struct AuditReconcile {
    /// What `az monitor activity-log list -o json` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) activity_log: Option<PathBuf>,
    /// What Graph answered for `auditLogs/directoryAudits`.
    #[arg(long, value_name = "FILE")]
    pub(crate) directory_audits: Option<PathBuf>,
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
        let named = [(Keeper::Resources, &self.activity_log), (Keeper::Directory, &self.directory_audits)];
        let mut exports = Vec::new();
        for (keeper, path) in named {
            if let Some(path) = path {
                exports.push(export(keeper, path)?);
            }
        }
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

/// Events read at once.
const PAGE: usize = 1_000;

async fn record(source: &Source) -> Result<Record, CliError> {
    let (mut record, mut after) = (Record::default(), Position(0));
    loop {
        let page = source.log().read_all(after, PAGE).await.map_err(|e| store::damaged(&causes(&e)))?;
        page.iter().try_for_each(|event| record.take(event))?;
        match page.last() {
            Some(last) if page.len() == PAGE => after = last.position,
            _ => return Ok(record),
        }
    }
}

fn export(keeper: Keeper, path: &Path) -> Result<Export, CliError> {
    let (what, made_by) = match keeper {
        Keeper::Resources => (
            "an export of the Activity Log",
            "az monitor activity-log list --subscription ID --start-time TIME --end-time TIME --max-events 100000 -o json",
        ),
        Keeper::Directory => (
            "an export of the directory's audit log",
            "az rest --url 'https://graph.microsoft.com/v1.0/auditLogs/directoryAudits?$top=999'",
        ),
    };
    let bytes = files::read(path, what, files::ESTATE_BYTES_MAX)?;
    Export::read(keeper, &bytes).map_err(|why| {
        CliError::new(Exit::Usage, format!("the file is not {what}: {why}"))
            .at(path.display().to_string())
            .next(made_by)
    })
}

fn date(text: &str, now_ms: i64) -> Result<i64, CliError> {
    moment(text, now_ms)
        .ok_or_else(|| CliError::new(Exit::Usage, format!("{text:?} is no date like 2026-12-11T06:00Z")))
}
