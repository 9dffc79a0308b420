//! Engine: how an actor's events get into the log, and what happens when somebody else wrote first.

use crate::activity::{ConditionResult, Outcome, ResourceKey, Reversibility};
use crate::driver::DriveError;
use crate::driver::actor::Actor;
use crate::driver::locks::Holder;
use crate::driver::work::{Pending, Ready};
use crate::fault::Fault;
use crate::ids::{Direction, RunId};
use crate::json::Json;
use crate::plan::Node;
use crate::plan::graph::Index;
use crate::recovery::history::{self, HistoryError};
use crate::run::codec::{Entry, Recorded};
use crate::run::event::*;
use crate::run::fold::apply::Illegal;
use crate::run::hold::{Held, HoldEvent};
use crate::{Call, Finding};
use rehome_store::{Append, AppendError, Appended, Digest, Record, Sequence, StreamId};
use std::borrow::Cow;
use std::sync::Arc;

/// Adds what an intent says of the resources that its step shares with other runners.
fn hold(
    run: &RunId,
    pending: &Pending,
    actor: &Arc<str>,
    (expect, records): (&mut Vec<(StreamId, Sequence)>, &mut Vec<Record>),
) {
    let (Event::Began(began), Some(ready)) = (&pending.event, &pending.start) else { return };
    for free in &ready.free {
        let event = HoldEvent::Held(Held {
            key: free.key.clone(),
            run: run.clone(),
            step: began.step.clone(),
            direction: began.direction,
            attempt: began.attempt,
        });
        let (kind, version) = event.kind();
        expect.push((free.stream.clone(), free.seen));
        records.push(Record {
            stream: free.stream.clone(),
            kind: Cow::Borrowed(kind),
            version,
            at_ms: pending.at_ms,
            actor: actor.clone(),
            body: event.encode(),
        });
    }
}

impl Actor {
    /// Writes down what is pending, and starts what waited for that.
    pub(crate) async fn commit(&mut self) -> Result<(), DriveError> {
        let engine = &self.shared.engine;
        let stream = self.run.stream();
        let record = |pending: &Pending| {
            let (kind, version) = pending.event.kind();
            Record {
                stream: stream.clone(),
                kind: Cow::Borrowed(kind),
                version,
                at_ms: pending.at_ms,
                actor: engine.actor.clone(),
                body: pending.event.encode(),
            }
        };
        let mut records: Vec<Record> = self.pending.iter().map(record).collect();
        let events = records.len() as u64;
        let mut expect = vec![(stream.clone(), self.sequence)];
        self.pending
            .iter()
            .for_each(|pending| hold(&self.run, pending, &engine.actor, (&mut expect, &mut records)));
        let appending = self.shared.own.begin();
        match engine.log.append(Append { expect, records }).await {
            Ok(appended) => {
                appending.kept(&appended);
                let hashes = match self.hashes(&appended) {
                    Some(hashes) => hashes,
                    None => {
                        let read =
                            engine.log.read_stream(&self.run.stream(), self.sequence, self.pending.len());
                        read.await?.into_iter().map(|event| event.hash).collect()
                    }
                };
                self.sequence.0 += events;
                self.secure().await?;
                self.committed(hashes);
                Ok(())
            }
            Err(AppendError::Conflict { .. }) => self.rebase().await,
            Err(source) => Err(DriveError::Append { run: self.run.clone(), source }),
        }
    }

    /// The hashes of what was just appended, as far as an attempt waits for its own, which goes out with what it sends; nothing
    /// where they have to be read back. Mostly one attempt begins, and its intent comes last.
    fn hashes(&self, appended: &Appended) -> Option<Vec<Digest>> {
        let many = self.pending.len();
        let starts = |pending: &Pending| pending.start.is_some();
        let known = !self.pending.iter().rev().skip(1).any(starts);
        known.then(|| [vec![Digest::ZERO; many - 1], vec![appended.head]].concat())
    }

    /// Makes safe what has to be, before anything that nothing brings back is sent.
    async fn secure(&mut self) -> Result<(), DriveError> {
        let last = |ready: &&Ready| {
            let node = &self.state.graph.step(ready.at).node;
            ready.direction == Direction::Do
                && matches!(node, Node::Act { reversibility: Reversibility::Irreversible, .. })
        };
        let starts = self.pending.iter().filter_map(|pending| pending.start.as_ref());
        let steps: Vec<_> =
            starts.filter(last).map(|ready| self.state.graph.step(ready.at).id.clone()).collect();
        for step in steps {
            let (observer, run) = (self.shared.engine.observer.clone(), self.run.clone());
            let secured = observer.secure(&run, &step).await;
            secured.map_err(|why| DriveError::NotSecured { run, step, why })?;
        }
        Ok(())
    }

    fn committed(&mut self, hashes: Vec<Digest>) {
        let pending = std::mem::take(&mut self.pending);
        let mut events = Vec::with_capacity(pending.len());
        for (Pending { event, start, .. }, hash) in pending.into_iter().zip(hashes) {
            if let (Event::Began(began), Some(ready)) = (&event, start) {
                let at = ready.at;
                let step = self.state.at(at);
                let attempts_before_reset = if began.direction == Direction::Do {
                    step.attempts_before_reset
                } else {
                    step.undo_attempts_before_reset
                };
                let call = Call::new(
                    self.run.clone(),
                    began.step.clone(),
                    began.direction,
                    began.attempt,
                    attempts_before_reset,
                    began.request_id,
                )
                .of_intent(hash)
                .behind(self.shared.member.clone());
                self.begun.insert(at, self.shared.engine.clock.steady_ms());
                let (held, work) = ready.attempt(Arc::new(call));
                // An attempt that completes another one already holds what it needs.
                self.held.entry(at).or_insert(held);
                self.tasks.push(work);
                self.sending += 1;
            }
            events.push(event);
        }
        let state = &self.state;
        self.begun.retain(|at, _| state.back.is_some() || !state.at(*at).forward.is_settled());
        self.let_go();
        self.shared.engine.observer.appended(&self.run, &events);
    }

    /// Somebody else wrote to this run: what the world answered stays true, what was decided is
    /// decided again.
    async fn rebase(&mut self) -> Result<(), DriveError> {
        let pending = std::mem::take(&mut self.pending);
        let loaded = history::load(&*self.shared.engine.log, &self.run).await;
        let loaded = loaded.map_err(|source| DriveError::History { run: self.run.clone(), source })?;
        (self.state, self.sequence) = (loaded.state, loaded.sequence);
        let taken_over = self.taken_over().is_some();
        for Pending { event, result, start, .. } in pending {
            if let Some(ready) = start {
                self.live.steps.remove(&ready.at);
            }
            if taken_over {
                continue;
            }
            let now = self.now_ms();
            // A look that the other event made pointless is not a fact worth keeping.
            if result && self.state.apply(now, &event).is_ok() {
                self.pending.push(Pending { at_ms: now, event, result, start: None });
            }
        }
        Ok(())
    }

    /// Takes in what somebody else wrote to this run.
    pub(crate) async fn catch_up(&mut self) -> Result<(), DriveError> {
        const PAGE: usize = 100;
        loop {
            let log = &self.shared.engine.log;
            let page = log.read_stream(&self.run.stream(), self.sequence, PAGE).await?;
            for stored in &page {
                let position = stored.position.0;
                let history = |source| DriveError::History { run: self.run.clone(), source };
                let entry: Entry<Event> = Entry::read(stored)
                    .map_err(|source| history(HistoryError::Codec { position, source }))?;
                self.state
                    .apply(entry.at_ms, &entry.event)
                    .map_err(|source| history(HistoryError::Illegal { position, source }))?;
                self.sequence = stored.sequence;
                self.failures.clear();
            }
            if page.len() < PAGE {
                self.let_go();
                return Ok(());
            }
        }
    }

    pub(crate) fn broken_record(&self, source: Illegal) -> DriveError {
        let source = HistoryError::Illegal { position: 0, source };
        DriveError::History { run: self.run.clone(), source }
    }

    /// Whether what was looked at for a step still matters: a person may have turned the run or left the step out
    /// meanwhile, also before its turn, which the runner saw coming and they did not.
    fn is_wanted(&self, at: Index, direction: Direction) -> bool {
        match direction {
            Direction::Do => self.state.back.is_none() && !self.state.at(at).forward.is_settled(),
            Direction::Undo => self.state.back.is_some(),
        }
    }

    pub(crate) fn unprepared(
        &mut self,
        at: Index,
        direction: Direction,
        why: Fault,
    ) -> Result<(), DriveError> {
        self.live.steps.remove(&at);
        let passing = why.kind.is_passing();
        match passing.then(|| self.failed_again(Some(at))).flatten() {
            Some(date) => {
                self.live.not_before.insert(at, date);
                Ok(())
            }
            None if self.is_wanted(at, direction) => self.park(at, direction, why),
            None => Ok(()),
        }
    }

    /// The step waits for nobody here: only a person brings on what holds it up.
    pub(crate) fn held_up(&mut self, at: Index, direction: Direction, key: ResourceKey, by: Holder) {
        self.live.steps.remove(&at);
        if !self.is_wanted(at, direction) {
            return;
        }
        self.live.behind.insert(at, direction);
        let (step, (by, by_step)) = (self.state.graph.step(at).id.clone(), by);
        let held = HeldUp { step, direction, key, by, by_step };
        if self.state.held_up.get(&at) == Some(&held) {
            return;
        }
        let (at_ms, event) = (self.now_ms(), Event::HeldUp(held));
        if self.state.apply(at_ms, &event).is_ok() {
            self.pending.push(Pending { at_ms, event, result: true, start: None });
        }
    }

    pub(crate) fn verified(
        &mut self,
        at: Index,
        looked: u32,
        broken: Vec<Finding>,
    ) -> Result<(), DriveError> {
        self.live.steps.remove(&at);
        if !self.is_wanted(at, Direction::Do) {
            return Ok(());
        }
        // What was written a moment ago may not be readable everywhere yet.
        if !broken.is_empty()
            && let Some(date) = self.failed_again(Some(at))
        {
            self.live.not_before.insert(at, date);
            return Ok(());
        }
        let step = self.state.graph.step(at).id.clone();
        self.fold(Event::Checked(Checked { step, looked, broken }), true)
    }

    pub(crate) fn polled(
        &mut self,
        at: Index,
        attempt: u32,
        outcome: Outcome<Json>,
    ) -> Result<(), DriveError> {
        self.live.steps.remove(&at);
        let again = match &outcome {
            Outcome::Accepted(operation) => {
                self.failures.remove(&Some(at));
                Some(self.step_context(at).next_poll(operation.after_ms))
            }
            Outcome::Retry { after, .. } => {
                let asked = self.step_context(at).date(1, *after);
                self.failed_again(Some(at)).map(|own| own.max(asked))
            }
            Outcome::Applied(_) | Outcome::Refused(_) | Outcome::Unknown(_) => None,
        };
        // Who answers for the operation says nothing any more: only the thing itself can tell.
        let outcome = match outcome {
            Outcome::Retry { why, .. } if again.is_none() => Outcome::Unknown(why),
            outcome => outcome,
        };
        match again {
            Some(date) => {
                self.live.not_before.insert(at, date);
                Ok(())
            }
            None => {
                let event = self.step_context(at).attempted(Direction::Do, attempt, outcome, Vec::new());
                self.live.not_before.remove(&at);
                self.fold(event, true)
            }
        }
    }

    pub(crate) fn looked(&mut self, at: Index, met: ConditionResult) -> Result<(), DriveError> {
        self.live.steps.remove(&at);
        if !self.is_wanted(at, Direction::Do) {
            return Ok(());
        }
        let step = self.state.graph.step(at).id.clone();
        let event = match met {
            ConditionResult::Yes => Event::WaitCompleted(WaitCompleted { step, elsewhere_ms: None }),
            ConditionResult::Never(why) => Event::Parked(Parked { step, direction: Direction::Do, why }),
            ConditionResult::NotYet { after, why } => {
                let check = match &self.state.at(at).forward {
                    crate::run::state::ForwardState::Waiting(look) => look.checks.saturating_add(1),
                    _ => 1,
                };
                let step_context = self.step_context(at);
                step_context.waiting(Direction::Do, check, step_context.date(check, after), why)
            }
        };
        self.fold(event, true)
    }
}
