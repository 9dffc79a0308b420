//! CLI: `rehome audit`. Offline.

use super::Context;
use crate::error::{CliError, Exit, causes};
use crate::store;
use rehome_orchestrator::{BatchLoaded, RunId, load};
use rehome_store::{Anchor, Log, SqliteLog};
use serde_json::json;

/// Checks every event, the chain, the anchor, that each event could follow the one before, and that
/// every recorded plan has the digest that was approved.
pub(crate) async fn verify(c: &Context<'_>, elsewhere: Option<&str>) -> Result<Exit, CliError> {
    let log = store::open_to_read(&c.global.db)?;
    let elsewhere = elsewhere.map(|text| kept_elsewhere(text, &log)).transpose()?;
    let verified = store::verify(&log, elsewhere.as_ref()).await?;
    let runs = meaning(&*log).await?;
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

/// Checks what the events say; returns how many moves there are.
async fn meaning(log: &dyn Log) -> Result<usize, CliError> {
    let damaged = |what: String| CliError::new(Exit::Damaged, what);
    let unreadable = |e: &(dyn std::error::Error + 'static)| damaged(causes(e));
    let runs = log.streams(RunId::PREFIX).await.map_err(|e| unreadable(&e))?;
    for (stream, _) in &runs {
        if let Some(run) = RunId::of_stream(stream) {
            load(log, &run).await.map_err(|e| unreadable(&e))?;
        }
    }
    for (stream, _) in log.streams(BatchLoaded::PREFIX).await.map_err(|e| unreadable(&e))? {
        let name = stream.as_str().strip_prefix(BatchLoaded::PREFIX).unwrap_or_default().to_owned();
        let Some(batch) = BatchLoaded::find(log, &name).await.map_err(|e| unreadable(&e))? else { continue };
        let document = batch.document(log, &name).await.map_err(|e| unreadable(&e))?;
        if document.digest() != batch.planned.digest {
            return Err(damaged(format!(
                "the recorded plan of batch {name} does not have the approved digest"
            )));
        }
    }
    Ok(runs.len())
}

/// Prints the end of the log.
pub(crate) async fn head(c: &Context<'_>) -> Result<Exit, CliError> {
    let log = store::open_to_read(&c.global.db)?;
    let head = log.head().await.map_err(|e| CliError::new(Exit::Damaged, causes(&e)))?;
    let hash = head.hash.to_string();
    let value = json!({"format_version": "1.0", "log": log.id(), "position": head.position, "hash": hash});
    c.output.result(&format!("{}:{hash}", head.position), &value)?;
    Ok(Exit::Done)
}

/// An end of this log that a person kept elsewhere: the line of `audit head`, or an anchor file.
fn kept_elsewhere(text: &str, log: &SqliteLog) -> Result<Anchor, CliError> {
    let bad = || {
        CliError::new(Exit::Usage, format!("{text:?} is neither POSITION:HASH nor an anchor file"))
            .next("rehome audit head      prints one")
    };
    if let Some((position, hash)) = text.split_once(':')
        && let Ok(position) = position.parse()
    {
        let hex = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let hash = hash.to_ascii_lowercase();
        return if hex { Ok(Anchor { log: log.id().to_owned(), position, hash }) } else { Err(bad()) };
    }
    let bytes = std::fs::read(text).map_err(|_| bad())?;
    let anchor: Anchor = serde_json::from_slice(&bytes).map_err(|_| bad())?;
    if anchor.log == log.id() {
        return Ok(anchor);
    }
    let what = format!("this is the anchor of another log ({}, and this one is {})", anchor.log, log.id());
    Err(CliError::new(Exit::Damaged, what).at(text.to_owned()))
}
