//! How fast durable steps are, beside the bare database in the same run.
//!
//! `cargo run --release --example steps -- --workflows 200 --steps 20 --payload 200 --db /tmp/steps.db`
//! runs workflows of no-op activities through the whole engine with full durability and prints one JSON
//! line. Everything that is called raw is a bare loop over a table with the same settings, the same bytes in
//! a row and as many rows in a transaction as the engine's commits had on average, in the same run.
//!
//! `--kill` lets another process do half of the work, kills it, and measures how soon all goes on;
//! `--attempts N` lets each step fail N - 1 times first, which makes a history longer than its plan.

mod load;
mod raw;
mod watch;

use clap::Parser;
use load::Chain;
use rehome_orchestrator::{Engine, Registry, RunId, replay};
use rehome_store::{Log, SqliteLog};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use watch::Watch;

#[derive(Parser)]
struct Args {
    /// How many run at once.
    #[arg(long, default_value_t = 200)]
    workflows: u32,
    /// Steps of each, one after the other.
    #[arg(long, default_value_t = 20)]
    steps: u32,
    /// Bytes that each step is given, and gives.
    #[arg(long, default_value_t = 200)]
    payload: usize,
    /// The log; it must not exist.
    #[arg(long)]
    db: PathBuf,
    /// Activities under way at once.
    #[arg(long, default_value_t = 4_096)]
    concurrency: usize,
    /// Attempts that each step takes.
    #[arg(long, default_value_t = 1)]
    attempts: u32,
    /// Kill a process that does half of the work, and measure the rest.
    #[arg(long)]
    kill: bool,
    /// Be that process.
    #[arg(long, hide = true)]
    victim: bool,
}

type Failed = Box<dyn std::error::Error>;

#[expect(clippy::print_stdout, reason = "an example prints what it measured")]
#[tokio::main]
async fn main() -> Result<(), Failed> {
    let args = Args::parse();
    let log = Arc::new(SqliteLog::create_or_open(&args.db)?);
    let runs: Vec<RunId> = (0..args.workflows).map(load::run).collect();
    if args.victim {
        drive(&args, log, &runs, Arc::default()).await?;
        return Ok(());
    }
    let chain = Chain { steps: args.steps, payload: args.payload };
    load::approve(&*log, &runs, &chain).await?;
    let begun_by_victim = if args.kill { let_half_be_done(&args, &log).await? } else { 0 };
    let single_before = raw::single_inserts(&args.db)?;
    let (watch, before) = (Arc::new(Watch::default()), log.counters());
    let start = Instant::now();
    drive(&args, log.clone(), &runs, watch.clone()).await?;
    let (end, after) = (Instant::now(), log.counters());
    let peak_mb = watch::peak_rss_mb();
    let single = raw::median(&mut [single_before, raw::single_inserts(&args.db)?].concat());
    let (events, commits) = (after.events - before.events, (after.commits - before.commits).max(1));
    let together = (events / commits).max(1);
    let row = raw::bytes_of_a_row(&args.db)?;
    let raw_rate = raw::grouped_inserts(&args.db, args.workflows, events.min(400_000), together, row)?;
    let first = watch.first().unwrap_or(start);
    let rate = per_second(events, end - first);
    let steps = u64::from(args.workflows) * u64::from(args.steps);
    let here = watch.steps();
    let (p50, p99) = (watch.percentile_us(50), watch.percentile_us(99));
    let replayed = read_back(&args, &log).await?;
    drop(log);
    let mut line = json!({
        "workflows": args.workflows, "steps": args.steps, "payload": args.payload, "attempts": args.attempts,
        "steps_per_s": per_second(here, end - first),
        "workflows_per_s": per_second(here, end - first) / f64::from(args.steps),
        "restore_ms": millis(first - start), "p50_step_us": p50, "p99_step_us": p99,
        "events_per_s": rate, "commits": commits, "events_per_commit": together,
        // In WAL mode with synchronous=FULL each commit is one sync; checkpoints are not counted.
        "syncs": commits, "bytes_per_step": std::fs::metadata(&args.db)?.len() / steps.max(1), "bytes_per_row": row,
        "peak_rss_mb": peak_mb, "raw_events_per_s": raw_rate, "ratio_to_raw": rate / raw_rate,
        "raw_insert_p50_us": single, "step_to_raw_insert": f64_of(p50) / f64_of(single.max(1)),
    });
    let more = json!({
        "p50_first_us": watch.early_us(), "p50_last_us": watch.late_us(), "done_by_victim": begun_by_victim,
        "first_on_again_ms": millis(first - start), "rss_restored_mb": watch.rss_at_first_mb(),
        "all_on_again_ms": watch.last_to_start().map(|at| millis(at - start)),
    });
    for part in [more, replayed] {
        line.as_object_mut()
            .into_iter()
            .for_each(|l| l.extend(part.as_object().cloned().unwrap_or_default()));
    }
    println!("{line}");
    Ok(())
}

async fn drive(args: &Args, log: Arc<SqliteLog>, runs: &[RunId], watch: Arc<Watch>) -> Result<(), Failed> {
    let nothing = load::Nothing { attempts: args.attempts, watch: watch.clone() };
    let registry = Registry::new().activity(nothing).workflow(Chain::default());
    let engine = Engine::builder(log, registry).actor("bench").concurrency(args.concurrency).look_ms(200);
    engine.observer(watch).build().advance(runs).await?;
    Ok(())
}

/// Lets another process work until half of the events are there, kills it, and counts what it wrote.
async fn let_half_be_done(args: &Args, log: &SqliteLog) -> Result<u64, Failed> {
    let before = log.head().await?.position.0;
    let half = u64::from(args.workflows) * u64::from(args.steps);
    let mut victim = Command::new(std::env::current_exe()?)
        .args(std::env::args().skip(1).filter(|word| word != "--kill"))
        .arg("--victim")
        .stdin(Stdio::null())
        .spawn()?;
    while log.head().await?.position.0 < before + half && victim.try_wait()?.is_none() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    victim.kill()?;
    victim.wait()?;
    Ok(log.head().await?.position.0 - before)
}

/// Reads everything back: decoded, chain checked, folded; beside a bare read of the same rows.
async fn read_back(args: &Args, log: &SqliteLog) -> Result<Value, Failed> {
    let raw_rate = raw::read_all(&args.db)?;
    let start = Instant::now();
    let replayed = replay(log, None).await?;
    let rate = per_second(replayed.verified.head.position.0, start.elapsed());
    Ok(json!({
        "replay_events_per_s": rate, "raw_read_events_per_s": raw_rate, "replay_to_raw": rate / raw_rate,
    }))
}

fn per_second(count: u64, time: Duration) -> f64 {
    f64_of(count) / time.as_secs_f64().max(1e-9)
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn f64_of(count: u64) -> f64 {
    count as f64
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
