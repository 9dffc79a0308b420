//! The limit: SQLite with the same settings and nothing around it, in the best layout in which a stream can still be found
//! and the order of the whole be read: rows by their place, an index of two numbers, and the rest of a row as one blob.

use crate::{f64_of, per_second};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A table of rows with a stream's index, in a file of its own that is gone with it.
struct Bare {
    streams: u64,
    db: Connection,
    path: PathBuf,
    rows: u64,
}

impl Bare {
    fn new(beside: &Path, streams: u64) -> rusqlite::Result<Self> {
        let mut path = beside.as_os_str().to_owned();
        path.push(".raw");
        let path = PathBuf::from(path);
        let db = Connection::open(&path)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4096;
             CREATE TABLE e(position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, sequence INTEGER NOT NULL,
                            body BLOB NOT NULL) STRICT;
             CREATE UNIQUE INDEX s ON e(stream, sequence);",
        )?;
        Ok(Self { db, path, rows: 0, streams })
    }

    fn insert(&mut self, together: u64, body: &[u8]) -> rusqlite::Result<()> {
        self.db.execute_batch("BEGIN IMMEDIATE")?;
        let mut insert = self.db.prepare_cached("INSERT INTO e VALUES (?1, ?2, ?3, ?4)")?;
        for _ in 0..together {
            self.rows += 1;
            insert.execute((self.rows, self.rows % self.streams, self.rows, body))?;
        }
        drop(insert);
        self.db.execute_batch("COMMIT")
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut path = self.path.as_os_str().to_owned();
            path.push(end);
            drop(std::fs::remove_file(path));
        }
    }
}

/// Bytes in an average row of the steps of this log, without what SQLite adds.
pub(crate) fn bytes_of_a_row(log: &Path) -> rusqlite::Result<u64> {
    let sql = "SELECT CAST(avg(length(stream) + length(kind) + length(actor) + length(salt) + length(body)
               + length(hash) + 20) AS INTEGER) FROM event WHERE kind IN ('began', 'ended')";
    Connection::open(log)?.query_row(sql, [], |row| row.get(0))
}

/// Inserts in transactions of `together` rows, each row of this many bytes: rows in a second.
pub(crate) fn grouped_inserts(
    beside: &Path,
    streams: u32,
    rows: u64,
    together: u64,
    row: u64,
) -> rusqlite::Result<f64> {
    let mut bare = Bare::new(beside, streams.into())?;
    // The name of the stream and the three numbers are a part of the row.
    let body = vec![b'x'; usize::try_from(row).unwrap_or(0).saturating_sub(30)];
    let start = Instant::now();
    while bare.rows < rows {
        bare.insert(together, &body)?;
    }
    Ok(per_second(bare.rows, start.elapsed()))
}

/// Inserts that are timed one by one.
const SINGLE: usize = 400;

/// The times of single synced inserts, in microseconds.
pub(crate) fn single_inserts(beside: &Path) -> rusqlite::Result<Vec<u64>> {
    let mut bare = Bare::new(beside, 1)?;
    let body = [b'x'; 800];
    let mut times = Vec::with_capacity(SINGLE);
    for _ in 0..SINGLE {
        let start = Instant::now();
        bare.insert(1, &body)?;
        times.push(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    Ok(times)
}

/// The median.
pub(crate) fn median(of: &mut [u64]) -> u64 {
    of.sort_unstable();
    of.get(of.len() / 2).copied().unwrap_or(0)
}

/// Reads every column of every row of the log and looks at no meaning: rows in a second.
pub(crate) fn read_all(log: &Path) -> rusqlite::Result<f64> {
    let db = Connection::open(log)?;
    let start = Instant::now();
    let sql = "SELECT position, sequence, stream, kind, version, at_ms, actor, salt, body, hash FROM event";
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    let (mut count, mut bytes) = (0_u64, 0_u64);
    while let Some(row) = rows.next()? {
        count += 1;
        for column in [0, 1, 4, 5] {
            bytes += row.get::<_, i64>(column)?.unsigned_abs() & 1;
        }
        for column in [2, 3, 6] {
            bytes += row.get::<_, String>(column)?.len() as u64;
        }
        for column in [7, 8, 9] {
            bytes += row.get::<_, Vec<u8>>(column)?.len() as u64;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    // What was read must be used, or it might not be read at all.
    assert!(bytes > count, "rows have bytes");
    Ok(f64_of(count) / seconds)
}
