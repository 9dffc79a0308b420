//! Engine: looks at what became of steps whose record is lost. Reads only.

use crate::activity::{Evidence, Probe};
use crate::driver::DriveError;
use crate::driver::actor::Actor;
use crate::driver::observation::Observation;
use crate::driver::work::{self, Started};
use crate::fault::{Fault, FaultKind};
use crate::ids::Direction;
use crate::json::Json;
use crate::plan::graph::Index;
use crate::run::event::*;

impl Actor {
    pub(crate) fn observe(&self, at: Index) -> Started {
        let looked = self.resolve(at).and_then(|(name, resolved)| {
            let activity = self.shared.engine.registry.find_activity(&name)?;
            let step = self.state.at(at);
            let input = step.input.clone().unwrap_or(resolved);
            let evidence = activity.evidence(&input)?;
            Ok(work::observe(at, activity, input, step.before.clone(), evidence))
        });
        let looked = looked.map_err(|why| (at, Direction::Do, why))?;
        Ok((Some(at), work::reading(self.shared.permits.clone(), looked)))
    }

    pub(crate) fn observed(&mut self, at: Index, observation: Observation) -> Result<(), DriveError> {
        self.live.steps.remove(&at);
        if !self.state.is_restored() {
            return Ok(());
        }
        let Observation { input, before, evidence, found } = observation;
        let (after, why) = match found {
            Ok(Probe::InProgress { after }) => (after, None),
            Ok(Probe::Unsettled { after, why }) => (after, Some(why)),
            Err(why) => (None, Some(why)),
            Ok(Probe::Applied(output)) => {
                return self.remember(at, evidence, ObservedEffect::InPlace(output), input, before);
            }
            Ok(Probe::Partial(output)) => {
                return self.remember(at, evidence, ObservedEffect::Partly(output), input, before);
            }
            Ok(Probe::NotApplied) => {
                return self.remember(at, evidence, ObservedEffect::Absent, input, before);
            }
            Ok(Probe::Foreign(difference)) => {
                return self.remember(at, evidence, ObservedEffect::Foreign(difference), input, before);
            }
        };
        match why {
            Some(why) if !why.kind.is_passing() => {
                self.remember(at, evidence, ObservedEffect::Untold(why), input, None)
            }
            why => {
                match self.failed_again(Some(at)) {
                    Some(date) => {
                        let wished =
                            after.map_or(0, |after| self.now_ms() + crate::time::scale::millis(after));
                        self.live.not_before.insert(at, date.max(wished));
                    }
                    None => self.unreadable = Some(why.unwrap_or_else(busy)),
                }
                Ok(())
            }
        }
    }

    fn remember(
        &mut self,
        at: Index,
        evidence: Evidence,
        found: ObservedEffect,
        input: Json,
        before: Option<Json>,
    ) -> Result<(), DriveError> {
        let step = self.state.graph.step(at).id.clone();
        // Nothing is written as nothing, so that a replay has the same state.
        let before = before.filter(|before| *before != Json::of(&()));
        self.fold(Event::Observed(Observed { step, evidence, found, input, before }), true)
    }
}

fn busy() -> Fault {
    Fault::new(FaultKind::Conflict, "InProgress", "the other side is still working on it")
}
