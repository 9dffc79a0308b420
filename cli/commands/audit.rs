//! CLI: `rehome audit verify` and `audit head`. Offline.

use super::{Context, bundle};
use crate::args::ReadFrom;
use crate::error::{CliError, Exit, causes};
use crate::source::Source;
use crate::store;
use rehome_orchestrator::{BatchLoaded, HistoryError, Replayed, RunId, load};
use rehome_store::{Anchor, Log};
use serde_json::json;

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
        Source::Database(log) => log,
        Source::Bundle(log) => return bundle::verify(c, log, elsewhere.as_ref()).await,
    };
    let Replayed { verified, runs } = store::verify(log, elsewhere.as_ref()).await?;
    plans(&**log).await?;
    let runs = runs.len();
    let anchored = if verified.anchored { "its anchor confirms the end" } else { "without an anchor" };
    let mut text = format!(
        "intact: {} events, {runs} moves, {anchored}\nhead   {}",
        verified.head.position, verified.head.hash
    );
    if !verified.anchored {
        text.push_str("\nnote   a tail that was cut off cannot be detected without an anchor beside the log");
    }
    let value = json!({
        "format_version": "1.0",
        "intact": true,
        "events": verified.head.position,
        "moves": runs,
        "head": verified.head.hash.to_string(),
        "anchored": verified.anchored,
    });
    c.output.result(&text, &value)?;
    Ok(Exit::Done)
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
    let mut moves = Checked::default();
    for (stream, _) in log.streams(RunId::PREFIX).await.map_err(|e| store::damaged(&causes(&e)))? {
        if let Some(run) = RunId::of_stream(&stream) {
            moves.count(load(log, &run).await)?;
        }
    }
    Ok(moves)
}

/// Checks that every plan has the digest that was approved.
pub(super) async fn plans(log: &dyn Log) -> Result<Checked, CliError> {
    let mut plans = Checked::default();
    for (stream, _) in log.streams(BatchLoaded::PREFIX).await.map_err(|e| store::damaged(&causes(&e)))? {
        let name = stream.as_str().strip_prefix(BatchLoaded::PREFIX).unwrap_or_default();
        let plan = async {
            let Some(batch) = BatchLoaded::find(log, name).await? else { return Ok(None) };
            Ok(Some((batch.document(log, name).await?.digest(), batch.planned.digest)))
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

/// An end of this log that a person kept elsewhere: the line of `audit head`, or an anchor file.
fn kept_elsewhere(text: &str, log: &str) -> Result<Anchor, CliError> {
    let bad = || {
        CliError::new(Exit::Usage, format!("{text:?} is neither POSITION:HASH nor an anchor file"))
            .next("rehome audit head      prints one")
    };
    if let Some((position, hash)) = text.split_once(':')
        && let Ok(position) = position.parse()
    {
        let hex = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let hash = hash.to_ascii_lowercase();
        return if hex { Ok(Anchor { log: log.to_owned(), position, hash }) } else { Err(bad()) };
    }
    let bytes = std::fs::read(text).map_err(|_| bad())?;
    let anchor: Anchor = serde_json::from_slice(&bytes).map_err(|_| bad())?;
    if anchor.log == log {
        return Ok(anchor);
    }
    let what = format!("this is the anchor of another log ({}, and this one is {log})", anchor.log);
    Err(CliError::new(Exit::Damaged, what).at(text.to_owned()))
}
