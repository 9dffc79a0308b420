//! CLI: `rehome show`. Reads a plan file or the log; works offline.

use crate::args::ReadFrom;
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::hint::{file, quoted};
use crate::output::Lazily;
use crate::put::putln;
use crate::render::page::Page;
use crate::render::plan::of_file;
use crate::source::Source;
use crate::time::date;
use crate::view::{identity, resolve_step_id, step_word, view};
use crate::{derived, plan_again, render, store};
use clap::Args;
use rehome_orchestrator::{
    BatchLoaded, Clock, Document, HistoryError, Node, RunId, RunState, Step, StepId, StepState, SystemClock,
    UndoState,
};
use rehome_store::Log;
use serde_json::Value;
use serde_json::json;
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::Path;

/// Show a plan file, a batch, a move or a step (MOVE:STEP) in full. Offline.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// A file, BATCH, MOVE or MOVE:STEP
    pub(crate) what: String,
    /// Of a plan file, this move alone.
    #[arg(value_name = "MOVE")]
    pub(crate) of: Option<String>,
    /// Of many moves, this page of their list.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) page: NonZeroUsize,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
}

impl Execute for Show {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let (what, of, page, from) = (&self.what, self.of.as_deref(), self.page, &self.from);
        let path = Path::new(what);
        if path.is_file() {
            let (document, digest) = plan_again::load(path)?;
            derived::check(&document, SystemClock.now_ms())
                .map_err(|error| error.at(what.to_owned()).plan_again(&document.batch, Some(path)))?;
            if let Some(of) = of {
                return a_planned_move(c, path, &document, of);
            }
            return a_document(c, &document, &digest, page, &|run| of_file(path, run), file(path));
        }
        if of.is_some() {
            let what = format!("{what} is no plan file: a move is named behind the file of its plan");
            return Err(CliError::new(Exit::Usage, what)
                .next("name the plan file, and then the move: rehome show PLAN.json MOVE"));
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
                return a_document(
                    c,
                    &document,
                    digest,
                    page,
                    &|run| format!("rehome show {run}"),
                    quoted(batch),
                );
            }
            return Ok(Exit::Done);
        }
        for run in &selection.runs {
            let state = store::read_run(log, run).await?.state;
            let value = json!({"format_version": "1.0", "move": view(run, &state), "plan": state.plan()});
            c.output.result(&text_of_move(run, &state), &value)?;
        }
        Ok(Exit::Done)
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none()
    }
}

/// A whole plan; `name` is what it is shown by.
fn a_document(
    c: &Context<'_>,
    document: &Document,
    digest: &str,
    number: NonZeroUsize,
    one: &dyn Fn(&RunId) -> String,
    name: String,
) -> Result<Exit, CliError> {
    let page = Page { number, command: format!("rehome show {name}") };
    page.check(document.runs.len())?;
    let value = Lazily(|| json!({"format_version": "1.0", "digest": digest, "document": document}));
    c.output.result(&render::plan::text(document, digest, Some(&page), one)?, &value)?;
    Ok(Exit::Done)
}

/// One move of a plan file.
fn a_planned_move(c: &Context<'_>, path: &Path, document: &Document, run: &str) -> Result<Exit, CliError> {
    let Some(entry) = document.runs.iter().find(|entry| entry.run.as_str() == run) else {
        let what = format!("the plan has no move called {run:?}");
        return Err(CliError::new(Exit::NotFound, what).next(format!("rehome show {}", file(path))));
    };
    c.output.result(&render::plan::one(entry)?, &json!({"format_version": "1.0", "move": entry}))?;
    Ok(Exit::Done)
}

async fn a_step(c: &Context<'_>, log: &dyn Log, run: &RunId, step: &StepId) -> Result<Exit, CliError> {
    let state = store::read_run(log, run).await?.state;
    let step = &resolve_step_id(&state, step.clone());
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
    let text = text_of_step(run, &state, step, stands, &value);
    c.output.result(&text, &value)?;
    Ok(Exit::Done)
}

/// A move: every step and how it stands.
pub(crate) fn text_of_move(run: &RunId, state: &RunState) -> String {
    let seen = view(run, state);
    let mut out = String::new();
    putln!(out, "{run}  {}  {}", seen.state.word(), identity(state));
    for (step, stands) in state.steps() {
        putln!(out, "  {:>4}  {:<14} {}", step.id, step_word(stands), step.title);
    }
    if let Some(differences) = state.proof() {
        putln!(out, "  proof  {} changed since before the first step", counted(differences.len(), "fact"));
        for difference in differences {
            putln!(out, "         {}", difference.fact);
        }
    }
    out
}

/// A step: what was sent, what was there before, what came back.
fn text_of_step(run: &RunId, state: &RunState, step: &Step, stands: &StepState, value: &Value) -> String {
    let mut out = String::new();
    putln!(out, "{run}:{}  {}  {}", step.id, step_word(stands), step.title);
    if let Some(wait) = state.wait_of(&step.id) {
        putln!(out, "  since   {}", date(wait.since_ms));
        wait.until_ms.iter().for_each(|until| putln!(out, "  until   {}", date(*until)));
        wait.why.iter().for_each(|why| putln!(out, "  why     {why}"));
        if !wait.behind.is_empty() {
            let behind: Vec<&str> = wait.behind.iter().map(StepId::as_str).collect();
            putln!(out, "  behind  {}", behind.join(", "));
        }
    }
    if let Node::ByHand { instruction, undo } = &step.node
        && let Ok(told) = state.resolve(if stands.undo == UndoState::ByHand { undo } else { instruction })
    {
        let told: Value = serde_json::from_str(told.get()).unwrap_or_default();
        out.push('\n');
        for line in told.as_str().unwrap_or_default().lines() {
            putln!(out, "  {line}");
        }
        out.push('\n');
    }
    for part in ["input", "before", "output"] {
        if !value[part].is_null() {
            let pretty = serde_json::to_string_pretty(&value[part]).unwrap_or_default();
            for (nth, line) in pretty.lines().enumerate() {
                let name = if nth == 0 { format!("{part}: ") } else { String::new() };
                putln!(out, "{name}{line}");
            }
        }
    }
    out.trim_end().to_owned()
}
