//! Engine: what steps hold whose outcome is open: while their run has an actor, when it is left, and when it is taken up again.
//! Touches memory only.

use crate::driver::actor::Actor;
use crate::driver::engine::Shared;
use crate::driver::locks::{Held, Kept};
use crate::ids::RunId;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::recovery::history::Loaded;
use crate::run::state::RunState;
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

impl Shared {
    /// Holds again what was held by steps whose outcome is open.
    pub(crate) fn hold_again(&self, run: &RunId, state: &RunState) -> BTreeMap<Index, Held> {
        let mut kept = self.kept().remove(run).unwrap_or_default();
        let holds = (0..state.graph.len()).filter(|at| state.holds(*at));
        let held = holds.filter_map(|at| Some((at, kept.remove(&at).or_else(|| self.try_hold(state, at))?)));
        let mut held = held.collect();
        tell(run, state, &mut held);
        held
    }

    /// Runs of this log that nobody drives hold what they hold until a person lets them go on.
    pub(crate) fn hold_for_others(&self, others: &[(RunId, RunState)]) {
        for (run, state) in others {
            let mut held = self.hold_again(run, state);
            for (at, one) in &mut held {
                one.stops(Some(&(run.clone(), state.graph.step(*at).id.clone())));
            }
            self.kept().insert(run.clone(), held);
        }
    }

    /// What steps hold that stopped for a person, before any of these runs goes on. Several runners know that from the log.
    pub(crate) fn hold_before(&self, runs: &[(RunId, Loaded)]) {
        if self.member.is_some() {
            return;
        }
        for (run, Loaded { state, .. }) in runs {
            // What goes on is given to its actor, and to nobody in between.
            if let Some(kept) = self.kept().get_mut(run) {
                kept.retain(|at, _| state.holds(*at));
                continue;
            }
            // What is under way is held by its actor, when that begins.
            if (0..state.graph.len()).any(|at| state.is_left_open(at)) {
                let held = self.hold_again(run, state);
                self.keep(run, state, held);
            }
        }
    }

    fn try_hold(&self, state: &RunState, at: Index) -> Option<Held> {
        let (Some(input), Node::Act { activity, .. }) = (state.input(at), &state.graph.step(at).node) else {
            return None;
        };
        let keys = self.engine.registry.find_activity(activity).ok()?.locks(input).ok()?;
        self.locks.try_hold(&keys)
    }

    /// A run without an actor goes on holding what its steps that stopped for a person hold.
    pub(crate) fn keep(&self, run: &RunId, state: &RunState, mut held: BTreeMap<Index, Held>) {
        held.retain(|at, _| state.is_left_open(*at));
        if !held.is_empty() {
            self.kept().insert(run.clone(), held);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Actor {
    pub(crate) fn hold_unsettled(&mut self) {
        self.held = self.shared.hold_again(&self.run, &self.state);
    }

    /// Gives back what nobody holds any more, and says what is held until a person decides.
    pub(crate) fn let_go(&mut self) {
        let (state, live) = (&self.state, &self.live);
        self.held.retain(|at, _| live.steps.contains(at) || state.holds(*at));
        tell(&self.run, state, &mut self.held);
    }
}

fn tell(run: &RunId, state: &RunState, held: &mut BTreeMap<Index, Held>) {
    for (at, one) in held {
        let by = state.is_left_open(*at).then(|| (run.clone(), state.graph.step(*at).id.clone()));
        one.stops(by.as_ref());
    }
}
