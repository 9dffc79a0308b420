//! Store: the log on a PostgreSQL server, with everything that belongs to it. Touches that server, and a folder of this machine.

use super::address::Address;
use super::beside::ServerBeside;
use super::reader::{self, Counted};
use super::server::{Failure, Server, value};
use super::writer::Writer;
use super::{copy, schema};
use crate::backend::{Backend, Beside, OpenError};
use crate::group::{self, Asking, Counters, Counts};
use crate::log::{Append, AppendError, Appended, BoxFuture, Head, Log, ReadError};
use crate::record::{Position, Sequence, Stored, StreamId};
use crate::salt::{RandomSalts, Salts};
use crate::sqlite::FORMAT;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_postgres::types::Type;

/// A log in a schema of a PostgreSQL server, which any number of processes on any number of machines may append to. The record of its end
/// is kept by each machine, the key on the server.
///
/// Each append is one transaction, after which the server has it on its disk. A commit without an answer is looked for.
pub struct PostgresLog {
    server: Arc<Server>,
    beside: ServerBeside,
    id: String,
    format: u32,
    counted: Arc<Counted>,
    counts: Arc<Counts>,
    asking: Result<Asking, Refusal>,
}

/// Why it takes no appends.
enum Refusal {
    ReadOnly,
    NewerFormat(u32),
}

/// Whether a log is made where there is none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Make,
    Write,
    Read,
}

impl PostgresLog {
    /// Opens a log, and makes one where there is none.
    ///
    /// # Errors
    /// When the server cannot be reached or lies about what it keeps, or what is there is no log of this program.
    pub fn create_or_open(address: &Address) -> Result<Self, OpenError> {
        Self::open_as(address, How::Make, Box::new(RandomSalts::default()))
    }

    /// Opens a log that exists.
    ///
    /// # Errors
    /// As [`PostgresLog::create_or_open`], and when there is none.
    pub fn open(address: &Address) -> Result<Self, OpenError> {
        Self::open_as(address, How::Write, Box::new(RandomSalts::default()))
    }

    /// Opens a log that exists, for reading only; a standby will do.
    ///
    /// # Errors
    /// When the server cannot be reached, or there is no log.
    pub fn open_read_only(address: &Address) -> Result<Self, OpenError> {
        Self::open_as(address, How::Read, Box::new(RandomSalts::default()))
    }

    fn open_as(address: &Address, how: How, salts: Box<dyn Salts>) -> Result<Self, OpenError> {
        let place = PathBuf::from(address.shown());
        let server =
            Server::new(address.clone()).map_err(|e| OpenError::Unreachable { what: e.to_string() })?;
        let opened = server.wait(open(server.clone(), how)).map_err(|why| refused(&place, why))?;
        let (id, format, link) = match opened {
            Opened::Log { id, format, link } => (id, format, link),
            Opened::Nothing => return Err(OpenError::NotFound(place)),
            Opened::NotOurs(what) => return Err(OpenError::NotOurs { path: place, what }),
            Opened::Damaged(what) => return Err(OpenError::Damaged { path: place, what }),
            Opened::Lies(pragma, wanted, found) => return Err(OpenError::Pragma { pragma, wanted, found }),
        };
        let counts = Arc::<Counts>::default();
        let asking = match link {
            Some(link) if how != How::Read => {
                let (asking, queue) = group::queue();
                let writer = Writer::new(server.clone(), link, salts, counts.clone());
                server.spawn(writer.serve(queue));
                Ok(asking)
            }
            _ if format > FORMAT => Err(Refusal::NewerFormat(format)),
            _ => Err(Refusal::ReadOnly),
        };
        let (beside, counted) = (ServerBeside::of(server.clone()), Arc::default());
        Ok(Self { server, beside, id, format, counted, counts, asking })
    }

    /// What is kept of the log at this address outside of its events, whether the log is there or not.
    ///
    /// # Errors
    /// When nothing can be asked of a server there.
    pub fn beside_of(address: &Address) -> Result<Box<dyn Beside>, OpenError> {
        let server =
            Server::new(address.clone()).map_err(|e| OpenError::Unreachable { what: e.to_string() })?;
        Ok(Box::new(ServerBeside::of(server)))
    }

    /// Puts the events of a copy in the place of the log, whole or not at all. A log that is there is kept in a schema with this date, in
    /// milliseconds since 1970 UTC, in its name; only the owner of the tables may do that. Gives the name of that schema.
    ///
    /// # Errors
    /// When it cannot be done; then what was there is there.
    pub fn restore(
        address: &Address,
        copy: Arc<dyn Backend>,
        at_ms: i64,
    ) -> Result<Option<String>, OpenError> {
        let place = PathBuf::from(address.shown());
        let server =
            Server::new(address.clone()).map_err(|e| OpenError::Unreachable { what: e.to_string() })?;
        let kept = format!("{}_replaced_{}", address.schema(), at_ms.unsigned_abs());
        let restored = server.wait(copy::from_copy(server.clone(), copy, kept.clone()));
        let was_there = restored.map_err(|why| refused(&place, why))?;
        Ok(was_there.then_some(kept))
    }

    /// What was written so far, by this process.
    pub fn counters(&self) -> Counters {
        self.counts.now()
    }

    fn read<T: Send + 'static>(
        &self,
        read: impl Future<Output = Result<T, ReadError>> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, ReadError>> {
        Box::pin(reader::on(self.server.clone(), read))
    }
}

/// What was found when a log was opened.
enum Opened {
    Log { id: String, format: u32, link: Option<super::server::Link> },
    Nothing,
    NotOurs(String),
    Damaged(String),
    Lies(&'static str, &'static str, String),
}

async fn open(server: Arc<Server>, how: How) -> Result<Opened, Failure> {
    let mut found = about(server.clone()).await;
    if how == How::Make && matches!(found, Err(Failure::Missing(_))) {
        make(&server).await?;
        found = about(server.clone()).await;
    }
    let (id, format) = match found {
        Err(Failure::Missing(_)) => {
            let sql = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1".to_owned();
            let schema = value(server.address.schema().to_owned(), Type::TEXT);
            let rows = server.clone().read(sql, vec![schema]).await?;
            let there = rows.first().map(|row| row.try_get::<_, i64>(0)).transpose()?;
            let what = format!("the schema {} is of another program", server.address.schema());
            return Ok(if there == Some(0) { Opened::Nothing } else { Opened::NotOurs(what) });
        }
        Err(why) => return Err(why),
        Ok(about) => match (about.0, about.1.and_then(|format| format.parse().ok())) {
            (Some(id), Some(format)) => (id, format),
            _ => return Ok(Opened::Damaged("it has lost its name or its format".to_owned())),
        },
    };
    if format > FORMAT {
        return Ok(Opened::Log { id, format, link: None });
    }
    if let Some(what) = schema::difference(server.clone()).await? {
        return Ok(Opened::Damaged(what));
    }
    if how == How::Read {
        return Ok(Opened::Log { id, format, link: None });
    }
    if let Some((name, wanted, found)) = schema::lie(server.clone()).await? {
        return Ok(Opened::Lies(name, wanted, found));
    }
    let link = Some(server.connect(true).await?);
    Ok(Opened::Log { id, format, link })
}

async fn about(server: Arc<Server>) -> Result<(Option<String>, Option<String>), Failure> {
    let sql = server.sql(
        "SELECT (SELECT value FROM {s}.meta WHERE name = 'log'), (SELECT value FROM {s}.meta WHERE name = 'format')",
    );
    let rows = server.read(sql, Vec::new()).await?;
    match rows.first() {
        Some(row) => Ok((row.try_get(0)?, row.try_get(1)?)),
        None => Ok((None, None)),
    }
}

/// Makes the tables; where another process makes them at the same time, one of both does.
async fn make(server: &Server) -> Result<(), Failure> {
    let mut id = [0_u8; 16];
    getrandom::fill(&mut id).expect("the machine has a random source");
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let link = server.connect(true).await?;
    let lock = "SELECT pg_advisory_xact_lock(hashtext('rehome'))";
    let made = format!("BEGIN; {lock}; {} COMMIT", schema::tables(server, &id, FORMAT));
    match link.client.batch_execute(&made).await {
        Err(e) if e.code() == Some(&tokio_postgres::error::SqlState::DUPLICATE_SCHEMA) => Ok(()),
        done => Ok(done?),
    }
}

fn refused(place: &Path, why: Failure) -> OpenError {
    match why {
        Failure::Gone(what) | Failure::Again(what) => OpenError::Unreachable { what },
        Failure::Full => OpenError::Full { path: place.to_owned() },
        Failure::ReadOnly => OpenError::ReadOnly { path: place.to_owned() },
        Failure::Older(what) => OpenError::Damaged { path: place.to_owned(), what },
        Failure::Missing(what) => OpenError::NotOurs { path: place.to_owned(), what },
        Failure::Refused(what) => OpenError::Unreachable { what },
    }
}

impl Backend for PostgresLog {
    fn id(&self) -> &str {
        &self.id
    }

    fn newer_format(&self) -> Option<u32> {
        (self.format > FORMAT).then_some(self.format)
    }

    fn beside(&self) -> &dyn Beside {
        &self.beside
    }

    fn backup(&self, to: &Path) -> Result<Box<dyn Backend>, OpenError> {
        Ok(Box::new(copy::to_file(&self.server, &self.id, to)?))
    }
}

impl Log for PostgresLog {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            match &self.asking {
                Ok(asking) => asking.append(append).await,
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
        self.read(reader::stream(self.server.clone(), stream.clone(), after, limit))
    }

    fn read_all(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        self.read(reader::all(self.server.clone(), after, limit))
    }

    fn read_names(
        &self,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(Position, StreamId)>, ReadError>> {
        self.read(reader::names(self.server.clone(), after, limit))
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, ReadError>> {
        self.read(reader::head(self.server.clone(), self.counted.clone()))
    }

    fn streams(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<(StreamId, Sequence)>, ReadError>> {
        self.read(reader::streams(self.server.clone(), prefix.to_owned()))
    }

    fn check_index(&self) -> BoxFuture<'_, Result<Option<String>, ReadError>> {
        self.read(reader::check_index(self.server.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use crate::lease::{LeaseError, LeaseHolder};
    use crate::runners::RunnerError;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A schema that nobody uses, on the server of `tests/postgres/run`; nothing where there is no server.
    fn address(what: &str) -> Option<Address> {
        let server = std::env::var("REHOME_POSTGRES").ok()?;
        let schema = format!("{what}_{}", std::process::id());
        Some(Address::of(Path::new(&format!("{server}&schema={schema}"))).expect("an address"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_keeps_every_promise_of_a_backend() {
        let Some(_) = address("any") else { return };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let count = AtomicU32::new(0);
        conformance::check_backend(folder.path(), || async {
            let nth = count.fetch_add(1, Ordering::Relaxed);
            let address = address(&format!("backend{nth}")).expect("a server");
            PostgresLog::create_or_open(&address).expect("a new log")
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_keeps_every_promise_of_what_keeps_runners() {
        let Some(address) = address("runners") else { return };
        let log = PostgresLog::create_or_open(&address).expect("a new log");
        let runners = log.beside().runners().expect("they share it");
        let passes = || std::thread::sleep(std::time::Duration::from_millis(2));
        conformance::check_runners(&*runners, "r", passes).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_log_that_somebody_has_alone_takes_no_runner_and_one_with_runners_is_nobodys_alone() {
        let Some(address) = address("alone") else { return };
        let log = PostgresLog::create_or_open(&address).expect("a new log");
        let runners = log.beside().runners().expect("they share it");
        let who = LeaseHolder { host: "h".to_owned(), pid: 7, actor: "ada".to_owned(), since_ms: 1 };
        let alone = log.beside().lease().hold().expect("nobody is there");
        let refused = runners.beat("r-1", &who, None, 15_000).await;
        assert!(matches!(refused, Err(RunnerError::Alone)), "{refused:?}");
        assert_eq!(runners.all().await.expect("readable"), [], "it is not there either");
        drop(alone);
        runners.beat("r-2", &who, None, 15_000).await.expect("nobody has it alone");
        let held = log.beside().lease().hold().map(drop);
        assert!(matches!(&held, Err(LeaseError::Held { holder: Some(by), .. }) if *by == who), "{held:?}");
    }

    #[test]
    fn the_objects_that_are_looked_for_are_those_that_are_made() {
        let Some(address) = address("objects") else { return };
        let server = Server::new(address).expect("a thread");
        server
            .wait({
                let server = server.clone();
                async move { make(&server).await }
            })
            .expect("made");
        let found = server.wait(schema::objects(server.clone())).expect("looked at");
        let found: String = found.iter().map(|line| format!("{line}\n")).collect();
        if std::env::var_os("REHOME_WRITE").is_some() {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/postgres/objects.txt");
            std::fs::write(file, &found).expect("written");
        }
        assert_eq!(found, schema::MADE);
    }
}
