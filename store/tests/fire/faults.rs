//! Store tests: every call of a recorded process fails once, one process for each. Whatever the log
//! answers must be true of the log that is opened afterwards, also after a power cut. Touches temporary
//! folders.

use crate::dice::Dice;
use crate::disk::Honesty;
use crate::from_environment;
use crate::power::{History, cut, runtime};
use crate::recorder::{Op, fault, folder, no_fault, note};
use crate::workload::{APPENDER, LOG, append, fold, kept};
use rehome_store::{AppendError, Backend, Log, OpenError, Position, SqliteLog, StreamId, verify_chain};
use std::collections::BTreeSet;
use std::path::Path;

const FAILING: &str = "faults::append_while_a_call_fails";

const EIO: i32 = 5;
const EACCES: i32 = 13;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

/// Added to the seed where calls fail already while the log is made.
const WHILE_MADE: u64 = 1_000_000;

/// Which call fails, how, and how many times in a row.
const CASES: [(&str, i32, u64); 7] = [
    ("write", EIO, 1),
    ("write", ENOSPC, 1),
    ("write", ENOSPC, 1_000_000),
    ("sync", EIO, 1),
    ("read", EIO, 1),
    ("truncate", EIO, 1),
    ("open", EMFILE, 1_000_000),
];

/// How often the power is cut after each fault.
fn cuts_each() -> u64 {
    from_environment("REHOME_FAULT_CUTS", 2)
}

/// What the log has answered.
#[derive(Default)]
struct Answers {
    kept: BTreeSet<StreamId>,
    refused: BTreeSet<StreamId>,
    /// Nobody knows, and the log says so.
    doubtful: BTreeSet<StreamId>,
    poisoned: bool,
}

impl Answers {
    async fn ask(&mut self, log: &SqliteLog, dice: &mut Dice, stream: &str) {
        let append = append(dice, stream, 0, 3_000);
        let stream = append.expect[0].0.clone();
        match log.append(append).await {
            Ok(appended) => {
                assert!(!self.poisoned, "a log that does not know its end takes no more appends");
                kept(&appended);
                self.kept.insert(stream);
            }
            Err(AppendError::Poisoned(_)) if self.poisoned => drop(self.refused.insert(stream)),
            Err(AppendError::Poisoned(_)) => {
                self.poisoned = true;
                self.doubtful.insert(stream);
            }
            Err(AppendError::Storage(_) | AppendError::Full { .. }) => drop(self.refused.insert(stream)),
            Err(other) => panic!("that is not what happened: {other}"),
        }
    }

    async fn hold_of(&self, log: &SqliteLog) {
        let streams = log.streams("").await.expect("the streams");
        let found: BTreeSet<_> = streams.into_iter().map(|(stream, _)| stream).collect();
        assert!(self.kept.is_subset(&found), "acknowledged, and lost");
        assert!(self.refused.is_disjoint(&found), "refused, and there");
        let known = |stream| self.kept.contains(stream) || self.doubtful.contains(stream);
        assert!(found.iter().all(known), "something is there that nobody appended");
    }
}

async fn under_fault(answers: &mut Answers, path: &Path, dice: &mut Dice, made: bool, fails: impl Fn()) {
    if made {
        fails();
    }
    // Making may fail, and says so.
    let Ok(log) = SqliteLog::create_or_open(path) else { return };
    note(&format!("open {}", log.id()));
    answers.ask(&log, dice, "before").await;
    if !made {
        fails();
    }
    for n in 0..8 {
        answers.ask(&log, dice, &format!("under/{n}")).await;
        if n == 3 {
            // Somebody else's connection may fail; what it says is of no interest.
            drop(fold(dice, path));
        }
        if let Ok(events) = log.read_all(Position(0), usize::MAX).await {
            let places = events.iter().map(|event| event.position.0);
            assert!(places.eq(1..=events.len() as u64), "what is read is in order");
            let read: BTreeSet<_> = events.into_iter().map(|event| event.record.stream).collect();
            assert!(answers.kept.is_subset(&read), "what was acknowledged can be read");
        }
    }
    drop(log);
    // Opening may fail as well, and says so.
    if let Ok(log) = SqliteLog::open(path) {
        answers.poisoned = false;
        answers.ask(&log, dice, "opened again").await;
    }
}

#[test]
#[ignore = "does nothing but below the recorder"]
fn append_while_a_call_fails() {
    let Some(folder) = folder() else { return };
    let seed = from_environment("FIRE_SEED", 0);
    let (call, errno, times) = CASES[(seed % WHILE_MADE / 1_000) as usize];
    let (mut answers, mut dice, path) = (Answers::default(), Dice(seed), folder.join(LOG));
    let arm = || fault(call, seed % 1_000, errno, times, "");
    runtime().block_on(async {
        under_fault(&mut answers, &path, &mut dice, seed >= WHILE_MADE, arm).await;
        no_fault();
        answers.poisoned = false;
        let log = SqliteLog::create_or_open(&path).expect("the fault is over");
        verify_chain(&log, None).await.expect("the log is whole");
        answers.hold_of(&log).await;
        note(&format!("open {}", log.id()));
        for n in 0..3 {
            answers.ask(&log, &mut dice, &format!("after/{n}")).await;
            assert!(answers.kept.contains(&StreamId::new(format!("after/{n}"))), "it goes on");
        }
        answers.hold_of(&log).await;
    });
}

/// Of so many calls one fails; by night each of them.
fn every() -> usize {
    from_environment("REHOME_FAULT_EVERY", 3).max(1) as usize
}

/// Lets calls of one kind fail, one after the other until there is none left, and cuts the power after each.
fn calls_fail(case: usize, made: u64, last: u64) -> (u64, Vec<String>) {
    let (mut failed, mut wrong) = (0, Vec::new());
    for k in (1..=last).step_by(every()) {
        let seed = made + case as u64 * 1_000 + k;
        let history = History::of(FAILING, seed, Vec::new());
        if !history.ops.iter().any(|op| matches!(op, Op::Fault)) {
            break;
        }
        failed += 1;
        let found = cut(&history, Honesty::Honest, &mut Dice(seed), cuts_each());
        wrong.extend(found.into_iter().map(|what| format!("call {k} of {:?}: {what}", CASES[case])));
    }
    (failed, wrong)
}

/// The kernel gives up what it could not write, says so once, and goes on showing it to every reader.
#[test]
fn what_a_failed_sync_left_in_memory_only_is_not_built_upon_by_the_next_process() {
    let case = CASES.iter().position(|(call, ..)| *call == "sync").expect("it is among them");
    let mut wrong = Vec::new();
    for k in (1..).step_by(every()) {
        let seed = case as u64 * 1_000 + k;
        let mut history = History::of(FAILING, seed, Vec::new());
        let failed = history.ops.iter().position(|op| matches!(op, Op::Sync { failed: true, .. }));
        let Some(failed) = failed else { break };
        history.ops.truncate(failed + 1);
        let history = History::of(APPENDER, seed, history.ops);
        let mut found = cut(&history, Honesty::Honest, &mut Dice(seed), 3 * cuts_each());
        // While it is opened again, most is at stake.
        let opened = history.ops.iter().rposition(|op| matches!(op, Op::Died)).expect("one died") + 40;
        let mut ops = history.ops;
        ops.truncate(opened.min(ops.len()));
        let opening = History { ops, events: history.events };
        found.extend(cut(&opening, Honesty::Honest, &mut Dice(seed + 1), 12 * cuts_each()));
        wrong.extend(found.into_iter().map(|what| format!("sync {k}: {what}")));
    }
    assert!(wrong.is_empty(), "{} times:\n{}", wrong.len(), wrong.join("\n"));
}

/// How many calls of each kind failed, and what went wrong afterwards.
fn all_fail(made: u64, last: u64) -> (String, Vec<String>) {
    let all: Vec<_> = std::thread::scope(|scope| {
        let each = |case| scope.spawn(move || calls_fail(case, made, last));
        let running: Vec<_> = (0..CASES.len()).map(each).collect();
        running.into_iter().map(|thread| thread.join().expect("a thread went through")).collect()
    });
    assert!(all.iter().all(|(calls, _)| *calls > 0), "a call never failed: {all:?}");
    let count = |((call, errno, times), (calls, _)): (&(&str, i32, u64), &(u64, Vec<String>))| {
        format!("{calls} places where {call} fails with {errno}, {times} times\n")
    };
    let counts = CASES.iter().zip(&all).map(count).collect();
    (counts, all.into_iter().flat_map(|(_, wrong)| wrong).collect())
}

#[test]
fn whatever_call_fails_the_log_answers_truly_and_loses_nothing() {
    let (counts, wrong) = all_fail(0, 1_000);
    println!("{counts}");
    assert!(wrong.is_empty(), "{} times:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn whatever_call_fails_while_a_log_is_made_it_can_be_made_afterwards() {
    // So many calls make a log, and a few more.
    let (counts, wrong) = all_fail(WHILE_MADE, 30);
    println!("{counts}");
    assert!(wrong.is_empty(), "{} times:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
#[ignore = "does nothing but below the recorder"]
fn open_what_may_only_be_read() {
    let Some(folder) = folder() else { return };
    let path = folder.join(LOG);
    let log = SqliteLog::create_or_open(&path).expect("a new log");
    runtime().block_on(Answers::default().ask(&log, &mut Dice(0), "before"));
    for errno in [EACCES, EROFS] {
        // Whoever has it open goes on; who comes afterwards is told why not.
        fault("open", 1, errno, 1_000_000, "");
        runtime().block_on(log.head()).expect("it is open");
        let new = SqliteLog::create_or_open(&folder.join("new.db"));
        let refused = [SqliteLog::open(&path), SqliteLog::create_or_open(&path), new];
        for error in refused.map(|opened| opened.err()) {
            assert!(matches!(error, Some(OpenError::ReadOnly { .. })), "{error:?}");
        }
        no_fault();
    }
    let head = runtime().block_on(log.head()).expect("readable");
    drop(log);
    fault("open", 1, EROFS, 1_000_000, "");
    let refused = SqliteLog::open(&path).err();
    assert!(matches!(refused, Some(OpenError::ReadOnly { .. })), "{refused:?}");
    // Nobody writes to it, so who only reads reads all of it.
    let read = SqliteLog::open_read_only(&path).expect("it can be read");
    assert_eq!(runtime().block_on(read.head()).expect("readable"), head);
    drop(read);
    no_fault();
    SqliteLog::open(&path).expect("nothing has changed");
}

#[test]
fn a_log_that_may_only_be_read_is_read_and_refused_with_a_remedy_to_who_would_write() {
    History::of("faults::open_what_may_only_be_read", 0, Vec::new());
}

/// SQLite does not look at the answer when a folder is synced.
#[test]
fn a_folder_that_could_not_be_synced_is_not_relied_upon() {
    let case = CASES.iter().position(|(call, ..)| *call == "sync").expect("it is among them") as u64;
    for k in (1..=12).step_by(every()) {
        let history = History::of(FAILING, WHILE_MADE + case * 1_000 + k, Vec::new());
        let wrong = cut(&history, Honesty::Honest, &mut Dice(k), 20 * cuts_each());
        assert!(wrong.is_empty(), "sync {k}, {} times:\n{}", wrong.len(), wrong.join("\n"));
    }
}
