//! Store: the log in one SQLite file, with everything that belongs to it. Touches that file, and those beside it.

use super::connection::{connect, keep_names};
use super::reader::{self, Readers};
use super::schema::FORMAT;
use super::there::There;
use super::writer::{Refusal, Writer};
use super::{files, filesystem, fold, schema, still};
use crate::backend::{Backend, Beside, OpenError};
use crate::group::Counters;
use crate::log::{Append, AppendError, Appended, BoxFuture, Head, Log, ReadError};
use crate::private_file;
use crate::record::{Position, Sequence, Stored, StreamId};
use crate::salt::{RandomSalts, Salts};
use crate::sidecars::Sidecars;
use rusqlite::backup::StepResult;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A backup that finds the file busy tries again this often, after this pause.
const BACKUP_TRIES: u32 = 100;
const BACKUP_PAUSE: Duration = Duration::from_millis(50);

/// A log in one SQLite file; its anchor, its key and its lease are files beside it ([`Sidecars`]).
///
/// Opening one for writing takes the time of one sync and does not read the whole of it; [`crate::verify_chain`] does that.
pub struct SqliteLog {
    path: PathBuf,
    sidecars: Sidecars,
    id: String,
    format: u32,
    readers: Readers,
    writer: Result<Writer, Refusal>,
}

impl SqliteLog {
    /// Opens a log, and makes one where there is no file.
    ///
    /// # Errors
    /// When the file is not a log, is damaged, on a network or read-only, or the storage fails.
    pub fn create_or_open(path: &Path) -> Result<Self, OpenError> {
        Self::create_with(path, RandomSalts::default())
    }

    /// The same, with salts from elsewhere.
    ///
    /// # Errors
    /// As [`SqliteLog::create_or_open`].
    pub fn create_with(path: &Path, salts: impl Salts) -> Result<Self, OpenError> {
        filesystem::refuse_network(path)?;
        filesystem::refuse_foreign(path)?;
        filesystem::make_private(path);
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, salts)
    }

    /// Opens a log that exists.
    ///
    /// # Errors
    /// As [`SqliteLog::create_or_open`], and when there is no file.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        filesystem::refuse_network(path)?;
        if !path.exists() {
            return Err(OpenError::NotFound(path.to_owned()));
        }
        filesystem::refuse_foreign(path)?;
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE, RandomSalts::default())
    }

    /// Opens a log that exists, without the right or the means to change it.
    ///
    /// # Errors
    /// When there is no file, it is not a log or damaged, or the storage fails.
    pub fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::NotFound(path.to_owned()));
        }
        filesystem::refuse_foreign(path)?;
        // Looked at first: one that is put in its place meanwhile is another one.
        let there = There::of(path);
        let (connection, still) = still::open(path)?;
        schema::check_ours(path, &connection)?;
        let format = schema::format(path, &connection)?;
        let id = schema::log_id(path, &connection)?;
        let readers = Readers::new(path).resting_on(still).of_file(there);
        let (path, sidecars) = (path.to_owned(), Sidecars::of(path));
        Ok(Self { path, sidecars, id, format, readers, writer: Err(Refusal::ReadOnly) })
    }

    fn open_with(path: &Path, flags: OpenFlags, salts: impl Salts) -> Result<Self, OpenError> {
        filesystem::refuse_second_name(path)?;
        let mut connection = connect(path, flags)?;
        let nobodys = schema::is_nobodys(path, &connection)?;
        if nobodys && flags.contains(OpenFlags::SQLITE_OPEN_CREATE) {
            schema::set_pragmas(path, &connection)?;
            schema::create(path, &mut connection)?;
        }
        schema::check_ours(path, &connection)?;
        // The database opens a file that it may not write to all the same, and says nothing.
        if connection.is_readonly("main").map_err(schema::failed(path))? {
            return Err(OpenError::ReadOnly { path: path.to_owned() });
        }
        let found = schema::format(path, &connection)?;
        let writer = if found > FORMAT {
            Err(Refusal::NewerFormat(found))
        } else {
            schema::check_objects(path, &connection)?;
            schema::set_pragmas(path, &connection)?;
            // They refuse what others do. The writer counts its places itself, and for each event they cost a fifth of it.
            connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
                .map_err(schema::failed(path))?;
            // First, because a journal whose removal was lost would take the file back behind it.
            keep_names(path)?;
            fold::write_again(path, &mut connection)?;
            fold::fold(path, &connection)?;
            Ok(())
        };
        let id = schema::log_id(path, &connection)?;
        let writer = writer.map(|()| Writer::start(path.to_owned(), connection, Box::new(salts)));
        let (path, sidecars, readers) = (path.to_owned(), Sidecars::of(path), Readers::new(path));
        Ok(Self { path, sidecars, id, format: found, readers, writer })
    }

    /// What was written so far, by this process.
    pub fn counters(&self) -> Counters {
        self.writer.as_ref().map(Writer::counters).unwrap_or_default()
    }

    /// Puts the files of one log in the place of another; what was there gets this name. The parts that hold events go first, so that no
    /// half of a log looks whole. Gives whether anything was there.
    ///
    /// # Errors
    /// When a file cannot be renamed; what has its new name by then keeps it.
    pub fn put_in_place(fresh: &Path, log: &Path, kept: &Path) -> io::Result<bool> {
        files::put_in_place(fresh, log, kept)
    }

    /// Removes the files of a log, if they are there; what is beside it stays.
    ///
    /// # Errors
    /// When one of them cannot be removed.
    pub fn remove(log: &Path) -> io::Result<()> {
        files::remove(log)
    }

    fn copy_to(&self, to: &Path) -> Result<(), OpenError> {
        let failed =
            |source: rusqlite::Error| OpenError::Storage { path: to.to_owned(), source: source.into() };
        // New, for its owner alone, and never through a link: what the database makes beside it has the same rights.
        match private_file::create_new(to) {
            Ok(_made) => {}
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                let what = "it exists already".to_owned();
                return Err(OpenError::NotOurs { path: to.to_owned(), what });
            }
            Err(source) => return Err(OpenError::Sync { path: to.to_owned(), source }),
        }
        let copy = || {
            let source = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let mut target = Connection::open(to).map_err(failed)?;
            copy_whole(&source, &mut target).map_err(failed)?;
            // One file: to read a copy, none has to be made beside it.
            target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).map_err(failed)?;
            keep_names(to)
        };
        // A part of a copy is not left behind as one.
        copy().inspect_err(|_| drop(std::fs::remove_file(to)))
    }
}

/// Copies in one step, which reads one moment of the log: between steps a writer would make it begin again.
fn copy_whole(source: &Connection, target: &mut Connection) -> rusqlite::Result<()> {
    let copy = rusqlite::backup::Backup::new(source, target)?;
    for _ in 0..BACKUP_TRIES {
        match copy.step(-1)? {
            StepResult::Done => return Ok(()),
            _ => std::thread::sleep(BACKUP_PAUSE),
        }
    }
    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    Err(rusqlite::Error::SqliteFailure(busy, None))
}

impl Backend for SqliteLog {
    fn id(&self) -> &str {
        &self.id
    }

    fn newer_format(&self) -> Option<u32> {
        (self.format > FORMAT).then_some(self.format)
    }

    fn beside(&self) -> &dyn Beside {
        &self.sidecars
    }

    fn backup(&self, to: &Path) -> Result<Box<dyn Backend>, OpenError> {
        self.copy_to(to)?;
        Ok(Box::new(Self::open_read_only(to)?))
    }
}

impl Log for SqliteLog {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            match &self.writer {
                Ok(writer) => writer.append(append).await,
                Err(Refusal::ReadOnly) => Err(AppendError::ReadOnly),
                Err(Refusal::NewerFormat(found)) => {
                    Err(AppendError::NewerFormat { found: *found, known: FORMAT })
                }
            }
        })
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Sequence,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        let stream = stream.clone();
        self.readers.read(move |c, known| reader::stream(c, known, &stream, after, limit))
    }

    fn read_all(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        self.readers.read(move |c, known| reader::all(c, known, after, limit))
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, ReadError>> {
        self.readers.read(reader::head)
    }

    fn check_index(&self) -> BoxFuture<'_, Result<Option<String>, ReadError>> {
        self.readers.read(reader::check_index)
    }

    fn streams(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<(StreamId, Sequence)>, ReadError>> {
        let prefix = prefix.to_owned();
        self.readers.read(move |c, known| reader::streams(c, known, &prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_keeps_every_promise_of_a_backend() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let count = std::sync::atomic::AtomicU32::new(0);
        conformance::check_backend(folder.path(), || async {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            SqliteLog::create_or_open(&folder.path().join(format!("{number}.db"))).expect("a new log")
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_acknowledged_is_there_after_opening_again_and_in_a_backup() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log.db");
        let log = SqliteLog::create_or_open(&path).expect("a new log");
        let done = log.append(conformance::append("a", 0, &["1"])).await.expect("appended");
        let copy = folder.path().join("copy.db");
        log.backup(&copy).expect("a backup beside a writer");
        drop(log);
        for path in [&path, &copy] {
            let again = SqliteLog::open_read_only(path).expect("it exists");
            assert_eq!(again.head().await.expect("readable").hash, done.head);
            let refused = again.append(conformance::append("a", 1, &["2"])).await;
            assert!(matches!(refused, Err(AppendError::ReadOnly)));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_processes_may_append_and_neither_believes_what_it_knew_before() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log.db");
        let one = SqliteLog::create_or_open(&path).expect("a new log");
        let two = SqliteLog::open(&path).expect("it exists");
        one.append(conformance::append("a", 0, &["1"])).await.expect("appended");
        two.append(conformance::append("a", 1, &["2"])).await.expect("appended");
        let stale = one.append(conformance::append("a", 1, &["3"])).await;
        assert!(matches!(stale, Err(AppendError::Conflict { .. })), "{stale:?}");
        one.append(conformance::append("a", 2, &["3"])).await.expect("appended");
        crate::verify_chain(&two, None).await.expect("one chain");
    }

    #[test]
    fn files_of_others_are_refused_and_not_changed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "x".repeat(5_000)).expect("written");
        assert!(matches!(SqliteLog::create_or_open(&text), Err(OpenError::NotOurs { .. })));
        assert_eq!(std::fs::read(&text).expect("readable"), "x".repeat(5_000).as_bytes());
        let other = folder.path().join("other.db");
        let theirs = Connection::open(&other).expect("a database");
        theirs.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (1)").expect("theirs");
        assert!(matches!(SqliteLog::create_or_open(&other), Err(OpenError::NotOurs { .. })));
        assert!(matches!(SqliteLog::open(&folder.path().join("none.db")), Err(OpenError::NotFound(_))));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_log_of_a_newer_program_is_read_and_not_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log.db");
        let log = SqliteLog::create_or_open(&path).expect("a new log");
        log.append(conformance::append("a", 0, &["1"])).await.expect("appended");
        drop(log);
        Connection::open(&path).and_then(|c| c.pragma_update(None, "user_version", 99)).expect("aged");
        let log = SqliteLog::open(&path).expect("it can be read");
        assert_eq!(log.head().await.expect("readable").position, Position(1));
        let refused = log.append(conformance::append("a", 1, &["2"])).await;
        assert!(matches!(refused, Err(AppendError::NewerFormat { found: 99, known: FORMAT })));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_object_that_was_dropped_added_or_changed_is_named_when_the_log_is_opened_or_verified() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log.db");
        let log = SqliteLog::create_or_open(&path).expect("a new log");
        log.append(conformance::append("a", 0, &["1"])).await.expect("appended");
        drop(log);
        for (sql, named) in [
            ("DROP TRIGGER event_is_never_removed", "trigger event_is_never_removed is missing"),
            ("DROP INDEX event_by_stream", "index event_by_stream is missing"),
            ("CREATE TABLE mine(x)", "table \"mine\""),
            ("CREATE VIEW mine AS SELECT * FROM event", "view \"mine\""),
            ("CREATE TRIGGER mine AFTER INSERT ON event BEGIN SELECT 1; END", "trigger \"mine\""),
            ("ALTER TABLE event ADD COLUMN mine TEXT", "table event is another one"),
        ] {
            let spoilt = folder.path().join("spoilt.db");
            std::fs::copy(&path, &spoilt).expect("copied");
            Connection::open(&spoilt).and_then(|c| c.execute_batch(sql)).expect("spoilt");
            let refused = SqliteLog::open(&spoilt).map(drop);
            assert!(
                matches!(&refused, Err(OpenError::Damaged { what, .. }) if what.contains(named)),
                "{sql}: {refused:?}"
            );
            let read = SqliteLog::open_read_only(&spoilt).expect("it can be read");
            let found = crate::verify_chain(&read, None).await;
            let named = matches!(&found, Err(crate::VerifyError::Misled { what }) if what.contains(named));
            assert!(named, "{sql}: {found:?}");
        }
    }

    #[test]
    fn events_are_never_changed_or_removed_by_sql() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log.db");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let log = SqliteLog::create_or_open(&path).expect("a new log");
        runtime.block_on(log.append(conformance::append("a", 0, &["1"]))).expect("appended");
        let stranger = Connection::open(&path).expect("a second connection");
        stranger.pragma_update(None, "recursive_triggers", "ON").expect("set");
        for sql in [
            "UPDATE event SET body = x'00'",
            "DELETE FROM event",
            "REPLACE INTO event SELECT * FROM event",
            "DELETE FROM meta",
        ] {
            assert!(stranger.execute_batch(sql).is_err(), "{sql}");
        }
    }
}
