//! Engine: what each event does to a run, and which events are legal where. Pure.

use crate::ids::{Direction, StepId};
use crate::plan::graph::Index;
use crate::plan::{Node, PlanError, shared};
use crate::run::event::*;
use crate::run::state::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why an event cannot have happened: the log is not what this engine writes.
#[derive(Debug, thiserror::Error)]
pub enum Illegal {
    /// The stream does not begin with a plan.
    #[error("the move has no plan before its event {kind:?}")]
    NotPlanned {
        /// The kind of event that came first.
        kind: &'static str,
    },
    /// The recorded plan breaks the rules of plans.
    #[error("the recorded plan breaks a rule")]
    Plan(#[from] PlanError),
    /// The event names a step that the plan does not have.
    #[error("the plan has no step {0}")]
    NoStep(StepId),
    /// The event does not fit where the run stands.
    #[error("an event {kind:?} cannot follow here: {because}")]
    Here {
        /// The kind of event.
        kind: &'static str,
        /// Why it does not fit.
        because: String,
    },
}

/// Whether an event or a request fits a step; why not, in words.
pub(crate) type Judged = Result<(), &'static str>;

impl RunState {
    /// The state after the first event of a run, which must be its plan.
    ///
    /// # Errors
    /// When it is another event, or the plan breaks a rule.
    pub fn begin(at_ms: i64, event: &Event) -> Result<Self, Illegal> {
        use crate::run::codec::Recorded;
        let Event::Planned(planned) = event else {
            return Err(Illegal::NotPlanned { kind: event.kind().0 });
        };
        let graph = shared::graph(&planned.plan)?;
        let unmet: Vec<u32> = (0..graph.len()).map(|at| count(graph.needs(at).len())).collect();
        let open = (0..graph.len()).filter(|at| unmet[*at as usize] == 0).collect();
        Ok(Self {
            steps: vec![StepState::default(); planned.plan.steps.len()],
            planned: Arc::new(planned.clone()),
            graph,
            approved: false,
            compared: false,
            changed: Vec::new(),
            paused: false,
            direction: RunDirection::Forward,
            closed: None,
            unmet,
            open,
            settled: 0,
            last_error: BTreeMap::new(),
            back: None,
            lost: None,
            owner: None,
            held_up: BTreeMap::new(),
            past_return: None,
            last_ms: at_ms,
            planned_ms: at_ms,
            events: 1,
        })
    }

    /// Takes in the next event.
    ///
    /// # Errors
    /// When the event cannot follow here; the state is then unchanged in every way that matters,
    /// but should not be used any more.
    pub fn apply(&mut self, at_ms: i64, event: &Event) -> Result<(), Illegal> {
        if self.closed.is_some() {
            return Err(here(event, "the move is over"));
        }
        match event {
            Event::Planned(_) => return Err(here(event, "the move has a plan")),
            Event::Approved(approved) => self.approve(event, approved, at_ms)?,
            Event::Compared(compared) => self.compare(event, compared)?,
            Event::Began(began) => {
                self.touch(event, &began.step, at_ms, |run, at| match began.direction {
                    Direction::Do => run.begin_run(at, began, at_ms),
                    Direction::Undo => run.begin_undo(at, began, at_ms),
                })?
            }
            Event::Accepted(accepted) => {
                self.touch(event, &accepted.step, at_ms, |run, at| run.accept(at, accepted, at_ms))?;
            }
            Event::Ended(ended) => {
                self.touch(event, &ended.step, at_ms, |run, at| match ended.direction {
                    Direction::Do => run.end_run(at, ended),
                    Direction::Undo => run.end_undo(at, ended),
                })?
            }
            Event::Probed(probed) => {
                self.touch(event, &probed.step, at_ms, |run, at| match probed.direction {
                    Direction::Do => run.probe_run(at, probed, at_ms),
                    Direction::Undo => run.probe_undo(at, probed),
                })?
            }
            Event::Waiting(waiting) => self.wait(event, waiting, at_ms)?,
            Event::TimerSet(timed) => self.touch(event, &timed.step, at_ms, |run, at| match run.back {
                None => run.set_timer(at, timed),
                Some(_) => run.set_undo_timer(at, timed),
            })?,
            Event::WaitCompleted(reached) => {
                self.touch(event, &reached.step, at_ms, |run, at| match run.back {
                    None => run.complete_wait(at, reached),
                    Some(_) => run.complete_undo_wait(at),
                })?
            }
            Event::Checked(checked) => {
                self.touch(event, &checked.step, at_ms, |run, at| run.check(at, checked))?;
            }
            Event::Parked(parked) => {
                self.touch(event, &parked.step, at_ms, |run, at| match parked.direction {
                    Direction::Do => run.park_run(at, &parked.why),
                    Direction::Undo => run.park_undo(at, &parked.why),
                })?
            }
            Event::HeldUp(held) => {
                self.touch(event, &held.step, at_ms, |run, at| run.hold_up(at, held))?;
            }
            Event::RollbackStarted(turned) => self.turn(event, turned.failed.clone())?,
            Event::Requested(asked) => self.ask(event, &asked.request, at_ms)?,
            Event::RollbackVerified(verified) => match &mut self.back {
                Some(back) if back.verified.is_none() && back.is_finished() => {
                    back.verified = Some(verified.differences.clone());
                }
                Some(_) | None => return Err(here(event, "the way back is not at its end")),
            },
            Event::Closed(closed) => self.close(event, closed.verdict)?,
            Event::Restored(_) => self.restore(at_ms),
            Event::Observed(observed) => {
                self.touch(event, &observed.step, at_ms, |run, at| run.observe(at, observed))?;
            }
            Event::Reconciled(reconciled) => self.reconcile(event, reconciled, at_ms)?,
            Event::Taken(taken) => self.take(event, taken, at_ms)?,
        }
        self.last_ms = at_ms;
        self.events += 1;
        Ok(())
    }

    /// The world was compared with what the plan was made from; where it differs, nothing begins.
    fn compare(&mut self, event: &Event, compared: &Compared) -> Result<(), Illegal> {
        if self.compared || !self.approved {
            return Err(here(event, "the move is not approved, or was compared before"));
        }
        self.compared = compared.differences.is_empty();
        self.changed.clone_from(&compared.differences);
        Ok(())
    }

    /// Finds the step, lets `change` judge the event, and says where it did not fit.
    fn touch(
        &mut self,
        event: &Event,
        step: &StepId,
        at_ms: i64,
        change: impl FnOnce(&mut Self, Index) -> Result<(), &'static str>,
    ) -> Result<(), Illegal> {
        let at = self.graph.find(step).ok_or_else(|| Illegal::NoStep(step.clone()))?;
        self.reset_limits_after_silence(at, at_ms);
        self.held_up.remove(&at);
        change(self, at).map_err(|because| here(event, &format!("step {step}: {because}")))?;
        self.steps[at as usize].since_ms = at_ms;
        Ok(())
    }

    /// Time in which nothing was tried, because no program was running or somebody set the clock, does not
    /// count against the limits of a step.
    fn reset_limits_after_silence(&mut self, at: Index, at_ms: i64) {
        let step = &self.steps[at as usize];
        if step.first_ms.is_none() && step.undo_first_ms.is_none() {
            return;
        }
        let (Node::Act { retry, .. } | Node::Wait { retry, .. }) = &self.graph.step(at).node else { return };
        let pause = i64::try_from(retry.cap_ms.saturating_mul(2)).unwrap_or(i64::MAX);
        let step = &mut self.steps[at as usize];
        // Who waits for a date is not silent before it.
        let dates = [step.forward.until_ms(), step.undo.until_ms()].into_iter().flatten();
        let due = dates.fold(step.since_ms, i64::max).min(at_ms.max(step.since_ms));
        let silence = at_ms.saturating_sub(due);
        if silence > pause || silence < 0 {
            step.first_ms = step.first_ms.map(|_| at_ms);
            step.undo_first_ms = step.undo_first_ms.map(|_| at_ms);
        }
    }

    fn approve(&mut self, event: &Event, approved: &Approved, at_ms: i64) -> Result<(), Illegal> {
        let Some(gate) = &approved.gate else {
            if self.approved {
                return Err(here(event, "the plan is approved"));
            }
            self.approved = true;
            return Ok(());
        };
        let named = |at: &Index| matches!(&self.graph.step(*at).node, Node::Gate { name } if name == gate);
        let at = self.open.iter().copied().find(named);
        let waits = |at: &Index| self.at(*at).forward == ForwardState::Idle;
        let Some(at) = at.filter(|at| self.direction == RunDirection::Forward && waits(at)) else {
            return Err(here(event, &format!("no gate {gate:?} is waiting")));
        };
        if let Some(left) = self.skipped().find(|id| !approved.accepts.contains(id)) {
            return Err(here(event, &format!("step {left} was left out, and nobody answers for it")));
        }
        self.steps[at as usize].since_ms = at_ms;
        self.settle(at, ForwardState::Done { ours: true });
        Ok(())
    }

    /// The steps that a person left out.
    pub fn skipped(&self) -> impl Iterator<Item = &StepId> {
        self.steps().filter(|(_, state)| state.forward == ForwardState::Skipped).map(|(step, _)| &step.id)
    }

    fn wait(&mut self, event: &Event, waiting: &Waiting, at_ms: i64) -> Result<(), Illegal> {
        let look =
            PollState { checks: waiting.check, until_ms: waiting.until_ms, why: Some(waiting.why.clone()) };
        match (&waiting.step, &mut self.back) {
            (Some(step), _) => self.touch(event, step, at_ms, |run, at| match waiting.direction {
                Direction::Do => run.wait_run(at, look, at_ms),
                Direction::Undo => run.wait_undo(at, look),
            }),
            (None, Some(back)) if back.verified.is_none() && back.is_finished() => {
                back.proofs = waiting.check;
                back.next_proof_ms = waiting.until_ms;
                Ok(())
            }
            (None, Some(_) | None) => Err(here(event, "the way back is not at its end")),
        }
    }

    fn close(&mut self, event: &Event, verdict: Verdict) -> Result<(), Illegal> {
        let fits = match verdict {
            Verdict::Done => self.direction == RunDirection::Forward && self.settled == self.graph.len(),
            Verdict::RolledBack => self.back.as_ref().is_some_and(|b| b.verified.is_some()),
            Verdict::Stale => self.approved && !self.compared && !self.has_begun(),
            Verdict::Superseded => !self.has_begun(),
        };
        if !fits || self.lost.is_some() {
            return Err(here(event, "not everything that it says has happened"));
        }
        self.closed = Some(verdict);
        Ok(())
    }

    /// Keeps what the other side said to an attempt, if it said anything: no answer is no reason.
    pub(crate) fn heard(&mut self, at: Index, end: &End) {
        match end {
            End::Applied(_) => {
                self.last_error.remove(&at);
            }
            End::Retry { why, .. } | End::Refused(why) | End::Unknown(why) if why.status.is_some() => {
                self.last_error.insert(at, why.clone());
            }
            End::Retry { .. } | End::Refused(_) | End::Unknown(_) => {}
        }
    }

    /// A step of the way forward is over: its dependents may come to their turn. A step that was left out
    /// before its turn stands in for its own needs until these are over; otherwise leaving out what stands
    /// between a gate and an irreversible step would open the gate.
    pub(crate) fn settle(&mut self, at: Index, end: ForwardState) {
        self.steps[at as usize].forward = end;
        self.open.remove(&at);
        self.held_up.remove(&at);
        self.settled += 1;
        let graph = self.graph.clone();
        let mut over = vec![at];
        while let Some(at) = over.pop().filter(|at| self.unmet[*at as usize] == 0) {
            for dependent in graph.dependents(at) {
                let unmet = &mut self.unmet[*dependent as usize];
                *unmet -= 1;
                if *unmet > 0 {
                    continue;
                }
                if self.steps[*dependent as usize].forward.is_settled() {
                    over.push(*dependent);
                } else {
                    self.open.insert(*dependent);
                }
            }
        }
    }
}

impl Back {
    pub(crate) fn is_finished(&self) -> bool {
        self.unfinished.is_empty() && self.unchecked.is_empty() && self.unsettled.is_empty()
    }
}

pub(crate) fn here(event: &Event, because: &str) -> Illegal {
    use crate::run::codec::Recorded;
    Illegal::Here { kind: event.kind().0, because: because.to_owned() }
}

pub(crate) fn count(len: usize) -> u32 {
    u32::try_from(len).expect("a plan has at most STEPS_MAX steps")
}

/// The steps that depend on the outputs of `first`, itself first: what has to be left out with it.
pub(crate) fn cascade(run: &RunState, first: &StepId) -> Vec<StepId> {
    let mut out: BTreeSet<&StepId> = BTreeSet::from([first]);
    let mut order = vec![first.clone()];
    for step in &run.plan().steps {
        if step.node.references().iter().any(|id| out.contains(id)) && out.insert(&step.id) {
            order.push(step.id.clone());
        }
    }
    order
}
