//! What one command takes: time, processor time, memory. From `/proc`, so on Linux alone.

use crate::Failed;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// What a process took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) peak_mb: u64,
    pub(crate) code: Option<i32>,
}

/// How often the memory of a process is looked at; its peak only grows.
const LOOK: Duration = Duration::from_millis(10);

/// Runs a command to its end. Meanwhile `beside` is called again and again, with the time since the start.
pub(crate) fn run(
    command: &mut Command,
    mut beside: impl FnMut(Duration) -> Result<(), Failed>,
) -> Result<Taken, Failed> {
    let (start, reaped) = (Instant::now(), cpu_of_children());
    let mut child = command.spawn()?;
    let mut peak_mb = 0;
    let mut foreign = Duration::ZERO;
    let status = loop {
        peak_mb = peak_mb.max(peak_of(&child));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let before = cpu_of_children();
        beside(start.elapsed())?;
        // What ran beside was waited for too, and is not the command's.
        foreign += cpu_of_children() - before;
        std::thread::sleep(LOOK);
    };
    let cpu = cpu_of_children().saturating_sub(reaped).saturating_sub(foreign);
    Ok(Taken { wall: start.elapsed(), cpu, peak_mb, code: ExitStatus::code(&status) })
}

fn peak_of(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

/// The processor time of a process that lives.
pub(crate) fn cpu_of(pid: u32) -> Duration {
    ticks(&format!("/proc/{pid}/stat"), 11)
}

/// The processor time of all children that were waited for.
fn cpu_of_children() -> Duration {
    ticks("/proc/self/stat", 13)
}

/// Two neighbouring counts of a stat file, behind the name of the program; a tick is a hundredth of a second.
fn ticks(path: &str, at: usize) -> Duration {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let numbers = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let count = numbers.split_whitespace().skip(at).take(2).filter_map(|n| n.parse::<u64>().ok());
    Duration::from_millis(count.sum::<u64>() * 10)
}
