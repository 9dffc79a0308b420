//! Store tests: files that were spoilt on the disk. Whatever was done, the log is refused, or the damage is
//! found by checking, or every event still reads as it was written. Touches temporary folders.

use crate::dice::Dice;
use crate::from_environment;
use crate::power::runtime;
use crate::recorder::temporary;
use rehome_store::{
    Anchor, Backend, CountedSalts, Log, OpenError, Position, Sequence, SqliteLog, Stored, StreamId,
    VerifyError, conformance, verify_chain,
};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

const EVENTS: u64 = 160;

/// A log as it was before anybody spoilt it.
struct Whole {
    file: Vec<u8>,
    /// The write-ahead log beside it, with the second half of the events.
    ahead: Vec<u8>,
    id: String,
    anchor: Anchor,
    events: Vec<Stored>,
    streams: Vec<(StreamId, Sequence)>,
}

/// What somebody who opens and checks the log is told.
#[derive(Debug)]
enum Told {
    Refused(OpenError),
    /// The first event that is not what was written.
    Broken,
    /// The damage is not at an event.
    Found(VerifyError),
    /// The log has another name than its anchor.
    AnotherLog,
    /// Everything reads as it was written.
    Harmless,
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

/// A log with every kind of page: bodies that fill pages of their own, trees of two levels, free pages.
fn whole(runtime: &Runtime) -> Whole {
    let folder = temporary();
    let path = folder.path().join("log.db");
    let fill = |log: &SqliteLog, from: u64| {
        for n in from..from + EVENTS / 2 {
            let length = if n % 20 == 7 { 9_000 } else { n * 7 % 400 };
            let stream = format!("move/{}/{}", "of-a-name-that-is-long".repeat(2), n % 5);
            let body = "x".repeat(length as usize);
            runtime.block_on(log.append(conformance::append(&stream, n / 5, &[&body]))).expect("appended");
        }
    };
    let log = SqliteLog::create_with(&path, CountedSalts::default()).expect("a new log");
    let stranger = Connection::open(&path).expect("a connection");
    fill(&log, 0);
    stranger.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("folded");
    fill(&log, EVENTS / 2);
    let freed = "CREATE TABLE t(x); INSERT INTO t VALUES (zeroblob(20000)); DROP TABLE t";
    stranger.execute_batch(freed).expect("pages that nobody uses");
    let anchor = Anchor::of(log.id(), runtime.block_on(log.head()).expect("a head"));
    Whole {
        file: std::fs::read(&path).expect("the file"),
        ahead: std::fs::read(beside(&path, "-wal")).expect("the write-ahead log"),
        id: log.id().to_owned(),
        anchor,
        events: runtime.block_on(log.read_all(Position(0), usize::MAX)).expect("events"),
        streams: runtime.block_on(log.streams("")).expect("streams"),
    }
}

/// The same with everything in one file.
fn in_one_file(runtime: &Runtime) -> Whole {
    let (whole, folder) = (whole(runtime), temporary());
    let path = folder.path().join("log.db");
    whole.put(&path, &whole.file, Some(&whole.ahead));
    drop(SqliteLog::open(&path).expect("it opens"));
    Whole { file: std::fs::read(&path).expect("the file"), ..whole }
}

impl Whole {
    fn put(&self, path: &Path, file: &[u8], ahead: Option<&[u8]>) {
        for ending in ["-shm", "-wal"] {
            drop(std::fs::remove_file(beside(path, ending)));
        }
        std::fs::write(path, file).expect("written");
        if let Some(ahead) = ahead {
            std::fs::write(beside(path, "-wal"), ahead).expect("written");
        }
    }

    /// Opens and checks, and holds the answer against what was written.
    fn told(&self, runtime: &Runtime, path: &Path) -> Told {
        let log = match SqliteLog::open_read_only(path) {
            Ok(log) => log,
            Err(error) => return Told::Refused(error),
        };
        if log.id() != self.id {
            return Told::AnotherLog;
        }
        match runtime.block_on(verify_chain(&log, Some(&self.anchor))) {
            Ok(_) => {
                self.reads_as_written(runtime, &log);
                Told::Harmless
            }
            Err(VerifyError::Broken { position, .. } | VerifyError::Rewritten { position }) => {
                let before = runtime.block_on(log.read_all(Position(0), position.0 as usize - 1));
                let before = before.expect("what is before the damage can be read");
                assert_eq!(before, self.events[..position.0 as usize - 1], "the first one is named");
                Told::Broken
            }
            Err(error) => Told::Found(error),
        }
    }

    fn reads_as_written(&self, runtime: &Runtime, log: &SqliteLog) {
        let all = runtime.block_on(log.read_all(Position(0), usize::MAX)).expect("events");
        assert!(all == self.events, "an event reads differently, and nobody was told");
        assert_eq!(runtime.block_on(log.streams("")).expect("streams"), self.streams);
        for (stream, _) in &self.streams {
            let own = runtime.block_on(log.read_stream(stream, Sequence(0), usize::MAX)).expect("a stream");
            let expected = self.events.iter().filter(|event| event.record.stream == *stream);
            assert!(own.iter().eq(expected), "stream {stream} reads differently, and nobody was told");
        }
    }
}

/// Flips one byte of `bytes` each time, anywhere, on as many threads as there are cores; what was told.
fn flips(rounds: u64, seed: u64, ahead: bool) -> BTreeMap<&'static str, u64> {
    let spoil = |share: u64, rounds: u64| {
        let (runtime, folder) = (runtime(), temporary());
        let mut told = BTreeMap::<&str, u64>::new();
        let whole = if ahead { whole(&runtime) } else { in_one_file(&runtime) };
        let (path, mut dice) = (folder.path().join("log.db"), Dice(seed ^ share << 32));
        for _ in 0..rounds {
            let mut bytes = if ahead { whole.ahead.clone() } else { whole.file.clone() };
            // The first page and the last bytes of pages are where most of the meaning is.
            let end = if dice.below(4) == 0 { 4_096 } else { bytes.len() as u64 };
            let at = dice.below(end) as usize;
            bytes[at] ^= 1 + dice.below(255) as u8;
            match ahead {
                true => whole.put(&path, &whole.file, Some(&bytes)),
                false => whole.put(&path, &bytes, None),
            }
            let what = match whole.told(&runtime, &path) {
                Told::Refused(OpenError::Storage { .. }) => "refused for a reason that is not named",
                Told::Refused(_) => "refused with a reason",
                Told::Broken => "found at its event",
                Told::Found(VerifyError::Shortened { .. }) => "found by the anchor",
                Told::Found(VerifyError::Read(_)) => "unreadable",
                Told::Found(_) | Told::AnotherLog => "found beside the events",
                Told::Harmless => "harmless",
            };
            *told.entry(what).or_default() += 1;
        }
        told
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        let spoil = &spoil;
        let running: Vec<_> =
            (0..threads).map(|share| scope.spawn(move || spoil(share, rounds.div_ceil(threads)))).collect();
        let mut all = BTreeMap::new();
        for thread in running {
            for (what, count) in thread.join().expect("a thread went through") {
                *all.entry(what).or_default() += count;
            }
        }
        all
    })
}

#[test]
fn a_byte_that_was_changed_in_the_file_is_found_or_changes_no_event() {
    let (rounds, seed) = (from_environment("REHOME_FLIPS", 1_000), from_environment("REHOME_CUT_SEED", 1));
    let told = flips(rounds, seed, false);
    println!("REHOME_CUT_SEED={seed} REHOME_FLIPS={rounds}: {told:?}");
    assert!(told["found at its event"] > rounds / 2, "{told:?}");
}

#[test]
fn a_byte_that_was_changed_in_the_write_ahead_log_is_found_by_the_anchor_or_changes_no_event() {
    let (rounds, seed) = (from_environment("REHOME_FLIPS", 1_000), from_environment("REHOME_CUT_SEED", 1));
    let told = flips(rounds, seed, true);
    println!("REHOME_CUT_SEED={seed} REHOME_FLIPS={rounds}: {told:?}");
    assert!(told["found by the anchor"] > rounds / 2, "{told:?}");
}

#[test]
fn a_page_of_any_kind_that_was_spoilt_is_refused_or_found() {
    let (runtime, folder) = (runtime(), temporary());
    let (whole, path) = (in_one_file(&runtime), folder.path().join("log.db"));
    whole.put(&path, &whole.file, None);
    let pages: Vec<(usize, String)> = Connection::open(&path)
        .and_then(|db| {
            db.prepare("SELECT pageno, name || ' ' || pagetype FROM dbstat")?
                .query_map([], |row| Ok((row.get::<_, i64>(0)? as usize, row.get(1)?)))?
                .collect()
        })
        .expect("a list of pages");
    let kinds = ["sqlite_schema leaf", "meta leaf", "event leaf", "event internal", "event overflow"];
    for kind in kinds.iter().chain(&["event_by_stream leaf", "event_by_stream internal"]) {
        assert!(pages.iter().any(|(_, name)| name == kind), "there is a page of kind {kind}: {pages:?}");
    }
    let free = (1..=whole.file.len() / 4_096).filter(|page| pages.iter().all(|(used, _)| used != page));
    let free: Vec<_> = free.map(|page| (page, "free".to_owned())).collect();
    assert!(!free.is_empty(), "there are free pages");
    for (page, kind) in pages.iter().chain(&free) {
        for spoilt in ["zero", "garbage", "another page", "half"] {
            let (mut bytes, at, mut dice) = (whole.file.clone(), (page - 1) * 4_096, Dice(*page as u64));
            match spoilt {
                "zero" => bytes[at..at + 4_096].fill(0),
                "garbage" => bytes[at..at + 4_096].fill_with(|| dice.roll() as u8),
                "half" => bytes[at + 2_048..at + 4_096].fill(0),
                _ => bytes.copy_within(if *page == 2 { 8_192..12_288 } else { 4_096..8_192 }, at),
            }
            whole.put(&path, &bytes, None);
            let told = whole.told(&runtime, &path);
            let silent = matches!(told, Told::Harmless) && kind != "free" && bytes != whole.file;
            assert!(!silent || spoilt == "half", "{kind} page {page}, {spoilt}: {told:?}");
        }
    }
}

#[test]
fn a_write_ahead_log_that_was_deleted_is_missed_by_the_anchor() {
    let (runtime, folder) = (runtime(), temporary());
    let (whole, path) = (whole(&runtime), folder.path().join("log.db"));
    whole.put(&path, &whole.file, None);
    let told = whole.told(&runtime, &path);
    let Told::Found(VerifyError::Shortened { found, anchored }) = told else { panic!("{told:?}") };
    assert_eq!((found, anchored), (Position(EVENTS / 2), Position(EVENTS)), "half of it is left");
}

#[test]
fn a_log_is_never_made_anew_because_its_write_ahead_log_is_gone() {
    let (runtime, folder) = (runtime(), temporary());
    let path = folder.path().join("log.db");
    let log = SqliteLog::create_or_open(&path).expect("a new log");
    let id = log.id().to_owned();
    runtime.block_on(log.append(conformance::append("a", 0, &["1"]))).expect("appended");
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).expect("the file alone");
    assert_eq!(SqliteLog::create_or_open(&copy).expect("it opens").id(), id, "it is still this log");
}

#[test]
fn what_is_not_a_log_is_refused_by_name_and_not_changed() {
    let folder = temporary();
    let path = folder.path().join("log.db");
    for (text, reason) in [("", "empty"), ("{}", "not an SQLite database"), ("SQLite format 3\0", "database")]
    {
        std::fs::write(&path, text).expect("written");
        let told = [SqliteLog::open(&path), SqliteLog::open_read_only(&path)];
        for error in told.into_iter().filter_map(Result::err) {
            assert!(matches!(&error, OpenError::NotOurs { what, .. } if what.contains(reason)), "{error:?}");
        }
        assert_eq!(std::fs::read(&path).expect("readable"), text.as_bytes(), "nobody touched it");
    }
}
