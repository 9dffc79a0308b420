//! Many moves in a world where everything goes wrong, seed by seed.
//!
//! `cargo run --release --example simulate -- --seeds 1000 --from 1` lives through a thousand worlds. Each
//! is lived through twice and both logs must be equal to the byte; after every event the record is folded
//! by a second reader that knows the laws; in the end the world is compared with what the record says. A
//! seed that fails is made as small as it gets and told in full.

mod acts;
mod households;
mod people;
mod story;
mod town;
mod weather;
mod witness;

use clap::Parser;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use story::{Story, live};
use weather::Weather;

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
    /// Tell the whole story of the first, whatever its end.
    #[arg(long)]
    tell: bool,
}

/// What is wrong with a world, if anything is.
fn flaw(weather: &Weather) -> (Story, Option<String>) {
    let (story, again) = (live(weather), live(weather));
    let what = match story.wrong.first() {
        Some(wrong) => Some(wrong.clone()),
        None if story.digest != again.digest => Some("lived through twice, it is not the same".to_owned()),
        None => None,
    };
    (story, what)
}

/// Worlds with a little less in them.
fn smaller(weather: &Weather) -> Vec<Weather> {
    let without = |n: usize| {
        let mut troubles = weather.troubles.clone();
        troubles.remove(n);
        Weather { troubles, ..weather.clone() }
    };
    let mut all: Vec<Weather> = (0..weather.troubles.len()).map(without).collect();
    if weather.moves > 1 {
        all.push(Weather { moves: weather.moves - 1, ..weather.clone() });
    }
    all
}

/// The smallest world in which something is still wrong.
fn shrink(weather: Weather) -> Weather {
    let smaller = smaller(&weather).into_iter().find(|w| flaw(w).1.is_some());
    smaller.map_or(weather, shrink)
}

#[expect(clippy::print_stdout, reason = "an example prints what it found")]
fn tell(weather: &Weather) {
    let (story, what) = flaw(weather);
    println!("seed {}: {weather:?}\n{}", weather.seed, story.history.join("\n"));
    println!("wrong: {what:?}\n{}", story.wrong.join("\n"));
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
        tell(&Weather::of(args.from));
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
                    let (story, what) = flaw(&Weather::of(seed));
                    let mut tally = tally.lock().expect("nobody panics while counting");
                    tally.events += story.events;
                    tally.crashes += story.crashes;
                    story.verdicts.iter().for_each(|v| *tally.verdicts.entry(v.clone()).or_default() += 1);
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
            tell(&shrink(Weather::of(*first)));
            std::process::ExitCode::FAILURE
        }
    }
}
