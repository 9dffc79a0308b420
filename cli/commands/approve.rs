//! CLI: `rehome approve`. Writes to the log.

use super::Context;
use crate::cloud::shown;
use crate::error::{CliError, Exit, causes, one_line};
use crate::hint::{self, quoted};
use crate::{anchor, derived, open_moves, plan_again, planning, store};
use rehome_orchestrator::{BatchError, Clock, Recording, SystemClock};
use serde_json::json;
use std::path::Path;

/// Records a plan and that a person allows it.
pub(crate) async fn approve(c: &Context<'_>, plan: &Path, reason: &str, yes: bool) -> Result<Exit, CliError> {
    let (document, digest) = plan_again::load(plan)?;
    let again = |error: CliError| error.plan_again(&document.batch, Some(plan));
    derived::check(&document, SystemClock.now_ms()).map_err(again)?;
    if let Some(blockers) = planning::blockers(&document) {
        return Err(blockers.at(plan.display().to_string()));
    }
    planning::check_expiry(&document.about, SystemClock.now_ms()).map_err(again)?;
    if reason.trim().is_empty() {
        return Err(CliError::new(Exit::Usage, "an approval needs a reason").next("say why: --reason TEXT"));
    }
    let cloud = shown(&document.about);
    let (moves, batch) = (document.runs.len(), &document.batch);
    let question = format!("Approve {moves} moves of batch {batch} ({digest}) in {cloud}?");
    if !yes && !c.output.ask(&question, "--yes").await? {
        return Err(CliError::new(Exit::Failed, "not approved"));
    }
    let log = store::create_or_open(&c.global.db).await?;
    open_moves::refuse_taken(&document, &open_moves::open_moves(&*log).await?)?;
    let actor = store::actor(c.global.actor.as_deref());
    let recorded = document.approve(&*log, &actor, SystemClock.now_ms(), reason).await;
    let recorded = recorded.map_err(|e| match &e {
        BatchError::UnderWay { run, .. } => CliError::new(Exit::Failed, causes(&e))
            .next(format!("rehome status {}", quoted(&document.batch)))
            .next(format!("rehome rollback {run} --reason TEXT      # takes it back first")),
        BatchError::Taken(run) => {
            let what = format!("the log has a move called {run} already, from a plan that was replaced");
            CliError::new(Exit::Failed, what).plan_again(&document.batch, Some(plan))
        }
        _ => store::write_error(&e),
    })?;
    anchor::follow(&log, c.output).await?;
    let word = match recorded {
        Recording::Recorded => "approved",
        Recording::AlreadyThere => "approved before",
    };
    let batch = one_line(&document.batch);
    let begin = document.about["expires_at_ms"].as_i64().map(crate::time::date);
    let begin = begin.map(|date| format!("\nto be begun by {date}")).unwrap_or_default();
    let text = format!("{word}: batch {batch}, {moves} moves\n{cloud}\ndigest {digest}{begin}");
    let value = json!({"format_version": "1.0", "batch": document.batch, "digest": digest, "recorded": word, "cloud": document.about["cloud"],
        "authority": document.about["authority"], "tenant": document.about["tenant"]});
    c.output.result(&text, &value)?;
    c.output.next(&format!("rehome run {}", hint::file(plan)));
    Ok(Exit::Done)
}
