//! Engine: what the driver makes of a survey of the world. It decides nothing about the world and appends to its own run.

use crate::driver::DriveError;
use crate::driver::actor::{Actor, PROOFS_MAX};
use crate::driver::work::{self, Work, WorkResult};
use crate::fault::Fault;
use crate::ids::Direction;
use crate::plan::graph::Index;
use crate::run::event::*;

impl Actor {
    /// Asks for the facts, and what they are compared with.
    pub(super) fn survey(&mut self) -> (Option<Index>, Work) {
        self.live.surveying = true;
        let planned = self.state.planned().clone();
        let found = self.shared.engine.registry.find_workflow(&planned.plan.workflow);
        let at_ms = self.now_ms();
        let work: Work = match found {
            Ok(workflow) => {
                let name = &planned.plan.workflow;
                let asked = self.shared.surveys.ask(name, workflow.clone(), planned.params);
                let permits = self.shared.permits.clone();
                Box::pin(work::survey(workflow, asked, planned.facts, self.written(), permits))
            }
            Err(why) => Box::pin(async move { WorkResult::Surveyed { at_ms, found: Err(why) } }),
        };
        self.undecided = None;
        (None, work)
    }

    /// Takes what a survey found into the run: before the first step, or at the end of a way back.
    pub(crate) fn surveyed(
        &mut self,
        at_ms: i64,
        found: Result<Vec<crate::Difference>, Fault>,
    ) -> Result<(), DriveError> {
        self.live.surveying = false;
        let proofs = self.state.back.as_ref().map(|back| back.proofs.saturating_add(1));
        let (differences, why) = match found {
            Ok(differences) => (differences, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        match (proofs, why) {
            (None, Some(why)) => {
                match self.failed_again(None) {
                    Some(date) => self.live.no_survey_before = date,
                    None => self.unreadable = Some(why),
                }
                Ok(())
            }
            (None, None) => {
                let stale = !differences.is_empty();
                self.fold(Event::Compared(Compared { differences, surveyed_at_ms: Some(at_ms) }), true)?;
                if stale {
                    self.fold(Event::Closed(Closed { verdict: Verdict::Stale }), false)?;
                }
                Ok(())
            }
            (Some(check), why) if check < PROOFS_MAX && (why.is_some() || !differences.is_empty()) => {
                let until_ms = self.step_context(0).date(check, None);
                let why = why.unwrap_or_else(|| not_proven(&differences));
                self.fold(
                    Event::Waiting(Waiting { step: None, direction: Direction::Undo, check, until_ms, why }),
                    true,
                )
            }
            (Some(_), Some(why)) => {
                self.unreadable = Some(why);
                Ok(())
            }
            (Some(_), None) => self.fold(Event::RollbackVerified(RollbackVerified { differences }), true),
        }
    }
}

fn not_proven(differences: &[crate::Difference]) -> Fault {
    let message = format!("{} facts are not as they were before the first step", differences.len());
    let fault = Fault::new(crate::FaultKind::Differs, "NotAsBefore", message);
    match differences.first() {
        Some(first) => fault.at(first.fact.clone()),
        None => fault,
    }
}
