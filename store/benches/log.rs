//! Store, measured: appends in groups and reading back, each beside bare SQLite with the same settings.
//! `cargo bench -p rehome-store`. Touches temporary files.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use rehome_store::{Append, Log, Record, Sequence, SqliteLog, StreamId, verify_chain};
use rusqlite::Connection;
use std::borrow::Cow;
use std::path::Path;
use tempfile::TempDir;

/// Events in one append, and so in one transaction.
const GROUPS: [u64; 4] = [1, 10, 100, 1_000];

/// What the two events of a step have on average.
const BODY: [u8; 200] = [b'x'; 200];

/// Events in the log that is read back.
const EVENTS: u64 = 50_000;

fn main() {
    divan::main();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime")
}

fn group(after: u64, events: u64) -> Append {
    let stream = StreamId::new("run/m-1");
    let record = |_| Record {
        stream: stream.clone(),
        kind: Cow::Borrowed("began"),
        version: 1,
        at_ms: 1_800_000_000_000,
        actor: "bench".into(),
        body: BODY.to_vec(),
    };
    Append { expect: vec![(stream.clone(), Sequence(after))], records: (0..events).map(record).collect() }
}

fn filled(folder: &TempDir) -> SqliteLog {
    let log = SqliteLog::create_or_open(&folder.path().join("log.db")).expect("a new log");
    for after in (0..EVENTS).step_by(1_000) {
        runtime().block_on(log.append(group(after, 1_000))).expect("appended");
    }
    log
}

#[divan::bench(args = GROUPS)]
fn append(bencher: Bencher, events: u64) {
    let (folder, runtime) = (tempfile::tempdir().expect("a folder"), runtime());
    let log = SqliteLog::create_or_open(&folder.path().join("log.db")).expect("a new log");
    let mut after = 0;
    bencher.counter(ItemsCount::new(events)).bench_local(|| {
        runtime.block_on(log.append(group(after, events))).expect("appended");
        after += events;
    });
}

fn bare(path: &Path) -> Connection {
    let db = Connection::open(path).expect("a database");
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE e(position INTEGER PRIMARY KEY, stream TEXT NOT NULL, sequence INTEGER NOT NULL,
                        body BLOB NOT NULL) STRICT;
         CREATE UNIQUE INDEX s ON e(stream, sequence);",
    )
    .expect("a table");
    db
}

#[divan::bench(args = GROUPS)]
fn append_bare(bencher: Bencher, events: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let db = bare(&folder.path().join("bare.db"));
    // The other columns of an event as bytes of the body: salt, hash, kind, actor, time and version.
    let body = [b'x'; BODY.len() + 70];
    let mut position = 0_u64;
    bencher.counter(ItemsCount::new(events)).bench_local(|| {
        db.execute_batch("BEGIN IMMEDIATE").expect("begun");
        for _ in 0..events {
            position += 1;
            let mut insert = db.prepare_cached("INSERT INTO e VALUES (?1, ?2, ?3, ?4)").expect("prepared");
            insert.execute((position, "run/m-1", position, &body)).expect("inserted");
        }
        db.execute_batch("COMMIT").expect("committed");
    });
}

#[divan::bench(sample_count = 20)]
fn verify(bencher: Bencher) {
    let (folder, runtime) = (tempfile::tempdir().expect("a folder"), runtime());
    let log = filled(&folder);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        runtime.block_on(verify_chain(&log, None)).expect("intact");
    });
}

#[divan::bench(sample_count = 20)]
fn read_bare(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    drop(filled(&folder));
    let db = Connection::open(folder.path().join("log.db")).expect("the log");
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        let mut all =
            db.prepare_cached("SELECT stream, kind, actor, salt, body, hash FROM event").expect("prepared");
        let mut rows = all.query([]).expect("asked");
        while let Some(row) = rows.next().expect("read") {
            for column in 0..3 {
                black_box(row.get::<_, String>(column).expect("a text"));
            }
            for column in 3..6 {
                black_box(row.get::<_, Vec<u8>>(column).expect("bytes"));
            }
        }
    });
}
