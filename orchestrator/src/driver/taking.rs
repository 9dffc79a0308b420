//! Engine: how one of several runners takes a run: by an event that every append of the one before collides with. Touches
//! the log, and what keeps its runners.

use crate::crew::Member;
use crate::driver::actor::Actor;
use crate::driver::engine::{DriveError, Engine, Shared};
use crate::ids::RunId;
use crate::recovery::history::{self, Loaded};
use crate::run::codec::Recorded;
use crate::run::event::{Event, Taken};
use rehome_store::{Append, AppendError, Record};
use std::borrow::Cow;

/// Whose a run is.
pub(crate) enum Taking {
    /// This runner's; it stands here.
    Own(Loaded),
    /// Another runner's that is at work; it stands here.
    Elsewhere(Loaded),
}

impl Shared {
    /// Takes a run, unless another runner that is at work has it.
    pub(crate) async fn take(&self, run: &RunId, mut loaded: Loaded) -> Result<Taking, DriveError> {
        let Some(member) = &self.member else { return Ok(Taking::Own(loaded)) };
        let engine = &self.engine;
        let failed = |source| DriveError::History { run: run.clone(), source };
        let mut is_fresh = false;
        loop {
            // Nothing happens any more to what is over.
            if loaded.state.verdict().is_some() {
                return Ok(Taking::Own(loaded));
            }
            if let Some(owner) = loaded.state.owner() {
                if owner.runner == member.id {
                    return Ok(Taking::Own(loaded));
                }
                if member.is_alive(&owner.runner)
                    || !member.end(&owner.runner).await.map_err(DriveError::Runner)?
                {
                    // It may have waited for long here: what was written since woke nobody.
                    if !is_fresh {
                        history::catch_up(&*engine.log, run, &mut loaded).await.map_err(failed)?;
                    }
                    return Ok(if loaded.state.verdict().is_some() {
                        Taking::Own(loaded)
                    } else {
                        Taking::Elsewhere(loaded)
                    });
                }
            }
            let (taken, at_ms) = (member.next(&loaded), engine.clock.now_ms());
            let event = Event::Taken(taken);
            let appending = self.own.begin();
            match engine.log.append(append(engine, run, &loaded, at_ms, &event)).await {
                Ok(appended) => {
                    appending.kept(&appended);
                    let broken =
                        |source| history::HistoryError::Illegal { position: appended.first.0, source };
                    loaded.state.apply(at_ms, &event).map_err(broken).map_err(failed)?;
                    loaded.sequence.0 += 1;
                    engine.observer.appended(run, &[event]);
                    return Ok(Taking::Own(loaded));
                }
                // A person wrote, or another runner was there first.
                Err(AppendError::Conflict { .. }) => {
                    history::catch_up(&*engine.log, run, &mut loaded).await.map_err(failed)?;
                    is_fresh = true;
                }
                Err(source) => return Err(DriveError::Append { run: run.clone(), source }),
            }
        }
    }
}

impl Member {
    fn next(&self, loaded: &Loaded) -> Taken {
        Taken { runner: self.id.clone(), epoch: loaded.state.epoch() + 1 }
    }
}

fn append(engine: &Engine, run: &RunId, loaded: &Loaded, at_ms: i64, event: &Event) -> Append {
    let (kind, version) = event.kind();
    let record = Record {
        stream: run.stream(),
        kind: Cow::Borrowed(kind),
        version,
        at_ms,
        actor: engine.actor.clone(),
        body: event.encode(),
    };
    Append { expect: vec![(run.stream(), loaded.sequence)], records: vec![record] }
}

impl Actor {
    /// Who took the run after this actor came to it. What is in hand then is dropped, and not written down: whoever has the run
    /// now asks the world.
    pub(crate) fn taken_over(&self) -> Option<String> {
        let owner = self.state.owner().filter(|owner| owner.epoch != self.epoch);
        owner.map(|owner| owner.runner.clone())
    }
}
