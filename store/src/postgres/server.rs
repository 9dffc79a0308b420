//! Store: connections to the server, on a thread of their own. Touches the network.
//!
//! Nothing relies on the state of a session: each statement is whole in itself, and a pooler may give the next one to another backend.

use super::address::Address;
use super::tls::Tls;
use crate::log::{Head, ReadError};
use crate::record::Position;
use std::future::{Future, poll_fn};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Error, Row};

/// A statement that reads has no answer after this time: the connection is given up.
const READ: Duration = Duration::from_secs(120);

/// Between two tries to reach a server that went away.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MOST: Duration = Duration::from_secs(2);

/// What stands in a statement for `$1`, `$2` and so on.
pub(super) type Values = Vec<(Box<dyn ToSql + Send + Sync>, Type)>;

/// Why a statement did not do what it should.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The connection is gone, or the server is: whether the statement was carried out is not known.
    Gone(String),
    /// The server has an older copy of the log than this process has seen.
    Older(String),
    /// It was not carried out, and may be later: somebody was in the way, or it took too long.
    Again(String),
    /// There is no room on the server's disk. Nothing was carried out.
    Full,
    /// The server takes no writes: it is a standby. Nothing was carried out.
    ReadOnly,
    /// What is named in it is not there.
    Missing(String),
    /// The server refused it. Nothing was carried out.
    Refused(String),
}

impl Failure {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Gone(what)
            | Self::Older(what)
            | Self::Again(what)
            | Self::Missing(what)
            | Self::Refused(what) => what.clone(),
            Self::Full => "the disk of the server is full".to_owned(),
            Self::ReadOnly => "the server takes no writes: it is a standby, or set to read only".to_owned(),
        }
    }
}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Older(what) => Self::Misled { what },
            other => Self::Storage(other.what()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            let why = std::error::Error::source(&error).map(|why| format!(": {why}")).unwrap_or_default();
            return Self::Gone(format!("{error}{why}"));
        };
        let code = answer.code();
        let what = format!("{} ({})", answer.message(), code.code());
        let ends = matches!(answer.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
        match code {
            &SqlState::DISK_FULL => Self::Full,
            &SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
            &SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME | &SqlState::UNDEFINED_COLUMN => {
                Self::Missing(what)
            }
            &SqlState::QUERY_CANCELED
            | &SqlState::LOCK_NOT_AVAILABLE
            | &SqlState::T_R_SERIALIZATION_FAILURE
            | &SqlState::T_R_DEADLOCK_DETECTED
                if !ends =>
            {
                Self::Again(what)
            }
            code if is_refusal_of_entry(code) => Self::Refused(what),
            _ if ends => Self::Gone(what),
            _ => Self::Refused(what),
        }
    }
}

/// A connection is refused with a severity that ends it, and trying again would change nothing.
fn is_refusal_of_entry(code: &SqlState) -> bool {
    ["28", "3D", "42"].iter().any(|class| code.code().starts_with(class))
}

/// One connection.
pub(super) struct Link {
    pub(super) client: Client,
    warned: Arc<AtomicBool>,
}

impl Link {
    /// Whether the server has said, since this was asked last, that it did not wait for its standbys as it is told to. What it then
    /// acknowledges is on its own disk and nowhere else.
    pub(super) fn was_warned(&self) -> bool {
        self.warned.swap(false, Ordering::Relaxed)
    }
}

/// A connection that is made when it is first used, and again when it is gone.
type Shared = tokio::sync::Mutex<Option<Arc<Link>>>;

/// A server, and what this process has seen of the log there.
pub(super) struct Server {
    pub(super) address: Address,
    tls: Tls,
    runtime: Option<Runtime>,
    seen: Mutex<Option<Head>>,
    reading: Shared,
    /// What says that a runner is at work must not wait for what reads.
    changing: Shared,
    /// The token of the right to act, while this process holds it.
    held: Mutex<Option<String>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Server {
    pub(super) fn new(address: Address) -> io::Result<Arc<Self>> {
        let tls = Tls::of(&address)?;
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("log-server").enable_all().build()?;
        let (seen, reading, changing, held) =
            (Mutex::default(), Shared::default(), Shared::default(), Mutex::default());
        Ok(Arc::new(Self { address, tls, runtime: Some(runtime), seen, reading, changing, held }))
    }

    /// A statement, with the schema in the place of `{s}`.
    pub(super) fn sql(&self, statement: &str) -> String {
        statement.replace("{s}", self.address.schema())
    }

    /// Does something on the thread of the connections.
    pub(super) async fn on<T: Send + 'static>(
        &self,
        what: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let Some(runtime) = &self.runtime else { return Err(Failure::Gone("it is closed".to_owned())) };
        runtime.spawn(what).await.map_err(|e| Failure::Gone(e.to_string()))?
    }

    /// The same, for a caller that waits.
    pub(super) fn wait<T: Send + 'static>(
        &self,
        what: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let gone = || Failure::Gone("it is closed".to_owned());
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        let runtime = self.runtime.as_ref().ok_or_else(gone)?;
        drop(runtime.spawn(async move { drop(answer.send(what.await)) }));
        answered.recv().map_err(|_| gone())?
    }

    pub(super) fn spawn(&self, what: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            drop(runtime.spawn(what));
        }
    }

    /// This process holds the right to act with this token, or does not any more.
    pub(super) fn hold(&self, token: Option<String>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// The token of the right to act, if this process holds it.
    pub(super) fn held(&self) -> Option<String> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn seen(&self) -> MutexGuard<'_, Option<Head>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This end of the log was seen, or acknowledged: no copy that lacks it is the log.
    pub(super) fn saw(&self, head: Head) {
        let mut seen = self.seen();
        if seen.is_none_or(|seen| seen.position < head.position) {
            *seen = Some(head);
        }
    }

    /// A new connection, to a server that has all that this process has seen.
    pub(super) async fn connect(&self, to_write: bool) -> Result<Link, Failure> {
        let (client, mut connection) = self.address.config(to_write).connect(self.tls.clone()).await?;
        let warned = Arc::<AtomicBool>::default();
        let warn = warned.clone();
        drop(tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message
                    && [&SqlState::QUERY_CANCELED, &SqlState::ADMIN_SHUTDOWN].contains(&notice.code())
                {
                    warn.store(true, Ordering::Relaxed);
                }
            }
        }));
        let link = Link { client, warned };
        let seen = *self.seen();
        if let Some(seen) = seen {
            self.still_has(&link, seen).await?;
        }
        Ok(link)
    }

    /// Refuses a log that lacks what this process has seen of it.
    pub(super) async fn still_has(&self, link: &Link, seen: Head) -> Result<(), Failure> {
        if seen.position.0 == 0 || self.has(link, seen).await? {
            return Ok(());
        }
        Err(Failure::Older(format!(
            "the server has lost event {}, which this process has seen: it has an older copy of the log, or another one",
            seen.position
        )))
    }

    /// Whether the log there has this event.
    pub(super) async fn has(&self, link: &Link, head: Head) -> Result<bool, Failure> {
        let sql = self.sql("SELECT 1 FROM {s}.event WHERE position = $1 AND hash = $2");
        let (position, hash) = (number(head.position), &head.hash.0[..]);
        let of = [(&position as &(dyn ToSql + Sync), Type::INT8), (&hash, Type::BYTEA)];
        Ok(!link.client.query_typed(&sql, &of).await?.is_empty())
    }

    /// The same; a server that went away is waited for.
    pub(super) async fn connect_patiently(&self, to_write: bool) -> Result<Link, Failure> {
        let (begun, mut pause) = (Instant::now(), PAUSE_FIRST);
        loop {
            match self.connect(to_write).await {
                Err(why @ (Failure::Gone(_) | Failure::ReadOnly))
                    if begun.elapsed() < self.address.patience() =>
                {
                    tracing::warn!("the server of the log is away: {}", why.what());
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MOST);
                }
                done => return done,
            }
        }
    }

    async fn link(&self, shared: &Shared) -> Result<Arc<Link>, Failure> {
        let mut shared = shared.lock().await;
        match &*shared {
            Some(link) if !link.client.is_closed() => Ok(link.clone()),
            was => {
                // Who reads for the first time is told at once that nobody is there.
                let link = if was.is_some() {
                    self.connect_patiently(false).await
                } else {
                    self.connect(false).await
                };
                let link = Arc::new(link?);
                *shared = Some(link.clone());
                Ok(link)
            }
        }
    }

    /// Reads, by one statement; on another connection where one is lost.
    pub(super) async fn read(self: Arc<Self>, sql: String, values: Values) -> Result<Vec<Row>, Failure> {
        let begun = Instant::now();
        loop {
            let link = self.link(&self.reading).await?;
            let values: Vec<_> = values.iter().map(|(value, kind)| (&**value as _, kind.clone())).collect();
            let answer = tokio::time::timeout(READ, link.client.query_typed(&sql, &values)).await;
            match answer.map(|answer| answer.map_err(Failure::from)) {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(Failure::Gone(_) | Failure::Again(_)))
                    if begun.elapsed() < self.address.patience() =>
                {
                    tokio::time::sleep(PAUSE_FIRST).await;
                }
                Ok(Err(why)) => return Err(why),
                Err(_) => {
                    *self.reading.lock().await = None;
                    return Err(Failure::Gone(format!("no answer to a question in {} s", READ.as_secs())));
                }
            }
        }
    }

    /// Changes something, by one statement; how many rows.
    pub(super) async fn change(self: Arc<Self>, sql: String, values: Values) -> Result<u64, Failure> {
        let link = self.link(&self.changing).await?;
        let values: Vec<_> = values.iter().map(|(value, kind)| (&**value as _, kind.clone())).collect();
        Ok(link.client.execute_typed(&sql, &values).await?)
    }
}

/// A place as the server counts it.
pub(super) fn number(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

/// One value.
pub(super) fn value<T: ToSql + Send + Sync + 'static>(
    value: T,
    kind: Type,
) -> (Box<dyn ToSql + Send + Sync>, Type) {
    (Box::new(value), kind)
}
