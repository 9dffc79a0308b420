//! The log of a simulation. It folds every event a second time, by itself, and dies where it is told to.

use super::fault_plan::{Dice, FaultPlan, Struck, Trouble};
use rehome_orchestrator::{
    BatchEvent, BatchLoaded, BatchState, Call, Direction, End, Entry, Event, ForwardState, Node, Recorded,
    Reversibility, RunDirection, RunId, RunState, StepState, Verdict, batch_stream, fold_batch,
};
use rehome_store::{
    Append, AppendError, Appended, BoxFuture, CountedSalts, Log, LogDecorator, MemoryLog, Position, Sequence,
    Stored, StreamId,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

pub(crate) struct CheckerLog {
    inner: MemoryLog,
    seen: Mutex<Seen>,
}

struct Seen {
    dice: Dice,
    struck: Struck,
    crashes: bool,
    commits: u64,
    runs: BTreeMap<RunId, RunState>,
    batches: BTreeMap<StreamId, Option<BatchState>>,
    breaches: Vec<String>,
}

/// How the names of runners begin.
pub(crate) const RUNNER: &str = "runner";

/// A commit kills the process this often in a thousand.
const DEADLY: u64 = 12;

impl CheckerLog {
    pub(crate) fn new(faults: &FaultPlan) -> Arc<Self> {
        let seen = Seen {
            dice: Dice::of(faults.seed, "commits", 0),
            struck: faults.struck.clone(),
            crashes: faults.has(Trouble::Crashes),
            commits: 0,
            runs: BTreeMap::new(),
            batches: BTreeMap::new(),
            breaches: Vec::new(),
        };
        let inner = MemoryLog::with_salts(CountedSalts::default());
        Arc::new(Self { inner, seen: Mutex::new(seen) })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn calm(&self) {
        self.seen().crashes = false;
    }

    /// Whether the process dies just before, or just after, its next commit.
    fn omens(&self) -> (bool, bool) {
        let mut seen = self.seen();
        let crashes = seen.crashes;
        let (before, after) = (seen.dice.happens(DEADLY), seen.dice.happens(DEADLY));
        seen.commits += 1;
        let (nth, struck) = (seen.commits, seen.struck.clone());
        let dies =
            |omen: bool, when| crashes && omen && struck.strikes(|| format!("death {when} commit {nth}"));
        let before = dies(before, "before");
        (before, !before && dies(after, "after"))
    }

    pub(crate) fn breaches(&self) -> Vec<String> {
        self.seen().breaches.clone()
    }

    pub(crate) fn state(&self, run: &RunId) -> Option<RunState> {
        self.seen().runs.get(run).cloned()
    }

    /// The intent of this call is in the log, nobody has taken the run since, and what was said of the attempt before it allows
    /// another.
    pub(crate) async fn check_intent(&self, call: &Call) -> Result<(), String> {
        let stored = self.inner.read_stream(&call.run().stream(), Sequence(0), usize::MAX).await;
        let events = stored.map_err(|e| e.to_string())?;
        let (mut intent, mut settled, mut taken) = (false, true, false);
        for event in &events {
            let event = Event::decode(&event.record.kind, event.record.version, &event.record.body)
                .map_err(|e| e.to_string())?;
            match event {
                Event::Taken(_) => taken |= intent,
                _ if intent => {}
                Event::Began(began) if began.step == *call.step() && began.direction == call.direction() => {
                    intent = began.attempt == call.attempt() && began.request_id == call.request_id();
                    settled &= intent;
                }
                Event::Ended(ended) if ended.step == *call.step() && ended.direction == call.direction() => {
                    settled |= !matches!(ended.end, End::Unknown(_));
                }
                Event::Probed(probed) if probed.step == *call.step() => settled = true,
                _ => {}
            }
        }
        if taken {
            return Err(format!("{} {} was sent by who does not have it any more", call.run(), call.step()));
        }
        match (intent, settled) {
            (true, true) => Ok(()),
            (false, _) => {
                Err(format!("{} {} was sent without an intent in the log", call.run(), call.step()))
            }
            (true, false) => Err(format!("{} {} was sent again by guess", call.run(), call.step())),
        }
    }
}

impl Seen {
    fn note(&mut self, stored: &[Stored]) {
        for event in stored {
            let stream = &event.record.stream;
            let folded = match RunId::of_stream(stream) {
                Some(run) => self.fold(&run, event),
                None if stream.as_str().starts_with(BatchLoaded::PREFIX) => self.fold_batch(event),
                // Who holds what: it is judged by the world.
                None => Ok(()),
            };
            if let Err(what) = folded {
                self.breaches.push(format!("event {} of {stream}: {what}", event.position.0));
            }
        }
    }

    fn fold(&mut self, run: &RunId, stored: &Stored) -> Result<(), String> {
        let entry: Entry<Event> = Entry::read(stored).map_err(|e| e.to_string())?;
        let Some(state) = self.runs.get_mut(run) else {
            let state = RunState::begin(entry.at_ms, &entry.event).map_err(|e| e.to_string())?;
            self.runs.insert(run.clone(), state);
            return Ok(());
        };
        let batch = self.batches.get(&batch_stream(&state.planned().batch)).and_then(Option::as_ref);
        if matches!(entry.event, Event::Began(_)) && !batch.is_some_and(BatchState::is_approved) {
            return Err("it begins something, and nobody approved its batch".to_owned());
        }
        let owner = state.owner().map(|owner| owner.runner.as_str());
        if entry.actor.starts_with(RUNNER)
            && !matches!(entry.event, Event::Taken(_))
            && owner.is_some_and(|owner| owner != &*entry.actor)
        {
            return Err(format!("{} writes, and {owner:?} has it", entry.actor));
        }
        let before = state.clone();
        state.apply(entry.at_ms, &entry.event).map_err(|e| e.to_string())?;
        law(&before, state, &entry.event)
    }

    fn fold_batch(&mut self, stored: &Stored) -> Result<(), String> {
        let entry: Entry<BatchEvent> = Entry::read(stored).map_err(|e| e.to_string())?;
        let state = self.batches.entry(stored.record.stream.clone()).or_default();
        fold_batch(state, &entry).map_err(|e| e.to_string())
    }
}

/// What must hold after each event, said without the words of the engine's own rules.
fn law(before: &RunState, after: &RunState, event: &Event) -> Result<(), String> {
    match event {
        Event::Began(began) if began.direction == Direction::Do => {
            if *before.direction() != RunDirection::Forward {
                return Err(format!("{} begins on the way back", began.step));
            }
            let Some((step, _)) = before.step(&began.step) else { return Err("no such step".to_owned()) };
            let done = |id| before.step(id).is_some_and(|(_, s)| s.forward.is_settled());
            if let Some(need) = step.needs.iter().find(|need| !done(need)) {
                return Err(format!("{} begins before {need} is done", step.id));
            }
            let gates = before.steps().filter(|(s, _)| matches!(s.node, Node::Gate { .. }));
            let closed = gates.filter(|(_, s)| !s.forward.is_settled()).count();
            let last = matches!(&step.node, Node::Act { reversibility: Reversibility::Irreversible, .. });
            if last && closed > 0 {
                return Err(format!("{} cannot be undone and nobody approved it", step.id));
            }
        }
        Event::Began(_) => {
            let open = |s: &StepState| {
                matches!(s.forward, ForwardState::Began | ForwardState::Accepted(_) | ForwardState::Doubt(_))
            };
            if let Some((step, _)) = before.steps().find(|(_, s)| open(s)) {
                return Err(format!("something is taken back while {} is open", step.id));
            }
        }
        Event::Closed(closed)
            if closed.verdict == Verdict::Done && after.steps().any(|(_, s)| !s.forward.is_settled()) =>
        {
            return Err("it is called done and is not".to_owned());
        }
        _ => {}
    }
    Ok(())
}

impl LogDecorator for CheckerLog {
    fn inner(&self) -> &dyn Log {
        &self.inner
    }

    fn append_decorated(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            let appended = self.inner.append(append).await?;
            let stored = self.inner.read_all(Position(appended.first.0 - 1), usize::MAX).await;
            if let Ok(stored) = &stored {
                self.seen().note(stored);
            }
            Ok(appended)
        })
    }
}

/// The same log as a process under test has it: a commit may be the last thing it does.
pub(crate) struct Deadly {
    log: Arc<CheckerLog>,
    dead: Arc<Notify>,
}

impl Deadly {
    /// With what ends when a commit killed the process.
    pub(crate) fn of(log: &Arc<CheckerLog>) -> (Arc<Self>, Arc<Notify>) {
        let dead = Arc::new(Notify::new());
        (Arc::new(Self { log: log.clone(), dead: dead.clone() }), dead)
    }
}

impl LogDecorator for Deadly {
    fn inner(&self) -> &dyn Log {
        &*self.log
    }

    fn append_decorated(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            let (before, after) = self.log.omens();
            if before {
                self.dead.notify_one();
                return std::future::pending().await;
            }
            let appended = self.log.append(append).await;
            if after {
                self.dead.notify_one();
                return std::future::pending().await;
            }
            appended
        })
    }
}
