//! What is run: chains of steps that do nothing.

use crate::watch::Watch;
use rehome_orchestrator::*;
use rehome_store::Log;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Does nothing, after failing as often as it is told to.
pub(crate) struct Nothing {
    pub(crate) attempts: u32,
    pub(crate) watch: Arc<Watch>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Load {
    text: String,
}

/// Trying again at once: what is measured is the engine.
const AT_ONCE: Retry =
    Retry { base_ms: 0, cap_ms: 1_000, attempts_max: u32::MAX, give_up_after_ms: u64::MAX };

impl Activity for Nothing {
    const NAME: &'static str = "nothing/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    const RETRY: Retry = AT_ONCE;
    type Input = Load;
    type Before = ();
    type Output = Load;

    fn locks(&self, _: &Load) -> Vec<ResourceKey> {
        Vec::new()
    }

    async fn run(&self, call: &Call, input: &Load, (): &()) -> Outcome<Load> {
        if !call.attempt().is_multiple_of(self.attempts) {
            let why = Fault::new(FaultKind::Unavailable, "NotYet", "it takes more attempts");
            return Outcome::Retry { after: None, why };
        }
        self.watch.step(call.run());
        Outcome::Applied(input.clone())
    }

    async fn probe(&self, input: &Load, (): &()) -> Probe<Load> {
        Probe::Applied(input.clone())
    }

    async fn undo(&self, _: &Call, _: &Load, (): &(), _: Option<&Load>) -> Outcome<()> {
        Outcome::Applied(())
    }

    fn residue(&self, _: &Load, (): &(), _: Option<&Load>) -> String {
        String::new()
    }
}

/// Steps one after the other.
#[derive(Default)]
pub(crate) struct Chain {
    pub(crate) steps: u32,
    pub(crate) payload: usize,
}

impl Chain {
    fn to_plan(&self) -> Plan {
        let load = Load { text: "x".repeat(self.payload) };
        let mut plan = PlanBuilder::of::<Self>();
        for n in 1..=self.steps {
            plan.then(Step::act::<Nothing>(n.to_string(), &load));
        }
        plan.build().expect("a chain keeps the rules")
    }
}

impl Workflow for Chain {
    const NAME: &'static str = "chain/1";
    type Params = Value;
    type Facts = ();

    fn plan(params: &Value, (): &()) -> Result<Plan, Fault> {
        let number = |name: &str| params[name].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
        Ok(Self { steps: number("steps"), payload: number("payload") as usize }.to_plan())
    }
}

/// The name of the n-th workflow.
pub(crate) fn run(n: u32) -> RunId {
    RunId::new(format!("w-{n}"))
}

/// Workflows that are approved together, so that not all documents are in memory at once.
const TOGETHER: usize = 100;

/// Records the plans, and that they may be carried out.
pub(crate) async fn approve(log: &dyn Log, runs: &[RunId], chain: &Chain) -> Result<(), BatchError> {
    let plan = chain.to_plan();
    for (nth, some) in runs.chunks(TOGETHER).enumerate() {
        let moves = some.iter().map(|run| PlannedRun {
            run: run.clone(),
            about: Json::of(&()),
            params: Json::of(&()),
            facts: Json::of(&()),
            plan: plan.clone(),
        });
        let document = Document::new(format!("steps-{nth}"), moves.collect());
        document.begin(log, &"bench".into(), SystemClock.now_ms(), "to measure").await?;
    }
    Ok(())
}
