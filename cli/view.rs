//! CLI: where a move stands, in the words that people see. Pure.

use crate::chain::{self, Chain};
use crate::hint::quoted;
use crate::rows::{Column, List};
use crate::wait::{WaitKind, WaitView};
use rehome_activities::relocate::Params;
use rehome_orchestrator::{
    Difference, Fault, FaultKind, ForwardState, Node, Phase, RunDirection, RunId, RunState, Step, StepState,
    UndoState, Verdict,
};
use serde::Serialize;
use serde_json::{Value, json};

/// A move as a row.
const COLUMNS: &[Column] = &[
    ("run", "/run"),
    ("state", "/state"),
    ("identity", "/identity"),
    ("batch", "/batch"),
    ("done", "/done"),
    ("total", "/total"),
    ("since_ms", "/since_ms"),
];

/// Moves as rows, which [`values`] makes.
pub(crate) fn list(rows: &dyn Fn() -> Vec<Value>) -> List<'_> {
    List::whole(COLUMNS, rows)
}

/// Moves as programs read them.
pub(crate) fn values(views: &[MoveView]) -> Vec<Value> {
    views.iter().map(|view| json!(view)).collect()
}

/// A move, as `status` shows it. Keys never change meaning; new ones may come.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MoveView {
    pub(crate) run: String,
    pub(crate) batch: String,
    pub(crate) identity: String,
    pub(crate) state: State,
    pub(crate) done: usize,
    pub(crate) total: usize,
    pub(crate) events: u64,
    pub(crate) since_ms: i64,
    pub(crate) waiting_for: Vec<WaitView>,
    /// Steps that a person left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_out: Vec<LeftOut>,
    /// Steps of which something is still there, on a way back that waits for people or is over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) still_there: Vec<LeftOut>,
    /// What is not as it was before the first step, after the way back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) differs: Vec<Difference>,
    /// What its plan still waits for.
    #[serde(skip)]
    pub(crate) chain: Option<Chain>,
    /// What changed since the plan was made, of a move that did not begin because of that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) changed: Vec<Difference>,
    /// Steps of the way forward of which something was sent, and whose outcome is open.
    pub(crate) in_flight: usize,
    /// Which of several runners took it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) runner: Option<String>,
    /// It is made to be taken back, before it is made again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) rehearsal: bool,
    /// Whether anything of it was ever attempted.
    #[serde(skip)]
    pub(crate) begun: bool,
    /// Whether it is on its way back.
    #[serde(skip)]
    pub(crate) goes_back: bool,
}

impl MoveView {
    /// Whether nothing more will happen to it.
    pub(crate) fn is_over(&self) -> bool {
        [State::Done, State::RolledBack, State::Stale, State::Superseded].contains(&self.state)
    }

    /// What carries the work on.
    pub(crate) fn run_command(&self) -> String {
        format!("rehome run {}", quoted(&self.batch))
    }

    /// Something that the move as a whole waits for.
    pub(crate) fn waits_as_a_whole(&self, kind: WaitKind, title: &str) -> WaitView {
        WaitView { unblock_with: vec![self.run_command()], ..WaitView::new("-", title, kind, self.since_ms) }
    }

    /// It is compared with Azure before the first step and after the last that is taken back, and that cannot be read.
    pub(crate) fn waits_unread(&self, why: Fault) -> WaitView {
        let title = "what it is to be compared with in Azure cannot be read";
        WaitView { why: Some(why), left: Some(UNREAD), ..self.waits_as_a_whole(WaitKind::Unread, title) }
    }

    /// The identity's name.
    pub(crate) fn name(&self) -> &str {
        self.identity.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it was made to be taken back, and came back as it was.
    pub(crate) fn is_rehearsed(&self) -> bool {
        self.rehearsal && self.is_back()
    }

    /// Whether everything was taken back, and the world is as it was before the first step.
    pub(crate) fn is_back(&self) -> bool {
        self.state == State::RolledBack && self.differs.is_empty()
    }
}

/// Each state with the word that people see; those that want somebody first.
macro_rules! states {
    ($($(#[$doc:meta])* $state:ident = $word:literal,)+) => {
        /// The states that people see.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        pub(crate) enum State {
            $($(#[$doc])* #[serde(rename = $word)] $state,)+
        }

        impl State {
            /// All of them, those that want somebody first.
            pub(crate) const ALL: &[Self] = &[$(Self::$state),+];

            pub(crate) fn word(self) -> &'static str {
                match self {
                    $(Self::$state => $word,)+
                }
            }
        }
    };
}

states! {
    Failed = "failed",
    NeedsPerson = "needs-person",
    Paused = "paused",
    Stale = "stale",
    /// Everything is done but the clean-up, which has an approval of its own: the old identity lives.
    AwaitingCleanup = "awaiting-cleanup",
    Running = "running",
    Soaking = "soaking",
    Waiting = "waiting",
    Planned = "planned",
    /// Its batch was given up; what is in Azure is left as it is.
    Abandoned = "abandoned",
    RolledBack = "rolled-back",
    /// Everything is done, with the clean-up.
    Done = "done",
    Superseded = "superseded",
    /// Somebody left it out before it began.
    Skipped = "skipped",
}

/// What is left where Azure cannot be read.
const UNREAD: &str = "nothing was begun because of that, and nothing is said to be as it was before";

/// A step that was left out, or not taken back.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) step: String,
    pub(crate) title: String,
}

/// How the title of a step begins that is taken back; behind it stand how, and its title.
pub(crate) const TAKEN_BACK: &str = "take back (";

/// Looks at a move.
pub(crate) fn view(run: &RunId, state: &RunState) -> MoveView {
    let mut waiting_for: Vec<WaitView> =
        state.steps().filter_map(|(step, stands)| waits(run, state, step, stands)).collect();
    if state.is_restored() {
        waiting_for.insert(0, lost(state));
    }
    let still_there = still_there(state, &waiting_for);
    let forward = |(step, _): &(&Step, &StepState)| step.phase == Phase::Forward;
    let settled = state.steps().filter(|(_, s)| s.forward.is_settled());
    MoveView {
        run: run.to_string(),
        batch: state.planned().batch.clone(),
        identity: identity(state),
        state: word(state, &waiting_for, state.steps().filter(forward).all(|(_, s)| s.forward.is_settled())),
        done: settled.count(),
        total: state.plan().steps.len(),
        events: state.events(),
        since_ms: state.last_ms(),
        waiting_for,
        left_out: state.skipped().filter_map(|id| state.step(id)).map(|(step, _)| left_out(step)).collect(),
        still_there,
        differs: state.proof().unwrap_or_default().to_vec(),
        chain: chain::chain(state),
        changed: state.changed().to_vec(),
        runner: state.owner().map(|owner| owner.runner.clone()),
        in_flight: state.steps().filter(|(_, stands)| stands.forward.is_sent()).count(),
        rehearsal: false,
        begun: state.has_begun(),
        goes_back: matches!(state.direction(), RunDirection::Back { .. }),
    }
}

fn left_out(step: &Step) -> LeftOut {
    LeftOut { step: step.id.to_string(), title: step.title.clone() }
}

/// What somebody left in place on the way back, and what has to wait for a step that is not taken back.
fn still_there(state: &RunState, waiting: &[WaitView]) -> Vec<LeftOut> {
    let stopped = waiting.iter().any(|w| w.kind == WaitKind::Failed);
    let remains = |(_, stands): &(&Step, &StepState)| match stands.undo {
        UndoState::Left => true,
        UndoState::Pending => {
            stopped && !matches!(stands.forward, ForwardState::Idle | ForwardState::Skipped)
        }
        _ => false,
    };
    state.steps().filter(remains).map(|(step, _)| left_out(step)).collect()
}

/// Nothing else goes on before the world was looked at.
fn lost(state: &RunState) -> WaitView {
    let title = "the end of its record is lost: what is in Azure is looked at before anything is written";
    let unblock_with = vec![format!("rehome run {}", quoted(&state.planned().batch))];
    WaitView { unblock_with, ..WaitView::new("-", title, WaitKind::Restored, state.last_ms()) }
}

/// The old identity's id.
pub(crate) fn identity(state: &RunState) -> String {
    let params: Option<Params> = state.planned().params.read("parameters").ok();
    params.map(|params| params.identity).unwrap_or_default().to_string()
}

fn word(state: &RunState, waiting: &[WaitView], forward_done: bool) -> State {
    match state.verdict() {
        Some(Verdict::Done) => return State::Done,
        Some(Verdict::RolledBack) => return State::RolledBack,
        Some(Verdict::Stale) => return State::Stale,
        Some(Verdict::Superseded) => return State::Superseded,
        None => {}
    }
    let any = |kind: WaitKind| waiting.iter().any(|w| w.kind == kind);
    let back = matches!(state.direction(), RunDirection::Back { .. });
    if any(WaitKind::Failed) {
        State::Failed
    } else if state.is_paused() {
        State::Paused
    } else if any(WaitKind::ByHand) || any(WaitKind::HeldUp) {
        State::NeedsPerson
    } else if !state.has_begun() && !back {
        if state.is_approved() { State::Waiting } else { State::Planned }
    } else if any(WaitKind::Soak) {
        State::Soaking
    } else if forward_done && !back && any(WaitKind::Approval) {
        State::AwaitingCleanup
    } else {
        State::Running
    }
}

fn waits(run: &RunId, state: &RunState, step: &Step, stands: &StepState) -> Option<WaitView> {
    if state.verdict().is_some() {
        return None;
    }
    let since_ms = if stands.since_ms > 0 { stands.since_ms } else { open_since(state, step) };
    let mut view = WaitView::new(step.id.as_str(), &step.title, WaitKind::Azure, since_ms);
    let mut fits = match state.direction() {
        RunDirection::Forward => forward(run, state, step, stands, &mut view),
        RunDirection::Back { .. } => back(run, state, step, stands, &mut view),
    };
    if let Some(held) = state.held_up(&step.id) {
        view.held_up(held);
        fits = true;
    }
    fits.then_some(view)
}

/// Since when a step that nothing happened to waits: since the last thing happened that it needs, or the last of all.
fn open_since(state: &RunState, step: &Step) -> i64 {
    let needed = step.needs.iter().filter_map(|id| state.step(id)).map(|(_, stands)| stands.since_ms).max();
    needed.filter(|ms| *ms > 0).unwrap_or_else(|| state.last_ms())
}

/// The command that opens a gate. Somebody has to answer for each step that was left out.
fn open_gate(run: &RunId, state: &RunState, gate: &str) -> String {
    let batch = quoted(&state.planned().batch);
    let accepts: String = state.skipped().map(|step| format!(" --accept {run}:{step}")).collect();
    let select = if accepts.is_empty() { batch.clone() } else { run.to_string() };
    format!("rehome {gate} {select} --confirm {batch}{accepts}")
}

/// A look that lies further ahead than any pause between two looks is left to the clock, like a soak.
const FAR_MS: i64 = 120_000;

/// What is left by a step that was refused.
const NOT_DONE: &str = "nothing of this step was done; what depends on it waits, everything else goes on";
/// What is left by a step that nobody knows the outcome of.
const IN_DOUBT: &str = "it is not known whether this step was done; nothing is sent until that is settled";
/// What is left by an undo that was refused.
const NOT_UNDONE: &str = "this step is not taken back; what depends on it waits, everything else goes on";

/// What is left where somebody has changed what was done.
const DRIFTED: &str = "what somebody changed stays as it is; nothing goes on until a person has decided";

/// What is left where somebody else's change was found.
const STRANGE: &str = "what is there is somebody else's change or mixed with one; nothing of it is touched";

fn left(why: &Fault, doubt: bool) -> &'static str {
    match (doubt, why.kind) {
        (true, _) => IN_DOUBT,
        (false, FaultKind::Differs | FaultKind::GaveUp) => STRANGE,
        (false, _) => NOT_DONE,
    }
}

/// What was found while a move soaks, or before its clean-up, is no step that was carried out: it is looked away from by
/// trying again, and nobody did it in its place.
fn drifted(node: &Node, view: &mut WaitView) {
    let impossible: &[&str] = match node {
        Node::Soak { .. } => &["mark-done"],
        Node::Gate { .. } => &["mark-done", "skip"],
        _ => &[],
    };
    let possible =
        |command: &String| !impossible.iter().any(|word| command.split_whitespace().nth(1) == Some(*word));
    view.unblock_with.retain(possible);
    if matches!(node, Node::Soak { .. } | Node::Gate { .. }) {
        view.left = Some(DRIFTED);
    }
}

fn decide(run: &RunId, step: &Step, skip: bool) -> Vec<String> {
    let mut commands = vec![format!("rehome retry {run}:{}", step.id)];
    if skip {
        commands.push(format!("rehome skip {run}:{} --reason TEXT", step.id));
    }
    commands.push(format!("rehome mark-done {run}:{} --reason TEXT", step.id));
    commands.push(format!("rehome rollback {run} --reason TEXT"));
    commands
}

fn forward(run: &RunId, state: &RunState, step: &Step, stands: &StepState, view: &mut WaitView) -> bool {
    match &stands.forward {
        ForwardState::Parked { why, doubt } => {
            view.fails(why, decide(run, step, !doubt));
            if !doubt && why.is_foreign() && matches!(step.node, Node::Act { .. }) {
                view.unblock_with.insert(1, format!("rehome adopt {run}:{} --reason TEXT", step.id));
            }
            view.left = Some(left(why, *doubt));
            drifted(&step.node, view);
        }
        ForwardState::Retrying { until_ms, why } => {
            view.kind = WaitKind::Retry;
            view.looks(*until_ms, stands.attempts, Some(why));
        }
        ForwardState::Waiting(look) | ForwardState::Doubt(look) => {
            view.looks(look.until_ms, look.checks, look.why.as_ref());
            if matches!(step.node, Node::Wait { .. }) && look.until_ms - stands.since_ms > FAR_MS {
                view.kind = WaitKind::Soak;
                view.unblock_with = vec![format!("rehome run {}", quoted(&state.planned().batch))];
            }
        }
        ForwardState::Soaking { until_ms, .. } => {
            view.kind = if matches!(step.node, Node::PropagationDelay { .. }) {
                WaitKind::Pause
            } else {
                WaitKind::Soak
            };
            view.next_check_ms = Some(*until_ms);
        }
        ForwardState::Began | ForwardState::Accepted(_) | ForwardState::Attesting | ForwardState::Partial => {
        }
        ForwardState::Idle if state.is_open(&step.id) => match &step.node {
            Node::Gate { name } => {
                view.kind = WaitKind::Approval;
                view.unblock_with = vec![open_gate(run, state, name)];
            }
            Node::ByHand { .. } => {
                view.kind = WaitKind::ByHand;
                view.unblock_with = vec![format!("rehome ack {run}:{} --note TEXT", step.id)];
            }
            Node::Act { .. }
            | Node::Wait { .. }
            | Node::Soak { .. }
            | Node::PropagationDelay { .. }
            | Node::Check { .. } => return false,
        },
        ForwardState::Idle | ForwardState::Done { .. } | ForwardState::Skipped => return false,
    }
    true
}

fn back(run: &RunId, state: &RunState, step: &Step, stands: &StepState, view: &mut WaitView) -> bool {
    if !matches!(stands.undo, UndoState::None | UndoState::PropagationDelay { .. }) && !step.undo.is_empty() {
        view.title = format!("{TAKEN_BACK}{}): {}", step.undo, step.title);
    }
    match &stands.undo {
        UndoState::Parked { why, .. } => {
            view.fails(why, decide(run, step, true));
            view.left = Some(NOT_UNDONE);
            view.unblock_with.pop();
        }
        UndoState::Retrying { until_ms, why } => {
            view.kind = WaitKind::Retry;
            view.looks(*until_ms, stands.undo_attempts, Some(why));
        }
        UndoState::Doubt(look) => {
            view.looks(look.until_ms, look.checks, look.why.as_ref());
        }
        // Before its turn a person would take back what others still need.
        UndoState::ByHand if !state.is_undo_open(&step.id) => return false,
        UndoState::ByHand => {
            view.kind = WaitKind::ByHand;
            view.unblock_with = vec![format!("rehome ack {run}:{} --note TEXT", step.id)];
        }
        UndoState::None => match &stands.forward {
            ForwardState::Parked { why, .. } => {
                view.fails(why, decide(run, step, true));
                view.unblock_with.truncate(2);
            }
            ForwardState::Idle | ForwardState::Done { .. } | ForwardState::Skipped => return false,
            _ => {}
        },
        UndoState::PropagationDelay { until_ms } => {
            view.kind = WaitKind::Pause;
            view.next_check_ms = Some(*until_ms);
            view.unblock_with = vec![format!("rehome skip {run}:{} --reason TEXT", step.id)];
        }
        UndoState::Began | UndoState::Attesting => {}
        UndoState::NotNeeded | UndoState::Pending | UndoState::Undone | UndoState::Left => return false,
    }
    true
}

#[cfg(test)]
impl MoveView {
    /// A move of which nothing is known but where it stands.
    pub(crate) fn standing(state: State) -> Self {
        Self {
            run: "m-0".to_owned(),
            batch: "exit-weu".to_owned(),
            identity: "/id-0".to_owned(),
            state,
            done: 3,
            total: 20,
            events: 9,
            since_ms: 1_000,
            waiting_for: Vec::new(),
            left_out: Vec::new(),
            still_there: Vec::new(),
            differs: Vec::new(),
            chain: None,
            changed: Vec::new(),
            in_flight: 0,
            runner: None,
            rehearsal: false,
            begun: true,
            goes_back: false,
        }
    }
}
