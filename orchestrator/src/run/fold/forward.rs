//! Engine: what events do to a step on the way forward. Pure.

use crate::activity::Reversibility;
use crate::fault::{Fault, FaultKind};
use crate::json::Json;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::run::event::*;
use crate::run::fold::apply::Judged;
use crate::run::state::*;

impl RunState {
    pub(crate) fn begin_run(&mut self, at: Index, began: &Began, at_ms: i64) -> Judged {
        // A gate that could be begun and ended would be open without an approval.
        let Node::Act { reversibility, .. } = &self.graph.step(at).node else {
            return Err("it is not a step that anything is attempted for");
        };
        let last = *reversibility == Reversibility::Irreversible;
        let ready = self.open.contains(&at) && self.compared && self.direction == RunDirection::Forward;
        let step = &mut self.steps[at as usize];
        match step.forward {
            ForwardState::Idle | ForwardState::Retrying { .. } | ForwardState::Partial if !ready => {
                return Err("its turn has not come");
            }
            ForwardState::Idle | ForwardState::Retrying { .. } | ForwardState::Partial => {}
            ForwardState::Began
            | ForwardState::Accepted(_)
            | ForwardState::Doubt(_)
            | ForwardState::Waiting(_)
            | ForwardState::Soaking { .. }
            | ForwardState::Parked { .. }
            | ForwardState::Attesting
            | ForwardState::Done { .. }
            | ForwardState::Skipped => return Err("it cannot be begun where it stands"),
        }
        if began.attempt != step.attempts + 1 {
            return Err("the number of its attempt is out of order");
        }
        step.attempts = began.attempt;
        step.began_ms = at_ms;
        step.first_ms.get_or_insert(at_ms);
        step.input = began.input.clone().or(step.input.take());
        step.before = began.before.clone().or(step.before.take());
        step.forward = ForwardState::Began;
        if last {
            self.past_return = Some(at);
        }
        if began.attempt == 1 {
            self.last_error.remove(&at);
        }
        Ok(())
    }

    pub(crate) fn accept(&mut self, at: Index, accepted: &Accepted, at_ms: i64) -> Judged {
        let after = i64::try_from(accepted.operation.after_ms).unwrap_or(i64::MAX / 2);
        let step = &mut self.steps[at as usize];
        match accepted.direction {
            crate::ids::Direction::Do => match step.forward {
                ForwardState::Began if accepted.attempt == step.attempts => {
                    step.forward = ForwardState::Accepted(accepted.operation.clone());
                    Ok(())
                }
                ForwardState::Began => Err("it names another attempt"),
                ForwardState::Idle
                | ForwardState::Accepted(_)
                | ForwardState::Doubt(_)
                | ForwardState::Partial
                | ForwardState::Retrying { .. }
                | ForwardState::Waiting(_)
                | ForwardState::Soaking { .. }
                | ForwardState::Parked { .. }
                | ForwardState::Attesting
                | ForwardState::Done { .. }
                | ForwardState::Skipped => Err("no attempt is under way"),
            },
            crate::ids::Direction::Undo => match step.undo {
                UndoState::Began if accepted.attempt == step.undo_attempts => {
                    step.undo = UndoState::Doubt(PollState {
                        checks: 0,
                        until_ms: at_ms.saturating_add(after),
                        why: None,
                    });
                    Ok(())
                }
                UndoState::Began => Err("it names another attempt"),
                UndoState::None
                | UndoState::NotNeeded
                | UndoState::Pending
                | UndoState::Doubt(_)
                | UndoState::Retrying { .. }
                | UndoState::Parked { .. }
                | UndoState::PropagationDelay { .. }
                | UndoState::Attesting
                | UndoState::ByHand
                | UndoState::Undone
                | UndoState::Left => Err("no undo is under way"),
            },
        }
    }

    pub(crate) fn end_run(&mut self, at: Index, ended: &Ended) -> Judged {
        let step = &mut self.steps[at as usize];
        match step.forward {
            ForwardState::Began | ForwardState::Accepted(_) if ended.attempt == step.attempts => {}
            ForwardState::Began | ForwardState::Accepted(_) => return Err("it names another attempt"),
            ForwardState::Idle
            | ForwardState::Doubt(_)
            | ForwardState::Partial
            | ForwardState::Retrying { .. }
            | ForwardState::Waiting(_)
            | ForwardState::Soaking { .. }
            | ForwardState::Parked { .. }
            | ForwardState::Attesting
            | ForwardState::Done { .. }
            | ForwardState::Skipped => return Err("no attempt is under way"),
        }
        self.heard(at, &ended.end);
        let step = &mut self.steps[at as usize];
        match &ended.end {
            End::Applied(output) => {
                self.keep_output(at, output);
                self.done(at, true);
            }
            End::Retry { until_ms, why } => {
                step.forward = ForwardState::Retrying { until_ms: *until_ms, why: why.clone() };
                self.not_done(at);
            }
            End::Refused(why) => {
                step.forward = ForwardState::Parked { why: why.clone(), doubt: false };
                self.not_done(at);
            }
            End::Unknown(why) => {
                step.outcome_uncertain = true;
                step.vain = step.vain.saturating_add(u8::from(why.kind == FaultKind::Differs));
                step.forward =
                    ForwardState::Doubt(PollState { checks: 0, until_ms: 0, why: Some(why.clone()) });
            }
        }
        Ok(())
    }

    pub(crate) fn probe_run(&mut self, at: Index, probed: &Probed, at_ms: i64) -> Judged {
        let step = &mut self.steps[at as usize];
        let unheard = matches!(step.forward, ForwardState::Began);
        let attesting = match step.forward {
            ForwardState::Attesting => true,
            ForwardState::Began | ForwardState::Accepted(_) | ForwardState::Doubt(_) => false,
            ForwardState::Idle
            | ForwardState::Partial
            | ForwardState::Retrying { .. }
            | ForwardState::Waiting(_)
            | ForwardState::Soaking { .. }
            | ForwardState::Parked { .. }
            | ForwardState::Done { .. }
            | ForwardState::Skipped => return Err("nothing about it is in doubt"),
        };
        step.outcome_uncertain |= !attesting;
        if unheard {
            // The program may have been dead for long: the clock for giving up starts again.
            step.first_ms = None;
        }
        match &probed.found {
            Found::Applied(output) => {
                step.output = Some(output.clone());
                self.done(at, !attesting);
            }
            Found::Partial(output) if !attesting => {
                step.output = Some(output.clone());
                step.partial = true;
                // Older records have no date: then it is completed at once.
                self.steps[at as usize].forward = match probed.until_ms {
                    Some(until_ms) => ForwardState::Retrying { until_ms, why: self.wanting(at) },
                    None => ForwardState::Partial,
                };
                self.not_done(at);
            }
            Found::Partial(_) | Found::NotApplied if attesting => {
                step.forward = ForwardState::Parked { why: not_attested(), doubt: false };
                self.not_done(at);
            }
            Found::Partial(_) | Found::NotApplied => {
                let (until_ms, why) = (probed.until_ms.unwrap_or(at_ms), self.absent(at));
                self.steps[at as usize].forward = ForwardState::Retrying { until_ms, why };
                self.not_done(at);
            }
            Found::Foreign(difference) => {
                let why = self.explained(at, foreign(difference));
                self.steps[at as usize].forward = ForwardState::Parked { why, doubt: false };
                self.not_done(at);
            }
        }
        Ok(())
    }

    /// What a step gives is often what it was given: then it is kept once, because a batch has hundreds of thousands of these.
    fn keep_output(&mut self, at: Index, output: &Json) {
        let given = self.input(at).filter(|given| *given == output);
        self.steps[at as usize].output = Some(given.unwrap_or(output).clone());
    }

    /// Done on the way forward; on the way back it is now clear that there is something to undo.
    fn done(&mut self, at: Index, ours: bool) {
        self.settle(at, ForwardState::Done { ours });
        self.classify(at);
    }

    /// Why a step in doubt is to be tried again: what the other side said to it, if it said anything.
    fn absent(&self, at: Index) -> Fault {
        let mut why = match self.last_error.get(&at) {
            Some(said) => {
                let mut said = said.clone();
                said.message = format!("{} (looked for, and not there)", said.message);
                said
            }
            None => {
                let why = "the effect of an attempt without an answer is not there";
                Fault::new(FaultKind::Broken, "NotApplied", why)
            }
        };
        why.needs = why.needs.take().or_else(|| needed(&self.steps[at as usize].forward));
        why
    }

    /// Why a step of which only a part is in place is to be completed.
    fn wanting(&self, at: Index) -> Fault {
        let partial = || {
            let why = "part of the effect is in place, and the rest is to follow";
            Fault::new(FaultKind::Differs, "Partial", why)
        };
        self.last_error.get(&at).cloned().unwrap_or_else(partial)
    }

    /// Certainly not (wholly) applied.
    fn not_done(&mut self, at: Index) {
        if self.past_return == Some(at) && !self.steps[at as usize].partial {
            self.past_return = None;
        }
        self.classify(at);
    }

    pub(crate) fn wait_run(&mut self, at: Index, look: PollState, at_ms: i64) -> Judged {
        let waits = matches!(self.graph.step(at).node, Node::Wait { .. });
        let open = self.open.contains(&at);
        let step = &mut self.steps[at as usize];
        step.first_ms.get_or_insert(at_ms);
        step.forward = match step.forward {
            ForwardState::Idle | ForwardState::Waiting(_) if waits && open => ForwardState::Waiting(look),
            ForwardState::Idle | ForwardState::Waiting(_) => return Err("it does not wait"),
            ForwardState::Attesting => {
                ForwardState::Parked { why: look.why.unwrap_or_else(not_attested), doubt: false }
            }
            ForwardState::Began | ForwardState::Accepted(_) => {
                step.outcome_uncertain = true;
                step.first_ms = Some(at_ms);
                ForwardState::Doubt(look)
            }
            ForwardState::Doubt(_) => {
                step.outcome_uncertain = true;
                let needs = needed(&step.forward);
                let mut why = look.why;
                if let Some(why) = why.as_mut().filter(|why| why.needs.is_none()) {
                    why.needs = needs;
                }
                ForwardState::Doubt(PollState { why, ..look })
            }
            ForwardState::Partial
            | ForwardState::Retrying { .. }
            | ForwardState::Soaking { .. }
            | ForwardState::Parked { .. }
            | ForwardState::Done { .. }
            | ForwardState::Skipped => return Err("it does not wait"),
        };
        Ok(())
    }

    pub(crate) fn set_timer(&mut self, at: Index, timed: &TimerSet) -> Judged {
        let soaks = matches!(self.graph.step(at).node, Node::Soak { .. } | Node::PropagationDelay { .. });
        if !soaks || !self.open.contains(&at) || self.steps[at as usize].forward != ForwardState::Idle {
            return Err("it has no date to wait for");
        }
        self.steps[at as usize].forward =
            ForwardState::Soaking { until_ms: timed.until_ms, elsewhere_ms: timed.elsewhere_ms };
        Ok(())
    }

    pub(crate) fn complete_wait(&mut self, at: Index, reached: &WaitCompleted) -> Judged {
        let ready = self.open.contains(&at) && self.direction == RunDirection::Forward;
        if !crate::run::soak::may_end(
            &self.graph.step(at).node,
            &self.steps[at as usize].forward,
            reached.elsewhere_ms,
        ) {
            return Err("its soak is not over by the clock of the other side");
        }
        match (&self.graph.step(at).node, &self.steps[at as usize].forward) {
            (Node::Wait { .. }, ForwardState::Idle | ForwardState::Waiting(_)) if ready => {}
            (Node::Soak { .. } | Node::PropagationDelay { .. }, ForwardState::Soaking { .. }) if ready => {}
            (
                Node::Act { .. }
                | Node::Wait { .. }
                | Node::Soak { .. }
                | Node::PropagationDelay { .. }
                | Node::Gate { .. }
                | Node::ByHand { .. }
                | Node::Check { .. },
                _,
            ) => return Err("it was not waiting"),
        }
        self.settle(at, ForwardState::Done { ours: true });
        Ok(())
    }

    pub(crate) fn check(&mut self, at: Index, checked: &Checked) -> Judged {
        let ready = self.open.contains(&at) && self.direction == RunDirection::Forward;
        let checks = matches!(self.graph.step(at).node, Node::Check { .. });
        if !ready || !checks || self.steps[at as usize].forward != ForwardState::Idle {
            return Err("it has nothing to compare");
        }
        match checked.broken.first() {
            None => self.settle(at, ForwardState::Done { ours: true }),
            Some(first) => {
                let why = Fault::new(FaultKind::Differs, "PromiseBroken", "the world is not as promised")
                    .at(first.fact.clone());
                self.steps[at as usize].forward = ForwardState::Parked { why, doubt: false };
            }
        }
        Ok(())
    }

    pub(crate) fn park_run(&mut self, at: Index, why: &Fault) -> Judged {
        let (open, node) = (self.open.contains(&at), &self.graph.step(at).node);
        let step = &mut self.steps[at as usize];
        match (node, &step.forward) {
            (Node::Act { .. } | Node::Wait { .. }, _) => {}
            // While people watch, or before what cannot be undone, somebody finds that the world differs from what was promised.
            (Node::Soak { .. }, ForwardState::Soaking { .. }) | (Node::Gate { .. }, ForwardState::Idle)
                if open && self.back.is_none() && why.kind == FaultKind::Differs =>
            {
                step.forward = ForwardState::Parked { why: why.clone(), doubt: false };
                return Ok(());
            }
            _ => return Err("it is not a step that is given up"),
        }
        let doubt = match step.forward {
            ForwardState::Began | ForwardState::Accepted(_) | ForwardState::Doubt(_) => true,
            ForwardState::Idle
            | ForwardState::Partial
            | ForwardState::Retrying { .. }
            | ForwardState::Waiting(_)
            | ForwardState::Attesting => false,
            ForwardState::Soaking { .. }
            | ForwardState::Parked { .. }
            | ForwardState::Done { .. }
            | ForwardState::Skipped => {
                return Err("it cannot be parked where it stands");
            }
        };
        step.forward = ForwardState::Parked { why: why.clone(), doubt };
        if !doubt {
            self.classify(at);
        }
        Ok(())
    }
}

/// What an attempt asked for when it fell into doubt: further looks do not answer that.
fn needed(was: &ForwardState) -> Option<String> {
    if let ForwardState::Doubt(PollState { why: Some(why), .. }) = was { why.needs.clone() } else { None }
}

fn not_attested() -> Fault {
    let what = "a person said that it is done, but nothing shows it: try it again, or leave it out";
    Fault::new(FaultKind::Differs, "NotDone", what)
}

pub(crate) fn foreign(difference: &crate::fault::Difference) -> Fault {
    let text = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
    Fault::new(
        FaultKind::Differs,
        Fault::FOREIGN,
        format!(
            "somebody else's change: expected {}, found {}",
            text(&difference.expected),
            text(&difference.found)
        ),
    )
    .at(difference.fact.clone())
}
