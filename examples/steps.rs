//! How fast durable steps are, beside the bare database in the same run.
//!
//! `cargo run --release --example steps -- --workflows 200 --steps 20 --payload 200 --db /tmp/steps.db`
//! runs workflows of no-op activities through the whole engine with full durability and prints one JSON
//! line. `raw_events_per_s` is a bare loop over the same table with the same settings, the same body size
//! and as many rows in a transaction as the engine's commits had on average.

use clap::Parser;
use rehome_orchestrator::*;
use rehome_store::{Log, SqliteLog};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

#[derive(Parser)]
struct Args {
    #[arg(long, default_value_t = 200)]
    workflows: u32,
    #[arg(long, default_value_t = 20)]
    steps: u32,
    #[arg(long, default_value_t = 200)]
    payload: usize,
    #[arg(long)]
    db: PathBuf,
    #[arg(long, default_value_t = 4_096)]
    concurrency: usize,
}

/// Does nothing, and notes how long each workflow took from one step to its next.
#[derive(Clone, Default)]
struct Nothing(Arc<Mutex<Times>>);

#[derive(Default)]
struct Times {
    last: BTreeMap<RunId, Instant>,
    steps_us: Vec<u64>,
}

impl Nothing {
    fn note(&self, run: &RunId) {
        let now = Instant::now();
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = times.last.insert(run.clone(), now) {
            times.steps_us.push(u64::try_from((now - before).as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// The time of a step that this share of all steps does not exceed.
    fn percentile(&self, percent: usize) -> u64 {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner).steps_us.clone();
        steps.sort_unstable();
        steps.get((steps.len() * percent / 100).min(steps.len().saturating_sub(1))).copied().unwrap_or(0)
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Load {
    text: String,
}

impl Activity for Nothing {
    const NAME: &'static str = "nothing/1";
    const REVERSIBILITY: Reversibility = Reversibility::Reversible;
    type Input = Load;
    type Before = ();
    type Output = Load;

    fn locks(&self, _: &Load) -> Vec<ResourceKey> {
        Vec::new()
    }

    async fn before(&self, _: &Load) -> Result<(), Fault> {
        Ok(())
    }

    async fn run(&self, call: &Call, input: &Load, (): &()) -> Outcome<Load> {
        self.note(call.run());
        Outcome::Applied(input.clone())
    }

    async fn probe(&self, input: &Load, (): &()) -> Probe<Load> {
        Probe::Applied(input.clone())
    }

    async fn undo(&self, _: &Call, _: &Load, (): &(), _: Option<&Load>) -> Outcome<()> {
        Outcome::Applied(())
    }

    async fn verify(&self, _: &Load, (): &(), _: &Load) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }

    fn residue(&self, _: &Load, (): &(), _: Option<&Load>) -> String {
        String::new()
    }
}

struct Chain;

impl Workflow for Chain {
    const NAME: &'static str = "chain/1";
    type Params = Value;
    type Facts = Value;

    async fn survey(&self, _: &Value) -> Result<Value, Fault> {
        Ok(Value::Null)
    }

    fn plan(params: &Value, _: &Value) -> Result<Plan, Fault> {
        let text = |name: &str| params[name].as_u64().unwrap_or(1);
        let load = "x".repeat(usize::try_from(text("payload")).unwrap_or(1));
        let step = |n: u64| Step {
            id: StepId::new(n.to_string()),
            group: String::new(),
            title: String::new(),
            undo: String::new(),
            phase: Phase::Forward,
            needs: if n == 1 { Vec::new() } else { vec![StepId::new((n - 1).to_string())] },
            node: Node::act::<Nothing>(Template::known(json!({ "text": load }))),
        };
        Ok(Plan {
            workflow: Self::NAME.to_owned(),
            on_failure: OnFailure::Park,
            steps: (1..=text("steps")).map(step).collect(),
        })
    }

    fn differences(_: &Value, _: &Value) -> Vec<Difference> {
        Vec::new()
    }
}

/// Bare inserts into the same kind of table, `together` rows in a transaction.
fn raw(path: &Path, rows: u64, together: u64, payload: usize) -> Result<f64, rusqlite::Error> {
    let db = rusqlite::Connection::open(path)?;
    db.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
        CREATE TABLE e(position INTEGER PRIMARY KEY, stream TEXT NOT NULL, sequence INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE UNIQUE INDEX s ON e(stream, sequence);")?;
    let body = vec![b'x'; payload + 200];
    let start = Instant::now();
    let mut done = 0_i64;
    while u64::try_from(done).unwrap_or(0) < rows {
        db.execute_batch("BEGIN IMMEDIATE")?;
        for _ in 0..together.max(1) {
            done += 1;
            let sql = "INSERT INTO e VALUES (?1, ?2, ?3, ?4)";
            db.prepare_cached(sql)?.execute((done, format!("run/{}", done % 200), done, &body))?;
        }
        db.execute_batch("COMMIT")?;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = done as f64 / start.elapsed().as_secs_f64();
    Ok(rate)
}

/// Workflows that are approved together, so that not all documents are in memory at once.
const TOGETHER: u32 = 100;

async fn approve(log: &dyn Log, workflows: u32, plan: &Plan) -> Result<Vec<RunId>, BatchError> {
    let mut runs = Vec::new();
    for first in (0..workflows).step_by(TOGETHER as usize) {
        let some = (first..workflows.min(first + TOGETHER)).map(|n| RunId::new(format!("w-{n}")));
        let some: Vec<RunId> = some.collect();
        let moves = some.iter().map(|run| Move {
            run: run.clone(),
            about: Value::Null,
            params: Value::Null,
            facts: Value::Null,
            plan: plan.clone(),
        });
        let document = Document {
            format_version: FORMAT_VERSION.to_owned(),
            batch: format!("steps-{first}"),
            about: Value::Null,
            moves: moves.collect(),
        };
        document.approve(log, &"bench".into(), SystemClock.now_ms(), "to measure").await?;
        runs.extend(some);
    }
    Ok(runs)
}

fn peak_rss_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[expect(clippy::print_stdout, reason = "an example prints what it measured")]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates"
)]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let log = Arc::new(SqliteLog::create_or_open(&args.db)?);
    let params = json!({"steps": args.steps, "payload": args.payload});
    let plan = Chain::plan(&params, &Value::Null)?;
    let runs = approve(&*log, args.workflows, &plan).await?;
    let nothing = Nothing::default();
    let engine = Engine {
        log: log.clone() as Arc<dyn Log>,
        registry: Arc::new(Registry::new().activity(nothing.clone()).workflow(Chain)),
        clock: Arc::new(SystemClock),
        tempo: Tempo::REAL,
        actor: "bench".into(),
        concurrency: args.concurrency,
        look_ms: 200,
        observer: Arc::new(()),
    };
    let before = log.counters();
    let start = Instant::now();
    let (_stop, stopped) = watch::channel(false);
    engine.drive(&runs, Stay::BRIEFLY, stopped).await?;
    let seconds = start.elapsed().as_secs_f64();
    let after = log.counters();
    let (events, commits) = (after.events - before.events, after.commits - before.commits);
    let steps = u64::from(args.workflows) * u64::from(args.steps);
    let bytes = std::fs::metadata(&args.db)?.len();
    let together = (events as f64 / commits as f64).round() as u64;
    let mut raw_path = args.db.as_os_str().to_owned();
    raw_path.push(".raw");
    let raw_path = PathBuf::from(raw_path);
    let raw_rate = raw(&raw_path, events.min(200_000), together, args.payload)?;
    std::fs::remove_file(&raw_path)?;
    let rate = events as f64 / seconds;
    let line = json!({
        "workflows": args.workflows, "steps": args.steps, "payload": args.payload, "seconds": seconds,
        "steps_per_s": steps as f64 / seconds, "workflows_per_s": f64::from(args.workflows) / seconds,
        "p50_step_us": nothing.percentile(50), "p99_step_us": nothing.percentile(99),
        // In WAL mode with synchronous=FULL each commit is one sync; checkpoints are not counted.
        "events_per_s": rate, "commits": commits, "syncs": commits,
        "events_per_commit": together, "bytes_per_step": bytes / steps.max(1), "peak_rss_mb": peak_rss_mb(),
        "raw_events_per_s": raw_rate, "ratio_to_raw": rate / raw_rate,
    });
    println!("{line}");
    Ok(())
}
