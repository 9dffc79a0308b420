//! Engine, measured without a disk: what a step costs in a short plan and in a long one, and what it costs to
//! fold a long history. `cargo bench -p rehome-orchestrator`. Touches memory only.

use divan::Bencher;
use divan::counter::ItemsCount;
use rehome_orchestrator::*;
use rehome_store::MemoryLog;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Steps of one plan; two events each.
const LENGTHS: [u32; 3] = [100, 1_000, 10_000];

fn main() {
    divan::main();
}

struct Nothing;

impl Activity for Nothing {
    const NAME: &'static str = "nothing/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    type Input = Value;
    type Before = ();
    type Output = Value;

    fn locks(&self, _: &Value) -> Vec<ResourceKey> {
        Vec::new()
    }

    async fn run(&self, _: &Call, input: &Value, (): &()) -> Outcome<Value> {
        Outcome::Applied(input.clone())
    }

    async fn probe(&self, input: &Value, (): &()) -> Probe<Value> {
        Probe::Applied(input.clone())
    }

    async fn undo(&self, _: &Call, _: &Value, (): &(), _: Option<&Value>) -> Outcome<()> {
        Outcome::Applied(())
    }

    fn residue(&self, _: &Value, (): &(), _: Option<&Value>) -> String {
        String::new()
    }
}

struct Chain;

impl Workflow for Chain {
    const NAME: &'static str = "chain/1";
    type Params = u32;
    type Facts = ();

    fn plan(steps: &u32, (): &()) -> Result<Plan, Fault> {
        let mut plan = PlanBuilder::of::<Self>();
        for n in 1..=*steps {
            plan.then(Step::act::<Nothing>(n.to_string(), &json!({ "text": "x".repeat(200) })));
        }
        Ok(plan.build()?)
    }
}

fn run() -> RunId {
    RunId::new("m-1")
}

/// A log with one approved run, and an engine for it.
fn ready(runtime: &Runtime, steps: u32) -> (Arc<MemoryLog>, Engine) {
    let log = Arc::new(MemoryLog::default());
    let document = Document::of_one::<Chain>("m-1", &steps, &()).expect("a plan");
    let engine = Engine::builder(log.clone(), Registry::new().activity(Nothing).workflow(Chain)).build();
    runtime.block_on(engine.begin(&document, "to measure")).expect("a sound document");
    (log, engine)
}

fn drive(runtime: &Runtime, engine: &Engine) {
    let left = runtime.block_on(engine.advance(&[run()])).expect("the engine does its work");
    assert_eq!(left[&run()], StopReason::Closed(Verdict::Done));
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().expect("a runtime")
}

/// One step after the other: the price of a step must not grow with the plan.
#[divan::bench(args = LENGTHS, sample_count = 10, sample_size = 1)]
fn steps(bencher: Bencher, steps: u32) {
    let runtime = runtime();
    let bencher = bencher.counter(ItemsCount::new(steps)).with_inputs(|| ready(&runtime, steps));
    bencher.bench_local_values(|(_log, engine)| drive(&runtime, &engine));
}

/// Reading a finished run back.
#[divan::bench(args = LENGTHS, sample_count = 10, sample_size = 1)]
fn fold(bencher: Bencher, steps: u32) {
    let runtime = runtime();
    let (log, engine) = ready(&runtime, steps);
    drive(&runtime, &engine);
    bencher.counter(ItemsCount::new(2 * steps)).bench_local(|| {
        runtime.block_on(load(&*log, &run())).expect("a legal record");
    });
}
