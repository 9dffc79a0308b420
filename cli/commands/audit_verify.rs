//! CLI: `rehome audit verify`, of a log or of a bundle. Offline.

use crate::args::ReadFrom;
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit, causes, one_line};
use crate::source::Source;
use crate::{checkpoint, files, log_check, render, store};
use clap::Args;
use rehome_orchestrator::Replayed;
use rehome_store::{Anchor, AnchorStatus, BundleLog, Checkpoint, Digest, StreamId, Verified, Why};
use serde::Deserialize;
use serde_json::json;
use std::path::Path;

/// Check every event, the chain, the anchor and every digest.
///
/// Works offline.
#[derive(Args, Debug)]
pub(crate) struct AuditVerify {
    /// An end of the log that was noted down or kept elsewhere: what `audit head` printed, or a file
    /// with that, or with what `audit checkpoint` printed.
    #[arg(long, value_name = "POSITION:HASH|FILE")]
    pub(crate) anchor: Option<String>,
    /// The key that a checkpoint has to be signed with, as `audit checkpoint` said it; without one,
    /// the key beside the log is believed.
    #[arg(long, value_name = "KEY", requires = "anchor")]
    pub(crate) signed_by: Option<String>,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
}

impl Execute for AuditVerify {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let source = Source::open(c, &self.from)?;
        let elsewhere = match &self.anchor {
            Some(text) => Some(kept_elsewhere(text, &source, self.signed_by.as_deref()).await?),
            None => None,
        };
        let log = match &source {
            // Nobody vouches for a form that is not known here.
            Source::Database(log) => match log.newer_format() {
                Some(format) => return Err(store::newer(format)),
                None => log,
            },
            Source::Past(..) => return Err(CliError::new(Exit::Usage, "what is verified is all of it")),
            Source::Bundle(log) => return verify_bundle(c, log, elsewhere.as_ref()).await,
        };
        let reading = c.output.waiting(|| "reading every event".to_owned());
        let Replayed { verified, runs } = store::verify(log, elsewhere.as_ref()).await?;
        log_check::plans(&**log).await?;
        let approvals = log_check::approvals(&**log).await?;
        drop(reading);
        let runs = runs.len();
        let (anchored, note) = confirmed(&verified, elsewhere.as_ref());
        let mut text = format!(
            "intact: {}, {}, {anchored}\napprovals {}\nhead   {}",
            counted(verified.head.position, "event"),
            counted(runs, "move"),
            one_line(&approvals.words()),
            verified.head.hash
        );
        if let Some(note) = note {
            text.push_str(&format!("\nnote   {note}"));
        }
        let value = json!({
            "format_version": "1.0",
            "intact": true,
            "events": verified.head.position,
            "moves": runs,
            "approvals": approvals,
            "head": verified.head.hash.to_string(),
            "anchored": verified.is_anchored(),
            "anchored_at": verified.anchored,
        });
        c.output.result(&text, &value)?;
        Ok(Exit::Done)
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none()
    }
}

/// A file with the end of a log has at most this many bytes: a name, a number and a hash.
const KEPT_BYTES_MAX: u64 = 64 << 10;

/// Up to where something outside the log confirms it, and what that leaves open.
fn confirmed(verified: &Verified, elsewhere: Option<&Anchor>) -> (String, Option<String>) {
    let by = if elsewhere.is_some() { "the end that was kept elsewhere" } else { "its anchor" };
    let end = verified.head.position.0;
    match verified.anchored {
        Some(_) if verified.is_anchored() => (format!("{by} confirms the end"), None),
        Some(at) => (
            format!("{by} confirms events 1 to {at}"),
            Some(format!(
                "nothing confirms the last {}: more can have been cut off there, or all written anew",
                counted(end - at.0, "event")
            )),
        ),
        None if elsewhere.is_some() => (
            format!("{by} proves nothing"),
            Some("it is from before the first event, where every log begins".to_owned()),
        ),
        None => (
            "without an anchor".to_owned(),
            Some("a tail that was cut off cannot be detected without an anchor beside the log".to_owned()),
        ),
    }
}

/// What `audit head` prints for programs, and what is beside a log.
#[derive(Deserialize)]
struct Kept {
    log: String,
    position: u64,
    hash: String,
}

/// An end of this log that a person kept elsewhere: the line of `audit head`, or a file with that, with the same
/// for programs, with an anchor, or with a checkpoint.
async fn kept_elsewhere(text: &str, source: &Source, signed_by: Option<&str>) -> Result<Anchor, CliError> {
    let log = source.id();
    let bad = || {
        let what = format!("{text:?} is neither POSITION:HASH nor a file with the end of a log");
        CliError::new(Exit::Usage, what).next("rehome audit head      # prints one")
    };
    let here = |(position, hash)| Kept { log: log.to_owned(), position, hash };
    let kept = match line(text) {
        Some(line) => here(line.ok_or_else(bad)?),
        None => {
            let bytes = files::read(Path::new(text), "an anchor file", KEPT_BYTES_MAX).map_err(|_| bad())?;
            if Checkpoint::is_note(&bytes) {
                return checkpoint::confirm(source, &bytes, signed_by)
                    .await
                    .map_err(|e| e.at(text.to_owned()));
            }
            let said = std::str::from_utf8(&bytes).map_err(|_| bad())?.trim();
            match line(said) {
                Some(line) => here(line.ok_or_else(bad)?),
                None => serde_json::from_str(said).map_err(|_| bad())?,
            }
        }
    };
    if signed_by.is_some() {
        let what = "--signed-by is about a checkpoint, and this end has no signature";
        return Err(CliError::new(Exit::Usage, what)
            .at(text.to_owned())
            .next("rehome audit checkpoint      # prints one"));
    }
    if kept.log != log {
        let what = format!("this is the end of another log ({}, and this one is {log})", kept.log);
        return Err(CliError::new(Exit::Damaged, what).at(text.to_owned()));
    }
    if kept.position == 0 && kept.hash != Digest::ZERO.to_string() {
        let what = "there is no event 0: before the first event the hash is all zeros, and proves nothing";
        return Err(CliError::new(Exit::Usage, what).next("rehome audit head      # prints an end"));
    }
    Ok(Anchor { log: kept.log, position: kept.position, hash: kept.hash.to_ascii_lowercase() })
}

/// POSITION:HASH; nothing when there is no position, and nothing in it when there is no hash.
#[expect(clippy::option_option, reason = "a name of a file is not a line that is wrong")]
fn line(text: &str) -> Option<Option<(u64, String)>> {
    let (position, hash) = text.split_once(':')?;
    let position = position.parse().ok()?;
    let hex = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    Some(hex.then(|| (position, hash.to_ascii_lowercase())))
}

/// Says what a bundle that was opened, and so verified, proves.
async fn verify_bundle(
    c: &Context<'_>,
    log: &BundleLog,
    elsewhere: Option<&Anchor>,
) -> Result<Exit, CliError> {
    if let Some(kept) = elsewhere {
        confirm(log, kept).await?;
    }
    let (moves, plans) = (log_check::moves(log).await?, log_check::plans(log).await?);
    let approvals = log_check::approvals(log).await?;
    let (header, withheld) = (log.header(), log.withheld());
    let of = |why: Why| withheld.events.get(&why).map_or(&[][..], Vec::as_slice);
    let value = json!({
        "format_version": "1.0",
        "intact": true,
        "events": header.head.position,
        "moves": moves.read,
        "moves_withheld": moves.withheld,
        "plans": plans.read,
        "plans_withheld": plans.withheld,
        "approvals": approvals,
        "head": header.head.hash,
        "anchored": elsewhere.is_some_and(|kept| !kept.is_of_nothing() && kept.position == header.head.position),
        "anchored_at": elsewhere.filter(|kept| !kept.is_of_nothing()).map(|kept| kept.position),
        "withheld": {
            "not_selected": of(Why::NotSelected),
            "redacted": of(Why::Redacted),
            "masked": of(Why::Masked),
            "streams": withheld.streams.iter().map(StreamId::as_str).collect::<Vec<_>>(),
        },
        "bundle": header,
    });
    c.output.result(
        &render::bundle::verified(header, withheld, [&moves, &plans], &approvals, elsewhere),
        &value,
    )?;
    Ok(Exit::Done)
}

/// Holds the bundle against an end that somebody kept.
async fn confirm(log: &BundleLog, kept: &Anchor) -> Result<(), CliError> {
    let what = match kept.judge(log).await.map_err(|e| store::damaged(&causes(&e)))? {
        AnchorStatus::Confirmed(_) => return Ok(()),
        AnchorStatus::Behind(head) => format!(
            "the bundle ends at event {}, before the end that was kept elsewhere, event {}: it is older, or its end was cut off",
            head.position, kept.position
        ),
        AnchorStatus::Forked(_) => format!(
            "event {} of the bundle is not the one whose hash was kept elsewhere: it is of another log, or was made up",
            kept.position
        ),
    };
    Err(store::damaged(&what).next("ask for a bundle that was made after that end was noted down"))
}
