//! CLI: the record of the log's end beside it: compared before anything is written, and renewed. Touches that
//! file, and reads the log.

use crate::error::{CliError, Exit, causes};
use crate::output::Output;
use crate::store::damaged;
use rehome_orchestrator::{BatchEvent, BatchLoaded, Entry, entries};
use rehome_store::{Anchor, AnchorStatus, LeaseError, Locker, Log, RunnerLease, SqliteLog};
use std::io::ErrorKind;
use std::path::Path;

/// The command that brings a log on whose newest copy is gone.
pub(crate) const RECONCILE_COMMAND: &str = "rehome db reconcile --reason TEXT --yes";

/// The same, as the second choice.
pub(crate) const RECONCILE: &str = "or, when that copy is gone:  rehome db reconcile --reason TEXT --yes";

/// Refuses a log that is missing or emptied, where what is beside it says that there was one: nobody takes it for
/// new, or for never made.
pub(crate) fn refuse_gone(db: &Path) -> Result<(), CliError> {
    let gone = match std::fs::metadata(db) {
        Err(e) if e.kind() == ErrorKind::NotFound => "missing",
        Ok(about) if about.is_file() && about.len() == 0 => "empty (0 bytes)",
        Ok(_) | Err(_) => return Ok(()),
    };
    let known = match Anchor::read(db) {
        Ok(Some(anchor)) => format!("the anchor beside it knows of event {}", anchor.position),
        Err(_) => "there is an anchor beside it, which cannot be read".to_owned(),
        Ok(None) if RunnerLease::left_a_name(db) => "a runner was at work on it".to_owned(),
        Ok(None) => return Ok(()),
    };
    let what = format!("the log is {gone}, but {known}: it was removed or emptied, or its disk is not there");
    Err(damaged(&what)
        .at(db.display().to_string())
        .next("put the newest copy of the log back, or a backup: rehome db restore BACKUP")
        .next("or, to begin a new log, name another place: --db FILE"))
}

/// The anchor beside a log, if there is one; it must be of this log.
pub(crate) fn read(log: &SqliteLog) -> Result<Option<Anchor>, CliError> {
    let anchor = Anchor::read(log.path()).map_err(|e| {
        CliError::because(Exit::Damaged, "failed to read the anchor beside the log", &e)
            .at(Anchor::path(log.path()).display().to_string())
            .next(RECONCILE)
    })?;
    match anchor {
        Some(anchor) if anchor.log != log.id() => {
            let what = format!(
                "the anchor beside the log belongs to another log ({}, and this one is {})",
                anchor.log,
                log.id()
            );
            let place = Anchor::path(log.path()).display().to_string();
            Err(damaged(&what).at(place).next("put the anchor of this log back beside it").next(RECONCILE))
        }
        // No program writes one before the first event: it would confirm every log, also one that was cut off.
        Some(anchor) if anchor.is_of_nothing() => {
            let what = "the anchor beside the log knows of no event, and so confirms nothing: it was not written by this program";
            let place = Anchor::path(log.path()).display().to_string();
            Err(damaged(what).at(place).next("put the anchor of this log back beside it").next(RECONCILE))
        }
        anchor => Ok(anchor),
    }
}

/// The same; where a runner left its name, it left an anchor too.
pub(crate) fn read_left(log: &SqliteLog) -> Result<Option<Anchor>, CliError> {
    match read(log)? {
        None if RunnerLease::left_a_name(log.path()) => Err(missing(log)),
        anchor => Ok(anchor),
    }
}

fn missing(log: &SqliteLog) -> CliError {
    let what = "a runner was at work on this log, but the anchor beside it is missing: nobody can say whether this is the newest copy";
    let place = Anchor::path(log.path()).display().to_string();
    damaged(what).at(place).next("put the anchor back beside the log").next(RECONCILE)
}

/// Refuses a log that its anchor does not confirm: an old copy would repeat what was done since.
pub(crate) async fn check(log: &SqliteLog) -> Result<(), CliError> {
    let newest = "put the newest copy of the log back, and run the command again";
    let Some(anchor) = read_left(log)? else {
        return if was_worked_on(log).await? { Err(missing(log)) } else { Ok(()) };
    };
    let unreadable = |e| damaged(&causes(&e));
    let what = match anchor.judge(log).await.map_err(unreadable)? {
        AnchorStatus::Confirmed(_) => return Ok(()),
        AnchorStatus::Behind(head) => format!(
            "the log ends at event {}, but the anchor beside it knows of event {}: an old copy was put back, or the end is cut off",
            head.position, anchor.position
        ),
        AnchorStatus::Forked(_) => format!(
            "event {} is another one than the anchor beside the log knows of: an old copy was put back and written to, or the log was rewritten",
            anchor.position
        ),
    };
    Err(damaged(&what).next(newest).next(RECONCILE))
}

/// Whether a runner ever worked on this log, and so left an anchor.
async fn was_worked_on(log: &SqliteLog) -> Result<bool, CliError> {
    let unreadable = |e: &(dyn std::error::Error + 'static)| damaged(&causes(e));
    for (stream, _) in log.streams(BatchLoaded::PREFIX).await.map_err(|e| unreadable(&e))? {
        let all: Vec<Entry<BatchEvent>> = entries(log, &stream).await.map_err(|e| unreadable(&e))?;
        if all.iter().any(|entry| matches!(entry.event, BatchEvent::Opened(_))) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Moves the record of the log's end on, after what a person asked was appended. A runner that is at work does
/// that itself, later; whoever asked is told so.
pub(crate) async fn follow(log: &SqliteLog, output: &Output) -> Result<(), CliError> {
    let moved = match RunnerLease::hold(log.path()) {
        Ok(_held) => write(log).await,
        // No runner has such a lock, so nobody moves the anchor on.
        Err(LeaseError::Held { by: Some(by @ Locker { shared: true, .. }), .. }) => {
            let what =
                format!("the anchor beside the log cannot be moved on: {}", LeaseError::who(None, Some(by)));
            Err(CliError::new(Exit::Held, what).next("end that process, and run the same command again"))
        }
        Err(LeaseError::Held { holder, by, .. }) => {
            let who = LeaseError::who(holder.as_ref(), by);
            output.talk(&format!(
                "note: {who}. Until the anchor is moved on, nothing outside the log confirms what you asked"
            ));
            Ok(())
        }
        Err(ref e @ LeaseError::Io { ref path, .. }) => {
            Err(CliError::new(Exit::Failed, causes(e)).at(path.display().to_string()))
        }
    };
    moved.map_err(|e| e.left("what you asked is in the log; its anchor is older"))
}

/// Writes the record of the log's end beside it. Only who has the right to act may do that.
pub(crate) async fn write(log: &SqliteLog) -> Result<(), CliError> {
    let head = log.head().await.map_err(|e| damaged(&causes(&e)))?;
    if head.position.0 == 0 {
        return Ok(());
    }
    Anchor::of(log.id(), head).write(log.path()).map_err(|e| {
        let what = "failed to write the anchor beside the log";
        if e.kind() != std::io::ErrorKind::StorageFull {
            return CliError::because(Exit::Failed, what, &e)
                .at(Anchor::path(log.path()).display().to_string())
                .next("make the folder of the log writable, and run the same command again");
        }
        let disk = format!("{what}: the disk that holds {} is full", log.path().display());
        CliError::new(Exit::Failed, disk).next("make room, and run the same command again")
    })
}
