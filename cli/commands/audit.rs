//! CLI: `rehome audit verify` and `audit head`. Offline.

use super::{Context, bundle};
use crate::args::ReadFrom;
use crate::error::{CliError, Exit, causes};
use crate::source::Source;
use crate::{files, store};
use rehome_orchestrator::{BatchLoaded, HistoryError, Replayed, RunId, check_order, load};
use rehome_store::{Anchor, Digest, Log, Verified};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// A file with the end of a log has at most this many bytes: a name, a number and a hash.
const KEPT_BYTES_MAX: u64 = 64 << 10;

/// Checks every event, the chain, the anchor, that each event could follow the one before, and that
/// every recorded plan has the digest that was approved.
pub(crate) async fn verify(
    c: &Context<'_>,
    elsewhere: Option<&str>,
    from: &ReadFrom,
) -> Result<Exit, CliError> {
    let source = Source::open(c, from)?;
    let elsewhere = elsewhere.map(|text| kept_elsewhere(text, source.id())).transpose()?;
    let log = match &source {
        // Nobody vouches for a form that is not known here.
        Source::Database(log) => match log.newer_format() {
            Some(format) => return Err(store::newer(format)),
            None => log,
        },
        Source::Bundle(log) => return bundle::verify(c, log, elsewhere.as_ref()).await,
    };
    let reading = c.output.waiting(|| "reading every event".to_owned());
    let Replayed { verified, runs } = store::verify(log, elsewhere.as_ref()).await?;
    plans(&**log).await?;
    drop(reading);
    let runs = runs.len();
    let (anchored, note) = confirmed(&verified, elsewhere.as_ref());
    let mut text = format!(
        "intact: {} events, {runs} moves, {anchored}\nhead   {}",
        verified.head.position, verified.head.hash
    );
    if let Some(note) = note {
        text.push_str(&format!("\nnote   {note}"));
    }
    let value = json!({
        "format_version": "1.0",
        "intact": true,
        "events": verified.head.position,
        "moves": runs,
        "head": verified.head.hash.to_string(),
        "anchored": verified.is_anchored(),
        "anchored_at": verified.anchored,
    });
    c.output.result(&text, &value)?;
    Ok(Exit::Done)
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
                "nothing confirms the last {} events: more can have been cut off there, or all written anew",
                end - at.0
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

/// How many could be checked, and how many are withheld in part at least.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) read: usize,
    pub(crate) withheld: usize,
}

impl Checked {
    /// Counts what was read; what could not be, for another reason than that it is withheld, is damage.
    fn count<T>(&mut self, read: Result<T, HistoryError>) -> Result<Option<T>, CliError> {
        match read {
            Ok(read) => {
                self.read += 1;
                Ok(Some(read))
            }
            Err(e) if store::is_withheld(&e) => {
                self.withheld += 1;
                Ok(None)
            }
            Err(e) => Err(store::damaged(&causes(&e))),
        }
    }
}

/// Reads every move back, event by event.
pub(super) async fn moves(log: &dyn Log) -> Result<Checked, CliError> {
    let (mut moves, mut states) = (Checked::default(), BTreeMap::new());
    for (stream, _) in log.streams(RunId::PREFIX).await.map_err(|e| store::damaged(&causes(&e)))? {
        if let Some(run) = RunId::of_stream(&stream)
            && let Some(loaded) = moves.count(load(log, &run).await)?
        {
            states.insert(run, loaded.state);
        }
    }
    check_order(log, &states).await.map_err(|e| store::damaged(&causes(&e)))?;
    Ok(moves)
}

/// Checks that every plan has the digest that was approved.
pub(super) async fn plans(log: &dyn Log) -> Result<Checked, CliError> {
    let mut plans = Checked::default();
    for (stream, _) in log.streams(BatchLoaded::PREFIX).await.map_err(|e| store::damaged(&causes(&e)))? {
        let name = stream.as_str().strip_prefix(BatchLoaded::PREFIX).unwrap_or_default();
        let plan = async {
            let Some(batch) = BatchLoaded::find(log, name).await? else { return Ok(None) };
            Ok(Some((batch.document(log, name).await?.digest(), batch.planned().digest.clone())))
        };
        match plans.count(plan.await)?.flatten() {
            Some((found, approved)) if found != approved => {
                let what = format!("the recorded plan of batch {name} does not have the approved digest");
                return Err(store::damaged(&what));
            }
            Some(_) | None => {}
        }
    }
    Ok(plans)
}

/// Prints the end of the log.
pub(crate) async fn head(c: &Context<'_>, from: &ReadFrom) -> Result<Exit, CliError> {
    let source = Source::open(c, from)?;
    let head = source.log().head().await.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?;
    let hash = head.hash.to_string();
    let value = json!({"format_version": "1.0", "log": source.id(), "position": head.position, "hash": hash});
    c.output.result(&format!("{}:{hash}", head.position), &value)?;
    Ok(Exit::Done)
}

/// What `audit head` prints for programs, and what is beside a log.
#[derive(Deserialize)]
struct Kept {
    log: String,
    position: u64,
    hash: String,
}

/// An end of this log that a person kept elsewhere: the line of `audit head`, or a file with that, with the same
/// for programs, or with an anchor.
fn kept_elsewhere(text: &str, log: &str) -> Result<Anchor, CliError> {
    let bad = || {
        CliError::new(
            Exit::Usage,
            format!("{text:?} is neither POSITION:HASH nor a file with the end of a log"),
        )
        .next("rehome audit head      # prints one")
    };
    let here = |(position, hash)| Kept { log: log.to_owned(), position, hash };
    let kept = match line(text) {
        Some(line) => here(line.ok_or_else(bad)?),
        None => {
            let bytes = files::read(Path::new(text), "an anchor file", KEPT_BYTES_MAX).map_err(|_| bad())?;
            let said = std::str::from_utf8(&bytes).map_err(|_| bad())?.trim();
            match line(said) {
                Some(line) => here(line.ok_or_else(bad)?),
                None => serde_json::from_str(said).map_err(|_| bad())?,
            }
        }
    };
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
