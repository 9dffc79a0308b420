//! CLI: `rehome audit verify`, of a log or of a bundle. Offline.

use crate::args::ReadFrom;
use crate::azure_exports::Exports;
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit, causes, one_line};
use crate::proven::Held;
use crate::source::Source;
use crate::{elsewhere, log_check, proven_events, render, store};
use clap::Args;
use rehome_orchestrator::Replayed;
use rehome_store::{Anchor, AnchorStatus, BundleLog, StreamId, Verified, Why};
use serde_json::json;
use std::path::PathBuf;

/// Check every event, the chain, the anchor and every digest.
///
/// Works offline. Says which level is reached (the chain alone, signed, witnessed, in Azure's own log too) and what is not proven.
#[derive(Args, Debug)]
pub(crate) struct AuditVerify {
    /// An end of the log that was noted down or kept elsewhere: what `audit head` printed, or a file
    /// with that, or with what `audit checkpoint` printed.
    #[arg(long, value_name = "POSITION:HASH|FILE")]
    pub(crate) anchor: Option<String>,
    /// A folder, a Git work tree or a file that checkpoints were kept in: each has to fit; may be repeated.
    #[arg(long, value_name = "PATH")]
    pub(crate) witness: Vec<PathBuf>,
    /// The key that a checkpoint has to be signed with, as `audit checkpoint` said it; without one,
    /// the key beside the log is believed. May be repeated, where the key was renewed.
    #[arg(long, value_name = "KEY")]
    pub(crate) signed_by: Vec<String>,
    #[command(flatten)]
    pub(crate) exports: Exports,
    /// Check single events with their proofs, as `audit bundle --proofs` made them, and nothing else.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["anchor", "witness", "activity_log", "directory_audits", "bundle"])]
    pub(crate) proofs: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
}

impl Execute for AuditVerify {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        if let Some(path) = &self.proofs {
            let shown = proven_events::read(path, &self.signed_by)?;
            c.output.result(&shown.text(), &shown.value())?;
            return Ok(Exit::Done);
        }
        let source = Source::open(c, &self.from)?;
        let elsewhere = match &self.anchor {
            Some(text) => Some(elsewhere::end(text, &source, &self.signed_by).await?),
            None => None,
        };
        let log = match &source {
            // Nobody vouches for a form that is not known here.
            Source::Database(log) => match log.newer_format() {
                Some(format) => return Err(store::newer(format)),
                None => log,
            },
            Source::Past(..) => return Err(CliError::new(Exit::Usage, "what is verified is all of it")),
            Source::Bundle(log) => return self.of_bundle(c, &source, log, elsewhere.as_ref()).await,
        };
        let reading = c.output.waiting(|| "reading every event".to_owned());
        let Replayed { verified, runs } = store::verify(log, elsewhere.as_ref()).await?;
        log_check::plans(&**log).await?;
        let approvals = log_check::approvals(&**log).await?;
        let events = verified.head.position.0;
        let (proof, agrees) =
            self.held(&source, events, approvals.all_signed(), elsewhere.as_ref()).proof().await?;
        drop(reading);
        let runs = runs.len();
        let (anchored, note) = confirmed(&verified, elsewhere.as_ref());
        let mut text = format!(
            "intact: {}, {}, {anchored}\napprovals {}\nhead   {}",
            counted(events, "event"),
            counted(runs, "move"),
            one_line(&approvals.words()),
            verified.head.hash
        );
        if let Some(note) = note {
            text.push_str(&format!("\nnote   {note}"));
        }
        text.push_str(&format!("\n{}", render::proof::text(&proof)));
        let value = json!({
            "format_version": "1.0",
            "intact": true,
            "events": verified.head.position,
            "moves": runs,
            "approvals": approvals,
            "head": verified.head.hash.to_string(),
            "anchored": verified.is_anchored(),
            "anchored_at": verified.anchored,
            "level": proof.level,
            "levels": proof.levels,
            "not_proven": proof.not_proven,
        });
        c.output.result(&text, &value)?;
        Ok(if agrees { Exit::Done } else { Exit::Differences })
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none() && self.proofs.is_none()
    }
}

impl AuditVerify {
    fn held<'a>(
        &'a self,
        source: &'a Source,
        events: u64,
        signed: bool,
        elsewhere: Option<&'a Anchor>,
    ) -> Held<'a> {
        let (witnesses, signed_by, exports) = (&self.witness[..], &self.signed_by[..], &self.exports);
        Held { source, events, signed, elsewhere, witnesses, signed_by, exports }
    }

    /// Says what a bundle that was opened, and so verified, proves.
    async fn of_bundle(
        &self,
        c: &Context<'_>,
        source: &Source,
        log: &BundleLog,
        elsewhere: Option<&Anchor>,
    ) -> Result<Exit, CliError> {
        if let Some(kept) = elsewhere {
            confirm(log, kept).await?;
        }
        let (moves, plans) = (log_check::moves(log).await?, log_check::plans(log).await?);
        let approvals = log_check::approvals(log).await?;
        let (header, withheld) = (log.header(), log.withheld());
        let (proof, agrees) =
            self.held(source, header.head.position, approvals.all_signed(), elsewhere).proof().await?;
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
            "level": proof.level,
            "levels": proof.levels,
            "not_proven": proof.not_proven,
        });
        let found = render::bundle::verified(header, withheld, [&moves, &plans], &approvals, elsewhere);
        c.output.result(&format!("{found}\n{}", render::proof::text(&proof)), &value)?;
        Ok(if agrees { Exit::Done } else { Exit::Differences })
    }
}

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
