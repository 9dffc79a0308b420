//! CLI: `rehome db`: copies of the log, and what to do when only an old one is left. Offline.

use super::Context;
use crate::error::{CliError, Exit, causes};
use crate::hint::quoted;
use crate::{anchor, key, store};
use rehome_orchestrator::{Clock, LogEnd, Restored, RunId, SystemClock, restore as record_loss};
use rehome_store::{Anchor, AnchorStatus, Beside, Log, Part, side, verify_chain};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

/// Copies the log with its key, and checks the copy.
pub(crate) async fn backup(c: &Context<'_>, to: &Path) -> Result<Exit, CliError> {
    let log = store::open_to_read(&c.global.db)?;
    let failed = |e| CliError::new(Exit::Failed, causes(&e)).at(to.display().to_string());
    let keeps = store::beside(to);
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
    let text = format!("{} events in {}, verified{with}", head.position, to.display());
    let value = json!({
        "format_version": "1.0", "events": head.position, "head": head.hash.to_string(), "file": to, "key": key,
    });
    c.output.result(&text, &value)?;
    note(c, key::check(&*copy).await.err());
    Ok(Exit::Done)
}

/// Says what keeps a copy from being worked on.
fn note(c: &Context<'_>, why: Option<CliError>) {
    if let Some(why) = why {
        c.output.talk(&format!("note: {}", why.what));
        for next in why.next {
            c.output.next(&next);
        }
    }
}

/// Puts a backup in the place of the log; what is replaced stays beside it.
pub(crate) async fn restore(c: &Context<'_>, from: &Path, yes: bool) -> Result<Exit, CliError> {
    let db = &c.global.db;
    let there = store::beside(db);
    let _runners_away = store::hold(there.lease())?;
    let (copy, head) = store::open_sound_copy(from).await?;
    check_same(db, copy.id())?;
    let key = key::brought(&*copy, &there).await?;
    let question =
        format!("Put {} ({} events) in the place of {}?", from.display(), head.position, db.display());
    if !yes && !c.output.ask(&question, "--yes").await? {
        return Err(CliError::new(Exit::Failed, "not restored"));
    }
    let keeps = side::beside(db, &format!(".replaced-{}", SystemClock.now_ms()));
    let kept = store::put_in_place(&*copy, head, db, &keeps).await?;
    if let Some(key) = &key {
        key::replace(&there, key, &store::beside(&keeps))?;
    }
    let kept_text =
        kept.as_ref().map_or_else(String::new, |k| format!("; what was there is {}", k.display()));
    let text = format!("{} events restored from {}, verified{kept_text}", head.position, from.display());
    let log = store::open_to_read(db)?;
    let (newest, keyed) = (anchor::check(&*log).await, key::check(&*log).await);
    let value = json!({
        "format_version": "1.0", "events": head.position, "file": db, "kept": kept, "confirmed": newest.is_ok(),
        "key": keyed.is_ok(),
    });
    c.output.result(&text, &value)?;
    if let Err(why) = newest {
        c.output.talk(&format!("note: {}", why.what));
        c.output.next(anchor::RECONCILE_COMMAND);
    }
    note(c, keyed.err());
    Ok(Exit::Done)
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

/// The batches of these moves, as a shell takes their names.
async fn batches(log: &dyn Log, runs: &[RunId]) -> Result<BTreeSet<String>, CliError> {
    let mut batches = BTreeSet::new();
    for run in runs {
        batches.insert(quoted(&store::read_run(log, run).await?.state.planned().batch));
    }
    Ok(batches)
}

/// Records that the newest copy of the log is gone. Every open move then looks at Azure before it writes.
pub(crate) async fn reconcile(
    c: &Context<'_>,
    reason: &str,
    new_key: bool,
    yes: bool,
) -> Result<Exit, CliError> {
    if reason.trim().is_empty() {
        return Err(
            CliError::new(Exit::Usage, "an act of a person needs a reason").next("say why: --reason TEXT")
        );
    }
    let log = store::open_unconfirmed(&c.global.db)?;
    let actor = store::actor(c.global.actor.as_deref());
    let mut runner = store::hold(log.beside().lease())?;
    let sound = verify_chain(&*log, None).await;
    let head = sound
        .map_err(|e| store::damaged(&causes(&e)).next("put a sound copy back: rehome db restore BACKUP"))?
        .head;
    if !new_key {
        key::check(&*log).await?;
    }
    // What another log's anchor or a broken one says, is not known of this log.
    let ours = |anchor: &Anchor| anchor.log == log.id() && !anchor.is_of_nothing();
    let known = log.beside().anchor().ok().flatten().filter(ours);
    let lost = match &known {
        None => "nobody knows how much is lost".to_owned(),
        Some(anchor) => match anchor.judge(&*log).await.map_err(|e| store::damaged(&causes(&e)))? {
            AnchorStatus::Confirmed(_) => "the anchor confirms this copy; asked all the same".to_owned(),
            AnchorStatus::Behind(head) => format!(
                "the copy ends at event {}, and event {} is known of: at least {} events are lost",
                head.position,
                anchor.position,
                anchor.position - head.position.0
            ),
            AnchorStatus::Forked(_) => {
                format!("the copy has another event {} than is known of", anchor.position)
            }
        },
    };
    c.output.talk(&lost);
    if !yes && !c.output.ask("Is the newest copy of the log gone for good?", "--yes").await? {
        return Err(CliError::new(Exit::Failed, "not recorded"));
    }
    if new_key {
        key::renew(log.beside())?;
        c.output
            .talk("a new key was made: settings that were rewritten before can be taken back only by hand");
    }
    let ends = LogEnd { position: head.position.0, hash: head.hash.to_string() };
    let known = known.map(|anchor| LogEnd { position: anchor.position, hash: anchor.hash });
    let restored = Restored { reason: reason.to_owned(), ends, known };
    let recorded = record_loss(&*log, &actor, SystemClock.now_ms(), restored.clone()).await;
    let runs = recorded.map_err(|e| store::write_error(&e))?;
    anchor::write(&*log).await?;
    runner.leave_name(&actor)?;
    let text = format!(
        "recorded: {} open moves look at Azure before anything is written\n{lost}\n{}",
        runs.len(),
        "what people did since is lost as well: approvals, acknowledgements, skips, roll-backs are to be said again"
    );
    let value = json!({
        "format_version": "1.0", "recorded": true, "moves": runs, "ends": restored.ends, "known": restored.known,
    });
    c.output.result(&text, &value)?;
    for batch in batches(&log, &runs).await? {
        c.output.next(&format!("rehome run {batch}"));
        c.output.next(&format!("rehome rollback {batch} --reason TEXT      # or takes it back"));
    }
    c.output.talk("a plan that was approved since: approve its file again, then say this again, then run it");
    Ok(Exit::Done)
}
