//! CLI: `rehome show`. Reads a plan file or the log; works offline.

use crate::args::{AsOf, ReadFrom};
use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::hint::{file, quoted};
use crate::output::Lazily;
use crate::put::putln;
use crate::render::page::Page;
use crate::render::plan::of_file;
use crate::rows::{Column, List};
use crate::source::Source;
use crate::step::{resolve_step_id, step_word};
use crate::time::date;
use crate::view::{MoveView, identity, view};
use crate::wait::WaitView;
use crate::{derived, plan_again, planned_move, render, store, waves};
use clap::Args;
use rehome_orchestrator::{
    BatchLoaded, Clock, Difference, Document, HistoryError, Node, RunId, RunState, Step, StepId, StepState,
    SystemClock, UndoState,
};
use serde_json::Value;
use serde_json::json;
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::Path;

/// Show a plan, a batch, a move or a step (MOVE:STEP) in full.
///
/// Works offline, and beside a runner.
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
    #[command(flatten)]
    pub(crate) when: AsOf,
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
        let source = Source::open_at(c, from, &self.when).await?;
        let log = source.log();
        if what.contains(':') {
            let (run, step) = store::split_step(what)?;
            return a_step(c, &source, &run, &step).await;
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
            let seen = seen(c, &source, run, &state).await?;
            let value = json!({"format_version": "1.0", "move": seen, "plan": state.plan()});
            let rows = || state.steps().map(|(step, stands)| row(run, &state, step, stands)).collect();
            c.output.list(&text_of_move(&seen, &state), &value, &List::whole(COLUMNS, &rows))?;
        }
        Ok(Exit::Done)
    }

    fn shows_log(&self) -> bool {
        self.from.bundle.is_none() && self.when.at.is_none()
    }
}

/// A step of a move as a row.
const COLUMNS: &[Column] = &[
    ("run", "/run"),
    ("step", "/step/id"),
    ("state", "/state"),
    ("title", "/step/title"),
    ("undo", "/step/undo"),
    ("attempts", "/attempts"),
    ("since_ms", "/wait/since_ms"),
    ("until_ms", "/wait/until_ms"),
    ("why", "/wait/why/message"),
];

fn row(run: &RunId, state: &RunState, step: &Step, stands: &StepState) -> Value {
    json!({
        "run": run, "step": step, "state": step_word(stands), "attempts": stands.attempts,
        "wait": state.wait_of(&step.id),
    })
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
    let text = render::plan::text(document, digest, Some(&page), one)?;
    c.output.list(&text, &value, &planned_move::list(&|| planned_move::values(document)))?;
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

/// A move as `status` sees it, with commands that work when they are pasted.
async fn seen(c: &Context<'_>, source: &Source, run: &RunId, state: &RunState) -> Result<MoveView, CliError> {
    let mut seen = [view(run, state)];
    source.presence().judge_views(&mut seen);
    waves::mark(source.log(), &mut seen).await?;
    source.complete_views(c, &mut seen);
    let [seen] = seen;
    Ok(seen)
}

async fn a_step(c: &Context<'_>, source: &Source, run: &RunId, step: &StepId) -> Result<Exit, CliError> {
    let state = store::read_run(source.log(), run).await?.state;
    let seen = seen(c, source, run, &state).await?;
    let step = &resolve_step_id(&state, step.clone());
    let Some((step, stands)) = state.step(step) else {
        let what = format!("{run} has no step called {step}");
        return Err(CliError::new(Exit::NotFound, what).next(format!("rehome show {run}")));
    };
    let unblock = unblock_with(&seen, &step.id);
    let waits = seen.waiting_for.iter().find(|wait| wait.step == step.id.as_str());
    let read = |json: Option<&rehome_orchestrator::Json>| json.map(rehome_orchestrator::Json::value);
    let value = json!({
        "format_version": "1.0",
        "run": run,
        "step": step,
        "state": step_word(stands),
        "attempts": stands.attempts,
        "wait": state.wait_of(&step.id),
        "unblock_with": unblock,
        "input": read(state.input_of(&step.id)),
        "before": read(stands.before.as_ref()),
        "output": read(stands.output.as_ref()),
    });
    let text = text_of_step(run, &state, (step, stands), (word_of(stands, waits), unblock), &value);
    c.output.result(&text, &value)?;
    Ok(Exit::Done)
}

/// What lets a step go on: what it waits for itself, or what the whole move does.
fn unblock_with<'a>(seen: &'a MoveView, step: &StepId) -> &'a [String] {
    let of = |name: &str| seen.waiting_for.iter().find(|wait| wait.step == name);
    of(step.as_str()).map_or(&[], |wait| &wait.unblock_with)
}

/// A move: every step and how it stands; of what is not finished since when, until when, why, and what brings it on.
pub(crate) fn text_of_move(seen: &MoveView, state: &RunState) -> String {
    let mut out = String::new();
    putln!(out, "{}  {}  {}", seen.run, seen.state.word(), identity(state));
    for wait in seen.waiting_for.iter().filter(|wait| wait.step == "-") {
        putln!(out, "  waits for {}, since {}", wait.title, date(wait.since_ms));
        wait.unblock_with.iter().for_each(|next| putln!(out, "                      next   {next}"));
    }
    for (step, stands) in state.steps() {
        let waits: Vec<&WaitView> =
            seen.waiting_for.iter().filter(|wait| wait.step == step.id.as_str()).collect();
        let word = word_of(stands, waits.first().copied());
        putln!(out, "  {:>4}  {word:<14} {}{}", step.id, step.title, behind(state, &step.id));
        waits.into_iter().for_each(|wait| unfinished(&mut out, wait));
    }
    for Difference { fact, expected, found } in state.changed() {
        let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        let (expected, found) = (side(expected), side(found));
        putln!(out, "  stale  {fact}: {expected} when it was planned, {found} when it was to begin");
    }
    if let Some(differences) = state.proof() {
        putln!(out, "  proof  {} changed since before the first step", counted(differences.len(), "fact"));
        for difference in differences {
            putln!(out, "         {}", difference.fact);
        }
    }
    out
}

/// How a step stands. Nothing was begun of what waits for a person, and what it waits for says it better.
fn word_of(stands: &StepState, waits: Option<&WaitView>) -> &'static str {
    match (step_word(stands), waits) {
        ("-", Some(wait)) => wait.kind.word(),
        (word, _) => word,
    }
}

/// So many steps are named that have to be over before another one.
const BEHIND_MAX: usize = 3;

fn behind(state: &RunState, step: &StepId) -> String {
    let behind = state.wait_of(step).map(|wait| wait.behind).unwrap_or_default();
    let named: Vec<&str> = behind.iter().take(BEHIND_MAX).map(StepId::as_str).collect();
    match behind.len() {
        0 => String::new(),
        many if many > BEHIND_MAX => {
            format!("   (behind {} and {} more)", named.join(", "), many - BEHIND_MAX)
        }
        _ => format!("   (behind {})", named.join(", ")),
    }
}

fn unfinished(out: &mut String, wait: &WaitView) {
    putln!(out, "                      since  {}", date(wait.since_ms));
    if let Some(until) = wait.next_check_ms.filter(|ms| *ms > 0) {
        putln!(out, "                      until  {}", date(until));
    }
    wait.why.iter().for_each(|why| putln!(out, "                      why    {why}"));
    wait.unblock_with.iter().for_each(|next| putln!(out, "                      next   {next}"));
}

/// A step: what was sent, what was there before, what came back.
fn text_of_step(
    run: &RunId,
    state: &RunState,
    (step, stands): (&Step, &StepState),
    (word, unblock): (&str, &[String]),
    value: &Value,
) -> String {
    let mut out = String::new();
    putln!(out, "{run}:{}  {word}  {}", step.id, step.title);
    if let Some(wait) = state.wait_of(&step.id) {
        putln!(out, "  since   {}", date(wait.since_ms));
        wait.until_ms.iter().for_each(|until| putln!(out, "  until   {}", date(*until)));
        wait.why.iter().for_each(|why| putln!(out, "  why     {why}"));
        if !wait.behind.is_empty() {
            let behind: Vec<&str> = wait.behind.iter().map(StepId::as_str).collect();
            putln!(out, "  behind  {}", behind.join(", "));
        }
    }
    unblock.iter().for_each(|next| putln!(out, "  next    {next}"));
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
