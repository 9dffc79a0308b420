//! CLI: `rehome cleanup`. The approval of the one part that nothing brings back, and its run.

use crate::about::MoveAbout;
use crate::args::RunArgs;
use crate::command::Execute;
use crate::context::Context;
use crate::drive::Goal;
use crate::error::{CliError, Exit, one_line};
use crate::hint::quoted;
use crate::left_out;
use crate::outcome::{report, report_unmoved};
use crate::print_failure::PrintFailure;
use crate::render::clean_up::Preview;
use crate::rows::{Column, List};
use crate::view::{LeftOut, identity, view};
use crate::wait::WaitKind;
use crate::work::{Work, batch_of};
use crate::{approvals, render, steering, store, witness};
use clap::Args;
use rehome_activities::relocate::cannot_see::Unseen;
use rehome_orchestrator::{
    ApprovalScope, BatchEvent, BatchLoaded, BatchRequest, BatchRequested, Clock, Node, Phase, RunId,
    RunState, Step, StepId, StepState, SystemClock, Verdict, open_gate,
};
use rehome_store::Backend;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Delete the old identities and what belongs to them; final.
///
/// A deleted identity cannot be brought back with the same ids: this is the point of no return. Everything before it can
/// be undone with `rehome rollback`. `--dry-run` shows what would go.
#[derive(Args, Debug)]
pub(crate) struct Cleanup {
    /// BATCH, BATCH/wave:NAME or MOVE
    pub(crate) select: String,
    /// The name of the batch again: a deleted identity cannot be brought back.
    #[arg(long, value_name = "NAME")]
    pub(crate) confirm: Option<String>,
    /// A step that was left out and that you answer for; may be repeated.
    #[arg(long = "accept", value_name = "MOVE:STEP")]
    pub(crate) accepts: Vec<String>,
    /// Show what would go, what would be left and what nobody has answered for. Changes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The reason, for the record.
    #[arg(long, default_value = "clean-up approved")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl Execute for Cleanup {
    async fn execute(self, c: &Context<'_>) -> Result<Exit, CliError> {
        if self.dry_run {
            return preview(c, &self.select, &self.accepts).await;
        }
        let approval =
            Approval { confirm: self.confirm.as_deref(), accepts: &self.accepts, reason: &self.reason };
        let exit = cleanup(c, &self.select, &approval, &self.run).await?;
        match self.confirm.as_deref() {
            Some(batch) => left_out::of_log(c, batch, exit).await,
            None => Ok(exit),
        }
    }

    fn holds_batch(&self) -> bool {
        true
    }

    fn recorded(&mut self) -> Option<(&'static str, &mut String)> {
        Some(("--reason", &mut self.reason))
    }

    fn print_failure(&self) -> PrintFailure {
        if self.dry_run {
            return PrintFailure::default();
        }
        PrintFailure::in_the_log([format!("rehome status {}", quoted(&self.select))])
    }
}

/// The name of the gate that clean-up stands behind.
const GATE: &str = "cleanup";

/// What a person answers for.
pub(crate) struct Approval<'a> {
    /// The name of the batch again.
    pub(crate) confirm: Option<&'a str>,
    /// Steps that were left out, as MOVE:STEP.
    pub(crate) accepts: &'a [String],
    pub(crate) reason: &'a str,
}

/// Opens the gate of every move that has come to it, and carries on to the end.
pub(crate) async fn cleanup(
    c: &Context<'_>,
    select: &str,
    approval: &Approval<'_>,
    args: &RunArgs,
) -> Result<Exit, CliError> {
    let log = store::open_to_write(&c.global.db).await?;
    let selection = store::select(&*log, Some(select)).await?;
    let (name, batch) = batch_of(&log, &selection).await?;
    if approval.confirm != Some(name.as_str()) {
        let what =
            "clean-up deletes the old identities, and nothing brings them back: say the name of the batch";
        return Err(CliError::new(Exit::Usage, what).next(confirmed(select, &name, approval.accepts)));
    }
    let actor = store::actor(c.global.actor.as_deref());
    let work = Work { c, log: &log, name: &name, batch: &batch, goal: Goal::CleanUp };
    work.may_ask().await?;
    if let Some(held) = held(&batch) {
        let release = steering::release_cleanup(&name);
        return Err(CliError::new(Exit::Waiting, held).left("nothing was cleaned up").next(release));
    }
    approvals::refuse_lacking(&batch.state, ApprovalScope::CleanUp, SystemClock.now_ms())?;
    let (ready, early) = open_gates(&log, &selection.runs, &actor, approval).await?;
    // What was approved must not be lost by an old copy without anybody knowing.
    witness::follow(c, &log).await?;
    for (run, why) in &early {
        c.output.note(&format!("not yet   {run}: {why}"));
    }
    if ready.is_empty() {
        let exit = if early.is_empty() { Exit::Done } else { Exit::Waiting };
        c.output.note(if early.is_empty() {
            "nothing is left to clean up"
        } else {
            "nothing was cleaned up"
        });
        return report_unmoved(c, &log, &selection.runs, exit).await;
    }
    let mut driven = work.carry_on(ready, args).await?;
    if !early.is_empty() && driven.exit == Exit::Done {
        driven.exit = Exit::Waiting;
    }
    report(c, &driven)
}

/// That somebody holds the clean-up of a batch, who and why.
fn held(batch: &BatchLoaded) -> Option<String> {
    if !batch.state.steering().cleanup_held {
        return None;
    }
    let by = batch.entries.iter().rev().find_map(|entry| match &entry.event {
        BatchEvent::Requested(BatchRequested { request: BatchRequest::HoldCleanUp, reason }) => {
            Some(format!(" by {}: {reason}", entry.actor))
        }
        _ => None,
    });
    Some(one_line(&format!("the clean-up is held{}", by.unwrap_or_default())))
}

/// What the clean-up of a move would do, as a row.
const COLUMNS: &[Column] = &[("run", "/run"), ("identity", "/identity"), ("not_yet", "/not_yet")];

/// Shows what the clean-up would do.
async fn preview(c: &Context<'_>, select: &str, accepts: &[String]) -> Result<Exit, CliError> {
    let log = store::open_to_read(&c.global.db)?;
    let selection = store::select(&*log, Some(select)).await?;
    let (name, batch) = batch_of(&log, &selection).await?;
    let held = held(&batch);
    let mut moves = Vec::with_capacity(selection.runs.len());
    for run in &selection.runs {
        moves.push(Preview::of(run, &store::read_run(&*log, run).await?.state, accepts));
    }
    let mut moves: Vec<Preview> = moves.into_iter().flatten().collect();
    if held.is_some() {
        moves.iter_mut().for_each(|one| one.not_yet.clone_from(&held));
    }
    let confirm = c.output.hints().complete(&confirmed(select, &name, accepts));
    let text = render::clean_up::text(&moves, &confirm);
    let rows = || moves.iter().map(|one| json!(one)).collect();
    let value = json!({"format_version": "1.0", "batch": name, "moves": moves});
    c.output.list(&text, &value, &List::whole(COLUMNS, &rows))?;
    let early = moves.iter().any(|one| one.not_yet.is_some());
    Ok(if early { Exit::Waiting } else { Exit::Done })
}

impl Preview {
    /// What the clean-up of a move would do; nothing where there is none any more.
    fn of(run: &RunId, state: &RunState, accepts: &[String]) -> Option<Self> {
        let not_yet = match stands(state) {
            Stands::Over => return None,
            Stands::Before => Some(waits(state, run)),
            Stands::AtGate | Stands::Behind => None,
        };
        let open = |(step, stands): &(&Step, &StepState)| {
            step.phase == Phase::CleanUp
                && !stands.forward.is_settled()
                && !matches!(step.node, Node::Gate { .. })
        };
        let mut left_out = view(run, state).left_out;
        left_out.retain(|left| !accepts.contains(&format!("{run}:{}", left.step)));
        let about = MoveAbout::of_log(&state.planned().about);
        Some(Self {
            run: run.to_string(),
            identity: identity(state),
            not_yet,
            steps: state.steps().filter(open).map(|(step, _)| step.title.clone()).collect(),
            left_out,
            cannot_see: about.map_or_else(|| vec![unreadable()], |about| about.cannot_see),
        })
    }
}

/// The same command with the name of the batch.
fn confirmed(select: &str, batch: &str, accepts: &[String]) -> String {
    let accepts: String = accepts.iter().map(|step| format!(" --accept {}", quoted(step))).collect();
    format!("rehome cleanup {} --confirm {}{accepts}", quoted(select), quoted(batch))
}

/// Opens the gates that can be opened; gives the moves that go on, and the others with the reason.
async fn open_gates(
    log: &dyn Backend,
    runs: &[RunId],
    actor: &Arc<str>,
    approval: &Approval<'_>,
) -> Result<(Vec<RunId>, Vec<(RunId, String)>), CliError> {
    let mut accepts: BTreeMap<RunId, Vec<StepId>> = BTreeMap::new();
    for accepted in approval.accepts {
        let (run, step) = store::split_step(accepted)?;
        accepts.entry(run).or_default().push(step);
    }
    let (mut ready, mut early) = (Vec::new(), Vec::new());
    for run in runs {
        let state = store::read_run(log, run).await?.state;
        let accepted = accepts.get(run).map(Vec::as_slice).unwrap_or_default();
        match stands(&state) {
            Stands::AtGate if state.skipped().any(|step| !accepted.contains(step)) => {
                early.push((run.clone(), left_out(run, &state)));
            }
            Stands::AtGate => {
                let now = SystemClock.now_ms();
                let opened = open_gate(log, run, actor, now, (GATE, accepted), approval.reason).await;
                opened.map_err(|e| store::request_error(&e))?;
                ready.push(run.clone());
            }
            Stands::Behind => ready.push(run.clone()),
            Stands::Before => early.push((run.clone(), waits(&state, run))),
            Stands::Over => {}
        }
    }
    Ok((ready, early))
}

/// A plan of another program may not say it in a way that this one can read.
fn unreadable() -> Unseen {
    let what = "what nobody could see when this was planned cannot be read in the log: read the plan itself";
    Unseen { code: "-".to_owned(), what: what.to_owned() }
}

/// What somebody must answer for before the old identity goes.
fn left_out(run: &RunId, state: &RunState) -> String {
    let left: Vec<LeftOut> = view(run, state).left_out;
    let steps: Vec<String> = left.iter().map(|one| format!("{} ({})", one.step, one.title)).collect();
    let flags: Vec<String> = left.iter().map(|one| format!("--accept {run}:{}", one.step)).collect();
    format!("left out: {}; if the old identity may go all the same: {}", steps.join(", "), flags.join(" "))
}

enum Stands {
    Before,
    AtGate,
    Behind,
    Over,
}

fn stands(state: &RunState) -> Stands {
    match state.verdict() {
        Some(Verdict::Done | Verdict::RolledBack | Verdict::Stale | Verdict::Superseded) => {
            return Stands::Over;
        }
        None => {}
    }
    let gate = state.steps().find(|(step, _)| matches!(&step.node, Node::Gate { name } if name == GATE));
    match gate {
        None => Stands::Over,
        Some((_, stands)) if stands.forward.is_settled() => Stands::Behind,
        Some((step, _)) if state.is_open(&step.id) => Stands::AtGate,
        Some(_) => Stands::Before,
    }
}

fn waits(state: &RunState, run: &RunId) -> String {
    let seen = view(run, state);
    match seen.waiting_for.first() {
        Some(wait) => match wait.next_check_ms.filter(|_| wait.kind == WaitKind::Soak) {
            Some(date) => format!("it soaks until {}", crate::time::date(date)),
            None => format!("step {} is not done: {}", wait.step, wait.title),
        },
        None => format!("it is {}", seen.state.word()),
    }
}
