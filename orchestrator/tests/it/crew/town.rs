//! A town in which several runners put up signs: it sees every request, and who may send it. Touches memory only.

use super::process::Gate;
use rehome_orchestrator::harness::VirtualClock;
use rehome_orchestrator::*;
use rehome_store::{Log, MemoryLog, Sequence};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::oneshot;

/// A request is under way for so long at most, and an effect turns up no later.
const SLOW_MS: u64 = 4_000;

#[derive(Default)]
pub(crate) struct Things {
    /// How often each sign was put up.
    pub(crate) signs: BTreeMap<String, u32>,
    /// Requests that are under way: the wall, and the sign.
    under_way: Vec<(String, String)>,
    pub(crate) breaches: Vec<String>,
    pub(crate) sent: u64,
}

pub(crate) struct Town {
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) things: Mutex<Things>,
}

impl Town {
    pub(crate) fn things(&self) -> MutexGuard<'_, Things> {
        self.things.lock().expect("nobody panicked")
    }

    /// Who took the run last, by the name that it acts under.
    async fn owner(&self, run: &RunId) -> Option<String> {
        let all = self.log.read_stream(&run.stream(), Sequence(0), usize::MAX).await.expect("readable");
        let taken = all.iter().rev().find(|stored| stored.record.kind == "taken");
        taken.map(|stored| stored.record.actor.to_string())
    }

    /// A request leaves; it is judged as it does.
    async fn arrives(&self, call: &Call, sign: &Sign, sender: &str) {
        let owner = self.owner(call.run()).await;
        let mut things = self.things();
        let mut wrong = Vec::new();
        if owner.as_deref().is_some_and(|owner| owner != sender) {
            wrong.push(format!("{sender} sends for {}, which {owner:?} has", call.run()));
        }
        if things.signs.contains_key(&sign.name) {
            wrong.push(format!("{sender} puts {} up again", sign.name));
        }
        let other = things.under_way.iter().find(|(wall, _)| *wall == sign.wall);
        wrong.extend(other.map(|(wall, other)| format!("{} and {other} at once on {wall}", sign.name)));
        things.breaches.extend(wrong);
        things.under_way.push((sign.wall.clone(), sign.name.clone()));
        things.sent += 1;
    }

    fn lands(&self, sign: &Sign) {
        let mut things = self.things();
        things.under_way.retain(|(_, name)| *name != sign.name);
        *things.signs.entry(sign.name.clone()).or_default() += 1;
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Sign {
    pub(crate) wall: String,
    pub(crate) name: String,
}

/// Puts up a sign, as one process does.
pub(crate) struct PutUp {
    pub(crate) town: Arc<Town>,
    pub(crate) sender: String,
    pub(crate) gate: Gate,
}

impl Activity for PutUp {
    const NAME: &'static str = "sign.put/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const SETTLING_MS: u64 = 10_000;
    type Input = Sign;
    type Before = ();
    type Output = ();

    fn locks(&self, sign: &Sign) -> Vec<ResourceKey> {
        vec![ResourceKey::new(&sign.wall)]
    }

    #[expect(clippy::disallowed_methods, reason = "the town takes its own time")]
    async fn run(&self, call: &Call, sign: &Sign, (): &()) -> Outcome<()> {
        call.admit().await;
        self.town.arrives(call, sign, &self.sender).await;
        let (tell, told) = oneshot::channel();
        let (town, landing) = (self.town.clone(), sign.clone());
        let slow_ms = self.gate.dice(SLOW_MS);
        // It arrives whatever becomes of who sent it.
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(slow_ms)).await;
            town.lands(&landing);
            let _nobody_waits = tell.send(());
        });
        drop(told.await);
        self.gate.passes().await;
        Outcome::Applied(())
    }

    async fn probe(&self, sign: &Sign, (): &()) -> Probe<()> {
        self.gate.passes().await;
        let there = self.town.things().signs.contains_key(&sign.name);
        self.gate.passes().await;
        if there { Probe::Applied(()) } else { Probe::NotApplied }
    }

    async fn undo(&self, _: &Call, _: &Sign, (): &(), _: Option<&()>) -> Outcome<()> {
        Outcome::Refused(Fault::new(FaultKind::Bug, "NoWayBack", "nobody goes back here"))
    }

    async fn verify(&self, _: &Sign, (): &(), (): &()) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }

    fn residue(&self, _: &Sign, (): &(), _: Option<&()>) -> String {
        String::new()
    }
}

pub(crate) struct Signs;

impl Workflow for Signs {
    const NAME: &'static str = "signs/1";
    type Params = String;
    type Facts = ();

    async fn survey(&self, _: &String) -> Result<(), Fault> {
        Ok(())
    }

    /// Two signs on walls of its own, and two on walls that every run puts signs on.
    fn plan(run: &String, (): &()) -> Result<Plan, Fault> {
        let mut plan = PlanBuilder::of::<Self>();
        for (nth, wall) in [format!("own-{run}"), "gate".to_owned(), "tower".to_owned(), format!("own-{run}")]
            .into_iter()
            .enumerate()
        {
            let sign = Sign { wall, name: format!("{run}/{nth}") };
            plan.then(Step::act::<PutUp>(format!("put-{nth}").as_str(), &sign));
        }
        Ok(plan.build()?)
    }
}
