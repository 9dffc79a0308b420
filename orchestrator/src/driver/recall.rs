//! Engine: looks at what became of steps whose record is lost. Reads only.

use crate::activity::{Probe, Trace};
use crate::driver::DriveError;
use crate::driver::actor::Actor;
use crate::driver::evidence::Sight;
use crate::driver::work::{self, Started};
use crate::fault::{Fault, FaultKind};
use crate::ids::Act;
use crate::json::Json;
use crate::plan::graph::Index;
use crate::run::event::*;

impl Actor {
    pub(crate) fn recall(&self, at: Index) -> Started {
        let looked = self.resolve(at).and_then(|(name, resolved)| {
            let activity = self.shared.engine.registry.find_activity(&name)?;
            let step = self.state.at(at);
            let input = step.input.clone().unwrap_or(resolved);
            let trace = activity.trace(&input)?;
            Ok(work::recall(at, activity, input, step.before.clone(), trace))
        });
        let looked = looked.map_err(|why| (at, Act::Run, why))?;
        Ok((Some(at), work::reading(self.shared.permits.clone(), looked)))
    }

    pub(crate) fn recalled(&mut self, at: Index, sight: Sight) -> Result<(), DriveError> {
        self.live.steps.remove(&at);
        if !self.state.is_restored() {
            return Ok(());
        }
        let Sight { input, before, trace, found } = sight;
        let (after, why) = match found {
            Ok(Probe::InProgress { after }) => (after, None),
            Ok(Probe::Unsettled { after, why }) => (after, Some(why)),
            Err(why) => (None, Some(why)),
            Ok(Probe::Applied(output)) => {
                return self.remember(at, trace, Memory::InPlace(output), input, before);
            }
            Ok(Probe::Partial(output)) => {
                return self.remember(at, trace, Memory::Partly(output), input, before);
            }
            Ok(Probe::NotApplied) => return self.remember(at, trace, Memory::Absent, input, before),
            Ok(Probe::Foreign(difference)) => {
                return self.remember(at, trace, Memory::Foreign(difference), input, before);
            }
        };
        match why {
            Some(why) if !why.kind.is_passing() => self.remember(at, trace, Memory::Untold(why), input, None),
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
        trace: Trace,
        found: Memory,
        input: Json,
        before: Option<Json>,
    ) -> Result<(), DriveError> {
        let step = self.state.graph.step(at).id.clone();
        // Nothing is written as nothing, so that a replay has the same state.
        let before = before.filter(|before| *before != Json::of(&()));
        self.fold(Event::Recalled(Recalled { step, trace, found, input, before }), true)
    }
}

fn busy() -> Fault {
    Fault::new(FaultKind::Conflict, "InProgress", "the other side is still working on it")
}
