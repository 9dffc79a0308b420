//! CLI: `rehome db restore`: a backup in the place of the log. Offline.

use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::print_failure::PrintFailure;
use crate::{age, anchor, key, store};
use clap::Args;
use rehome_orchestrator::{Clock, SystemClock};
use rehome_store::private_file;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Put a backup in the place of the log.
///
/// The backup is verified first, and what is replaced stays beside it.
#[derive(Args, Debug)]
pub(crate) struct DbRestore {
    /// The backup.
    pub(crate) from: PathBuf,
    /// The private key of a recipient that it was encrypted for, of age or of SSH.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

impl Execute for DbRestore {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (from, db) = (&self.from, &c.global.db);
        match (age::is_encrypted(from), &self.identity) {
            (false, None) => self.restore(c, from).await,
            (true, Some(identity)) => {
                let plain = store::unforeseen_beside(db, ".restore");
                let decrypted = decrypt(from, &plain, identity);
                let restored = match decrypted {
                    Ok(()) => self.restore(c, &plain).await,
                    Err(e) => Err(e),
                };
                store::remove_copy(&plain);
                restored
            }
            (true, None) => Err(CliError::new(Exit::Usage, "the backup is encrypted")
                .at(from.display().to_string())
                .next("name the private key of one of its recipients: --identity FILE")),
            (false, Some(_)) => Err(CliError::new(
                Exit::Usage,
                "the backup is not encrypted, and --identity is about one that is",
            )
            .at(from.display().to_string())
            .next("leave --identity out")),
        }
    }

    fn print_failure(&self) -> PrintFailure {
        PrintFailure::in_the_log(["rehome status".to_owned()])
    }

    fn shows_log(&self) -> bool {
        true
    }
}

/// Decrypts a backup, and the key beside it where there is one.
fn decrypt(from: &Path, plain: &Path, identity: &Path) -> Result<(), CliError> {
    age::decrypt(from, plain, identity)?;
    let key = store::key_of(from);
    if key.exists() { age::decrypt(&key, &store::key_of(plain), identity) } else { Ok(()) }
}

impl DbRestore {
    /// Puts a backup that can be read in the place of the log.
    async fn restore(&self, c: &Context<'_>, from: &Path) -> Result<Exit, CliError> {
        let (named, db, yes) = (&self.from, &c.global.db, self.yes);
        let there = store::beside(db)?;
        let _runners_away = store::hold(there.lease())?;
        let (copy, head) = store::open_sound_copy(from).await?;
        check_same(db, copy.id())?;
        let key = key::brought(&*copy, &*there).await?;
        let question = format!(
            "Put {} ({}) in the place of {}?",
            named.display(),
            counted(head.position, "event"),
            db.display()
        );
        if !yes && !c.output.ask(&question, "--yes").await? {
            return Err(CliError::new(Exit::Failed, "not restored"));
        }
        let now_ms = SystemClock.now_ms();
        let keeps = private_file::beside(db, &format!(".replaced-{now_ms}"));
        let kept = store::put_in_place(&copy, head, db, &keeps, now_ms).await?;
        match &key {
            // What is kept on a server comes along with the log that was there.
            Some(key) if store::is_on_server(db) => key::put(&*there, key)?,
            Some(key) => key::replace(&*there, key, &*store::beside(&keeps)?)?,
            None => {}
        }
        let kept_text =
            kept.as_ref().map_or_else(String::new, |k| format!("; what was there is {}", k.display()));
        let text = format!(
            "{} restored from {}, verified{kept_text}",
            counted(head.position, "event"),
            named.display()
        );
        let log = store::open_to_read(db)?;
        let (newest, keyed) = (anchor::check(&*log).await, key::check(&*log).await);
        let value = json!({
            "format_version": "1.0", "events": head.position, "file": db, "kept": kept, "confirmed": newest.is_ok(),
            "key": keyed.is_ok(),
        });
        c.output.result(&text, &value)?;
        if let Err(why) = newest {
            c.output.note(&format!("note: {}", why.what));
            c.output.next(anchor::RECONCILE_COMMAND);
        }
        key::note(c.output, keyed.err());
        Ok(Exit::Done)
    }
}

/// Refuses a backup of another log than the one that is there, or than the anchor knows of.
fn check_same(db: &Path, id: &str) -> Result<(), CliError> {
    match store::known_id(db) {
        Some(known) if known != id => {
            let what = format!("this is a backup of another log ({id}, and here is {known})");
            Err(CliError::new(Exit::Usage, what)
                .next("name a backup of this log, or another place with --db FILE"))
        }
        Some(_) | None => Ok(()),
    }
}
