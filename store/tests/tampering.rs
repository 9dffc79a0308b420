//! Store: whoever edits the file behind the log's back is found, with the first event concerned.
//!
//! `REHOME_TAMPER_ROUNDS` and `REHOME_TAMPER_SEED` choose how often and from where. Bytes that are changed
//! below the columns, anywhere in the file, are in `fire/damage.rs`.

#[path = "fire/dice.rs"]
mod dice;

use dice::Dice;
use rehome_store::{
    Anchor, Backend, CountedSalts, Digest, Log, Position, SqliteLog, VerifyError, conformance, event_hash,
    verify_chain,
};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::path::Path;
use std::sync::Arc;

const EVENTS: u64 = 60;
const COLUMNS: [&str; 9] =
    ["stream", "sequence", "kind", "version", "at_ms", "actor", "salt", "body", "hash"];

fn a_position(dice: &mut Dice) -> u64 {
    1 + dice.below(EVENTS)
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn write_a_log(path: &Path) -> Anchor {
    write_with_copies(path, u64::MAX).await.0
}

/// Also returns the log as it was after every so many events.
async fn write_with_copies(path: &Path, every: u64) -> (Anchor, Vec<(u64, Vec<u8>)>) {
    let log = SqliteLog::create_with(path, CountedSalts::default()).expect("a new log");
    let mut copies = Vec::new();
    for n in 0..EVENTS {
        if n % every == 0 {
            let copy = path.with_extension(format!("copy.{n}"));
            log.backup(&copy).expect("a copy");
            copies.push((n, std::fs::read(&copy).expect("the copy")));
        }
        let body = format!("{{\"event\":{n},\"text\":\"{}\"}}", "x".repeat((n * 7 % 400) as usize));
        let append = conformance::append(&format!("move/{}", n % 5), n / 5, &[&body]);
        log.append(append).await.expect("appended");
    }
    (Anchor::of(log.id(), log.head().await.expect("a head")), copies)
}

/// Changes the file and says what was done, and which event must be named; nothing where the file
/// itself refused.
fn tamper(dice: &mut Dice, db: &Connection) -> rusqlite::Result<(String, u64)> {
    let p = a_position(dice);
    match dice.below(8) {
        0..=2 => {
            let column = COLUMNS[dice.below(COLUMNS.len() as u64) as usize];
            let what = alter(dice, db, column, p)?;
            Ok((format!("{column} of {p}: {what}"), p))
        }
        3 => {
            db.execute("DELETE FROM event WHERE position = ?1", [p])?;
            Ok((format!("{p} removed"), p))
        }
        4 => {
            let q = a_position(dice);
            if p == q {
                return Err(rusqlite::Error::QueryReturnedNoRows);
            }
            for (from, to) in [(p as i64, -1), (q as i64, p as i64), (-1, q as i64)] {
                db.execute("UPDATE event SET position = ?2 WHERE position = ?1", [from, to])?;
            }
            Ok((format!("{p} and {q} exchanged"), p.min(q)))
        }
        5 => {
            db.execute("DELETE FROM event WHERE position >= ?1", [p])?;
            Ok((format!("cut off from {p}"), p))
        }
        6 => {
            let away = if dice.below(2) == 0 { -(p as i64) } else { (EVENTS + 1 + dice.below(9)) as i64 };
            db.execute("UPDATE event SET position = ?2 WHERE position = ?1", [p as i64, away])?;
            Ok((format!("{p} moved to {away}"), p))
        }
        _ => {
            let sql = "INSERT INTO event SELECT ?2, stream, sequence + 1000, kind, version, at_ms, actor, salt, body,
                       hash FROM event WHERE position = ?1";
            db.execute(sql, [p, EVENTS + 1])?;
            Ok((format!("a copy of {p} added"), EVENTS + 1))
        }
    }
}

/// Changes one byte, or one bit of a number, or the length.
fn alter(dice: &mut Dice, db: &Connection, column: &str, p: u64) -> rusqlite::Result<String> {
    let sql = format!("SELECT {column} FROM event WHERE position = ?1");
    let old: Value = db.query_row(&sql, [p], |row| row.get(0))?;
    let spoil = |dice: &mut Dice, bytes: &mut Vec<u8>| match dice.below(6) {
        0 => bytes.push(b'x'),
        1 if !bytes.is_empty() => bytes.truncate(bytes.len() - 1),
        _ if !bytes.is_empty() => {
            let at = dice.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << dice.below(8);
        }
        _ => bytes.push(0),
    };
    match old.clone() {
        Value::Integer(number) => {
            let new = number ^ (1 << dice.below(63));
            db.execute(&format!("UPDATE event SET {column} = ?2 WHERE position = ?1"), (p, new))?;
            Ok(format!("{number} -> {new}"))
        }
        Value::Text(text) => {
            let mut bytes = text.into_bytes();
            spoil(dice, &mut bytes);
            let sql = format!("UPDATE event SET {column} = CAST(?2 AS TEXT) WHERE position = ?1");
            db.execute(&sql, (p, &bytes))?;
            Ok(format!("{old:?} -> {}", bytes.escape_ascii()))
        }
        Value::Blob(mut bytes) => {
            spoil(dice, &mut bytes);
            db.execute(&format!("UPDATE event SET {column} = ?2 WHERE position = ?1"), (p, &bytes))?;
            Ok("a byte".to_owned())
        }
        other => panic!("no column holds {other:?}"),
    }
}

fn named(error: &VerifyError) -> u64 {
    match error {
        VerifyError::Broken { position, .. } | VerifyError::Rewritten { position } => position.0,
        VerifyError::Shortened { found, .. } => found.0 + 1,
        other => panic!("the event is not named: {other}"),
    }
}

/// The file without its triggers, and what makes them again: one that is missing is found.
fn without_triggers(path: &Path) -> (Connection, String) {
    let db = Connection::open(path).expect("the file");
    let triggers: Vec<(String, String)> = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut s| s.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .expect("triggers");
    let mut again = String::new();
    for (trigger, sql) in triggers {
        db.execute_batch(&format!("DROP TRIGGER {trigger}")).expect("dropped");
        again.push_str(&(sql + ";"));
    }
    (db, again)
}

/// What is spoilt again and again.
struct Prepared {
    anchor: Anchor,
    whole: Vec<u8>,
    older: Vec<(u64, Vec<u8>)>,
}

impl Prepared {
    async fn new() -> Self {
        let folder = temporary();
        let path = folder.path().join("whole.db");
        let (anchor, older) = write_with_copies(&path, 7).await;
        // Without a log file beside it, and without waiting for the disk: it is about to be spoilt.
        let untouched = SqliteLog::open_read_only(&path).expect("the log");
        verify_chain(&untouched, Some(&anchor)).await.expect("an untouched log is whole");
        drop(untouched);
        let (db, _) = without_triggers(&path);
        db.pragma_update(None, "journal_mode", "DELETE").expect("one file");
        drop(db);
        Self { anchor, whole: std::fs::read(&path).expect("the file"), older }
    }

    /// Leaves a spoilt log at the path, and says what was done and which event must be named.
    fn spoil(&self, dice: &mut Dice, path: &Path) -> (String, u64) {
        if dice.below(12) == 0 {
            let (events, copy) = &self.older[dice.below(self.older.len() as u64) as usize];
            std::fs::write(path, copy).expect("the older copy");
            return (format!("rolled back to {events} events"), events + 1);
        }
        loop {
            std::fs::write(path, &self.whole).expect("a copy");
            let db = Connection::open(path).expect("the file");
            db.execute_batch("PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY").expect("set");
            if let Ok(done) = tamper(dice, &db) {
                return done;
            }
        }
    }

    async fn round(&self, dice: &mut Dice, path: &Path) -> Result<(), String> {
        let (what, expected) = self.spoil(dice, path);
        let log = SqliteLog::open_read_only(path).map_err(|e| format!("{what}: {e}"))?;
        match verify_chain(&log, Some(&self.anchor)).await {
            Err(error) if named(&error) == expected => Ok(()),
            Err(error) => Err(format!("{what}: event {expected} is not named: {error}")),
            Ok(_) => Err(format!("{what}: not found")),
        }
    }
}

/// A folder in memory where there is one.
fn temporary() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_edit_of_the_file_is_found_at_its_event() {
    let rounds = from_environment("REHOME_TAMPER_ROUNDS", 2_000);
    let seed = from_environment("REHOME_TAMPER_SEED", 20_260_101);
    println!("REHOME_TAMPER_SEED={seed} REHOME_TAMPER_ROUNDS={rounds}");
    let prepared = Arc::new(Prepared::new().await);
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let shares: Vec<_> = (0..threads)
        .map(|share| {
            let prepared = prepared.clone();
            tokio::spawn(async move {
                let (folder, mut dice) = (temporary(), Dice(seed ^ (share << 32)));
                let path = folder.path().join("spoilt.db");
                for edit in 0..rounds.div_ceil(threads) {
                    let found = prepared.round(&mut dice, &path).await;
                    found.unwrap_or_else(|what| panic!("edit {edit} of share {share}, seed {seed}: {what}"));
                }
            })
        })
        .collect();
    for share in shares {
        share.await.expect("every edit was found");
    }
}

#[tokio::test]
async fn a_chain_that_was_forged_to_its_end_is_found_only_through_the_anchor() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("log.db");
    let anchor = write_a_log(&path).await;
    let log = SqliteLog::open_read_only(&path).expect("the log");
    let mut events = log.read_all(Position(0), 1_000).await.expect("all");
    drop(log);
    let (db, again) = without_triggers(&path);
    let mut previous = Digest::ZERO;
    events[30].record.actor = "somebody else".into();
    for event in &mut events {
        event.hash = event_hash(previous, event);
        previous = event.hash;
        let sql = "UPDATE event SET actor = ?2, hash = ?3 WHERE position = ?1";
        let values = (event.position.0, &*event.record.actor, &event.hash.0[..]);
        db.execute(sql, values).expect("forged");
    }
    db.execute_batch(&again).expect("as if nothing had been");
    drop(db);
    let log = SqliteLog::open_read_only(&path).expect("the log");
    verify_chain(&log, None).await.expect("the forger knew what to do");
    let found = verify_chain(&log, Some(&anchor)).await;
    assert!(matches!(found, Err(VerifyError::Rewritten { position: Position(EVENTS) })), "{found:?}");
}

#[tokio::test]
async fn a_tail_that_was_cut_off_is_not_seen_without_an_anchor_and_that_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("log.db");
    write_a_log(&path).await;
    let (db, again) = without_triggers(&path);
    db.execute("DELETE FROM event WHERE position > 40", []).expect("cut off");
    db.execute_batch(&again).expect("as if nothing had been");
    let log = SqliteLog::open_read_only(&path).expect("the log");
    let verified = verify_chain(&log, None).await.expect("the rest is whole");
    assert_eq!((verified.head.position, verified.anchored), (Position(40), None));
}
