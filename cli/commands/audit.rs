//! CLI: `rehome audit verify` and `rehome db backup`. Offline.

use super::Context;
use crate::error::{CliError, Exit, causes};
use crate::store;
use rehome_orchestrator::{BatchLoaded, RunId, load};
use rehome_store::{Log, SqliteLog};
use serde_json::json;
use std::path::Path;

/// Checks every event, the chain, the anchor, that each event could follow the one before, and that
/// every recorded plan has the digest that was approved.
pub(crate) async fn verify(c: &Context<'_>) -> Result<Exit, CliError> {
    let log = store::open_to_read(&c.global.db)?;
    let verified = store::verify(&log).await?;
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

/// Copies the log and checks the copy.
pub(crate) async fn backup(c: &Context<'_>, to: &Path) -> Result<Exit, CliError> {
    let log = store::open_to_read(&c.global.db)?;
    log.backup(to).map_err(|e| CliError::new(Exit::Failed, causes(&e)).at(to.display().to_string()))?;
    let copy = SqliteLog::open_read_only(to).map_err(|e| CliError::new(Exit::Failed, causes(&e)))?;
    let verified = store::verify(&copy).await?;
    let text = format!("{} events in {}, verified", verified.head.position, to.display());
    let value = json!({"format_version": "1.0", "events": verified.head.position, "file": to});
    c.output.result(&text, &value)?;
    Ok(Exit::Done)
}
