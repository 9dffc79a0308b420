//! Engine: many runs folded in one pass over a log, on several threads. Touches the log, reading.
//!
//! To look runs up one by one costs twice as much as to read the same events in the order in which they lie there.

use crate::batch_event::BatchEvent;
use crate::codec::{CodecError, Entry};
use crate::event::Event;
use crate::fold::Illegal;
use crate::history::{HistoryError, Loaded};
use crate::ids::RunId;
use crate::state::RunState;
use rehome_store::{Log, Position, ReadError, Sequence, Stored, StreamId};
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Threads that fold; one more reads, and is about as fast as two of them.
const FOLDERS: usize = 3;

/// Pages that are read and not folded yet.
const AHEAD_MAX: usize = 2;

/// Events read at once.
const PAGE: usize = 2_000;

/// Events that one thread folds together, run by run. They lie in the log in the order of their dates, and
/// thousands of runs that are changed in turn would each be cold memory again when its next event comes. Few
/// in tests, which then come to several such batches.
const TOGETHER: usize = if cfg!(test) { 100 } else { 4_000 };

/// Events of runs that are folded while others are still being read.
pub(crate) struct Sweep(Vec<Folder>);

/// One thread, and the way to it.
struct Folder {
    pages: mpsc::Sender<Vec<Stored>>,
    folding: JoinHandle<Result<Folded, Flaw>>,
}

/// Where the runs of some streams stand.
type Folded = BTreeMap<StreamId, Loaded>;

/// What one thread folds.
#[derive(Default)]
struct Folding {
    /// Whether runs that are not in here yet are folded too.
    all: bool,
    runs: Vec<(StreamId, Option<Loaded>)>,
    places: Places,
}

/// Where each stream is. They come in no order, and a sorted map of thousands is cold memory at each look.
#[expect(clippy::disallowed_types, reason = "it is looked up by name; what comes out is sorted")]
type Places = std::collections::HashMap<StreamId, u32>;

/// The first event of some streams that cannot have happened where it stands.
pub(crate) struct Flaw {
    position: Position,
    pub(crate) stream: StreamId,
    pub(crate) source: HistoryError,
}

impl Sweep {
    /// Folds every run.
    pub(crate) fn of_all() -> Self {
        Self::new((0..FOLDERS).map(|_| Folding { all: true, ..Folding::default() }).collect())
    }

    /// Folds these runs, and passes over the others.
    pub(crate) fn of(runs: &[RunId]) -> Self {
        let mut shares: Vec<Folding> = (0..FOLDERS).map(|_| Folding::default()).collect();
        for stream in runs.iter().map(RunId::stream) {
            shares[share(&stream)].add(&stream);
        }
        Self::new(shares)
    }

    fn new(shares: Vec<Folding>) -> Self {
        let folder = |share: Folding| {
            let (pages, given) = mpsc::channel(AHEAD_MAX);
            Folder { pages, folding: tokio::task::spawn_blocking(move || share.fold_all(given)) }
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

impl Folding {
    fn add(&mut self, stream: &StreamId) -> u32 {
        let place = self.runs.len() as u32;
        self.runs.push((stream.clone(), None));
        self.places.insert(stream.clone(), place);
        place
    }

    fn fold_all(mut self, mut given: mpsc::Receiver<Vec<Stored>>) -> Result<Folded, Flaw> {
        let mut events = Vec::new();
        while let Some(page) = given.blocking_recv() {
            events.extend(page);
            if events.len() >= TOGETHER {
                self.fold(&mut events)?;
            }
        }
        self.fold(&mut events)?;
        Ok(self.runs.into_iter().filter_map(|(stream, loaded)| Some((stream, loaded?))).collect())
    }

    /// Folds some events, run by run; of what cannot have happened, says the first in the order of the log.
    fn fold(&mut self, events: &mut Vec<Stored>) -> Result<(), Flaw> {
        let mut first: Option<Flaw> = None;
        let mut flaw = |stored: &Stored, source| {
            let (position, stream) = (stored.position, stored.record.stream.clone());
            if first.as_ref().is_none_or(|first| position < first.position) {
                first = Some(Flaw { position, stream, source });
            }
        };
        let mut order = Vec::with_capacity(events.len());
        for (nth, stored) in events.iter().enumerate() {
            match self.place(&stored.record.stream) {
                Some(place) => order.push((place, nth as u32)),
                None if self.all => {
                    if let Err(e) = Entry::<BatchEvent>::read(stored) {
                        flaw(stored, codec(stored, e));
                    }
                }
                None => {}
            }
        }
        order.sort_unstable();
        for of_one in order.chunk_by(|(a, _), (b, _)| a == b) {
            let run = &mut self.runs[of_one[0].0 as usize].1;
            let mut its = of_one.iter().map(|(_, nth)| &events[*nth as usize]);
            if let Err((stored, source)) = its.try_for_each(|e| take(run, e).map_err(|why| (e, why))) {
                flaw(stored, source);
            }
        }
        events.clear();
        first.map_or(Ok(()), Err)
    }

    /// Where a stream's run is, if it is to be folded.
    fn place(&mut self, stream: &StreamId) -> Option<u32> {
        match self.places.get(stream) {
            Some(place) => Some(*place),
            None if self.all && stream.as_str().starts_with(RunId::PREFIX) => Some(self.add(stream)),
            None => None,
        }
    }
}

fn codec(stored: &Stored, source: CodecError) -> HistoryError {
    HistoryError::Codec { position: stored.position.0, source }
}

/// Takes in the next event of a run.
fn take(run: &mut Option<Loaded>, stored: &Stored) -> Result<(), HistoryError> {
    let illegal = |source: Illegal| HistoryError::Illegal { position: stored.position.0, source };
    let entry = Entry::<Event>::read(stored).map_err(|e| codec(stored, e))?;
    follows(run.as_ref().map_or(Sequence(0), |run| run.sequence), stored)?;
    match run {
        Some(run) => {
            run.state.apply(entry.at_ms, &entry.event).map_err(illegal)?;
            run.sequence = stored.sequence;
        }
        None => {
            let state = RunState::begin(entry.at_ms, &entry.event).map_err(illegal)?;
            *run = Some(Loaded { state, sequence: stored.sequence });
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
    let (sweep, mut after) = (Sweep::of(runs), Position(0));
    loop {
        let page = log.read_all(after, PAGE).await.map_err(|e| (any.clone(), e.into()))?;
        let Some(last) = page.last() else { break };
        after = last.position;
        sweep.take(page).await;
    }
    let mut folded = sweep.end().await.map_err(|flaw| (run_of(&flaw.stream), flaw.source))?;
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
    use crate::history::load;
    use crate::replay::replay;
    use rehome_store::{Append, MemoryLog, Record};

    /// A run's events as an earlier version wrote them.
    const GOLDEN: &str = include_str!("../tests/golden/events-1.tsv");

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
