//! Store: the one thread that writes. Touches the SQLite file.
//!
//! It blocks for the first append, takes what else is waiting, and commits all in one transaction, so
//! that many callers share one sync. Only then does it answer.

use crate::chain::seal;
use crate::group::{self, Answer, Asking, Counters, Counts, Group, Queue};
use crate::heads::{Heads, mentioned};
use crate::log::{Append, AppendError, Appended, Head};
use crate::record::{Position, Sequence, Stored, StreamId};
use crate::salt::Salts;
use crate::sqlite::extent::{self, Known};
use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Why a log takes no appends.
pub(super) enum Refusal {
    ReadOnly,
    NewerFormat(u32),
}

pub(super) struct Writer {
    jobs: Option<Asking>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
}

impl Writer {
    pub(super) fn start(path: PathBuf, connection: Connection, salts: Box<dyn Salts>) -> Self {
        let (jobs, queue) = group::queue();
        let counts = Arc::<Counts>::default();
        let mut writing = WriterLoop {
            path,
            connection,
            salts,
            heads: Heads::default(),
            head: None,
            known: Known::to_write(),
            poisoned: None,
            counts: counts.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || writing.serve(queue))
            .expect("the machine can start a thread");
        Self { jobs: Some(jobs), thread: Some(thread), counts }
    }

    pub(super) async fn append(&self, append: Append) -> Answer {
        match &self.jobs {
            Some(jobs) => jobs.append(append).await,
            None => Err(AppendError::Poisoned("the log is closed".to_owned())),
        }
    }

    pub(super) fn counters(&self) -> Counters {
        self.counts.now()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has poisoned every answer already.
            drop(thread.join());
        }
    }
}

struct WriterLoop {
    path: PathBuf,
    connection: Connection,
    salts: Box<dyn Salts>,
    heads: Heads,
    head: Option<Head>,
    known: Known,
    poisoned: Option<String>,
    counts: Arc<Counts>,
}

/// Why one append or the whole transaction failed.
enum Failure {
    One(AppendError),
    All(rusqlite::Error),
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        Self::One(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::All(error)
    }
}

impl WriterLoop {
    fn serve(&mut self, mut queue: Queue) {
        while let Some(mut group) = queue.blocking_next() {
            let appends = std::mem::take(&mut group.appends);
            let answers = match &self.poisoned {
                Some(why) => Err(AppendError::Poisoned(why.clone())),
                None => self.transact(appends),
            };
            Group::answer(group, answers);
        }
        // The last process to close folds the write-ahead log into the file; but not one that the disk
        // may not have, which has to be written again first, when the log is opened next.
        let closed = match &self.poisoned {
            None => self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"),
            Some(_) => {
                self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(drop)
            }
        };
        if let Err(e) = closed {
            tracing::debug!("the write-ahead log of {} stays: {e}", self.path.display());
        }
    }

    fn transact(&mut self, appends: Vec<Append>) -> Result<Vec<Answer>, AppendError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = transaction.map_err(|e| refused(&self.path, &e))?;
        // Nothing is appended to a log that no reader would read.
        let found =
            extent::census(&transaction, &self.known).map_err(|e| AppendError::Storage(e.to_string()))?;
        if self.head != Some(found) {
            // Another process wrote since: what was known of streams is not worth anything.
            self.heads.clear();
        }
        let put = transaction.prepare_cached(INSERT).map_err(|e| refused(&self.path, &e))?;
        let mut insert = Insert { transaction: &transaction, put, heads: &mut self.heads, head: found };
        let mut answers = Vec::with_capacity(appends.len());
        let mut written = 0;
        for append in appends {
            let events = append.records.len() as u64;
            match insert.append(append, &mut *self.salts) {
                Ok(appended) => {
                    written += events;
                    answers.push(Ok(appended));
                }
                Err(Failure::One(why)) => answers.push(Err(why)),
                Err(Failure::All(e)) => {
                    insert.heads.clear();
                    self.head = None;
                    return Err(refused(&self.path, &e));
                }
            }
        }
        let head = insert.head;
        drop(insert);
        if written == 0 {
            return Ok(answers);
        }
        if let Err(e) = transaction.commit() {
            self.heads.clear();
            self.head = None;
            // The frame that makes a commit is the last one written, so a write that found no room
            // left none. A sync that failed may have left one, and has another code.
            if e.sqlite_error_code() == Some(ErrorCode::DiskFull) && self.connection.is_autocommit() {
                return Err(refused(&self.path, &e));
            }
            self.poisoned = Some(e.to_string());
            return Err(AppendError::Poisoned(e.to_string()));
        }
        self.head = Some(head);
        self.known.count_to(head.position);
        self.heads.trim();
        self.counts.committed(written);
        Ok(answers)
    }
}

/// The transaction was not committed: the storage says why.
fn refused(path: &Path, error: &rusqlite::Error) -> AppendError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => AppendError::Full { path: path.to_owned() },
        Some(ErrorCode::ReadOnly) => AppendError::ReadOnly,
        _ => AppendError::Storage(error.to_string()),
    }
}

struct Insert<'a> {
    transaction: &'a Connection,
    put: CachedStatement<'a>,
    heads: &'a mut Heads,
    head: Head,
}

pub(super) const INSERT: &str = "INSERT INTO event
    (position, stream, sequence, kind, version, at_ms, actor, salt, body, hash)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

impl Insert<'_> {
    fn append(&mut self, append: Append, salts: &mut dyn Salts) -> Result<Appended, Failure> {
        let transaction = self.transaction;
        self.heads.check(&append, |stream| find(transaction, stream).map_err(Failure::All))?;
        let streams = mentioned(&append);
        let first = Position(self.head.position.0 + 1);
        for record in append.records {
            let sequence = self.heads.advance(&record.stream);
            let position = Position(self.head.position.0 + 1);
            let event = seal(record, position, sequence, salts.next(), self.head.hash);
            put(&mut self.put, &event)?;
            self.head = Head { position, hash: event.hash };
        }
        let heads = streams.into_iter().map(|s| (s.clone(), self.heads.of(&s))).collect();
        Ok(Appended { first, last: self.head.position, head: self.head.hash, heads })
    }
}

pub(super) fn put(insert: &mut CachedStatement<'_>, event: &Stored) -> rusqlite::Result<usize> {
    let record = &event.record;
    insert.execute((
        event.position.0,
        record.stream.as_str(),
        event.sequence.0,
        &*record.kind,
        record.version,
        record.at_ms,
        &*record.actor,
        &event.salt[..],
        &record.body,
        &event.hash.0[..],
    ))
}

fn find(connection: &Connection, stream: &StreamId) -> rusqlite::Result<Sequence> {
    let sql = "SELECT sequence FROM event WHERE stream = ?1 ORDER BY sequence DESC LIMIT 1";
    let found = connection.prepare_cached(sql)?.query_row([stream.as_str()], |row| row.get(0)).optional()?;
    Ok(Sequence(found.unwrap_or(0)))
}
