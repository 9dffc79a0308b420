//! How fast durable steps are on a PostgreSQL server, of one runner and of several that share the log, beside bare inserts there.
//!
//! `REHOME_POSTGRES=postgres://… cargo run --release --example crew -- --runners 3` makes a schema, lets so many processes carry out
//! workflows of steps that do nothing, and prints one JSON line. *Raw* is a loop of prepared inserts into a table of the same columns and
//! indexes, of rows of the same bytes, as many in a transaction as the commits had, in the same run.

#[path = "../steps/load.rs"]
mod load;
#[path = "../../store/examples/postgres_speed/raw.rs"]
mod raw;
mod watch;

use clap::Parser;
use load::Chain;
use raw::{Failed, Raw};
use rehome_orchestrator::{Clock, Crew, Engine, Registry, RunId, SystemClock};
use rehome_store::{Address, Backend, LeaseHolder, PostgresLog};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use watch::Watch;

#[derive(Parser)]
struct Args {
    /// How many run at once, of all runners.
    #[arg(long, default_value_t = 2_000)]
    workflows: u32,
    /// Steps of each, one after the other.
    #[arg(long, default_value_t = 20)]
    steps: u32,
    /// Bytes that each step is given, and gives.
    #[arg(long, default_value_t = 200)]
    payload: usize,
    /// Processes that share the log.
    #[arg(long, default_value_t = 1)]
    runners: u32,
    /// Be one of them, in this schema.
    #[arg(long, hide = true)]
    runner: Option<String>,
}

#[expect(clippy::print_stdout, reason = "an example prints what it measured")]
#[tokio::main]
async fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let server = std::env::var("REHOME_POSTGRES")?;
    if let Some(schema) = &args.runner {
        println!("{}", be_a_runner(&args, open(&server, schema)?).await?);
        return Ok(());
    }
    let schema = format!("crew_{}", std::process::id());
    let log = open(&server, &schema)?;
    let chain = Chain { steps: args.steps, payload: args.payload };
    load::approve(&*log, &runs(&args), &chain).await?;
    let raw = Raw::begin(&server, &schema).await?;
    let runners: Vec<Child> = (0..args.runners).map(|_| start(&schema)).collect::<Result<_, _>>()?;
    let mut all = Vec::new();
    for runner in runners {
        let printed = tokio::task::spawn_blocking(|| runner.wait_with_output()).await??;
        all.push(serde_json::from_slice::<Value>(&printed.stdout)?);
    }
    let of = |name: &str| all.iter().filter_map(|one| one[name].as_i64()).collect::<Vec<_>>();
    let from = of("from_ms").into_iter().min().unwrap_or(0);
    let seconds = (of("until_ms").into_iter().max().unwrap_or(0) - from).max(1) as f64 / 1e3;
    let (steps, events, commits) = (sum(&of("steps")), sum(&of("events")), sum(&of("commits")).max(1));
    let raw_rate = raw.grouped(events.clamp(1, 200_000), (events / commits).max(1)).await?;
    println!(
        "{}",
        json!({"runners": args.runners, "workflows": args.workflows, "steps": args.steps, "seconds": seconds,
            "steps_per_s": steps as f64 / seconds, "steps_of_each": of("steps"), "events_per_commit": events / commits,
            "events_per_s": events as f64 / seconds, "raw_events_per_s": raw_rate,
            "ratio_to_raw": events as f64 / seconds / raw_rate})
    );
    raw.end().await
}

fn sum(of: &[i64]) -> u64 {
    of.iter().filter_map(|one| u64::try_from(*one).ok()).sum()
}

fn runs(args: &Args) -> Vec<RunId> {
    (0..args.workflows).map(load::run).collect()
}

fn open(server: &str, schema: &str) -> Result<Arc<PostgresLog>, Failed> {
    let address = Address::of(Path::new(&format!("{server}&schema={schema}")))?;
    Ok(Arc::new(PostgresLog::create_or_open(&address)?))
}

fn start(schema: &str) -> std::io::Result<Child> {
    let own = std::env::args().skip(1).chain(["--runner".to_owned(), schema.to_owned()]);
    Command::new(std::env::current_exe()?).args(own).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()
}

/// Takes what nobody has, until all is done; what it did.
async fn be_a_runner(args: &Args, log: Arc<PostgresLog>) -> Result<Value, Failed> {
    let watch = Arc::new(Watch::default());
    let nothing = load::Nothing { attempts: 1, watch: watch.clone() };
    let registry = Registry::new().activity(nothing).workflow(Chain::default());
    let pid = std::process::id();
    let who = LeaseHolder { host: "here".to_owned(), pid, actor: "bench".to_owned(), since_ms: 0 };
    let runners = log.beside().runners().ok_or("no server")?;
    let together = usize::try_from((args.workflows / args.runners).max(1))?;
    let engine = Engine::builder(log.clone(), registry).actor("bench").concurrency(together).look_ms(200);
    let engine = engine.crew(Crew::new(runners, who)).build();
    let before = log.counters();
    let from_ms = SystemClock.now_ms();
    engine.advance(&runs(args)).await?;
    let (until_ms, after) = (SystemClock.now_ms(), log.counters());
    Ok(json!({"steps": watch.steps(), "from_ms": from_ms, "until_ms": until_ms,
        "events": after.events - before.events, "commits": after.commits - before.commits}))
}
