//! CLI: what is told while a run works: a line for each finished step, and on a terminal one that says what is waited
//! for. Touches the log, reading.

use crate::counted::counted;
use crate::error::{CliError, causes};
use crate::kept::{is_at_work, keep};
use crate::live_line::{Shown, TICK};
use crate::output::{LineBelow, Output};
use crate::render::live;
use crate::view::{MoveView, identity, view};
use crate::witness::Witnessing;
use crate::{store, waves};
use rehome_orchestrator::{
    BatchState, Clock, Direction, End, Event, Fault, Observer, ReconciledOutcome, RunId, RunState, StepId,
    StopReason, SystemClock, TimeScale,
};
use rehome_store::{Backend, BoxFuture, StreamId};
use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// So many moves at most are read again for one line of a terminal.
const READ_MAX: usize = 32;

/// What is tried again later than this is told with its date.
const FAR_MS: i64 = 60_000;

/// Tells about events as they become safe.
pub(crate) struct Progress {
    board: Mutex<Board>,
    line: Mutex<Option<LineBelow>>,
    output: Output,
    log: Arc<dyn Backend>,
    /// Who is told which streams were written to.
    heard: mpsc::UnboundedSender<StreamId>,
    witnessing: Arc<Witnessing>,
}

/// What is known of the moves.
struct Board {
    titles: BTreeMap<(RunId, StepId), String>,
    moves: BTreeMap<RunId, MoveView>,
    /// Moves that something happened to since they were read.
    changed: BTreeSet<RunId>,
    batches: Vec<String>,
    /// What may keep moves of these batches.
    keepers: BTreeMap<String, (BatchState, TimeScale)>,
    /// Batches of which that could not be read, and somebody was told.
    unread: BTreeSet<String>,
    /// When that was read last.
    looked: Option<Instant>,
}

/// What may keep moves is read again after so long.
const LOOK: Duration = Duration::from_secs(1);

impl Board {
    /// The moves with what their batches keep; nothing where no batch keeps any.
    fn kept(&self, now_ms: i64) -> Vec<MoveView> {
        if self.keepers.is_empty() {
            return Vec::new();
        }
        let mut views: Vec<MoveView> = self.moves.values().cloned().collect();
        let crowds: BTreeSet<String> =
            views.iter().filter(|view| is_at_work(view)).map(|view| view.batch.clone()).collect();
        for view in &mut views {
            if let Some((batch, scale)) = self.keepers.get(&view.batch) {
                keep(view, batch, now_ms, *scale, Some(crowds.contains(&view.batch)));
            }
        }
        views
    }
}

impl Progress {
    pub(crate) fn new(
        log: &Arc<dyn Backend>,
        output: &Output,
        heard: mpsc::UnboundedSender<StreamId>,
        witnessing: &Arc<Witnessing>,
    ) -> Self {
        let line = Mutex::new(Some(output.line_below()));
        let board = Board {
            titles: BTreeMap::new(),
            moves: BTreeMap::new(),
            changed: BTreeSet::new(),
            batches: Vec::new(),
            keepers: BTreeMap::new(),
            unread: BTreeSet::new(),
            looked: None,
        };
        let (output, log, board) = (output.clone(), log.clone(), Mutex::new(board));
        Self { board, line, output, log, heard, witnessing: witnessing.clone() }
    }

    /// Takes in the moves of a batch that is worked on from now on.
    pub(crate) fn join<'a>(&self, batch: &str, runs: impl Iterator<Item = (&'a RunId, &'a RunState)>) {
        let mut count = 0;
        for (run, state) in runs {
            count += 1;
            let of = identity(state);
            let of = of.rsplit('/').next().unwrap_or_default();
            let titles = state.steps().map(|(step, _)| (step.id.clone(), format!("{of}: {}", step.title)));
            let mut board = self.board();
            board.titles.extend(titles.map(|(id, title)| ((run.clone(), id), title)));
            board.moves.insert(run.clone(), view(run, state));
        }
        let first = {
            let mut board = self.board();
            board.batches.push(batch.to_owned());
            board.batches.len() == 1
        };
        if !first {
            self.tell_line(&format!("SERVING   {batch}: {}", counted(count, "move")));
        }
    }

    /// Renews the line of what is under way until it is stopped.
    pub(crate) async fn tick(self: Arc<Self>) {
        loop {
            self.renew().await;
            tokio::time::sleep(TICK).await;
        }
    }

    /// What the batches of this work are called.
    pub(crate) fn batches(&self) -> Vec<String> {
        self.board().batches.clone()
    }

    /// Where every move of this work stands, or stood when it could be read last.
    pub(crate) async fn views(&self) -> Vec<MoveView> {
        drop(self.read_again(usize::MAX).await);
        self.board().moves.values().cloned().collect()
    }

    /// Where every move of this work stands now.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub(crate) async fn read_views(&self) -> Result<Vec<MoveView>, CliError> {
        self.read_again(usize::MAX).await?;
        Ok(self.board().moves.values().cloned().collect())
    }

    /// Reads moves again that something happened to since, so many at most. One that cannot be read is read another time;
    /// the last reason is given.
    async fn read_again(&self, most: usize) -> Result<(), CliError> {
        let changed: Vec<RunId> = {
            let mut board = self.board();
            let some: Vec<RunId> = board.changed.iter().take(most).cloned().collect();
            board.changed.retain(|run| !some.contains(run));
            some
        };
        let mut read = Ok(());
        for run in changed {
            match store::read_run(&*self.log, &run).await {
                Ok(loaded) => {
                    let seen = view(&run, &loaded.state);
                    self.board().moves.insert(run, seen);
                }
                Err(why) => {
                    self.board().changed.insert(run);
                    read = Err(why);
                }
            }
        }
        read
    }

    async fn renew(&self) {
        // To read where moves stand costs more than anything else that is told of them.
        if !self.output.shows() {
            return;
        }
        // Where there is no terminal, the line comes seldom and not again soon.
        drop(self.read_again(if std::io::stderr().is_terminal() { READ_MAX } else { usize::MAX }).await);
        self.look().await;
        let shown = {
            let board = self.board();
            let kept: Vec<MoveView> = board.kept(SystemClock.now_ms());
            let views: Vec<&MoveView> = match board.keepers.is_empty() {
                true => board.moves.values().collect(),
                false => kept.iter().collect(),
            };
            let done: usize = views.iter().map(|view| view.done).sum();
            let total: usize = views.iter().map(|view| view.total).sum();
            let text = live::line(&board.batches, &views, SystemClock.now_ms(), self.output.hints());
            Shown { counts: Some((done as u64, total as u64)), text }
        };
        self.output.show(&shown);
    }

    /// Reads again what may keep moves, when it is time.
    async fn look(&self) {
        let batches = {
            let board = self.board();
            let due = board.looked.is_none_or(|looked| looked.elapsed() >= LOOK);
            if due { board.batches.clone() } else { return }
        };
        for name in batches {
            let keeper = waves::keeper(&*self.log, &name).await;
            let mut board = self.board();
            match keeper {
                Ok(Some(keeper)) => drop(board.keepers.insert(name, keeper)),
                Ok(None) => drop(board.keepers.remove(&name)),
                // What was known before is told on, and that nobody knows better is said once.
                Err(why) => {
                    let is_new = board.unread.insert(name.clone());
                    drop(board);
                    if is_new {
                        let why = causes(&why);
                        self.tell_line(&format!(
                            "UNREAD    batch {name}: what keeps its moves cannot be read: {why}"
                        ));
                    }
                }
            }
        }
        self.board().looked = Some(Instant::now());
    }

    pub(crate) fn finish(&self) {
        drop(self.line.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a line above the one of what is under way.
    pub(crate) fn tell_line(&self, line: &str) {
        self.output.note(line);
    }

    fn say(&self, run: &RunId, step: &StepId, word: &str, why: &str) {
        let title = self.board().titles.get(&(run.clone(), step.clone())).cloned().unwrap_or_default();
        self.tell_line(&format!("{word:<9} {run}:{step} {title}{why}"));
    }

    /// Says until when a step is left alone, if that is long.
    fn tell_far(&self, run: &RunId, step: &StepId, until_ms: i64) {
        let date = not_before(until_ms);
        if !date.is_empty() {
            self.say(run, step, "WAITS", &date);
        }
    }

    fn tell(&self, run: &RunId, event: &Event) {
        match event {
            Event::Ended(ended) => match (&ended.end, ended.direction) {
                (End::Applied(_), Direction::Do) => self.say(run, &ended.step, "DONE", ""),
                (End::Applied(_), Direction::Undo) => self.say(run, &ended.step, "UNDONE", ""),
                (End::Retry { why, until_ms }, _) => {
                    self.say(run, &ended.step, "RETRY", &format!(": {why}{}", not_before(*until_ms)));
                }
                (End::Refused(why), _) => self.say(run, &ended.step, "FAILED", &format!(": {why}")),
                (End::Unknown(why), _) => self.say(run, &ended.step, "IN DOUBT", &format!(": {why}")),
            },
            Event::Parked(parked) => self.say(run, &parked.step, "FAILED", &format!(": {}", parked.why)),
            Event::WaitCompleted(reached) => self.say(run, &reached.step, "DONE", ""),
            Event::Checked(checked) if checked.broken.is_empty() => self.say(run, &checked.step, "DONE", ""),
            Event::Checked(checked) => {
                let count = format!(": {} of {} promises do not hold", checked.broken.len(), checked.looked);
                self.say(run, &checked.step, "FAILED", &count);
            }
            Event::RollbackStarted(turned) => {
                if let Some(step) = &turned.failed {
                    self.say(run, step, "TURNED", ": everything before it is taken back");
                }
            }
            Event::Reconciled(reconciled) => {
                for concluded in &reconciled.steps {
                    match &concluded.outcome {
                        ReconciledOutcome::Done => self.say(run, &concluded.step, "FOUND", ""),
                        ReconciledOutcome::Partial => self.say(run, &concluded.step, "FOUND", ": in part"),
                        ReconciledOutcome::Passed => self.say(run, &concluded.step, "PASSED", ""),
                        ReconciledOutcome::Parked { why, .. } => {
                            self.say(run, &concluded.step, "FAILED", &format!(": {why}"));
                        }
                    }
                }
            }
            Event::Accepted(accepted) => {
                let after_ms = i64::try_from(accepted.operation.after_ms).unwrap_or(i64::MAX);
                self.tell_far(run, &accepted.step, SystemClock.now_ms().saturating_add(after_ms));
            }
            Event::Waiting(waiting) => {
                if let Some(step) = &waiting.step {
                    self.tell_far(run, step, waiting.until_ms);
                }
            }
            Event::HeldUp(held) => {
                let by = format!(": {}:{} holds what it works on, and has stopped", held.by, held.by_step);
                self.say(run, &held.step, "WAITS", &by);
            }
            Event::Restored(_)
            | Event::Taken(_)
            | Event::Observed(_)
            | Event::Planned(_)
            | Event::Approved(_)
            | Event::Compared(_)
            | Event::Began(_)
            | Event::Probed(_)
            | Event::TimerSet(_)
            | Event::Requested(_)
            | Event::RollbackVerified(_)
            | Event::Closed(_) => {}
        }
    }
}

/// A date that somebody who watches would wonder about.
fn not_before(until_ms: i64) -> String {
    if until_ms.saturating_sub(SystemClock.now_ms()) > FAR_MS {
        format!("; not before {}", crate::time::date(until_ms))
    } else {
        String::new()
    }
}

/// Nothing is begun or called taken back of what cannot be compared.
pub(crate) fn unread(run: &RunId, why: &Fault) -> String {
    let at = why.target.as_deref().map(|target| format!(" ({target})")).unwrap_or_default();
    format!("UNREAD    {run} cannot be compared with Azure, and goes no further: {why}{at}")
}

impl Observer for Progress {
    fn appended(&self, run: &RunId, events: &[Event]) {
        events.iter().for_each(|event| self.tell(run, event));
        self.board().changed.insert(run.clone());
    }

    fn left(&self, run: &RunId, left: &StopReason) {
        if let StopReason::Unreadable(why) = left {
            self.tell_line(&unread(run, why));
        }
    }

    fn heard(&self, stream: &StreamId) {
        if let Some(run) = RunId::of_stream(stream) {
            let mut board = self.board();
            if board.moves.contains_key(&run) {
                board.changed.insert(run);
            }
        } else {
            // Nobody listens any more when the work is over.
            drop(self.heard.send(stream.clone()));
        }
    }

    fn secure<'a>(&'a self, _: &'a RunId, _: &'a StepId) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { self.witnessing.secure().await.map_err(|e| e.what) })
    }
}
