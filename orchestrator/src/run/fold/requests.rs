//! Engine: what a person's request does to a run. Pure.

use crate::plan::Node;
use crate::plan::graph::Index;
use crate::run::event::{Event, Request};
use crate::run::fold::apply::{Illegal, Judged, here};
use crate::run::state::*;
use std::collections::BTreeSet;

impl RunState {
    pub(crate) fn ask(&mut self, event: &Event, request: &Request, at_ms: i64) -> Result<(), Illegal> {
        let of_a_step = matches!(
            request,
            Request::Retry(_) | Request::Skip(_) | Request::MarkDone(_) | Request::Adopt(_)
        );
        if self.lost.is_some() && of_a_step {
            return Err(here(
                event,
                "the end of its record is lost: run it first, which looks at what is there",
            ));
        }
        match request {
            Request::Pause => self.paused = true,
            Request::Resume => self.paused = false,
            Request::RollBack => return self.turn(event, None),
            Request::Skip(steps) if self.back.is_none() => return self.skip(event, steps, at_ms),
            Request::Retry(step)
            | Request::MarkDone(step)
            | Request::Acknowledge(step)
            | Request::Adopt(step) => {
                return self.ask_step(event, request, step, at_ms);
            }
            Request::Skip(steps) => {
                for step in steps {
                    self.ask_step(event, request, step, at_ms)?;
                }
            }
        }
        Ok(())
    }

    fn ask_step(
        &mut self,
        event: &Event,
        request: &Request,
        step: &crate::ids::StepId,
        at_ms: i64,
    ) -> Result<(), Illegal> {
        let at = self.graph.find(step).ok_or_else(|| Illegal::NoStep(step.clone()))?;
        let judged =
            if self.back.is_some() { self.ask_back(at, request) } else { self.ask_forward(at, request) };
        judged.map_err(|because| here(event, &format!("step {step}: {because}")))?;
        self.steps[at as usize].since_ms = at_ms;
        Ok(())
    }

    fn ask_forward(&mut self, at: Index, request: &Request) -> Judged {
        let open = self.open.contains(&at);
        let node = &self.graph.step(at).node;
        let step = &mut self.steps[at as usize];
        match (request, &step.forward) {
            (Request::Retry(_), ForwardState::Parked { doubt, .. }) => {
                step.forward = match (doubt, step.partial) {
                    (true, _) => ForwardState::Doubt(PollState::NOW),
                    (false, true) => ForwardState::Partial,
                    (false, false) => ForwardState::Idle,
                };
                step.attempts_before_reset = step.attempts;
                step.vain = 0;
                step.first_ms = None;
                Ok(())
            }
            (Request::Retry(_), ForwardState::Retrying { .. }) => {
                let ForwardState::Retrying { until_ms, .. } = &mut step.forward else {
                    return Err("it is not to be tried again");
                };
                *until_ms = 0;
                Ok(())
            }
            (Request::MarkDone(_), ForwardState::Parked { .. }) if matches!(node, Node::Act { .. }) => {
                step.forward = ForwardState::Attesting;
                Ok(())
            }
            (Request::Adopt(_), ForwardState::Parked { doubt: false, why })
                if why.is_foreign() && matches!(node, Node::Act { .. }) =>
            {
                self.adopt(at)
            }
            (Request::Acknowledge(_), ForwardState::Idle) if open && matches!(node, Node::ByHand { .. }) => {
                self.settle(at, ForwardState::Done { ours: true });
                Ok(())
            }
            (
                Request::Retry(_)
                | Request::MarkDone(_)
                | Request::Acknowledge(_)
                | Request::Adopt(_)
                | Request::Skip(_)
                | Request::Pause
                | Request::Resume
                | Request::RollBack,
                _,
            ) => Err("that cannot be asked for it where it stands"),
        }
    }

    /// Takes what somebody else put there for the effect of a step: it counts as done, and is not taken back.
    fn adopt(&mut self, at: Index) -> Judged {
        if self.at(at).partial {
            return Err("a part of it is this move's own, which has to be completed or taken back");
        }
        let graph = self.graph.clone();
        let id = &graph.step(at).id;
        if graph.plan().steps.iter().any(|step| step.node.references().contains(&id)) {
            return Err(
                "other steps need what it would have given, and nobody knows that of somebody else's",
            );
        }
        self.settle(at, ForwardState::Done { ours: false });
        Ok(())
    }

    /// Leaves steps out, together with everything that would need their outputs.
    fn skip(&mut self, event: &Event, steps: &[crate::ids::StepId], at_ms: i64) -> Result<(), Illegal> {
        let named: BTreeSet<_> = steps.iter().collect();
        for step in &self.graph.clone().plan().steps {
            let orphan = step.node.references().iter().any(|id| named.contains(*id));
            if orphan && !named.contains(&step.id) {
                return Err(here(event, &format!("step {} needs the output of a skipped step", step.id)));
            }
        }
        for id in steps {
            let at = self.graph.find(id).ok_or_else(|| Illegal::NoStep(id.clone()))?;
            let gate = matches!(self.graph.step(at).node, Node::Gate { .. });
            if gate || !self.steps[at as usize].may_be_skipped() {
                return Err(here(event, &format!("step {id} cannot be left out where it stands")));
            }
            self.steps[at as usize].since_ms = at_ms;
            self.settle(at, ForwardState::Skipped);
        }
        Ok(())
    }
}

impl StepState {
    /// Whether it is known what of its effect stays behind, and that nothing is under way.
    fn may_be_skipped(&self) -> bool {
        match &self.forward {
            // The whole effect is in place, and more; the person who skips the step was shown what.
            ForwardState::Parked { doubt: false, why } if !why.differences.is_empty() => true,
            stands => {
                !self.partial
                    && matches!(
                        stands,
                        ForwardState::Idle
                            | ForwardState::Retrying { .. }
                            | ForwardState::Waiting(_)
                            | ForwardState::Soaking { .. }
                            | ForwardState::Parked { doubt: false, .. }
                    )
            }
        }
    }
}
