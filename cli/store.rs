//! CLI: opens the log, takes the right to act, and finds in it what a person names. Touches the log's files.

pub(crate) use crate::error::damaged;
use crate::error::{CliError, Exit, causes};
use crate::hint::quoted;
use crate::nearest::nearest;
pub(crate) use crate::read_moves::{read_run, views};
use crate::store_error::open_error;
pub(crate) use crate::store_error::{is_withheld, refused, request_error, unreadable, write_error};
use crate::view::identity;
use crate::{anchor, key};
use rehome_orchestrator::{
    BatchLoaded, Clock, ReplayError, Replayed, RunId, StepId, SystemClock, batch_stream, load, replay,
};
use rehome_store::{
    Address, Anchor, AnchorStatus, Backend, Beside, FORMAT, Head, HeldLease, Lease, LeaseError, LeaseHolder,
    Locker, Log, OpenError, Part, Position, PostgresLog, Sequence, Sidecars, SqliteLog, StreamId, Verified,
    VerifyError, is_postgres, private_file, verify_chain,
};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Whether the log is on a server, and not a file.
pub(crate) fn is_on_server(db: &Path) -> bool {
    is_postgres(db)
}

/// The server that a log is on, if it is on one.
fn server(db: &Path) -> Result<Option<Address>, CliError> {
    let address = is_postgres(db).then(|| Address::of(db)).transpose();
    address.map_err(|e| open_error(db, &OpenError::Address { what: e.to_string() }))
}

/// Whether there is a log. A server is asked.
pub(crate) fn exists(db: &Path) -> Result<bool, CliError> {
    let Some(address) = server(db)? else { return Ok(db.exists()) };
    match PostgresLog::open_read_only(&address) {
        Ok(_) => Ok(true),
        Err(OpenError::NotFound(_)) => Ok(false),
        Err(e) => Err(open_error(db, &e)),
    }
}

/// Opens a log for reading only.
pub(crate) fn open_to_read(path: &Path) -> Result<Arc<dyn Backend>, CliError> {
    refuse_gone(path)?;
    let log: Result<Arc<dyn Backend>, _> = match server(path)? {
        Some(address) => PostgresLog::open_read_only(&address).map(|log| Arc::new(log) as _),
        None => SqliteLog::open_read_only(path).map(|log| Arc::new(log) as _),
    };
    log.map_err(|e| not_opened(path, &e))
}

/// Why a log was not opened; one that this machine knows of, and that is not there, is no log that was never made.
fn not_opened(path: &Path, error: &OpenError) -> CliError {
    let known = beside(path).ok().and_then(|beside| beside.anchor().ok().flatten());
    match (error, known) {
        (OpenError::NotFound(_), Some(anchor)) => gone(path, "missing", &knows_of(&anchor)),
        _ => open_error(path, error),
    }
}

fn knows_of(anchor: &Anchor) -> String {
    format!("the anchor beside it knows of event {}", anchor.position)
}

/// Opens a log that exists, for writing; its anchor must confirm it, and its key must be there.
pub(crate) async fn open_to_write(path: &Path) -> Result<Arc<dyn Backend>, CliError> {
    let log = open_unconfirmed(path)?;
    anchor::check(&log).await?;
    key::check(&log).await?;
    Ok(log)
}

/// The rights of a role that runs, as the owner of a log on a server gives them.
pub(crate) fn grants(db: &Path, role: &str) -> Result<String, CliError> {
    let none = || {
        CliError::new(Exit::Usage, "a file has no roles: rights are for a log on a server")
            .at(db.display().to_string())
    };
    Ok(server(db)?.ok_or_else(none)?.grants(role))
}

/// Refuses a log that could not be appended to, before anything is done for nothing.
fn refuse_newer(log: &dyn Backend) -> Result<(), CliError> {
    log.newer_format().map_or(Ok(()), |format| Err(newer(format).at(log.beside().place(Part::Log))))
}

/// A log that a newer program has written.
pub(crate) fn newer(format: u32) -> CliError {
    let what = format!("the log has format {format}, and this program knows only format {FORMAT}");
    CliError::new(Exit::Failed, what).next("use a newer version of this program")
}

/// Opens a log that exists, for writing, whatever its anchor says.
pub(crate) fn open_unconfirmed(path: &Path) -> Result<Arc<dyn Backend>, CliError> {
    refuse_gone(path)?;
    let log: Result<Arc<dyn Backend>, _> = match server(path)? {
        Some(address) => PostgresLog::open(&address).map(|log| Arc::new(log) as _),
        None => SqliteLog::open(path).map(|log| Arc::new(log) as _),
    };
    let log = log.map_err(|e| not_opened(path, &e))?;
    refuse_newer(&*log)?;
    Ok(log)
}

/// Opens a log, and makes one where there is none; its anchor must confirm it, and its key must be there.
pub(crate) async fn create_or_open(path: &Path) -> Result<Arc<dyn Backend>, CliError> {
    refuse_gone(path)?;
    let log: Result<Arc<dyn Backend>, _> = match server(path)? {
        // A server that has lost the log does not get a new one.
        Some(address) if matches!(beside(path)?.anchor(), Ok(None)) => {
            PostgresLog::create_or_open(&address).map(|log| Arc::new(log) as _)
        }
        Some(address) => PostgresLog::open(&address).map(|log| Arc::new(log) as _),
        None => SqliteLog::create_or_open(path).map(|log| Arc::new(log) as _),
    };
    let log = log.map_err(|e| not_opened(path, &e))?;
    refuse_newer(&*log)?;
    anchor::check(&*log).await?;
    key::check(&*log).await?;
    Ok(log)
}

/// What is kept of the log of this name outside of its events, whether the log is there or not.
pub(crate) fn beside(db: &Path) -> Result<Box<dyn Beside>, CliError> {
    match server(db)? {
        Some(address) => PostgresLog::beside_of(&address).map_err(|e| open_error(db, &e)),
        None => Ok(Box::new(Sidecars::of(db))),
    }
}

/// Refuses a log that is missing or emptied, where what is beside it says that there was one: nobody takes it for
/// new, or for never made.
pub(crate) fn refuse_gone(db: &Path) -> Result<(), CliError> {
    if is_postgres(db) {
        // It is asked when it is opened.
        return Ok(());
    }
    let found = match std::fs::metadata(db) {
        Err(e) if e.kind() == ErrorKind::NotFound => "missing",
        Ok(about) if about.is_file() && about.len() == 0 => "empty (0 bytes)",
        Ok(_) | Err(_) => return Ok(()),
    };
    let beside = beside(db)?;
    let known = match beside.anchor() {
        Ok(Some(anchor)) => knows_of(&anchor),
        Err(_) => "there is an anchor beside it, which cannot be read".to_owned(),
        Ok(None) if beside.lease().was_held() => "a runner was at work on it".to_owned(),
        Ok(None) => return Ok(()),
    };
    Err(gone(db, found, &known))
}

fn gone(db: &Path, found: &str, known: &str) -> CliError {
    let what =
        format!("the log is {found}, but {known}: it was removed or emptied, or its disk is not there");
    damaged(&what)
        .at(db.display().to_string())
        .next("put the newest copy of the log back, or a backup: rehome db restore BACKUP")
        .next("or, to begin a new log, name another place: --db FILE")
}

/// A name for a copy that is there for a moment: beside the log, which is as open to others as it, or where this process may leave files.
pub(crate) fn unforeseen_beside(db: &Path, ending: &str) -> PathBuf {
    match is_postgres(db) {
        true => private_file::unforeseen(&std::env::temp_dir().join("rehome.db"), ending),
        false => private_file::unforeseen(db, ending),
    }
}

/// Where the key of a copy is.
pub(crate) fn key_of(copy: &Path) -> PathBuf {
    PathBuf::from(Sidecars::of(copy).place(Part::Key))
}

/// Takes a copy away, with the key beside it.
pub(crate) fn remove_copy(copy: &Path) {
    drop((SqliteLog::remove(copy), std::fs::remove_file(key_of(copy))));
}

/// Opens a copy and checks every event of it.
pub(crate) async fn open_sound_copy(path: &Path) -> Result<(Arc<dyn Backend>, Head), CliError> {
    let place = path.display().to_string();
    let copy = SqliteLog::open_read_only(path).map_err(|e| {
        let exit = match &e {
            OpenError::Damaged { .. } => Exit::Damaged,
            _ if path.exists() => Exit::Usage,
            _ => Exit::NotFound,
        };
        CliError::new(exit, causes(&e)).at(place.clone()).next("name a file that `rehome db backup` wrote")
    })?;
    let verified = verify_chain(&copy, None).await;
    let verified = verified
        .map_err(|e| damaged(&causes(&e)).at(place).next("take another backup; this one is not sound"))?;
    Ok((Arc::new(copy), verified.head))
}

/// The name of the log that is there, or of the one that its anchor knows of.
pub(crate) fn known_id(db: &Path) -> Option<String> {
    let there = match server(db).ok()? {
        Some(address) => PostgresLog::open_read_only(&address).ok().map(|log| log.id().to_owned()),
        None => SqliteLog::open_read_only(db).ok().map(|log| log.id().to_owned()),
    };
    there.or_else(|| beside(db).ok()?.anchor().ok().flatten().map(|anchor| anchor.log))
}

/// Puts a copy of a backup in the place of the log; where what was there is kept, if anything was.
pub(crate) async fn put_in_place(
    backup: &Arc<dyn Backend>,
    head: Head,
    db: &Path,
    kept: &Path,
    at_ms: i64,
) -> Result<Option<PathBuf>, CliError> {
    if let Some(address) = server(db)? {
        let restored = PostgresLog::restore(&address, backup.clone(), at_ms);
        return Ok(restored.map_err(|e| open_error(db, &e))?.map(PathBuf::from));
    }
    let fresh = private_file::unforeseen(db, ".restoring");
    let copied = copied(&**backup, head, &fresh).await;
    copied.inspect_err(|_| drop(SqliteLog::remove(&fresh)))?;
    let was_there = SqliteLog::put_in_place(&fresh, db, kept)
        .map_err(|e| CliError::because(Exit::Failed, "failed to restore", &e))?;
    Ok(was_there.then(|| kept.to_owned()))
}

/// Copies a backup to where it will be renamed from, and checks the copy.
async fn copied(backup: &dyn Backend, head: Head, to: &Path) -> Result<(), CliError> {
    backup.backup(to).map_err(|e| CliError::new(Exit::Failed, causes(&e)))?;
    if open_sound_copy(to).await?.1 == head {
        return Ok(());
    }
    Err(CliError::new(Exit::Failed, "the copy of the backup is not what the backup is"))
}

/// Who acts, as they call themselves.
pub(crate) fn actor(given: Option<&str>) -> Arc<str> {
    let name = given.map(ToOwned::to_owned).or_else(|| std::env::var("USER").ok());
    let name = name.filter(|n| !n.is_empty()).unwrap_or_else(|| "unknown".to_owned());
    let host = host();
    if name.contains('@') { name.into() } else { format!("{name}@{host}").into() }
}

/// The name of this machine.
pub(crate) fn host() -> String {
    let read = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = read.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    let name = name.trim().to_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

/// The right to act on a log.
pub(crate) struct Runner(Box<dyn HeldLease>);

impl Runner {
    /// Leaves the name of a runner, who has made sure that the log has an anchor.
    pub(crate) fn leave_name(&mut self, actor: &str) -> Result<(), CliError> {
        self.0.leave_name(&holder(actor)).map_err(|e| not_given(&e))
    }
}

/// This process, as a runner.
pub(crate) fn holder(actor: &str) -> LeaseHolder {
    LeaseHolder {
        host: host(),
        pid: std::process::id(),
        actor: actor.to_owned(),
        since_ms: SystemClock.now_ms(),
    }
}

/// What has to be true before one of several runners begins: the anchor confirms the log, and there is one.
pub(crate) async fn check_anchor(log: &dyn Backend) -> Result<(), CliError> {
    anchor::check(log).await?;
    anchor::write(log).await
}

/// Takes the right to act, or says who has it.
///
/// A runner's name says that there is an anchor: so that is written before the name, and a process that dies in between
/// leaves a log that nobody was at.
pub(crate) async fn take_runner(log: &dyn Backend, actor: &str) -> Result<Runner, CliError> {
    let mut runner = hold(log.beside().lease())?;
    anchor::check(log).await?;
    anchor::write(log).await?;
    runner.leave_name(actor)?;
    Ok(runner)
}

/// Keeps runners away from a log, whether it is there or not, without being one.
pub(crate) fn hold(lease: &dyn Lease) -> Result<Runner, CliError> {
    lease.hold().map(Runner).map_err(|e| not_given(&e))
}

fn not_given(e: &LeaseError) -> CliError {
    match e {
        LeaseError::Held { holder, by, .. } => held(holder.as_ref(), *by),
        LeaseError::Io { place, .. } => CliError::new(Exit::Failed, causes(e)).at(place.clone()),
    }
}

fn held(holder: Option<&LeaseHolder>, by: Option<Locker>) -> CliError {
    let Some(h) = holder else {
        let error = CliError::new(Exit::Held, LeaseError::who(None, by))
            .left("nothing was asked; nobody is known to be at work on the log");
        return match by.and_then(|by| by.pid) {
            Some(pid) => error.next(format!("look at process {pid}, and end it if it is nobody's runner")),
            None => error.next("rehome status"),
        };
    };
    let who = format!("{} (process {} on {})", h.actor, h.pid, h.host);
    CliError::new(Exit::Held, format!("another runner is at work on this log: {who}"))
        .left("the other runner goes on, and nothing was asked of it")
        .next("rehome status")
}

/// Reads the whole log once: the chain, the anchor if there is one, and that each event could follow the one before;
/// then what is kept beside the events, and an end that was kept elsewhere.
pub(crate) async fn verify(log: &dyn Backend, elsewhere: Option<&Anchor>) -> Result<Replayed, CliError> {
    let replayed = whole(log).await?;
    if let Some(what) = log.check_index().await.map_err(|e| damaged(&causes(&e)))? {
        return Err(compare(damaged(&causes(&VerifyError::Misled { what }))));
    }
    let Some(kept) = elsewhere else { return Ok(replayed) };
    let found = match kept.judge(log).await.map_err(|e| damaged(&causes(&e)))? {
        AnchorStatus::Confirmed(_) => {
            let anchored = (!kept.is_of_nothing()).then_some(Position(kept.position));
            let verified = Verified { anchored, ..replayed.verified };
            return Ok(Replayed { verified, ..replayed });
        }
        AnchorStatus::Behind(head) => {
            VerifyError::Shortened { found: head.position, anchored: Position(kept.position) }
        }
        AnchorStatus::Forked(_) => VerifyError::Rewritten { position: Position(kept.position) },
    };
    Err(compare(damaged(&causes(&found))))
}

/// Refuses to act on a log that is not as a whole what was written: every event of it, and not only those that this
/// runner reads.
pub(crate) async fn check_whole(log: &dyn Backend) -> Result<Replayed, CliError> {
    anchor::check(log).await?;
    whole(log).await
}

async fn whole(log: &dyn Backend) -> Result<Replayed, CliError> {
    let anchor = anchor::read_left(log)?;
    replay(log, anchor.as_ref()).await.map_err(|e| match &e {
        ReplayError::Chain(VerifyError::Read(source)) => damaged(&causes(source)),
        ReplayError::Chain(_) | ReplayError::History(_) => compare(damaged(&causes(&e))),
    })
}

pub(crate) fn compare(error: CliError) -> CliError {
    error.next("compare with a backup: rehome audit verify --db BACKUP")
}

/// What a person selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    /// The batch, if a batch or a wave of it was named.
    pub(crate) batch: Option<String>,
    /// The wave, if one was named.
    pub(crate) wave: Option<String>,
    pub(crate) runs: Vec<RunId>,
}

impl Selection {
    fn of_moves(runs: Vec<RunId>) -> Self {
        Self { batch: None, wave: None, runs }
    }
}

/// So many waves are named to who named another one.
const KNOWN_MAX: usize = 10;

/// Between the name of a batch and that of a wave of it.
const OF_WAVE: &str = "/wave:";

/// Finds what is called so: a batch, a wave of one (`BATCH/wave:NAME`), a move, or the old identity of one.
pub(crate) async fn select(log: &dyn Log, what: Option<&str>) -> Result<Selection, CliError> {
    let Some(what) = what else {
        let streams = log.streams(RunId::PREFIX).await.map_err(|e| unreadable(&e))?;
        let runs = streams.iter().filter_map(|(stream, _)| RunId::of_stream(stream)).collect();
        return Ok(Selection::of_moves(runs));
    };
    if let Some((batch, wave)) = what.rsplit_once(OF_WAVE) {
        return of_wave(log, batch, wave).await;
    }
    if let Some(batch) = BatchLoaded::find(log, what).await.map_err(|e| unreadable(&e))? {
        let (name, runs) = (Some(what.to_owned()), batch.planned().runs.clone());
        return Ok(Selection { batch: name, wave: None, runs });
    }
    let run = RunId::new(what);
    let found = log.read_stream(&run.stream(), Sequence(0), 1).await;
    if !found.map_err(|e| unreadable(&e))?.is_empty() {
        return Ok(Selection::of_moves(vec![run]));
    }
    let runs = moves_of(log, what).await?;
    if !runs.is_empty() {
        return Ok(Selection::of_moves(runs));
    }
    let error = CliError::new(
        Exit::NotFound,
        format!("the log has no batch, no move and no identity called {what:?}"),
    );
    Err(meant(log, what, error).await)
}

/// The same error with the batch that somebody probably meant.
async fn meant(log: &dyn Log, typed: &str, error: CliError) -> CliError {
    let streams = log.streams(BatchLoaded::PREFIX).await.unwrap_or_default();
    let names = streams.iter().filter_map(|(stream, _)| stream.as_str().strip_prefix(BatchLoaded::PREFIX));
    match nearest(typed, names) {
        Some(meant) => error.next(format!("did you mean {}?", quoted(meant))),
        None => error.next("rehome status"),
    }
}

async fn of_wave(log: &dyn Log, batch: &str, wave: &str) -> Result<Selection, CliError> {
    let found = BatchLoaded::find(log, batch).await.map_err(|e| unreadable(&e))?;
    let Some(found) = found else {
        let what = format!("the log has no batch called {batch:?}");
        return Err(meant(log, batch, CliError::new(Exit::NotFound, what)).await);
    };
    let waves = || found.state.waves().map(|(wave, _)| wave);
    if let Some(known) = waves().find(|known| known.name == wave) {
        let (batch, wave) = (Some(batch.to_owned()), Some(wave.to_owned()));
        return Ok(Selection { batch, wave, runs: known.runs.clone() });
    }
    let what = format!("batch {batch} has no wave called {wave:?}");
    let error = CliError::new(Exit::NotFound, what);
    Err(match nearest(wave, waves().map(|wave| wave.name.as_str())) {
        Some(meant) => error.next(format!("did you mean {}?", quoted(&format!("{batch}{OF_WAVE}{meant}")))),
        None => {
            let known: Vec<&str> = waves().map(|wave| wave.name.as_str()).take(KNOWN_MAX).collect();
            let error = match known.is_empty() {
                true => error,
                false => error.next(format!("its waves are {}", known.join(", "))),
            };
            error.next(format!("rehome status {}", quoted(batch)))
        }
    })
}

/// The moves of an identity, by its name or its id.
async fn moves_of(log: &dyn Log, what: &str) -> Result<Vec<RunId>, CliError> {
    let mut runs = Vec::new();
    for (stream, _) in log.streams(RunId::PREFIX).await.map_err(|e| unreadable(&e))? {
        let Some(run) = RunId::of_stream(&stream) else { continue };
        // Of what a bundle withholds nobody knows the name.
        let Ok(loaded) = load(log, &run).await else { continue };
        let id = identity(&loaded.state);
        if id.eq_ignore_ascii_case(what)
            || id.rsplit('/').next().is_some_and(|n| n.eq_ignore_ascii_case(what))
        {
            runs.push(run);
        }
    }
    Ok(runs)
}

/// The streams of what a person named, or nothing for all.
pub(crate) async fn streams(
    log: &dyn Log,
    what: Option<&str>,
) -> Result<Option<BTreeSet<StreamId>>, CliError> {
    let Some(what) = what else { return Ok(None) };
    let selection = select(log, Some(what)).await?;
    let runs = selection.runs.iter().map(RunId::stream);
    Ok(Some(runs.chain(selection.batch.as_deref().map(batch_stream)).collect()))
}

/// Splits MOVE:STEP.
pub(crate) fn split_step(text: &str) -> Result<(RunId, StepId), CliError> {
    match text.split_once(':') {
        Some((run, step)) if !run.is_empty() && !step.is_empty() => Ok((RunId::new(run), StepId::new(step))),
        _ => {
            let what = format!("{text:?} is not MOVE:STEP");
            Err(CliError::new(Exit::Usage, what).next("rehome status      # shows both"))
        }
    }
}
