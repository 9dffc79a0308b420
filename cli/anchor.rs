//! CLI: the record of the log's end beside it: compared before anything is written, and renewed. Touches that
//! record, and reads the log.

use crate::error::{CliError, Exit, causes, damaged};
use crate::output::Output;
use rehome_orchestrator::{BatchEvent, BatchLoaded, Entry, entries};
use rehome_store::{Anchor, AnchorStatus, Backend, LeaseError, Locker, Part};
use std::io::ErrorKind;

/// The command that brings a log on whose newest copy is gone.
pub(crate) const RECONCILE_COMMAND: &str = "rehome db reconcile --reason TEXT --yes";

/// The same, as the second choice.
pub(crate) const RECONCILE: &str = "rehome db reconcile --reason TEXT --yes      # when that copy is gone";

/// The anchor beside a log, if there is one; it must be of this log.
pub(crate) fn read(log: &dyn Backend) -> Result<Option<Anchor>, CliError> {
    let anchor = log.beside().anchor().map_err(|e| {
        CliError::because(Exit::Damaged, "failed to read the anchor beside the log", &e.source)
            .at(e.place)
            .next(RECONCILE)
    })?;
    match anchor {
        Some(anchor) if anchor.log != log.id() => {
            let what = format!(
                "the anchor beside the log belongs to another log ({}, and this one is {})",
                anchor.log,
                log.id()
            );
            let place = log.beside().place(Part::Anchor);
            Err(damaged(&what).at(place).next("put the anchor of this log back beside it").next(RECONCILE))
        }
        // No program writes one before the first event: it would confirm every log, also one that was cut off.
        Some(anchor) if anchor.is_of_nothing() => {
            let what = "the anchor beside the log knows of no event, and so confirms nothing: it was not written by this program";
            let place = log.beside().place(Part::Anchor);
            Err(damaged(what).at(place).next("put the anchor of this log back beside it").next(RECONCILE))
        }
        anchor => Ok(anchor),
    }
}

/// The same; where a runner left its name, it left an anchor too.
pub(crate) fn read_left(log: &dyn Backend) -> Result<Option<Anchor>, CliError> {
    match read(log)? {
        // Each machine has one of its own, from when it was first at work.
        None if log.beside().has_anchors_elsewhere() => Ok(None),
        None if log.beside().lease().was_held() => Err(missing(log)),
        anchor => Ok(anchor),
    }
}

fn missing(log: &dyn Backend) -> CliError {
    let what = "a runner was at work on this log, but the anchor beside it is missing: nobody can say whether this is the newest copy";
    let place = log.beside().place(Part::Anchor);
    damaged(what).at(place).next("put the anchor back beside the log").next(RECONCILE)
}

/// Refuses a log that its anchor does not confirm: an old copy would repeat what was done since.
pub(crate) async fn check(log: &dyn Backend) -> Result<(), CliError> {
    let newest = "put the newest copy of the log back, and run the command again";
    let Some(anchor) = read_left(log)? else {
        let lost = !log.beside().has_anchors_elsewhere() && was_worked_on(log).await?;
        return if lost { Err(missing(log)) } else { Ok(()) };
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
async fn was_worked_on(log: &dyn Backend) -> Result<bool, CliError> {
    let unreadable = |e: &(dyn std::error::Error + 'static)| damaged(&causes(e));
    for (stream, _) in log.streams(BatchLoaded::PREFIX).await.map_err(|e| unreadable(&e))? {
        let all: Vec<Entry<BatchEvent>> = entries(log, &stream).await.map_err(|e| unreadable(&e))?;
        if all.iter().any(|entry| matches!(entry.event, BatchEvent::Opened(_))) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Moves the record of the log's end on, after what a person asked was appended, and says whether it did. A runner that is at
/// work does that itself, later; whoever asked is told so.
pub(crate) async fn moved(log: &dyn Backend, output: &Output) -> Result<bool, CliError> {
    if log.beside().has_anchors_elsewhere() {
        // This machine's own: whoever is at work elsewhere moves on another one.
        let written = write(log).await.map(|()| true);
        return written.map_err(|e| e.left("what you asked is in the log; its anchor is older"));
    }
    let moved = match log.beside().lease().hold() {
        Ok(_held) => write(log).await.map(|()| true),
        // No runner has such a lock, so nobody moves the anchor on.
        Err(LeaseError::Held { by: Some(by @ Locker { shared: true, .. }), .. }) => {
            let what =
                format!("the anchor beside the log cannot be moved on: {}", LeaseError::who(None, Some(by)));
            Err(CliError::new(Exit::Held, what).next("end that process, and run the same command again"))
        }
        Err(LeaseError::Held { holder, by, .. }) => {
            let who = LeaseError::who(holder.as_ref(), by);
            output.note(&format!(
                "note: {who}, and moves the anchor on: until then nothing outside the log confirms what you asked"
            ));
            Ok(false)
        }
        Err(ref e @ LeaseError::Io { ref place, .. }) => {
            Err(CliError::new(Exit::Failed, causes(e)).at(place.clone()))
        }
    };
    moved.map_err(|e| e.left("what you asked is in the log; its anchor is older"))
}

/// Writes the record of the log's end beside it. Only who has the right to act may do that.
pub(crate) async fn write(log: &dyn Backend) -> Result<(), CliError> {
    let head = log.head().await.map_err(|e| damaged(&causes(&e)))?;
    if head.position.0 == 0 {
        return Ok(());
    }
    log.beside().set_anchor(&Anchor::of(log.id(), head)).map_err(|e| {
        let what = "failed to write the anchor beside the log";
        if e.source.kind() != ErrorKind::StorageFull {
            return CliError::because(Exit::Failed, what, &e.source)
                .at(e.place)
                .next("make the folder of the log writable, and run the same command again");
        }
        let disk = format!("{what}: the disk that holds {} is full", log.beside().place(Part::Log));
        CliError::new(Exit::Failed, disk).next("make room, and run the same command again")
    })
}
