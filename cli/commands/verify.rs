//! CLI: `rehome verify`. Compares the cloud with what was promised; changes nothing.

use crate::command::Execute;
use crate::context::Context;
use crate::counted::counted;
use crate::drive::reach;
use crate::error::{CliError, Exit};
use crate::put::{put, putln};
use crate::rows::{Column, List};
use crate::scan::Evidence;
use crate::view::{identity, view};
use crate::work::batch_of;
use crate::{key, scan, store};
use clap::Args;
use rehome_activities::handoff::handoff;
use rehome_activities::relocate::Facts;
use rehome_orchestrator::{Finding, RunId, RunState, StepId};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Compare Azure with what the plan promised (read-only).
///
/// Exit code 14 when a promise does not hold.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// MOVE, BATCH or BATCH/wave:NAME
    pub(crate) select: Option<String>,
    /// Show what differs, and count the rest.
    #[arg(long)]
    pub(crate) only_differences: bool,
    /// A scan that was made by the log: where the code of what is moved still has an old id is a difference.
    #[arg(long, value_name = "FILE")]
    pub(crate) scan: Option<PathBuf>,
}

impl Execute for Verify {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        verify(c, self.select.as_deref(), self.only_differences, self.scan.as_deref()).await
    }

    fn holds_batch(&self) -> bool {
        true
    }

    fn shows_log(&self) -> bool {
        true
    }
}

/// Looks at every promise of the selected moves.
pub(crate) async fn verify(
    c: &Context<'_>,
    select: Option<&str>,
    only_differences: bool,
    scan: Option<&Path>,
) -> Result<Exit, CliError> {
    let evidence = scan.map(scan::load).transpose()?;
    let log = store::open_to_read(&c.global.db)?;
    let selection = store::select(&*log, select).await?;
    let (_, batch) = batch_of(&log, &selection).await?;
    let cloud = reach(c.output, &*log, &batch, &c.global.cloud).await?;
    crate::clock::tell(&cloud.azure, c.output);
    let key = key::to_read(&log).await?;
    let registry = rehome_activities::registry(&cloud.azure, key);
    let (mut looked, mut broken, mut text, mut moves, mut rows) =
        (0, 0, String::new(), Vec::new(), Vec::new());
    let (done, all, azure) = (Arc::new(AtomicUsize::new(0)), selection.runs.len(), cloud.azure.clone());
    let compared = done.clone();
    let comparing = c.output.waiting(move || {
        let (done, requests) = (compared.load(Ordering::Relaxed), azure.requests());
        format!(
            "comparing {} of {} with Azure: {} so far",
            all.min(done + 1),
            counted(all, "move"),
            counted(requests, "request")
        )
    });
    for run in &selection.runs {
        let state = store::read_run(&*log, run).await?.state;
        let found = rehome_orchestrator::verify(&state, &registry).await;
        looked += found.iter().map(|(_, findings)| findings.len()).sum::<usize>();
        broken += found.iter().flat_map(|(_, f)| f).filter(|f| !f.holds).count();
        let code = evidence.as_ref().map(|evidence| in_code(&state, evidence)).unwrap_or_default();
        looked += code.len();
        broken += code.len();
        if !only_differences || !code.is_empty() || found.iter().flat_map(|(_, f)| f).any(|f| !f.holds) {
            text.push_str(&text_of(run, &state, &found, only_differences));
            for why in &code {
                putln!(text, "  DIFFERS  code: {why}");
            }
        }
        rows.extend(found.iter().flat_map(|(s, f)| f.iter().map(|f| row(run, s, f))));
        let steps: Vec<_> = found.iter().map(|(s, f)| json!({"step": s, "findings": f})).collect();
        let mut value = json!({"run": run, "steps": steps});
        if evidence.is_some() {
            value["code"] = json!(code);
        }
        moves.push(value);
        done.fetch_add(1, Ordering::Relaxed);
    }
    drop(comparing);
    if only_differences {
        putln!(text, "{} of {looked} facts are as planned, in {}", looked - broken, counted(all, "move"));
    }
    text.push_str("Not a promise that the workload works: look at your own dashboards too.");
    let (value, rows) = (json!({"format_version": "1.0", "broken": broken, "moves": moves}), || rows.clone());
    c.output.list(&text, &value, &List::whole(COLUMNS, &rows))?;
    Ok(match (broken, looked) {
        // Nothing was looked at, so nothing is as planned.
        (0, 0) => Exit::NotFound,
        (0, _) => Exit::Done,
        (_, _) => Exit::Differences,
    })
}

/// What a scan has against the code of a move whose new identity is made.
fn in_code(state: &RunState, evidence: &Evidence) -> Vec<String> {
    let facts: Option<Facts> = state.planned().facts.read("facts").ok();
    let is_made = handoff(state).is_some_and(|found| found.new.is_some());
    facts.filter(|_| is_made).map(|facts| evidence.against(&facts, None)).unwrap_or_default()
}

/// A fact that was looked at, as a row.
const COLUMNS: &[Column] = &[
    ("run", "/run"),
    ("step", "/step"),
    ("holds", "/holds"),
    ("fact", "/fact"),
    ("expected", "/expected"),
    ("found", "/found"),
];

fn row(run: &RunId, step: &StepId, finding: &Finding) -> Value {
    let Finding { fact, expected, found, holds } = finding;
    json!({"run": run, "step": step, "holds": holds, "fact": fact, "expected": expected, "found": found})
}

/// One move: a line for each promise, or for each that is broken.
fn text_of(
    run: &RunId,
    state: &RunState,
    found: &[(StepId, Vec<Finding>)],
    only_differences: bool,
) -> String {
    let all: Vec<(&StepId, &Finding)> =
        found.iter().flat_map(|(s, f)| f.iter().map(move |f| (s, f))).collect();
    let holding = all.iter().filter(|(_, f)| f.holds).count();
    let mut out = String::new();
    if all.is_empty() {
        let stands = view(run, state).state.word();
        putln!(out, "{run}  {}  nothing to compare: the move is {stands}", identity(state));
        return out;
    }
    putln!(out, "{run}  {}  as planned: {holding} of {}", identity(state), all.len());
    for (step, finding) in all.into_iter().filter(|(_, finding)| !only_differences || !finding.holds) {
        let word = if finding.holds { "OK" } else { "DIFFERS" };
        put!(out, "  {word:<8} {step} {}: {}", finding.fact, finding.expected);
        if !finding.holds {
            put!(out, ", found {}", finding.found.as_deref().unwrap_or("nothing"));
        }
        out.push('\n');
    }
    out
}
