//! CLI: `rehome db backup`: a copy of the log with its key. Offline; works beside a runner.

use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit, causes};
use crate::hint::file;
use crate::print_failure::PrintFailure;
use crate::{key, store};
use clap::Args;
use rehome_store::Part;
use serde_json::json;
use std::path::PathBuf;

/// Copy the log, whole and verified, also beside a runner.
///
/// The key is copied too, to FILE.key.
#[derive(Args, Debug)]
pub(crate) struct DbBackup {
    /// The new file.
    pub(crate) to: PathBuf,
}

impl Execute for DbBackup {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let to = &self.to;
        let log = store::open_to_read(&c.global.db)?;
        let failed = |e| CliError::new(Exit::Failed, causes(&e)).at(to.display().to_string());
        let keeps = store::beside(to)?;
        let log_there = to.exists().then(|| to.display().to_string());
        let key_there = || (!matches!(keeps.key(), Ok(None))).then(|| keeps.place(Part::Key));
        if let Some(there) = log_there.or_else(key_there) {
            let what = "there is a file of this name already, and a backup never replaces one";
            return Err(CliError::new(Exit::Usage, what).at(there).next("name another file"));
        }
        log.backup(to).map_err(failed)?;
        let (copy, head) = store::open_sound_copy(to).await?;
        // After the log, because a key is there before the first event that relies on it.
        let key = key::copy(log.beside(), copy.beside())?;
        let with = key.as_ref().map_or_else(String::new, |key| format!(", with its key in {key}"));
        let text = format!("{} in {}, verified{with}", counted(head.position, "event"), to.display());
        let value = json!({
            "format_version": "1.0", "events": head.position, "head": head.hash.to_string(), "file": to, "key": key,
        });
        c.output.result(&text, &value)?;
        key::note(c.output, key::check(&*copy).await.err());
        Ok(Exit::Done)
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::file_written([format!("rehome audit verify --db {}", file(&self.to))])
    }

    fn shows_log(&self) -> bool {
        true
    }
}
