//! CLI: `rehome db backup`: a copy of the log with its key. Offline; works beside a runner.

use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit, causes};
use crate::hint::file;
use crate::print_failure::PrintFailure;
use crate::{age, key, store};
use clap::Args;
use rehome_store::{Backend, Head, Part};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Copy the log, whole and verified, also beside a runner.
///
/// The key is copied too, to FILE.key. For a recipient both are encrypted by the program age, which must be installed: then they can
/// be kept where others read, for as long as the record has to be kept.
#[derive(Args, Debug)]
pub(crate) struct DbBackup {
    /// The new file.
    pub(crate) to: PathBuf,
    /// Encrypt it for this recipient: a key of age (age1...), the line of an SSH public key, or a file with such lines; may be repeated.
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) to_recipient: Vec<String>,
}

/// A copy that was made.
struct Copied {
    head: Head,
    /// Where its key is.
    key: Option<String>,
    /// What keeps it from being worked on.
    keyed: Option<CliError>,
}

async fn copied(log: &dyn Backend, to: &Path) -> Result<Copied, CliError> {
    let failed = |e| CliError::new(Exit::Failed, causes(&e)).at(to.display().to_string());
    log.backup(to).map_err(failed)?;
    let (copy, head) = store::open_sound_copy(to).await?;
    // After the log, because a key is there before the first event that relies on it.
    let key = key::copy(log.beside(), copy.beside())?;
    let keyed = key::check(&*copy).await.err();
    Ok(Copied { head, key, keyed })
}

impl DbBackup {
    /// Encrypts a copy and its key; where the key is then, if there is one.
    fn encrypt(&self, plain: &Path, has_key: bool) -> Result<Option<String>, CliError> {
        let (to, key) = (&self.to, store::key_of(&self.to));
        age::encrypt(plain, to, &self.to_recipient)?;
        if !has_key {
            return Ok(None);
        }
        let encrypted = age::encrypt(&store::key_of(plain), &key, &self.to_recipient);
        encrypted.inspect_err(|_| drop(std::fs::remove_file(to)))?;
        Ok(Some(key.display().to_string()))
    }
}

impl Execute for DbBackup {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let to = &self.to;
        let log = store::open_to_read(&c.global.db)?;
        let keeps = store::beside(to)?;
        let log_there = to.exists().then(|| to.display().to_string());
        let key_there = || (!matches!(keeps.key(), Ok(None))).then(|| keeps.place(Part::Key));
        if let Some(there) = log_there.or_else(key_there) {
            let what = "there is a file of this name already, and a backup never replaces one";
            return Err(CliError::new(Exit::Usage, what).at(there).next("name another file"));
        }
        let Copied { head, key, keyed } = match self.to_recipient[..] {
            [] => copied(&*log, to).await?,
            [_, ..] => {
                // What is to be encrypted is first where the log is, which is as open to others as the log itself.
                let plain = store::unforeseen_beside(&c.global.db, ".backup");
                let made = match copied(&*log, &plain).await {
                    Ok(made) => self.encrypt(&plain, made.key.is_some()).map(|key| Copied { key, ..made }),
                    Err(e) => Err(e),
                };
                store::remove_copy(&plain);
                made?
            }
        };
        let with = key.as_ref().map_or_else(String::new, |key| format!(", with its key in {key}"));
        let sealed = match self.to_recipient.len() {
            0 => String::new(),
            many => {
                format!("; encrypted for {}: try once whether it can be restored", counted(many, "recipient"))
            }
        };
        let text = format!("{} in {}, verified{with}{sealed}", counted(head.position, "event"), to.display());
        let value = json!({
            "format_version": "1.0", "events": head.position, "head": head.hash.to_string(), "file": to, "key": key,
            "recipients": self.to_recipient.len(),
        });
        c.output.result(&text, &value)?;
        key::note(c.output, keyed);
        Ok(Exit::Done)
    }

    fn print_failure(&self) -> PrintFailure {
        match self.to_recipient[..] {
            [] => PrintFailure::file_written([format!("rehome audit verify --db {}", file(&self.to))]),
            [_, ..] => PrintFailure::file_written(["rehome audit head".to_owned()]),
        }
    }

    fn shows_log(&self) -> bool {
        true
    }
}
