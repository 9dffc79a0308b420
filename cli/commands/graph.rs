//! CLI: `rehome graph`. Reads a plan file or the log; works offline.

use crate::about::MoveAbout;
use crate::access::Access;
use crate::args::{AsOf, ReadFrom};
use crate::command::Execute;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::graph::Graph as Drawn;
use crate::hint::file;
use crate::rows::{Column, List};
use crate::source::Source;
use crate::{pictures, plan_again, render, store};
use clap::{Args, ValueEnum};
use rehome_activities::relocate::Facts;
use rehome_orchestrator::{PlannedRun, RunId, RunState, Verdict};
use serde_json::json;
use std::path::Path;

/// Show who uses an identity, and what it may do.
///
/// From what was read when the move was planned: nothing is asked of Azure. With --access what it may do before the move and
/// now, by the steps that are done. Works offline, and beside a runner.
#[derive(Args, Debug)]
pub(crate) struct Graph {
    /// MOVE, the name or the id of an identity, or a plan file
    pub(crate) what: String,
    /// Of a plan file, the MOVE or the identity.
    #[arg(value_name = "MOVE")]
    pub(crate) of: Option<String>,
    /// How it is drawn.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub(crate) format: Form,
    /// What it may do before the move and now, by the steps of the move.
    #[arg(long)]
    pub(crate) access: bool,
    #[command(flatten)]
    pub(crate) from: ReadFrom,
    #[command(flatten)]
    pub(crate) when: AsOf,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Under headings.
    Text,
    /// For Graphviz: `rehome graph MOVE --format dot | dot -Tsvg`.
    Dot,
    /// For pages that draw Mermaid by themselves.
    Mermaid,
    /// A picture: `rehome graph MOVE --format svg > graph.svg`.
    Svg,
}

/// A tie as a row.
const COLUMNS: &[Column] =
    &[("relation", "/relation"), ("label", "/label"), ("name", "/name"), ("id", "/id")];

/// A kind of access as a row.
const KINDS: &[Column] = &[("what", "/what"), ("before", "/before"), ("new", "/new"), ("old", "/old")];

impl Execute for Graph {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        let path = Path::new(&self.what);
        if self.access {
            return self.access(c, path).await;
        }
        let (run, facts, about) = if path.is_file() {
            let (document, _) = plan_again::load(path)?;
            let entry = one_of(&document.runs, self.of.as_deref(), path)?;
            (entry.run.to_string(), entry.facts.clone(), MoveAbout::of(entry).ok())
        } else {
            let (run, state) = standing(c, &self).await?;
            let planned = state.planned();
            (run.to_string(), planned.facts.clone(), MoveAbout::of_log(&planned.about))
        };
        let facts: Facts = facts.read("facts").map_err(|why| store::damaged(&why.to_string()))?;
        let graph = Drawn::of(&run, &facts, about.as_ref());
        let text = match self.format {
            Form::Text => render::graph::text(&graph),
            Form::Dot => render::graph::dot(&graph),
            Form::Mermaid => render::graph::mermaid(&graph),
            Form::Svg => pictures::identity::picture(&graph).file(),
        };
        let rows = || graph.links.iter().map(|link| json!(link)).collect();
        let value = json!({"format_version": "1.0", "graph": graph});
        c.output.list(&text, &value, &List::whole(COLUMNS, &rows))?;
        Ok(Exit::Done)
    }
}

/// The move that is meant in a plan file.
fn one_of<'a>(runs: &'a [PlannedRun], of: Option<&str>, path: &Path) -> Result<&'a PlannedRun, CliError> {
    let is = |entry: &&PlannedRun| {
        let facts: Option<Facts> = entry.facts.read("facts").ok();
        let id = facts.map(|facts| facts.identity.identifiers.resource_id);
        let named =
            |of: &str| id.as_ref().is_some_and(|id| id.as_str().eq_ignore_ascii_case(of) || id.name() == of);
        of.is_none_or(|of| entry.run.as_str() == of || named(of))
    };
    let mut found = runs.iter().filter(is);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(CliError::new(Exit::NotFound, "the plan has no such move")
            .next(format!("rehome show {}", file(path)))),
        (Some(_), Some(_)) => {
            Err(CliError::new(Exit::Usage, "a graph is of one identity, and there are several")
                .next(format!("name its move: rehome graph {} MOVE", file(path))))
        }
    }
}

/// The move that is meant in the log: of several of one identity the last that was not replaced.
async fn standing(c: &Context<'_>, args: &Graph) -> Result<(RunId, RunState), CliError> {
    let source = Source::open_at(c, &args.from, &args.when).await?;
    let selection = store::select(source.log(), Some(&args.what)).await?;
    if selection.batch.is_some() && selection.runs.len() > 1 {
        return Err(CliError::new(Exit::Usage, "a graph is of one identity, and a batch has several")
            .next("name one of its moves: rehome status --all"));
    }
    let mut last = None;
    for run in &selection.runs {
        let state = store::read_run(source.log(), run).await?.state;
        if last.is_none() || state.verdict() != Some(Verdict::Superseded) {
            last = Some((run.clone(), state));
        }
    }
    last.ok_or_else(|| CliError::new(Exit::NotFound, "there is no such move").next("rehome status"))
}

impl Graph {
    /// What it may do before the move and now.
    async fn access(&self, c: &Context<'_>, path: &Path) -> Result<Exit, CliError> {
        if path.is_file() {
            let what = "what an identity may do now is known of a move in the log, and this is a file";
            return Err(CliError::new(Exit::Usage, what).next("rehome graph MOVE --access"));
        }
        let (run, state) = standing(c, self).await?;
        let access = Access::of(run.as_str(), &state);
        let text = match self.format {
            Form::Text => render::access::text(&access),
            Form::Svg => pictures::access::picture(run.as_str(), &access.kinds).file(),
            Form::Dot | Form::Mermaid => {
                let what = "access before and now is no graph";
                return Err(CliError::new(Exit::Usage, what).next("--format text or --format svg"));
            }
        };
        let rows = || access.kinds.iter().map(|kind| json!(kind)).collect();
        let value = json!({"format_version": "1.0", "access": access});
        c.output.list(&text, &value, &List::whole(KINDS, &rows))?;
        Ok(Exit::Done)
    }
}
