//! CLI: ack, retry, skip, mark-done, pause, resume. Each appends a request; a runner acts on it.

use super::Context;
use crate::error::{CliError, Exit, one_line};
use crate::view::meant;
use crate::{anchor, store};
use rehome_orchestrator::{Clock, Forward, Request, RunId, StepId, SystemClock, Undo, ask};
use rehome_store::{Log, RunnerLock, SqliteLog};
use serde_json::{Value, json};
use std::sync::Arc;

/// Asks something of one step.
pub(crate) async fn step(
    c: &Context<'_>,
    text: &str,
    request: impl Fn(StepId) -> Request,
    reason: &str,
) -> Result<Exit, CliError> {
    let (run, step) = store::split_step(text)?;
    let log = store::open_to_write(&c.global.db).await?;
    let step = meant(&store::read_run(&*log, &run).await?.state, step);
    let steps = record(c, &*log, &run, request(step), reason).await?;
    anchor::follow(&log, c.output).await?;
    told(c, &log, &Asked { run, steps, recorded: true, why_not: "" }).await
}

/// Asks for another try of one step, or of all parked steps of a move or a batch.
pub(crate) async fn retry(c: &Context<'_>, text: &str, reason: &str) -> Result<Exit, CliError> {
    if text.contains(':') {
        return step(c, text, Request::Retry, reason).await;
    }
    let log = store::open_to_write(&c.global.db).await?;
    let mut asked = Vec::new();
    for run in store::select(&*log, Some(text)).await?.runs {
        let state = store::read_run(&*log, &run).await?.state;
        let parked: Vec<StepId> = state
            .steps()
            .filter(|(_, s)| {
                matches!(s.forward, Forward::Parked { .. }) && s.undo == Undo::None
                    || matches!(s.undo, Undo::Parked { .. })
            })
            .map(|(step, _)| step.id.clone())
            .collect();
        for step in &parked {
            record(c, &*log, &run, Request::Retry(step.clone()), reason).await?;
        }
        let recorded = !parked.is_empty();
        asked.push(Asked { run, steps: parked, recorded, why_not: "no step of it is parked" });
    }
    anchor::follow(&log, c.output).await?;
    told_all(c, &log, &asked).await
}

/// Asks something of a move or of every move of a batch.
pub(crate) async fn whole(
    c: &Context<'_>,
    select: &str,
    request: &Request,
    reason: &str,
) -> Result<Exit, CliError> {
    let log = store::open_to_write(&c.global.db).await?;
    let mut asked = Vec::new();
    for run in store::select(&*log, Some(select)).await?.runs {
        let recorded = store::read_run(&*log, &run).await?.state.verdict().is_none();
        if recorded {
            record(c, &*log, &run, request.clone(), reason).await?;
        }
        asked.push(Asked { run, steps: Vec::new(), recorded, why_not: "the move is over" });
    }
    anchor::follow(&log, c.output).await?;
    told_all(c, &log, &asked).await
}

async fn record(
    c: &Context<'_>,
    log: &dyn Log,
    run: &RunId,
    request: Request,
    reason: &str,
) -> Result<Vec<StepId>, CliError> {
    if reason.trim().is_empty() {
        return Err(CliError::new(Exit::Usage, "an act of a person needs a reason"));
    }
    let actor = store::actor(c.global.actor.as_deref());
    ask(log, run, &actor, SystemClock.now_ms(), request, reason).await.map_err(|e| store::request_error(&e))
}

/// What became of a request to one move.
struct Asked {
    run: RunId,
    steps: Vec<StepId>,
    recorded: bool,
    why_not: &'static str,
}

impl Asked {
    fn line(&self) -> String {
        let steps: Vec<&str> = self.steps.iter().map(StepId::as_str).collect();
        match (self.recorded, &steps[..]) {
            (false, _) => format!("nothing recorded for {}: {}", self.run, self.why_not),
            (true, []) => format!("recorded for {}", self.run),
            (true, [_, ..]) => format!("recorded for {}: step {}", self.run, steps.join(", ")),
        }
    }

    fn value(&self) -> Value {
        json!({"run": self.run, "steps": self.steps, "recorded": self.recorded})
    }
}

/// Says what became of a request to one step.
async fn told(c: &Context<'_>, log: &Arc<SqliteLog>, asked: &Asked) -> Result<Exit, CliError> {
    let mut value = asked.value();
    value["format_version"] = "1.0".into();
    c.output.result(&one_line(&asked.line()), &value)?;
    go_on(c, log, &asked.run).await
}

/// Says what became of a request to many moves, in one document.
async fn told_all(c: &Context<'_>, log: &Arc<SqliteLog>, asked: &[Asked]) -> Result<Exit, CliError> {
    let lines: Vec<String> = asked.iter().map(|asked| one_line(&asked.line())).collect();
    let moves: Vec<Value> = asked.iter().map(Asked::value).collect();
    c.output.result(&lines.join("\n"), &json!({"format_version": "1.0", "moves": moves}))?;
    match asked.iter().find(|asked| asked.recorded) {
        Some(asked) => go_on(c, log, &asked.run).await,
        None => Ok(Exit::Done),
    }
}

/// Says who acts on what was recorded.
async fn go_on(c: &Context<'_>, log: &Arc<SqliteLog>, run: &RunId) -> Result<Exit, CliError> {
    match RunnerLock::holder(&c.global.db) {
        Some(holder) => {
            c.output.talk(&format!("the runner on {} (process {}) acts on it", holder.host, holder.pid));
        }
        None => {
            let state = store::read_run(&**log, run).await?.state;
            c.output.talk(&format!("next: rehome run {}", state.planned().batch));
        }
    }
    Ok(Exit::Done)
}
