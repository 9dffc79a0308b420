//! Engine: where a run stands, as its events tell it. Holds data; the rules are in `fold`.

use crate::activity::Operation;
use crate::fault::{Difference, Fault, FaultKind};
use crate::ids::StepId;
use crate::json::Json;
use crate::plan::graph::{Graph, Index};
use crate::plan::template::Template;
use crate::plan::{Plan, Step};
use crate::run::event::{HeldUp, Observed, Planned, Taken, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where a run stands.
#[derive(Clone, Debug, PartialEq)]
pub struct RunState {
    pub(crate) graph: Arc<Graph>,
    pub(crate) planned: Arc<Planned>,
    pub(crate) approved: bool,
    pub(crate) compared: bool,
    /// What was not as the plan says, when that was looked at last.
    pub(crate) changed: Vec<Difference>,
    pub(crate) paused: bool,
    pub(crate) direction: RunDirection,
    pub(crate) steps: Vec<StepState>,
    pub(crate) closed: Option<Verdict>,
    /// How many needs of each step are not settled.
    pub(crate) unmet: Vec<u32>,
    /// Steps of the way forward whose turn has come and that are not settled.
    pub(crate) open: BTreeSet<Index>,
    pub(crate) settled: u32,
    /// What the other side last said to an attempt that did not succeed; looks at the world do not change it.
    pub(crate) last_error: BTreeMap<Index, Fault>,
    pub(crate) back: Option<Back>,
    /// The end of the record is lost, and the world was not looked at since.
    pub(crate) lost: Option<Lost>,
    /// Who of several runners works on it.
    pub(crate) owner: Option<Taken>,
    /// Steps whose turn has come and that cannot begin before a person decides about a step that holds what they work on.
    pub(crate) held_up: BTreeMap<Index, HeldUp>,
    /// The step that cannot be undone, once it may have happened.
    pub(crate) past_return: Option<Index>,
    /// The clock of the last event, and when the run was planned.
    pub(crate) last_ms: i64,
    pub(crate) planned_ms: i64,
    pub(crate) events: u64,
}

/// Which way a run goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunDirection {
    /// To its goal.
    Forward,
    /// Back to where it began.
    Back {
        /// The step whose failure made it turn; `None` when a person asked.
        failed: Option<StepId>,
    },
}

/// The book-keeping of the way back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Back {
    /// Forward steps whose outcome is not known yet.
    pub(crate) unsettled: BTreeSet<Index>,
    /// For each step, how many of those that need it are not finished.
    pub(crate) blockers: Vec<u32>,
    /// Steps whose undo may go on.
    pub(crate) ready: BTreeSet<Index>,
    /// Steps that are not finished.
    pub(crate) unfinished: BTreeSet<Index>,
    /// Steps that were undone and not looked at since.
    pub(crate) unchecked: BTreeSet<Index>,
    pub(crate) proofs: u32,
    pub(crate) next_proof_ms: i64,
    pub(crate) verified: Option<Vec<Difference>>,
}

/// What is known of a run whose record lost its end, until the world was looked at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lost {
    /// Nothing that the lost part sent was sent after this date.
    pub(crate) since_ms: i64,
    /// What was found.
    pub(crate) found: BTreeMap<Index, Observed>,
    /// The run is to be turned when it is known where it stands.
    pub(crate) turn: bool,
}

/// Where a step stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepState {
    /// On the way forward.
    pub forward: ForwardState,
    /// On the way back.
    pub undo: UndoState,
    /// How many attempts to put its effect in place were begun.
    pub attempts: u32,
    /// How many attempts to take it back were begun.
    pub undo_attempts: u32,
    /// Attempts before a person asked to try again, which do not count against the limit.
    pub(crate) attempts_before_reset: u32,
    /// The same on the way back.
    pub(crate) undo_attempts_before_reset: u32,
    /// When the first attempt that counts was begun.
    pub(crate) first_ms: Option<i64>,
    /// The same on the way back.
    pub(crate) undo_first_ms: Option<i64>,
    /// When the last attempt to take the effect back was begun.
    pub(crate) undo_began_ms: i64,
    /// When the last attempt to put the effect in place was begun.
    pub(crate) began_ms: i64,
    /// When something last happened to it.
    pub since_ms: i64,
    /// An attempt had no clear answer of its own, so a late effect is possible.
    pub(crate) outcome_uncertain: bool,
    /// Part of its effect is in place.
    pub(crate) partial: bool,
    /// Attempts that were answered with success and after which the effect was not there, since a person last asked.
    pub(crate) vain: u8,
    /// Attempts to take it back that were answered with success, since a person last asked.
    pub(crate) undo_vain: u8,
    /// The input as it was resolved, when the plan does not say it in full; see [`RunState::input_of`].
    pub(crate) input: Option<Json>,
    /// What was there before.
    pub before: Option<Json>,
    /// What it gave.
    pub output: Option<Json>,
}

/// Where a step stands on the way forward.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ForwardState {
    /// Nothing has happened.
    #[default]
    Idle,
    /// An attempt was begun, and its end is not known.
    Began,
    /// The other side works on it.
    Accepted(Operation),
    /// Nobody knows whether the effect is in place.
    Doubt(PollState),
    /// Part of the effect is in place and is to be completed.
    Partial,
    /// Certainly not applied; to be tried again.
    Retrying {
        /// Not before this date, in wall milliseconds since 1970.
        until_ms: i64,
        /// Why it was not applied.
        why: Fault,
    },
    /// The condition does not hold yet.
    Waiting(PollState),
    /// The date has not come yet.
    Soaking {
        /// The date, in wall milliseconds since 1970.
        until_ms: i64,
        /// What time it was where the effects are, when the date was set.
        elsewhere_ms: Option<i64>,
    },
    /// Stopped, until a person decides.
    Parked {
        /// Why.
        why: Fault,
        /// Whether the effect may be in place.
        doubt: bool,
    },
    /// A person said that it is done; the world is to be looked at.
    Attesting,
    /// Done.
    Done {
        /// Whether this run did it, so that it may undo it.
        ours: bool,
    },
    /// Left out by a person.
    Skipped,
}

/// How far a step is on the way forward, for whoever asks no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing has happened.
    NotStarted,
    /// Something happens, or is to happen by itself.
    InFlight,
    /// It is stopped until a person decides.
    Blocked,
    /// It is over.
    Settled,
}

impl ForwardState {
    /// How far the step is.
    pub fn progress(&self) -> Progress {
        match self {
            Self::Idle => Progress::NotStarted,
            Self::Began
            | Self::Accepted(_)
            | Self::Doubt(_)
            | Self::Partial
            | Self::Retrying { .. }
            | Self::Waiting(_)
            | Self::Soaking { .. }
            | Self::Attesting => Progress::InFlight,
            Self::Parked { .. } => Progress::Blocked,
            Self::Done { .. } | Self::Skipped => Progress::Settled,
        }
    }

    /// Whether something was sent for it whose outcome is open.
    pub fn is_sent(&self) -> bool {
        matches!(self, Self::Began | Self::Accepted(_) | Self::Doubt(_))
    }

    /// Whether the step is over.
    pub fn is_settled(&self) -> bool {
        self.progress() == Progress::Settled
    }
}

/// Where a step stands on the way back.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum UndoState {
    /// The run does not go back, or the outcome of the step is not known yet.
    #[default]
    None,
    /// There is nothing to take back.
    NotNeeded,
    /// To be taken back when everything that needs it is finished.
    Pending,
    /// An attempt was begun, and its end is not known.
    Began,
    /// Nobody knows whether the effect is gone.
    Doubt(PollState),
    /// Certainly not taken back; to be tried again.
    Retrying {
        /// Not before this date, in wall milliseconds since 1970.
        until_ms: i64,
        /// Why it failed.
        why: Fault,
    },
    /// Stopped, until a person decides.
    Parked {
        /// Why.
        why: Fault,
        /// Whether the effect may be gone.
        doubt: bool,
    },
    /// A person said that it is done; the world is to be looked at.
    Attesting,
    /// What it waits for on the way back has not come yet.
    PropagationDelay {
        /// The date, in wall milliseconds since 1970.
        until_ms: i64,
    },
    /// A person has to take it back.
    ByHand,
    /// Taken back.
    Undone,
    /// Left in place by a person.
    Left,
}

/// A look at the world that did not settle the matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollState {
    /// How many looks so far.
    pub checks: u32,
    /// The next is not before this date, in wall milliseconds since 1970.
    pub until_ms: i64,
    /// What is missing.
    pub why: Option<Fault>,
}

impl PollState {
    pub(crate) const NOW: Self = Self { checks: 0, until_ms: 0, why: None };
}

impl RunState {
    /// A reason of the engine's own, with what the other side said before.
    pub(crate) fn explained(&self, at: Index, why: Fault) -> Fault {
        match self.last_error.get(&at) {
            Some(said) => why.after(said),
            None => why,
        }
    }

    /// Who of several runners took it last; nobody where one runner has the log for itself.
    pub fn owner(&self) -> Option<&Taken> {
        self.owner.as_ref()
    }

    /// How many runners took it so far.
    pub(crate) fn epoch(&self) -> u64 {
        self.owner.as_ref().map_or(0, |owner| owner.epoch)
    }

    /// What was planned.
    pub fn planned(&self) -> &Planned {
        &self.planned
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        self.graph.plan()
    }

    /// Whether a person allowed the plan.
    pub fn is_approved(&self) -> bool {
        self.approved
    }

    /// Whether nothing new is started.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Which way it goes.
    pub fn direction(&self) -> &RunDirection {
        &self.direction
    }

    /// How it ended, if it has.
    pub fn verdict(&self) -> Option<Verdict> {
        self.closed
    }

    /// Whether any attempt was ever begun.
    pub fn has_begun(&self) -> bool {
        self.steps.iter().any(|s| s.attempts > 0)
    }

    /// The steps of the plan with where each stands, in the order of the plan.
    pub fn steps(&self) -> impl Iterator<Item = (&Step, &StepState)> {
        self.plan().steps.iter().zip(&self.steps)
    }

    /// Where one step stands.
    pub fn step(&self, id: &StepId) -> Option<(&Step, &StepState)> {
        let at = self.graph.find(id)?;
        Some((self.graph.step(at), &self.steps[at as usize]))
    }

    /// Whether everything that a step needs is settled, and the step itself is not.
    pub fn is_open(&self, id: &StepId) -> bool {
        self.graph.find(id).is_some_and(|at| self.open.contains(&at))
    }

    /// Whether a step is to be taken back and its turn has come.
    pub fn is_undo_open(&self, id: &StepId) -> bool {
        let back = self.back.as_ref();
        self.graph.find(id).is_some_and(|at| back.is_some_and(|back| back.ready.contains(&at)))
    }

    /// The step behind which there is no way back, once it may have happened.
    pub fn past_return(&self) -> Option<&StepId> {
        self.past_return.map(|at| &self.graph.step(at).id)
    }

    /// What differed when the way back was proven, if it was.
    pub fn proof(&self) -> Option<&[Difference]> {
        self.back.as_ref()?.verified.as_deref()
    }

    /// What had changed since the plan was made, where the run is stale.
    pub fn changed(&self) -> &[Difference] {
        &self.changed
    }

    /// The time of the last event, in milliseconds since 1970 UTC.
    pub fn last_ms(&self) -> i64 {
        self.last_ms
    }

    /// How many events it has.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The input of a step: as its attempts resolved it, or as the plan says it in full.
    pub fn input_of(&self, id: &StepId) -> Option<&Json> {
        self.graph.find(id).and_then(|at| self.input(at))
    }

    /// Fills a template of the plan with the outputs that are known.
    ///
    /// # Errors
    /// When an output that it names is not there.
    pub fn resolve(&self, template: &Template) -> Result<Json, Fault> {
        if let Template::Known(value) = template {
            return Ok(value.clone());
        }
        let mut outputs = BTreeMap::new();
        for id in template.references() {
            if let Some(output) = self.output(id) {
                outputs.insert(id, output.read::<serde_json::Value>("output")?);
            }
        }
        let filled = template.resolve(&|id| outputs.get(id));
        filled
            .map(|value| Json::of(&value))
            .map_err(|e| Fault::new(FaultKind::Bug, "Unresolvable", e.to_string()))
    }

    pub(crate) fn input(&self, at: Index) -> Option<&Json> {
        self.at(at).input.as_ref().or_else(|| self.graph.step(at).known_input())
    }

    pub(crate) fn at(&self, at: Index) -> &StepState {
        &self.steps[at as usize]
    }

    /// Whether the outcome of a step is not known, or only a part of its effect is in place, in either direction.
    pub(crate) fn is_unsettled(&self, at: Index) -> bool {
        let step = self.at(at);
        let partly = step.partial && matches!(step.forward, ForwardState::Retrying { .. });
        partly
            || matches!(
                step.forward,
                ForwardState::Began
                    | ForwardState::Accepted(_)
                    | ForwardState::Doubt(_)
                    | ForwardState::Partial
            )
            || matches!(step.undo, UndoState::Began | UndoState::Doubt(_))
    }

    /// Whether a step stopped, and only a person can say how what is in place becomes known, or whole.
    pub(crate) fn is_left_open(&self, at: Index) -> bool {
        let step = self.at(at);
        self.closed.is_none()
            && match (&step.undo, &step.forward) {
                (UndoState::None, ForwardState::Parked { doubt, .. }) => *doubt || step.partial,
                (UndoState::Parked { doubt, .. }, _) => *doubt,
                _ => false,
            }
    }

    /// Whether a step holds what it works on: nobody else begins there, or its effect could not be told from theirs.
    pub(crate) fn holds(&self, at: Index) -> bool {
        self.is_unsettled(at) || self.is_left_open(at)
    }

    /// Whether any step holds what it works on.
    pub(crate) fn is_holding(&self) -> bool {
        self.closed.is_none() && (0..self.graph.len()).any(|at| self.holds(at))
    }

    /// What keeps a step from beginning, if another one does.
    pub fn held_up(&self, id: &StepId) -> Option<&HeldUp> {
        self.graph.find(id).and_then(|at| self.held_up.get(&at))
    }

    /// The output of a step, if it has one.
    pub(crate) fn output(&self, id: &StepId) -> Option<&Json> {
        self.graph.find(id).and_then(|at| self.at(at).output.as_ref())
    }
}

/// A batch has hundreds of thousands of these in memory at once.
const _: () = assert!(size_of::<StepState>() <= 192, "the state of a step is kept small");
