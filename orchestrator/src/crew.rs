//! Engine: one of several runners that share a log: that it is at work, what it may send, and whose work it may take.
//! Touches what keeps the runners of the log.
//!
//! Whether a runner is alive is kept beside the log; what it may write is kept in the log alone. What it may send nothing
//! there can hold back, so each runner does that itself: it sends nothing after its time, by a clock that nobody can set.

use crate::time::clock::Clock;
use rehome_store::{LeaseHolder, RunnerError, RunnerRow, Runners, Token};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// What makes a driver one of several that share a log.
#[derive(Clone)]
pub struct Crew {
    /// Where the runners of the log are kept.
    pub runners: Arc<dyn Runners>,
    /// Who this one is, for people.
    pub who: LeaseHolder,
    /// What it is called in the log; nobody ever had the name. Without one it makes one when it begins.
    pub name: Option<String>,
    /// For how long one that says nothing counts as at work, in milliseconds.
    pub lease_ms: u32,
    /// How often it says that it is at work, in milliseconds.
    pub beat_ms: u32,
}

impl Crew {
    /// One that is over when it has said nothing for 15 s, and says something every 5 s.
    pub fn new(runners: Arc<dyn Runners>, who: LeaseHolder) -> Self {
        Self { runners, who, name: None, lease_ms: 15_000, beat_ms: 5_000 }
    }
}

/// Nothing is sent in the last part of a lease, in milliseconds: clocks of machines do not go at quite the same speed, and what is
/// about to be sent takes a moment to leave.
const MARGIN_MS: i64 = 2_000;

/// When the lease of another one should be over, it is looked again so much later, in milliseconds, whether it is.
const LOOK_AGAIN_MS: i64 = 100;

/// A lease that is over.
const OVER: i64 = i64::MIN;

/// One runner, for as long as one drive lasts.
pub(crate) struct Member {
    crew: Crew,
    /// Its name, which no other one ever has.
    pub(crate) id: String,
    clock: Arc<dyn Clock>,
    /// Until when it is at work, by its own steady clock.
    until_ms: watch::Sender<i64>,
    token: Mutex<Token>,
    /// Who is at work, as was read last.
    alive: Mutex<BTreeSet<String>>,
    /// When the first of the others is over, if it says nothing until then, by this one's steady clock.
    first_end_ms: Mutex<Option<i64>>,
    /// It was looked who is at work.
    looked: Notify,
    /// Hears how many are at work.
    told: Box<dyn Fn(usize) + Send + Sync>,
}

impl Member {
    /// Says for the first time that this runner is at work. `told` hears how many are, each time that this changes.
    pub(crate) async fn join(
        crew: Crew,
        clock: Arc<dyn Clock>,
        told: impl Fn(usize) + Send + Sync + 'static,
    ) -> Result<Arc<Self>, RunnerError> {
        let made = || format!("r-{:016x}", Token::fresh().0 & u128::from(u64::MAX));
        let id = crew.name.clone().unwrap_or_else(made);
        let before_ms = clock.steady_ms();
        let token = crew.runners.beat(&id, &crew.who, None, crew.lease_ms).await?;
        let member = Self {
            until_ms: watch::Sender::new(before_ms.saturating_add(i64::from(crew.lease_ms))),
            crew,
            id,
            clock,
            token: Mutex::new(token),
            alive: Mutex::default(),
            first_end_ms: Mutex::default(),
            looked: Notify::new(),
            told: Box::new(told),
        };
        member.look_around().await?;
        Ok(Arc::new(member))
    }

    /// Says again and again that this runner is at work, and looks in between whether another one is over; ends when it is not
    /// known to be at work any more. From then on it sends nothing.
    pub(crate) async fn keep(self: Arc<Self>) -> RunnerError {
        let next_beat = || self.clock.steady_ms().saturating_add(i64::from(self.crew.beat_ms));
        let mut beat_ms = next_beat();
        loop {
            let look_ms = self.first_end().map_or(beat_ms, |end| end.min(beat_ms));
            let pause_ms = look_ms.saturating_sub(self.clock.steady_ms());
            self.clock.pause(Duration::from_millis(u64::try_from(pause_ms).unwrap_or(0))).await;
            let done = if self.clock.steady_ms() >= beat_ms {
                beat_ms = next_beat();
                self.beat().await
            } else {
                self.look_around().await
            };
            if let Err(why) = done {
                self.until_ms.send_replace(OVER);
                return why;
            }
        }
    }

    fn first_end(&self) -> Option<i64> {
        *self.first_end_ms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn beat(&self) -> Result<(), RunnerError> {
        let (before_ms, last) = (self.clock.steady_ms(), self.token());
        let next = self.crew.runners.beat(&self.id, &self.crew.who, Some(last), self.crew.lease_ms).await?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = next;
        self.until_ms.send_replace(before_ms.saturating_add(i64::from(self.crew.lease_ms)));
        self.look_around().await
    }

    fn token(&self) -> Token {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks who is at work.
    async fn look_around(&self) -> Result<(), RunnerError> {
        let all = self.crew.runners.all().await?;
        let now_ms = self.clock.steady_ms();
        let others = all.iter().filter(|row| row.left_ms > 0 && row.id != self.id);
        let end_ms = others.map(|row| now_ms.saturating_add(row.left_ms).saturating_add(LOOK_AGAIN_MS)).min();
        *self.first_end_ms.lock().unwrap_or_else(PoisonError::into_inner) = end_ms;
        let at_work = |row: &RunnerRow| row.left_ms > 0 || row.id == self.id;
        let (now, gone): (Vec<_>, Vec<_>) = all.into_iter().partition(at_work);
        for row in gone {
            // Whoever cannot be ended now is ended by who takes its work.
            drop(self.crew.runners.end(&row.id).await);
        }
        let now: BTreeSet<String> = now.into_iter().map(|row| row.id).collect();
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        if *alive != now {
            (self.told)(now.len());
            *alive = now;
        }
        self.looked.notify_one();
        Ok(())
    }

    /// Ends when it was looked since this ended last who is at work.
    pub(crate) async fn looked_around(&self) {
        self.looked.notified().await;
    }

    /// Whether this runner was at work when that was read last.
    pub(crate) fn is_alive(&self, id: &str) -> bool {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// Ends a runner whose time is over: what it had may be taken then.
    pub(crate) async fn end(&self, id: &str) -> Result<bool, RunnerError> {
        self.crew.runners.end(id).await
    }

    /// Waits until this runner may send: at once, as long as it is at work for sure. One that is not never sends again.
    pub(crate) async fn admit(&self) {
        let mut until = self.until_ms.subscribe();
        loop {
            let until_ms = *until.borrow_and_update();
            if until_ms != OVER && self.clock.steady_ms() < until_ms.saturating_sub(MARGIN_MS) {
                return;
            }
            if until.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// It goes: what it had may be taken at once. It sends nothing any more.
    pub(crate) async fn leave(&self) {
        self.until_ms.send_replace(OVER);
        // What cannot be said, its silence says a little later.
        drop(self.crew.runners.leave(&self.id, self.token()).await);
    }
}
