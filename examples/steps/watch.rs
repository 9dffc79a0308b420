//! What is noted while the engine works: when each workflow came on.

use rehome_orchestrator::{Event, Observer, RunId};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How long workflows took from one step to the next, and when each first came on.
#[derive(Default)]
pub(crate) struct Watch(Mutex<Times>);

#[derive(Default)]
struct Times {
    first: Option<(Instant, u64)>,
    /// By the numbers of the workflows: what watches must cost less than what is watched.
    started: Vec<Option<Instant>>,
    last: Vec<Option<Instant>>,
    gaps_us: Vec<u32>,
    steps: u64,
}

impl Watch {
    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step took effect.
    pub(crate) fn step(&self, run: &RunId) {
        let now = Instant::now();
        let mut times = self.times();
        times.steps += 1;
        if let Some(last) = place(&mut times.last, run).replace(now) {
            times.gaps_us.push(u32::try_from((now - last).as_micros()).unwrap_or(u32::MAX));
        }
    }

    /// How many steps took effect.
    pub(crate) fn steps(&self) -> u64 {
        self.times().steps
    }

    /// When the first event was safe: everything was read back by then.
    pub(crate) fn first(&self) -> Option<Instant> {
        self.times().first.map(|(at, _)| at)
    }

    /// The memory in use at that moment, in MB.
    pub(crate) fn rss_at_first_mb(&self) -> Option<u64> {
        self.times().first.map(|(_, mb)| mb)
    }

    /// When the last workflow to come on did so.
    pub(crate) fn last_to_start(&self) -> Option<Instant> {
        self.times().started.iter().flatten().max().copied()
    }

    /// The time of a step that this share of all steps does not exceed.
    pub(crate) fn percentile_us(&self, percent: usize) -> u64 {
        percentile(self.times().gaps_us.clone(), percent)
    }

    /// The median of the first twentieth of all steps.
    pub(crate) fn early_us(&self) -> u64 {
        let times = self.times();
        percentile(times.gaps_us[..times.gaps_us.len() / 20].to_vec(), 50)
    }

    /// The median of the last twentieth of all steps.
    pub(crate) fn late_us(&self) -> u64 {
        let times = self.times();
        percentile(times.gaps_us[times.gaps_us.len() - times.gaps_us.len() / 20..].to_vec(), 50)
    }
}

impl Observer for Watch {
    fn appended(&self, run: &RunId, _: &[Event]) {
        let mut times = self.times();
        if place(&mut times.started, run).is_none() {
            let now = Instant::now();
            times.first.get_or_insert_with(|| (now, memory_mb("VmRSS")));
            *place(&mut times.started, run) = Some(now);
        }
    }
}

/// The place of a workflow, which is made where there is none.
fn place<'a>(of: &'a mut Vec<Option<Instant>>, run: &RunId) -> &'a mut Option<Instant> {
    let number = number(run);
    if of.len() <= number {
        of.resize(number + 1, None);
    }
    &mut of[number]
}

fn percentile(mut of: Vec<u32>, percent: usize) -> u64 {
    of.sort_unstable();
    of.get((of.len() * percent / 100).min(of.len().saturating_sub(1))).copied().unwrap_or(0).into()
}

/// The most memory that this process ever had in use, in MB.
pub(crate) fn peak_rss_mb() -> u64 {
    memory_mb("VmHWM")
}

fn memory_mb(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(what)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// The number of a workflow.
fn number(run: &RunId) -> usize {
    run.as_str().trim_start_matches("w-").parse().expect("a workflow is named after its number")
}
