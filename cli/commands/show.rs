//! CLI: `rehome show`. Reads a plan file or the log; works offline.

use super::Context;
use crate::args::ReadFrom;
use crate::error::{CliError, Exit};
use crate::source::Source;
use crate::view::{meant, view};
use crate::{derived, plan_again, render, store};
use rehome_orchestrator::{BatchLoaded, Clock, Document, HistoryError, RunId, StepId, SystemClock};
use rehome_store::Log;
use serde_json::json;
use std::path::Path;

/// Shows one thing in full.
pub(crate) async fn show(
    c: &Context<'_>,
    what: &str,
    of: Option<&str>,
    from: &ReadFrom,
) -> Result<Exit, CliError> {
    let path = Path::new(what);
    if path.is_file() {
        let (document, digest) = plan_again::load(path)?;
        derived::check(&document, SystemClock.now_ms())
            .map_err(|error| error.at(what.to_owned()).plan_again(&document.batch, Some(path)))?;
        if let Some(of) = of {
            return a_planned_move(c, &document, of);
        }
        let value = json!({"format_version": "1.0", "digest": digest, "document": document});
        c.output.result(&render::plan::text(&document, &digest, true), &value)?;
        return Ok(Exit::Done);
    }
    if of.is_some() {
        let what = format!("{what} is no plan file: a move is named behind the file of its plan");
        return Err(CliError::new(Exit::Usage, what).next("rehome show PLAN.json MOVE"));
    }
    let source = Source::open(c, from)?;
    let log = source.log();
    if what.contains(':') {
        let (run, step) = store::split_step(what)?;
        return a_step(c, log, &run, &step).await;
    }
    let selection = store::select(log, Some(what)).await?;
    if let Some(batch) = &selection.batch {
        let unreadable = |e: HistoryError| store::unreadable(&e);
        let loaded = BatchLoaded::find(log, batch).await.map_err(unreadable)?;
        if let Some(loaded) = loaded {
            let document = loaded.document(log, batch).await.map_err(unreadable)?;
            let digest = &loaded.planned().digest;
            let value = json!({"format_version": "1.0", "digest": digest, "document": document});
            c.output.result(&render::plan::text(&document, digest, true), &value)?;
        }
        return Ok(Exit::Done);
    }
    for run in &selection.runs {
        let state = store::read_run(log, run).await?.state;
        let value = json!({"format_version": "1.0", "move": view(run, &state), "plan": state.plan()});
        c.output.result(&render::show::a_move(run, &state), &value)?;
    }
    Ok(Exit::Done)
}

/// One move of a plan file.
fn a_planned_move(c: &Context<'_>, document: &Document, run: &str) -> Result<Exit, CliError> {
    let Some(entry) = document.runs.iter().find(|entry| entry.run.as_str() == run) else {
        let what = format!("the plan has no move called {run:?}");
        return Err(CliError::new(Exit::NotFound, what).next("rehome show PLAN.json"));
    };
    c.output.result(&render::plan::one(entry), &json!({"format_version": "1.0", "move": entry}))?;
    Ok(Exit::Done)
}

async fn a_step(c: &Context<'_>, log: &dyn Log, run: &RunId, step: &StepId) -> Result<Exit, CliError> {
    let state = store::read_run(log, run).await?.state;
    let step = &meant(&state, step.clone());
    let Some((step, stands)) = state.step(step) else {
        let what = format!("{run} has no step called {step}");
        return Err(CliError::new(Exit::NotFound, what).next(format!("rehome show {run}")));
    };
    let read = |json: Option<&rehome_orchestrator::Json>| json.map(rehome_orchestrator::Json::value);
    let value = json!({
        "format_version": "1.0",
        "run": run,
        "step": step,
        "state": crate::view::step_word(stands),
        "attempts": stands.attempts,
        "wait": state.wait_of(&step.id),
        "input": read(state.input_of(&step.id)),
        "before": read(stands.before.as_ref()),
        "output": read(stands.output.as_ref()),
    });
    let text = render::show::a_step(run, &state, step, stands, &value);
    c.output.result(&text, &value)?;
    Ok(Exit::Done)
}
