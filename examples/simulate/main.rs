//! Many moves in a world where everything goes wrong, seed by seed.
//!
//! `cargo run --release --example simulate -- --seeds 1000 --from 1` lives through a thousand worlds. Each
//! is lived through twice and both logs must be equal to the byte; after every event the record is folded
//! by a second reader that knows the laws; in the end the world is compared with what the record says. A
//! seed that fails is made as small as it gets, disturbance by disturbance, and told in full.

mod actors;
mod acts;
mod checker_log;
mod fault_plan;
mod shrink;
mod simulation;
mod workload;
mod world;

use clap::Parser;
use fault_plan::FaultPlan;
use shrink::{flaw, shrink};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

#[derive(Parser)]
struct Args {
    /// How many worlds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many at the same time.
    #[arg(long, default_value_t = 1)]
    threads: u64,
    /// How many runners share the log of each.
    #[arg(long, default_value_t = 1)]
    runners: u64,
    /// Tell the whole story of the first, whatever its end.
    #[arg(long)]
    tell: bool,
    /// Of its moves, only so many.
    #[arg(long, requires = "tell")]
    moves: Option<u64>,
    /// Of its disturbances, only these.
    #[arg(long, requires = "tell")]
    only: Vec<String>,
}

#[expect(clippy::print_stdout, reason = "an example prints what it found")]
fn tell(faults: &FaultPlan) {
    let (report, what) = flaw(faults);
    println!("seed {}, {} moves, {:?}", faults.seed, faults.moves, faults.troubles);
    println!("disturbances: {:?}\n{}", report.struck, report.history.join("\n"));
    println!("wrong: {what:?}\n{}", report.wrong.join("\n"));
}

/// Tells a failure as small as it gets, and how to live through it again.
#[expect(clippy::print_stdout, reason = "an example prints what it found")]
fn tell_small(seed: u64, runners: u64) {
    let (small, kept) = shrink(&FaultPlan::of(seed).with(runners), &|faults| flaw(faults).1.is_some());
    tell(&small);
    let only: String = kept.iter().map(|name| format!(" --only {name:?}")).collect();
    let only = if kept.is_empty() { " --only nothing".to_owned() } else { only };
    println!(
        "again: cargo run --release --example simulate -- --tell --from {seed} --runners {runners} --moves {}{only}",
        small.moves
    );
}

#[derive(Default)]
struct Tally {
    events: u64,
    crashes: u64,
    verdicts: BTreeMap<String, u64>,
    failed: Vec<u64>,
}

#[expect(clippy::print_stdout, reason = "an example prints what it found")]
#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn main() -> std::process::ExitCode {
    let args = Args::parse();
    if args.tell {
        let whole = FaultPlan::of(args.from).with(args.runners);
        let faults = FaultPlan { moves: args.moves.unwrap_or(whole.moves), ..whole };
        tell(&if args.only.is_empty() { faults } else { faults.only(&args.only) });
        return std::process::ExitCode::SUCCESS;
    }
    let (next, tally) = (Arc::new(AtomicU64::new(args.from)), Arc::new(Mutex::new(Tally::default())));
    let (start, end) = (Instant::now(), args.from + args.seeds);
    std::thread::scope(|scope| {
        for _ in 0..args.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let (report, what) = flaw(&FaultPlan::of(seed).with(args.runners));
                    let mut tally = tally.lock().expect("nobody panics while counting");
                    tally.events += report.events;
                    tally.crashes += report.crashes;
                    report.verdicts.iter().for_each(|v| *tally.verdicts.entry(v.clone()).or_default() += 1);
                    if what.is_some() {
                        tally.failed.push(seed);
                    }
                }
            });
        }
    });
    let tally = tally.lock().expect("nobody panics while counting");
    let rate = args.seeds as f64 / start.elapsed().as_secs_f64();
    println!(
        "{} seeds from {}: {} failed, {} events, {} crashes, {:?}, {rate:.0} seeds/s",
        args.seeds,
        args.from,
        tally.failed.len(),
        tally.events,
        tally.crashes,
        tally.verdicts
    );
    match tally.failed.first() {
        None => std::process::ExitCode::SUCCESS,
        Some(first) => {
            println!("failed: {:?}; the first, made smaller:", tally.failed);
            tell_small(*first, args.runners);
            std::process::ExitCode::FAILURE
        }
    }
}
