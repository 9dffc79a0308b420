//! CLI: exports of Azure's own logs as they are named on the command line, and the writes of a log that they are held against. Reads both.

use crate::azure_logs::{Export, Keeper, Record};
use crate::error::{CliError, Exit, causes};
use crate::source::Source;
use crate::{files, store};
use clap::Args;
use rehome_store::Position;
use std::path::{Path, PathBuf};

/// Which exports there are.
#[derive(Args, Debug)]
pub(crate) struct Exports {
    /// What `az monitor activity-log list -o json` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) activity_log: Option<PathBuf>,
    /// What Graph answered for `auditLogs/directoryAudits`.
    #[arg(long, value_name = "FILE")]
    pub(crate) directory_audits: Option<PathBuf>,
}

impl Exports {
    /// Reads all that were named.
    pub(crate) fn read(&self) -> Result<Vec<Export>, CliError> {
        let named = [(Keeper::Resources, &self.activity_log), (Keeper::Directory, &self.directory_audits)];
        let named = named.into_iter().filter_map(|(keeper, path)| Some((keeper, path.as_ref()?)));
        named.map(|(keeper, path)| export(keeper, path)).collect()
    }
}

/// Events read at once.
const PAGE: usize = 1_000;

/// What a log says was written.
pub(crate) async fn record(source: &Source) -> Result<Record, CliError> {
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
