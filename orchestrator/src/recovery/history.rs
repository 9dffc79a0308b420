//! Engine: reads a run's record back and folds it. Touches the log, reading.

use crate::ids::RunId;
use crate::run::codec::{CodecError, Entry, Recorded};
use crate::run::event::Event;
use crate::run::fold::apply::Illegal;
use crate::run::state::RunState;
use rehome_store::{Log, ReadError, Sequence, Stored, StreamId};

/// A run as its record tells it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Where it stands.
    pub state: RunState,
    /// The last event that was read.
    pub sequence: Sequence,
}

/// Why a run's record cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no such run.
    #[error("the log has no move called {0}")]
    NoRun(RunId),
    /// The log could not be read.
    #[error("failed to read the log")]
    Read(#[from] ReadError),
    /// An event could not be understood.
    #[error("failed to read the event at position {position}")]
    Codec {
        /// Its place in the log.
        position: u64,
        /// Why.
        source: CodecError,
    },
    /// An event cannot have happened there.
    #[error("the event at position {position} is not one that this engine could have written")]
    Illegal {
        /// Its place in the log.
        position: u64,
        /// Why.
        source: Illegal,
    },
}

/// Events read at once.
const PAGE: usize = 1_000;

/// Folds the events of one run, up to `until` (a place in the log) if it is given.
///
/// # Errors
/// When there is no such run, or its record cannot be read or is not legal.
pub async fn load_until(log: &dyn Log, run: &RunId, until: Option<u64>) -> Result<Loaded, HistoryError> {
    let (stream, mut loaded) = (run.stream(), None);
    loop {
        let after = sequence(loaded.as_ref());
        let page = log.read_stream(&stream, after, PAGE).await?;
        let wanted = page.partition_point(|stored| until.is_none_or(|until| stored.position.0 <= until));
        take(&mut loaded, &page[..wanted])?;
        if wanted < PAGE {
            return loaded.ok_or_else(|| HistoryError::NoRun(run.clone()));
        }
    }
}

/// Folds all events of one run on another thread, and makes something smaller of it there: whoever reads many runs reads
/// the next ones meanwhile.
///
/// # Errors
/// As [`load`].
pub async fn load_aside<T: Send + 'static>(
    log: &dyn Log,
    run: &RunId,
    look: impl FnOnce(&RunState) -> T + Send + 'static,
) -> Result<T, HistoryError> {
    let (stream, mut pages) = (run.stream(), Vec::new());
    loop {
        let after =
            pages.last().and_then(|page: &Vec<Stored>| page.last()).map_or(Sequence(0), |last| last.sequence);
        let page = log.read_stream(&stream, after, PAGE).await?;
        let full = page.len() == PAGE;
        pages.push(page);
        if !full {
            break;
        }
    }
    let run = run.clone();
    let folded = tokio::task::spawn_blocking(move || {
        let mut loaded = None;
        pages.iter().try_for_each(|page| take(&mut loaded, page))?;
        loaded.map(|loaded| look(&loaded.state)).ok_or(HistoryError::NoRun(run))
    });
    folded.await.expect("folding does not panic")
}

fn sequence(loaded: Option<&Loaded>) -> Sequence {
    loaded.map_or(Sequence(0), |loaded| loaded.sequence)
}

/// Takes the next events of one run.
fn take(loaded: &mut Option<Loaded>, page: &[Stored]) -> Result<(), HistoryError> {
    for stored in page {
        let position = stored.position.0;
        let illegal = |source| HistoryError::Illegal { position, source };
        let entry: Entry<Event> =
            Entry::read(stored).map_err(|source| HistoryError::Codec { position, source })?;
        match loaded {
            Some(loaded) => {
                loaded.state.apply(entry.at_ms, &entry.event).map_err(illegal)?;
                loaded.sequence = stored.sequence;
            }
            None => {
                let state = RunState::begin(entry.at_ms, &entry.event).map_err(illegal)?;
                *loaded = Some(Loaded { state, sequence: stored.sequence });
            }
        }
    }
    Ok(())
}

/// Reads on from where a run was read last.
///
/// # Errors
/// As [`load`].
pub(crate) async fn catch_up(log: &dyn Log, run: &RunId, loaded: &mut Loaded) -> Result<(), HistoryError> {
    loop {
        let page = log.read_stream(&run.stream(), loaded.sequence, PAGE).await?;
        for stored in &page {
            follow(loaded, stored)?;
        }
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

/// Takes in the next event of a run.
///
/// # Errors
/// When it cannot be understood, or cannot follow.
pub(crate) fn follow(loaded: &mut Loaded, stored: &Stored) -> Result<(), HistoryError> {
    let position = stored.position.0;
    let entry: Entry<Event> =
        Entry::read(stored).map_err(|source| HistoryError::Codec { position, source })?;
    let applied = loaded.state.apply(entry.at_ms, &entry.event);
    applied.map_err(|source| HistoryError::Illegal { position, source })?;
    loaded.sequence = stored.sequence;
    Ok(())
}

/// Folds all events of one run.
///
/// # Errors
/// When there is no such run, or its record cannot be read or is not legal.
pub async fn load(log: &dyn Log, run: &RunId) -> Result<Loaded, HistoryError> {
    load_until(log, run, None).await
}

/// Takes one more event into a state that may not exist yet.
///
/// # Errors
/// When the event cannot follow.
pub fn fold_into(state: &mut Option<RunState>, entry: &Entry<Event>) -> Result<(), Illegal> {
    match state {
        None => *state = Some(RunState::begin(entry.at_ms, &entry.event)?),
        Some(state) => state.apply(entry.at_ms, &entry.event)?,
    }
    Ok(())
}

/// All events of one stream, read as `E`.
///
/// # Errors
/// When the log cannot be read or an event cannot be understood.
pub async fn entries<E: Recorded>(log: &dyn Log, stream: &StreamId) -> Result<Vec<Entry<E>>, HistoryError> {
    let mut all = Vec::new();
    let mut after = Sequence(0);
    loop {
        let page = log.read_stream(stream, after, PAGE).await?;
        for stored in &page {
            let position = stored.position.0;
            all.push(Entry::read(stored).map_err(|source| HistoryError::Codec { position, source })?);
            after = stored.sequence;
        }
        if page.len() < PAGE {
            return Ok(all);
        }
    }
}
