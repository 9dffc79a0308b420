//! CLI: what is to be told, folded from the events of a log. Pure.
//!
//! Nothing is kept beside the log: what happened says what is to be told of it, under an id that is made of its place, and
//! the batch's own events say how far that was told. A process that begins again folds the same from the same.

use super::config::Hooks;
use super::message::{About, FORMAT_VERSION, Message, Occasion, StepTold};
use super::way::WayKind;
use crate::about::BatchAbout;
use crate::approvals;
use crate::counted::counted;
use crate::error::one_line;
use crate::hint::quoted;
use crate::time::{date, stamp};
use crate::view::{MoveView, view};
use crate::wait::WaitKind;
use rehome_orchestrator::{
    ApprovalScope, ApprovalStatement, ApprovalWord, BatchEvent, BatchLoaded, BatchState, End, Entry, Event,
    HistoryError, Node, Recorded, RunId, RunState, TimeScale, WaveWait, fold_batch, fold_into,
    without_secrets,
};
use rehome_store::Stored;
use std::collections::{BTreeMap, BTreeSet};

/// So many steps are named in one message.
const STEPS_MAX: usize = 10;

/// A text in a message has at most so many characters.
const TEXT_MAX: usize = 400;

/// What is to be told of one event by each way of its batch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToTell {
    pub(crate) batch: String,
    /// The place in the log of what is told.
    pub(crate) position: u64,
    pub(crate) messages: Vec<Message>,
}

/// A log as far as it is folded, with what it tells.
#[derive(Default)]
pub(crate) struct Outbox {
    log: String,
    batches: BTreeMap<String, Known>,
    moves: BTreeMap<RunId, Option<Seen>>,
}

/// What is known of a batch.
#[derive(Default)]
struct Known {
    state: Option<BatchState>,
    hooks: Option<Hooks>,
    /// Since which place in the log each way is asked for.
    since: BTreeMap<WayKind, u64>,
    /// Whether it was told of what is planned that its clean-up lacks approvals.
    cleanup_told: bool,
}

/// What is known of a move whose batch asks to be told something; nothing of any other.
#[derive(Default)]
struct Seen {
    state: Option<RunState>,
    /// Steps that wait for a person, and whether they have stopped.
    needs: BTreeSet<(String, bool)>,
}

impl Outbox {
    /// The outbox of the log with this id.
    pub(crate) fn new(log: &str) -> Self {
        Self { log: log.to_owned(), ..Self::default() }
    }

    /// What the batches are called that ask to be told something.
    pub(crate) fn batches(&self) -> impl Iterator<Item = (&String, &Hooks)> {
        let approved = |known: &&Known| known.state.as_ref().is_some_and(BatchState::is_approved);
        self.batches
            .iter()
            .filter_map(move |(name, known)| Some((name, known.hooks.as_ref().filter(|_| approved(&known))?)))
    }

    /// Up to which place everything was told by a way, or need not be.
    pub(crate) fn told(&self, batch: &str, way: WayKind) -> u64 {
        let Some(known) = self.batches.get(batch) else { return 0 };
        let told = known.state.as_ref().map_or(0, |state| state.told_through(way.word()));
        told.max(known.since.get(&way).copied().unwrap_or(0))
    }

    /// Takes in the next event of the log, and gives what is to be told of it.
    ///
    /// # Errors
    /// When the event cannot be read or cannot follow.
    pub(crate) fn take(&mut self, stored: &Stored) -> Result<Option<ToTell>, HistoryError> {
        let (stream, position) = (&stored.record.stream, stored.position.0);
        let told = if let Some(run) = RunId::of_stream(stream) {
            self.take_of_move(&run, stored)?
        } else if let Some(batch) = stream.as_str().strip_prefix(BatchLoaded::PREFIX) {
            self.take_of_batch(batch, stored)?
        } else {
            Vec::new()
        };
        let Some(batch) = told.first().map(|(_, about)| about.batch.clone()) else { return Ok(None) };
        let Some(hooks) = self.hooks(&batch) else { return Ok(None) };
        let told = told.into_iter().filter(|(occasion, _)| hooks.tells(*occasion));
        let message = |(occasion, about)| self.message(position, stored.record.at_ms, occasion, about);
        let messages: Vec<Message> = told.map(message).collect();
        Ok((!messages.is_empty()).then_some(ToTell { batch, position, messages }))
    }

    fn hooks(&self, batch: &str) -> Option<&Hooks> {
        self.batches.get(batch)?.hooks.as_ref()
    }

    fn take_of_batch(
        &mut self,
        batch: &str,
        stored: &Stored,
    ) -> Result<Vec<(Occasion, About)>, HistoryError> {
        let entry = read::<BatchEvent>(stored)?;
        let known = self.batches.entry(batch.to_owned()).or_default();
        known.take(&entry)?;
        let told = known.state.as_ref().map(|state| of_batch(batch, state, &entry.event, entry.at_ms));
        Ok(told.unwrap_or_default())
    }

    fn take_of_move(&mut self, run: &RunId, stored: &Stored) -> Result<Vec<(Occasion, About)>, HistoryError> {
        if let Some(None) = self.moves.get(run) {
            return Ok(Vec::new());
        }
        let entry = read::<Event>(stored)?;
        if let Event::Planned(planned) = &entry.event {
            let seen = self.hooks(&planned.batch).map(|_| Seen::default());
            self.moves.insert(run.clone(), seen);
        }
        let Some(Some(seen)) = self.moves.get_mut(run) else { return Ok(Vec::new()) };
        let illegal = |source| HistoryError::Illegal { position: entry.position, source };
        fold_into(&mut seen.state, &entry).map_err(illegal)?;
        let Some(state) = seen.state.as_ref().filter(|_| may_tell(&entry.event)) else {
            return Ok(Vec::new());
        };
        let view = view(run, state);
        let waits = view.waiting_for.iter();
        let needs: BTreeSet<(String, bool)> = waits
            .filter(|wait| matches!(wait.kind, WaitKind::Failed | WaitKind::ByHand))
            .map(|wait| (wait.step.clone(), wait.kind == WaitKind::Failed))
            .collect();
        let new = needs.difference(&seen.needs).cloned().collect();
        seen.needs = needs;
        let mut told: Vec<(Occasion, About)> =
            of_move(&view, &new, state, &entry.event).into_iter().collect();
        if told.iter().any(|(occasion, _)| *occasion == Occasion::SoakEnds) {
            let batch = &state.planned().batch;
            let known = self.batches.get_mut(batch);
            told.extend(known.and_then(|known| known.cleanup_for_people(batch, entry.at_ms)));
        }
        Ok(told)
    }

    fn message(&self, position: u64, at_ms: i64, occasion: Occasion, data: About) -> Message {
        let id = format!("rehome-{}-{position}-{}", self.log, occasion.word());
        Message { format_version: FORMAT_VERSION, id, occasion, timestamp: stamp(at_ms), data }
    }
}

fn read<E: Recorded>(stored: &Stored) -> Result<Entry<E>, HistoryError> {
    Entry::read(stored).map_err(|source| HistoryError::Codec { position: stored.position.0, source })
}

impl Known {
    fn take(&mut self, entry: &Entry<BatchEvent>) -> Result<(), HistoryError> {
        fold_batch(&mut self.state, entry)
            .map_err(|source| HistoryError::Illegal { position: entry.position, source })?;
        if let BatchEvent::Planned(planned) = &entry.event {
            self.hooks = BatchAbout::of_log(&planned.about).hooks.filter(|hooks| hooks.flaws().is_empty());
            let ways: Vec<WayKind> = self.hooks.iter().flat_map(WayKind::of).collect();
            self.cleanup_told = false;
            self.since.retain(|way, _| ways.contains(way));
            ways.into_iter().for_each(|way| {
                self.since.entry(way).or_insert(entry.position);
            });
        }
        Ok(())
    }
}

impl Known {
    /// Whom the clean-up of a batch waits for whose first soak is over; said once of a plan.
    fn cleanup_for_people(&mut self, name: &str, at_ms: i64) -> Option<(Occasion, About)> {
        let scope = ApprovalScope::CleanUp;
        let state = self.state.as_ref().filter(|state| !self.cleanup_told && state.lacks(&scope, at_ms))?;
        let what = text(&format!("the clean-up waits for {}", approvals::words(state, scope, at_ms)));
        self.cleanup_told = true;
        Some((Occasion::NeedsPerson, about_batch(name, None, what, vec![approvals::import_any()])))
    }
}

/// Whether an event can be one of which anything is told; most are not.
fn may_tell(event: &Event) -> bool {
    match event {
        Event::Ended(ended) => matches!(ended.end, End::Applied(_) | End::Refused(_)),
        Event::Probed(_)
        | Event::WaitCompleted(_)
        | Event::Checked(_)
        | Event::Parked(_)
        | Event::RollbackStarted(_)
        | Event::Requested(_)
        | Event::Reconciled(_)
        | Event::Compared(_)
        | Event::Approved(_) => true,
        Event::Planned(_)
        | Event::Began(_)
        | Event::Accepted(_)
        | Event::Waiting(_)
        | Event::TimerSet(_)
        | Event::RollbackVerified(_)
        | Event::Closed(_)
        | Event::Restored(_)
        | Event::Taken(_)
        | Event::HeldUp(_)
        | Event::Observed(_) => false,
    }
}

fn of_batch(name: &str, state: &BatchState, event: &BatchEvent, at_ms: i64) -> Vec<(Occasion, About)> {
    let about = |wave: Option<&str>, what: String, next: Vec<String>| about_batch(name, wave, what, next);
    let batch = quoted(name);
    match event {
        BatchEvent::WavePassed(passed) => {
            let out = match passed.fell_out {
                0 => String::new(),
                n => format!(", {n} ended in another way"),
            };
            let moves = counted(passed.through, "move");
            let clean = format!("wave {}: {moves} through{out}", passed.wave);
            let next = vec![format!("rehome status {batch}")];
            let mut told = vec![(Occasion::WaveClean, about(Some(&passed.wave), clean, next))];
            told.extend(wave_for_people(name, state, at_ms));
            told
        }
        BatchEvent::Signed(signed) => match ApprovalStatement::parse(&signed.statement) {
            Some(of) if of.word == ApprovalWord::Reject => {
                let scope: Vec<String> = of.scope.iter().map(ToString::to_string).collect();
                let what = format!("{} rejects {}: {}", of.approver, scope.join(", "), of.reason);
                vec![(Occasion::NeedsPerson, about(None, text(&what), vec![approvals::withdraw_any()]))]
            }
            Some(_) | None => wave_for_people(name, state, at_ms).into_iter().collect(),
        },
        BatchEvent::Approved(_) => wave_for_people(name, state, at_ms).into_iter().collect(),
        BatchEvent::RunFailed(failed) => {
            let spent = |nth: &usize| state.failures_left(*nth) == Some(0);
            let nth = state.wave_of(&failed.run).filter(spent);
            let wave = nth.and_then(|nth| state.waves().nth(nth)).map(|(wave, _)| wave.name.as_str());
            let Some(wave) = wave else { return Vec::new() };
            let (of, what) = match state.is_spent() {
                true => (batch, "as many moves of the batch failed as may: no more begin".to_owned()),
                false => {
                    let what =
                        format!("wave {wave}: as many of its moves failed as may: no more of it begin");
                    (quoted(&format!("{name}/wave:{wave}")), what)
                }
            };
            vec![(
                Occasion::BudgetSpent,
                about(Some(wave), what, vec![format!("rehome resume {of} --reason TEXT")]),
            )]
        }
        BatchEvent::RunnerGone(gone) => {
            let since = date(gone.since_ms);
            let what = format!("no runner since {since}: it was process {} on {}", gone.pid, gone.host);
            vec![(Occasion::RunnerGone, about(None, one_line(&what), vec![format!("rehome run {batch}")]))]
        }
        BatchEvent::Planned(_)
        | BatchEvent::Opened(_)
        | BatchEvent::Restored(_)
        | BatchEvent::Requested(_)
        | BatchEvent::WaveReleased(_)
        | BatchEvent::Heard(_)
        | BatchEvent::Told(_)
        | BatchEvent::DriftChecked(_) => Vec::new(),
    }
}

fn about_batch(name: &str, wave: Option<&str>, what: String, next: Vec<String>) -> About {
    let (batch, wave) = (name.to_owned(), wave.map(ToOwned::to_owned));
    About { batch, wave, what, next, ..About::default() }
}

/// Whom a wave waits for whose turn has come. The date is not asked: it does not count before people have done theirs.
fn wave_for_people(name: &str, state: &BatchState, at_ms: i64) -> Option<(Occasion, About)> {
    let mut waves = state.waves().enumerate();
    waves.find_map(|(nth, (wave, _))| {
        let (what, next) = match state.wave_wait(nth, at_ms, TimeScale::REAL) {
            WaveWait::Person => {
                let (batch, wave) = (quoted(name), quoted(&wave.name));
                let next = format!("rehome release {batch} --wave {wave} --reason TEXT");
                ("somebody who releases it".to_owned(), next)
            }
            WaveWait::Approvals => {
                let scope = ApprovalScope::Wave(wave.name.clone());
                (approvals::words(state, scope, at_ms), approvals::import_any())
            }
            WaveWait::Nothing | WaveWait::Approval | WaveWait::Earlier | WaveWait::Date(_) => return None,
        };
        let what = one_line(&format!("wave {} waits for {what}", wave.name));
        Some((Occasion::NeedsPerson, about_batch(name, Some(&wave.name), what, vec![next])))
    })
}

/// At most one message of one event of a move: what has stopped comes before what waits for people.
fn of_move(
    view: &MoveView,
    new: &BTreeSet<(String, bool)>,
    state: &RunState,
    event: &Event,
) -> Option<(Occasion, About)> {
    let of = |failed: bool| new.iter().filter(move |(_, is)| *is == failed).map(|(step, _)| step.as_str());
    let (failed, by_hand): (BTreeSet<&str>, BTreeSet<&str>) = (of(true).collect(), of(false).collect());
    let name = one_line(view.name());
    if !failed.is_empty() {
        let what = format!("{name}: {} stopped", counted(failed.len(), "step"));
        return Some((Occasion::MoveFailed, about(view, &failed, what)));
    }
    if !by_hand.is_empty() {
        let what = format!("{name}: {} for a person to do", counted(by_hand.len(), "step"));
        return Some((Occasion::NeedsPerson, about(view, &by_hand, what)));
    }
    let Event::WaitCompleted(completed) = event else { return None };
    let (step, _) = state.step(&completed.step)?;
    let Node::Soak { .. } = step.node else { return None };
    let soaked = BTreeSet::from([step.id.as_str()]);
    let mut about = about(view, &soaked, format!("{name}: the soak is over"));
    about.steps = vec![told(step.id.as_str(), &step.title, None)];
    let gate = view.waiting_for.iter().filter(|wait| wait.kind == WaitKind::Approval);
    about.next = gate.flat_map(|wait| wait.unblock_with.clone()).collect();
    Some((Occasion::SoakEnds, about))
}

fn about(view: &MoveView, steps: &BTreeSet<&str>, what: String) -> About {
    let named = view.waiting_for.iter().filter(|wait| steps.contains(wait.step.as_str()));
    let named: Vec<_> = named.take(STEPS_MAX).collect();
    About {
        batch: view.batch.clone(),
        wave: None,
        run: Some(view.run.clone()),
        identity: Some(text(&view.identity)),
        steps: named
            .iter()
            .map(|wait| told(&wait.step, &wait.title, wait.why.as_ref().map(|why| text(&why.message))))
            .collect(),
        what,
        next: named.iter().flat_map(|wait| wait.unblock_with.clone()).collect(),
    }
}

fn told(step: &str, title: &str, why: Option<String>) -> StepTold {
    StepTold { step: step.to_owned(), title: text(title), why }
}

/// What Azure or people wrote, as it may leave this machine.
fn text(said: &str) -> String {
    let line = one_line(&without_secrets(said));
    match line.char_indices().nth(TEXT_MAX) {
        None => line,
        Some((at, _)) => format!("{}...", &line[..at]),
    }
}
