//! Engine: many runs folded in one pass over a log, on several threads. Touches the log, reading.
//!
//! To look runs up one by one costs twice as much as to read the same events in the order in which they lie there.

use crate::batch::BatchEvent;
use crate::ids::RunId;
use crate::recovery::history::{HistoryError, Loaded};
use crate::run::codec::{CodecError, Entry};
use crate::run::event::Event;
use crate::run::fold::apply::Illegal;
use crate::run::hold::{HOLD_PREFIX, HoldEvent};
use crate::run::state::RunState;
use rehome_store::{Log, Position, ReadError, Sequence, Stored, StreamId, page_size};
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Threads that fold; one more reads, and is about as fast as two of them.
const FOLDERS: usize = 3;

/// Pages that are read and not folded yet.
const AHEAD_MAX: usize = 2;

/// Events of runs that are folded while others are still being read.
pub(crate) struct BulkLoad(Vec<Folder>);

/// One thread, and the way to it.
struct Folder {
    pages: mpsc::Sender<Vec<Stored>>,
    folding: JoinHandle<Result<Folded, Flaw>>,
}

/// Where the runs of some streams stand.
type Folded = BTreeMap<StreamId, Loaded>;

/// What one thread folds, by stream. Streams come in no order, and a sorted map of thousands is cold memory at
/// each look.
#[expect(clippy::disallowed_types, reason = "it is looked up by name; what comes out of it is sorted")]
type Folding = std::collections::HashMap<StreamId, Option<Loaded>>;

/// The first event of some streams that cannot have happened where it stands.
pub(crate) struct Flaw {
    position: Position,
    pub(crate) stream: StreamId,
    pub(crate) source: HistoryError,
}

impl BulkLoad {
    /// Folds every run.
    pub(crate) fn of_all() -> Self {
        Self::new(vec![Folding::new(); FOLDERS], true)
    }

    /// Folds these runs, and passes over the others.
    pub(crate) fn of(runs: &[RunId]) -> Self {
        let mut shares = vec![Folding::new(); FOLDERS];
        for stream in runs.iter().map(RunId::stream) {
            shares[share(&stream)].insert(stream, None);
        }
        Self::new(shares, false)
    }

    fn new(shares: Vec<Folding>, all: bool) -> Self {
        let folder = |share| {
            let (pages, given) = mpsc::channel(AHEAD_MAX);
            Folder { pages, folding: tokio::task::spawn_blocking(move || fold_all(given, share, all)) }
        };
        Self(shares.into_iter().map(folder).collect())
    }

    /// Takes in the next events. That one of them cannot have happened is said at the end.
    pub(crate) async fn take(&self, page: Vec<Stored>) {
        let mut shares: Vec<Vec<Stored>> = vec![Vec::new(); self.0.len()];
        for stored in page {
            shares[share(&stored.record.stream)].push(stored);
        }
        for (folder, share) in self.0.iter().zip(shares) {
            // A folder that found something is gone; the others go on, because it may not be the first.
            drop(folder.pages.send(share).await);
        }
    }

    /// Where every run stands.
    ///
    /// # Errors
    /// The first event that cannot have happened where it stands.
    pub(crate) async fn end(self) -> Result<Folded, Flaw> {
        let (mut folded, mut first): (Folded, Option<Flaw>) = (Folded::new(), None);
        for Folder { pages, folding } in self.0 {
            drop(pages);
            match folding.await.expect("folding does not panic") {
                Ok(some) => folded.extend(some),
                Err(flaw) if first.as_ref().is_none_or(|first| flaw.position < first.position) => {
                    first = Some(flaw);
                }
                Err(_) => {}
            }
        }
        first.map_or(Ok(folded), Err)
    }
}

/// Which thread folds a stream.
fn share(stream: &StreamId) -> usize {
    stream.as_str().bytes().map(usize::from).sum::<usize>() % FOLDERS
}

fn fold_all(mut given: mpsc::Receiver<Vec<Stored>>, mut folding: Folding, all: bool) -> Result<Folded, Flaw> {
    while let Some(page) = given.blocking_recv() {
        for stored in page {
            take(&mut folding, all, &stored).map_err(|source| Flaw {
                position: stored.position,
                stream: stored.record.stream,
                source,
            })?;
        }
    }
    Ok(folding.into_iter().filter_map(|(stream, loaded)| Some((stream, loaded?))).collect())
}

fn take(folding: &mut Folding, all: bool, stored: &Stored) -> Result<(), HistoryError> {
    let position = stored.position.0;
    let codec = |source: CodecError| HistoryError::Codec { position, source };
    let illegal = |source: Illegal| HistoryError::Illegal { position, source };
    let stream = &stored.record.stream;
    let is_run = stream.as_str().starts_with(RunId::PREFIX);
    let known = match folding.get_mut(stream) {
        Some(known) => known,
        None if is_run && all => folding.entry(stream.clone()).or_default(),
        None if all && stream.as_str().starts_with(HOLD_PREFIX) => {
            return Entry::<HoldEvent>::read(stored).map(drop).map_err(codec);
        }
        None if all => return Entry::<BatchEvent>::read(stored).map(drop).map_err(codec),
        None => return Ok(()),
    };
    let entry = Entry::<Event>::read(stored).map_err(codec)?;
    follows(known.as_ref().map_or(Sequence(0), |known| known.sequence), stored)?;
    match known {
        Some(known) => {
            known.state.apply(entry.at_ms, &entry.event).map_err(illegal)?;
            known.sequence = stored.sequence;
        }
        None => {
            let state = RunState::begin(entry.at_ms, &entry.event).map_err(illegal)?;
            *known = Some(Loaded { state, sequence: stored.sequence });
        }
    }
    Ok(())
}

fn follows(before: Sequence, stored: &Stored) -> Result<(), ReadError> {
    if stored.sequence.0 == before.0 + 1 {
        return Ok(());
    }
    let what = format!("it says that it is event {} of its stream, after {before}", stored.sequence);
    Err(ReadError::Damaged { position: stored.position, what })
}

/// Folds these runs in one pass over the log, in the order in which they are named.
///
/// # Errors
/// With the run: when there is no such run, or its record cannot be read or is not legal.
pub(crate) async fn load_many(log: &dyn Log, runs: &[RunId]) -> Result<Vec<Loaded>, (RunId, HistoryError)> {
    let Some(any) = runs.first() else { return Ok(Vec::new()) };
    let (bulk, mut after, mut limit) = (BulkLoad::of(runs), Position(0), page_size(&[]));
    loop {
        let page = log.read_all(after, limit).await.map_err(|e| (any.clone(), e.into()))?;
        let Some(last) = page.last() else { break };
        after = last.position;
        limit = page_size(&page);
        bulk.take(page).await;
    }
    let mut folded = bulk.end().await.map_err(|flaw| (run_of(&flaw.stream), flaw.source))?;
    let find = |run: &RunId| {
        folded.remove(&run.stream()).ok_or_else(|| (run.clone(), HistoryError::NoRun(run.clone())))
    };
    runs.iter().map(find).collect()
}

fn run_of(stream: &StreamId) -> RunId {
    RunId::of_stream(stream).unwrap_or_else(|| RunId::new(stream.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::history::load;
    use crate::verify::replay::replay;
    use rehome_store::{Append, MemoryLog, Record};

    /// A run's events as an earlier version wrote them.
    const GOLDEN: &str = include_str!("../../tests/golden/events-1.tsv");

    fn runs() -> Vec<RunId> {
        (0..40).map(|nth| RunId::new(format!("r-{nth}"))).collect()
    }

    /// The n-th event of each run that has so many, run after run; the n-th run ends n events early.
    async fn log(spoil: impl Fn(usize, usize) -> bool) -> MemoryLog {
        let log = MemoryLog::default();
        let lines: Vec<&str> = GOLDEN.lines().collect();
        for nth in 0..lines.len() {
            let mut append = Append::default();
            for (of, run) in runs().iter().enumerate().filter(|(of, _)| nth + of < lines.len()) {
                let mut cells = lines[if spoil(of, nth) { 0 } else { nth }].splitn(3, '\t');
                let mut cell = || cells.next().expect("three cells").to_owned();
                let (kind, version, body) = (cell(), cell().parse().expect("a version"), cell());
                append.expect.push((run.stream(), Sequence(nth as u64)));
                append.records.push(Record {
                    stream: run.stream(),
                    kind: kind.into(),
                    version,
                    at_ms: nth as i64 + 1,
                    actor: "a".into(),
                    body: body.into_bytes(),
                });
            }
            log.append(append).await.expect("it fits");
        }
        log
    }

    #[tokio::test]
    async fn one_pass_gives_what_looking_each_run_up_gives() {
        let (log, runs) = (log(|_, _| false).await, runs());
        let some: Vec<RunId> = runs.iter().rev().step_by(2).cloned().collect();
        let folded = load_many(&log, &some).await.map_err(|(_, e)| e).expect("legal");
        let replayed = replay(&log, None).await.expect("legal").runs;
        assert_eq!((folded.len(), replayed.len()), (some.len(), runs.len()));
        for (run, folded) in some.iter().zip(folded) {
            let alone = load(&log, run).await.expect("legal");
            assert_eq!((folded.sequence, &folded.state), (alone.sequence, &alone.state));
            assert_eq!(folded.sequence.0, folded.state.events(), "an event is one of its stream");
            assert_eq!(replayed.get(run), Some(&alone.state));
        }
    }

    #[tokio::test]
    async fn the_first_event_that_cannot_have_happened_is_named_whichever_thread_finds_it() {
        let log = log(|of, nth| (of, nth) == (7, 4) || of > 20 && nth == 5).await;
        let position = 4 * 40 + 8;
        let flaw = load_many(&log, &runs()).await.expect_err("a second plan");
        assert!(
            matches!(flaw.1, HistoryError::Illegal { position: at, .. } if at == position),
            "{:?}",
            flaw.1
        );
        assert_eq!(flaw.0, RunId::new("r-7"));
        let whole = replay(&log, None).await.expect_err("a second plan").to_string();
        assert!(whole.contains(&position.to_string()), "{whole}");
    }

    #[tokio::test]
    async fn a_run_that_is_not_there_is_named() {
        let (log, mut runs) = (log(|_, _| false).await, runs());
        runs.push(RunId::new("nobody"));
        let (run, why) = load_many(&log, &runs).await.expect_err("it is not there");
        assert!(matches!(why, HistoryError::NoRun(_)) && run == RunId::new("nobody"));
    }
}
