//! Store tests: the power is cut at a random moment of a recorded process, and the log opened again from
//! what the disk has kept. Touches temporary folders.

use crate::dice::Dice;
use crate::disk::{Disk, Honesty, Image};
use crate::from_environment;
use crate::recorder::{Op, run, temporary};
use crate::workload::{APPENDER, LOG};
use rehome_store::{Backend, Beside, Log, Position, Sidecars, SqliteLog, Stored, conformance, verify_chain};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Runtime;

/// Cuts of one recorded process.
const CUTS_EACH: u64 = 100;

/// What was done to a folder, one process after the other, and what was in the log in the end.
pub(crate) struct History {
    pub(crate) ops: Vec<Op>,
    pub(crate) events: Vec<Stored>,
}

/// What a cut must not have taken.
#[derive(Debug, Default)]
struct Owed {
    /// The log was opened, and told its name.
    id: Option<String>,
    /// Where the last acknowledged append ended.
    kept: u64,
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

fn read_all(runtime: &Runtime, log: &SqliteLog) -> Result<Vec<Stored>, String> {
    runtime.block_on(log.read_all(Position(0), usize::MAX)).map_err(|e| e.to_string())
}

fn put(image: &Image, folder: &Path) {
    for (name, bytes) in image {
        std::fs::write(folder.join(name), bytes).expect("written");
    }
}

impl History {
    /// Records a process that goes on with what the ones before it have left.
    pub(crate) fn of(test: &str, seed: u64, mut ops: Vec<Op>) -> Self {
        let mut disk = Disk::new(Honesty::Honest);
        ops.iter().for_each(|op| disk.carry_out(op, &mut Dice(0)));
        let folder = temporary();
        put(&disk.as_seen(), folder.path());
        ops.push(Op::Died);
        ops.extend(run(test, folder.path(), seed));
        let log = SqliteLog::open_read_only(&folder.path().join(LOG)).expect("the log");
        let runtime = runtime();
        runtime.block_on(verify_chain(&log, None)).expect("what was written is whole");
        let events = read_all(&runtime, &log).expect("it can be read");
        Self { ops, events }
    }

    /// Whether the events are the first ones of those that were written, and end with an append.
    fn has(&self, left: &[Stored], kept: usize) -> Result<(), String> {
        let same = left.iter().zip(&self.events).take_while(|(one, other)| one == other).count();
        let failed = self.ops.iter().any(|op| matches!(op, Op::Sync { failed: true, .. }));
        let rest = &left[same..];
        // After a failed sync nobody knew whether the append was kept; the process went on without it.
        let in_doubt = failed && rest.iter().all(|event| event.record.stream == rest[0].record.stream);
        if same < kept || !(rest.is_empty() || in_doubt) {
            return Err("the events are not those that were written".to_owned());
        }
        let body = left.last().map(|event| String::from_utf8_lossy(&event.record.body));
        let place = body.as_ref().map(|body| body.split(' ').take(3).collect::<Vec<_>>());
        match place.as_deref() {
            Some([n, "of", count]) if n != count => Err(format!("{n} of the {count} events of an append")),
            Some([_, "of", _]) | None => Ok(()),
            Some(other) => Err(format!("nobody wrote {other:?}")),
        }
    }

    fn owed(&self, done: usize) -> Owed {
        let mut owed = Owed::default();
        for op in &self.ops[..done] {
            let Op::Note(text) = op else { continue };
            match text.split_once(' ') {
                Some(("open", id)) => owed.id = Some(id.to_owned()),
                Some(("kept", last)) => owed.kept = owed.kept.max(last.parse().expect("a position")),
                _ => panic!("nobody says {text:?}"),
            }
        }
        owed
    }
}

/// Whether the log that was left is one that could have been, with everything that was acknowledged.
fn judge(runtime: &Runtime, history: &History, owed: &Owed, left: &Image) -> Result<(), String> {
    let folder = temporary();
    put(left, folder.path());
    let path = folder.path().join(LOG);
    let opened = if owed.id.is_some() { SqliteLog::open(&path) } else { SqliteLog::create_or_open(&path) };
    let log = opened.map_err(|e| format!("the log does not open: {e:?}"))?;
    if let Some(id) = owed.id.as_ref().filter(|id| *id != log.id()) {
        return Err(format!("the log was called {id}, and now {}", log.id()));
    }
    let found = runtime.block_on(log.head()).map_err(|e| e.to_string())?.position.0;
    if found < owed.kept {
        return Err(format!("{} events were acknowledged, and {found} are left", owed.kept));
    }
    history.has(&read_all(runtime, &log)?, owed.kept as usize)?;
    let next = conformance::append("afterwards", 0, &["it goes on"]);
    runtime.block_on(log.append(next)).map_err(|e| format!("no append: {e}"))?;
    let anchor = Sidecars::of(&path).anchor().map_err(|e| format!("the anchor: {e}"))?;
    let ours = anchor.filter(|anchor| anchor.log == log.id());
    runtime.block_on(verify_chain(&log, ours.as_ref())).map_err(|e| e.to_string())?;
    Ok(())
}

/// Cuts the power this often and returns what was wrong.
pub(crate) fn cut(history: &History, honesty: Honesty, dice: &mut Dice, cuts: u64) -> Vec<String> {
    let (runtime, count) = (runtime(), history.ops.len() as u64);
    let mut moments: Vec<usize> = (0..cuts).map(|_| dice.below(count + 1) as usize).collect();
    moments.sort_unstable();
    let (mut disk, mut done, mut wrong) = (Disk::new(honesty), 0, Vec::new());
    for moment in moments {
        history.ops[done..moment].iter().for_each(|op| disk.carry_out(op, dice));
        done = moment;
        if let Err(what) = judge(&runtime, history, &history.owed(done), &disk.cut(dice)) {
            wrong.push(format!("cut after {done} of {count} operations: {what}"));
        }
    }
    wrong
}

/// One process; or two, of which the first was killed at any moment.
fn record(seed: u64) -> History {
    let mut history = History::of(APPENDER, seed, Vec::new());
    if seed.is_multiple_of(3) {
        let until = Dice(seed).below(history.ops.len() as u64) as usize;
        history.ops.truncate(until);
        history = History::of(APPENDER, seed + 1_000_000, history.ops);
    }
    history
}

/// Cuts the power of many processes, on as many threads as there are cores.
fn many_cuts(honesty: Honesty, cuts: u64, seed: u64) -> (u64, Vec<String>) {
    let (next, total) = (AtomicU64::new(0), cuts.div_ceil(CUTS_EACH));
    let work = || {
        let (mut operations, mut wrong) = (0, Vec::new());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= total {
                return (operations, wrong);
            }
            let history = record(seed + number);
            operations += history.ops.len() as u64;
            let found = cut(&history, honesty, &mut Dice(seed ^ number), CUTS_EACH);
            wrong.extend(found.into_iter().map(|what| format!("process {}: {what}", seed + number)));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done = running.into_iter().map(|thread| thread.join().expect("a thread went through"));
        done.fold((0, Vec::new()), |(count, mut all), (operations, wrong)| {
            all.extend(wrong);
            (count + operations, all)
        })
    })
}

#[test]
fn a_power_cut_takes_nothing_that_was_acknowledged_and_leaves_no_half() {
    let cuts = from_environment("REHOME_CUTS", 1_000);
    let seed = from_environment("REHOME_CUT_SEED", 1);
    println!("REHOME_CUT_SEED={seed} REHOME_CUTS={cuts}");
    let (operations, wrong) = many_cuts(Honesty::Honest, cuts, seed);
    println!("{cuts} cuts, {operations} operations recorded");
    assert!(wrong.is_empty(), "{} of {cuts} cuts:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_disk_that_lies_about_syncs_is_seen_to_lose_acknowledged_events() {
    let (_, wrong) = many_cuts(Honesty::ForgetsContent, 300, 1);
    assert!(wrong.iter().any(|what| what.contains("were acknowledged")), "nothing was lost: {wrong:?}");
}

#[test]
fn a_disk_that_forgets_the_names_of_files_is_seen_to_lose_the_log() {
    let (_, wrong) = many_cuts(Honesty::ForgetsNames, 300, 1);
    assert!(wrong.iter().any(|what| what.contains("does not open")), "nothing was lost: {wrong:?}");
}
