//! CLI: what a person asks of a step, a move or a batch: it is appended, and a runner acts on it. Touches the log.

use crate::context::Context;
use crate::counted::counted;
use crate::error::{CliError, Exit, one_line};
use crate::hint::quoted;
use crate::presence::Presence;
use crate::render::kinds::kinds;
use crate::rows::{Column, List};
use crate::step::resolve_step_id;
use crate::{steer, store, witness};
use rehome_orchestrator::{
    BatchRequest, Clock, ForwardState, Node, Request, RunId, RunState, StepId, StepState, SystemClock,
    UndoState, ask,
};
use rehome_store::{Backend, Log};
use serde_json::{Value, json};
use std::sync::Arc;

/// Asks something of one step.
pub(crate) async fn step(
    c: &Context<'_>,
    text: &str,
    request: impl Fn(StepId) -> Request,
    reason: &str,
) -> Result<Exit, CliError> {
    let log = store::open_to_write(&c.global.db).await?;
    let (run, request) = wanted(&*log, text, &request).await?;
    let steps = record(c, &*log, &run, request, reason).await?;
    witness::follow(c, &log).await?;
    report(c, &log, &Asked { run, steps, recorded: true, why_not: "" }).await
}

/// Asks the same of several steps; nothing is recorded where one of them cannot be asked.
pub(crate) async fn steps(
    c: &Context<'_>,
    texts: &[String],
    request: impl Fn(StepId) -> Request,
    reason: &str,
) -> Result<Exit, CliError> {
    if let [text] = texts {
        return step(c, text, request, reason).await;
    }
    let log = store::open_to_write(&c.global.db).await?;
    let mut all = Vec::with_capacity(texts.len());
    for text in texts {
        let one = wanted(&*log, text, &request).await?;
        if !all.contains(&one) {
            all.push(one);
        }
    }
    let mut asked = Vec::with_capacity(all.len());
    for (run, request) in all {
        let steps = record(c, &*log, &run, request, reason).await?;
        asked.push(Asked { run, steps, recorded: true, why_not: "" });
    }
    witness::follow(c, &log).await?;
    report_all(c, &log, &asked).await
}

/// What is asked of which move, if it can be asked.
async fn wanted(
    log: &dyn Log,
    text: &str,
    request: &impl Fn(StepId) -> Request,
) -> Result<(RunId, Request), CliError> {
    let (run, step) = store::split_step(text)?;
    let state = store::read_run(log, &run).await?.state;
    let step = resolve_step_id(&state, step);
    let request = request(step.clone());
    match why_not(&run, &state, &step, &request) {
        Some(why) => Err(CliError::new(Exit::Usage, why).next(format!("rehome show {run}"))),
        None => Ok((run, request)),
    }
}

/// Why something cannot be asked of a step where it stands.
fn why_not(run: &RunId, state: &RunState, id: &StepId, request: &Request) -> Option<String> {
    let Some((step, stands)) = state.step(id) else {
        return Some(format!("{run} has no step called {id}"));
    };
    let parked = matches!(stands.forward, ForwardState::Parked { .. } | ForwardState::Retrying { .. })
        || matches!(stands.undo, UndoState::Parked { .. } | UndoState::Retrying { .. });
    let why = match request {
        _ if state.verdict().is_some() => Some("the move is over".to_owned()),
        Request::Acknowledge(_) => not_by_hand(state, id),
        Request::Retry(_) | Request::MarkDone(_) | Request::Adopt(_) if !parked => {
            Some(not_parked(&step.node, stands).to_owned())
        }
        Request::Retry(_)
        | Request::MarkDone(_)
        | Request::Adopt(_)
        | Request::Skip(_)
        | Request::Pause
        | Request::Resume
        | Request::RollBack => None,
    };
    why.map(|why| format!("step {id} of {run} ({}): {why}", step.title))
}

fn not_parked(node: &Node, stands: &StepState) -> &'static str {
    match (node, &stands.forward) {
        (_, ForwardState::Done { .. }) => "it is done already",
        (_, ForwardState::Skipped) => "it was left out",
        (Node::ByHand { .. }, _) => "it is done by hand: who has done it says so with ack",
        (_, _) => "it has not failed, and goes on by itself when its turn comes",
    }
}

/// Why nobody can acknowledge a step where it stands.
fn not_by_hand(state: &RunState, id: &StepId) -> Option<String> {
    let (step, stands) = state.step(id)?;
    let why = match (&step.node, &stands.forward, &stands.undo) {
        (_, _, UndoState::ByHand) if state.is_undo_open(id) => return None,
        (_, _, UndoState::ByHand) => {
            "its turn has not come: others still need what is to be taken back".to_owned()
        }
        (Node::ByHand { .. }, ForwardState::Done { .. }, _) => {
            "it is done already, and the record has it".to_owned()
        }
        (Node::ByHand { .. }, ForwardState::Skipped, _) => "it was left out".to_owned(),
        (Node::ByHand { .. }, ForwardState::Idle, _) if state.is_open(id) => return None,
        (Node::ByHand { .. }, _, _) => {
            let open = |id: &&StepId| state.step(id).is_some_and(|(_, s)| !s.forward.is_settled());
            let needs: Vec<&str> = step.needs.iter().filter(open).map(StepId::as_str).collect();
            format!("its turn has not come: it waits for step {}", needs.join(", "))
        }
        (_, _, _) => "it is not done by hand: only such steps are acknowledged".to_owned(),
    };
    Some(why)
}

/// What is asked of a batch, or of a wave of it.
pub(crate) type OfBatch<'a> = &'a (dyn Fn(Option<String>) -> BatchRequest + Sync);

/// Asks something of a move, or of a batch and its moves; where the batch itself can be asked, only of moves that were
/// paused by themselves.
pub(crate) async fn of_moves(
    c: &Context<'_>,
    select: &str,
    (of_batch, request): (Option<OfBatch<'_>>, &Request),
    reason: &str,
) -> Result<Exit, CliError> {
    let log = store::open_to_write(&c.global.db).await?;
    let actor = store::actor(c.global.actor.as_deref());
    let asked = record_of_moves(&actor, &*log, select, (of_batch, request), reason).await?;
    witness::follow(c, &log).await?;
    report_all(c, &log, &asked).await
}

/// Records that, of a log that is open.
pub(crate) async fn record_of_moves(
    actor: &Arc<str>,
    log: &dyn Log,
    select: &str,
    (of_batch, request): (Option<OfBatch<'_>>, &Request),
    reason: &str,
) -> Result<Vec<Asked>, CliError> {
    let selection = store::select(log, Some(select)).await?;
    let batch = selection.batch.as_deref().zip(of_batch);
    if let Some((batch, of_batch)) = batch {
        steer::ask(actor, log, batch, of_batch(selection.wave), reason).await?;
    }
    let mut asked = Vec::new();
    for run in selection.runs {
        let state = store::read_run(log, &run).await?.state;
        let recorded = state.verdict().is_none();
        if recorded && (batch.is_none() || state.is_paused()) {
            record_by(actor, log, &run, request.clone(), reason).await?;
        }
        asked.push(Asked { run, steps: Vec::new(), recorded, why_not: "the move is over" });
    }
    Ok(asked)
}

pub(crate) async fn record(
    c: &Context<'_>,
    log: &dyn Log,
    run: &RunId,
    request: Request,
    reason: &str,
) -> Result<Vec<StepId>, CliError> {
    record_by(&store::actor(c.global.actor.as_deref()), log, run, request, reason).await
}

async fn record_by(
    actor: &Arc<str>,
    log: &dyn Log,
    run: &RunId,
    request: Request,
    reason: &str,
) -> Result<Vec<StepId>, CliError> {
    if reason.trim().is_empty() {
        return Err(CliError::new(Exit::Usage, "an act of a person needs a reason"));
    }
    ask(log, run, actor, SystemClock.now_ms(), request, reason).await.map_err(|e| store::request_error(&e))
}

/// So many moves that are asked the same are named one by one.
const EACH_MAX: usize = 5;

/// What became of a request to one move, as a row.
const COLUMNS: &[Column] = &[("run", "/run"), ("recorded", "/recorded")];

/// What became of a request to one move.
pub(crate) struct Asked {
    pub(crate) run: RunId,
    pub(crate) steps: Vec<StepId>,
    pub(crate) recorded: bool,
    pub(crate) why_not: &'static str,
}

impl Asked {
    fn line(&self) -> String {
        let steps: Vec<&str> = self.steps.iter().map(StepId::as_str).collect();
        match self.said() {
            Some(said) => said.of(self.run.as_str()),
            None => format!("recorded for {}: step {}", self.run, steps.join(", ")),
        }
    }

    /// What is said alike of many moves; nothing where it names steps.
    fn said(&self) -> Option<Said> {
        match (self.recorded, self.steps.is_empty()) {
            (false, _) => Some(Said::Nothing(self.why_not)),
            (true, true) => Some(Said::Recorded),
            (true, false) => None,
        }
    }

    fn value(&self) -> Value {
        json!({"run": self.run, "steps": self.steps, "recorded": self.recorded})
    }
}

/// What became of a request, whatever move it was of.
#[derive(Clone, Copy, PartialEq)]
enum Said {
    Recorded,
    /// Why not.
    Nothing(&'static str),
}

impl Said {
    fn of(self, moves: &str) -> String {
        match self {
            Self::Recorded => format!("recorded for {moves}"),
            Self::Nothing(why) => format!("nothing recorded for {moves}: {why}"),
        }
    }
}

/// Says what became of a request to one step.
async fn report(c: &Context<'_>, log: &Arc<dyn Backend>, asked: &Asked) -> Result<Exit, CliError> {
    let mut value = asked.value();
    value["format_version"] = "1.0".into();
    c.output.result(&one_line(&asked.line()), &value)?;
    go_on(c, log, &asked.run).await
}

/// Says what became of a request to many moves, in one document.
pub(crate) async fn report_all(
    c: &Context<'_>,
    log: &Arc<dyn Backend>,
    asked: &[Asked],
) -> Result<Exit, CliError> {
    // Hundreds of lines that say the same hide the one that does not.
    let mut lines = Vec::new();
    for of in kinds(asked, Asked::said) {
        match of.what {
            Some(said) if of.all.len() > EACH_MAX => {
                lines.push(said.of(&counted(of.all.len(), "move")));
            }
            Some(_) | None => lines.extend(of.all.iter().map(|asked| one_line(&asked.line()))),
        }
    }
    let moves: Vec<Value> = asked.iter().map(Asked::value).collect();
    let (rows, value) = (|| moves.clone(), json!({"format_version": "1.0", "moves": moves}));
    c.output.list(&lines.join("\n"), &value, &List::whole(COLUMNS, &rows))?;
    match asked.iter().find(|asked| asked.recorded) {
        Some(asked) => go_on(c, log, &asked.run).await,
        None => Ok(Exit::Done),
    }
}

/// Says who acts on what was recorded.
async fn go_on(c: &Context<'_>, log: &Arc<dyn Backend>, run: &RunId) -> Result<Exit, CliError> {
    match Presence::of(store::beside(&c.global.db)?.lease()) {
        Presence::Alive(holder, _) => {
            c.output.note(&format!("the runner on {} (process {}) acts on it", holder.host, holder.pid));
        }
        silent @ Presence::Silent(..) => drop(silent.line(&[]).map(|line| c.output.note(&line))),
        nobody @ (Presence::Gone(..) | Presence::Never | Presence::Unknown) => {
            let state = store::read_run(&**log, run).await?.state;
            let next = c.output.hints().complete(&format!("rehome run {}", quoted(&state.planned().batch)));
            c.output.note(&nobody.nobody(&next));
        }
    }
    Ok(Exit::Done)
}
