//! A process that can be stopped anywhere and let go on, cut off from the log, and killed: everything that it has to do with
//! others passes a gate.

use futures_util::future::BoxFuture as OwnFuture;
use rehome_orchestrator::harness::VirtualClock;
use rehome_orchestrator::*;
use rehome_store::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Numbers from a seed: the same for ever.
pub(crate) struct Dice(AtomicU64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1))
    }

    /// Below `most`, which is not 0.
    pub(crate) fn below(&self, most: u64) -> u64 {
        let next = |x: u64| {
            let x = x ^ (x << 13);
            let x = x ^ (x >> 7);
            x ^ (x << 17)
        };
        let before = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |x| Some(next(x)));
        (next(before.unwrap_or_default()).wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % most
    }
}

struct Inner {
    stopped: watch::Sender<bool>,
    cut: AtomicBool,
    dice: Dice,
}

/// What a process passes whenever it has to do with anybody.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

impl Gate {
    pub(crate) fn of(seed: u64) -> Self {
        let (stopped, cut) = (watch::Sender::new(false), AtomicBool::new(false));
        Self(Arc::new(Inner { stopped, cut, dice: Dice::of(seed) }))
    }

    pub(crate) fn dice(&self, most: u64) -> u64 {
        self.0.dice.below(most)
    }

    /// Waits while the process is stopped.
    pub(crate) async fn passes(&self) {
        let mut stopped = self.0.stopped.subscribe();
        drop(stopped.wait_for(|stopped| !stopped).await);
    }

    pub(crate) fn stop(&self) {
        self.0.stopped.send_replace(true);
    }

    pub(crate) fn go_on(&self) {
        self.0.stopped.send_replace(false);
    }

    pub(crate) fn cut_off(&self, cut: bool) {
        self.0.cut.store(cut, Ordering::SeqCst);
    }

    fn is_cut(&self) -> bool {
        self.0.cut.load(Ordering::SeqCst)
    }
}

/// The log as a process sees it.
pub(crate) struct Seen {
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) gate: Gate,
}

impl Seen {
    async fn read<T>(&self, read: impl Future<Output = Result<T, ReadError>>) -> Result<T, ReadError> {
        self.gate.passes().await;
        let read = read.await;
        self.gate.passes().await;
        if self.gate.is_cut() { Err(ReadError::Storage("cut off".to_owned())) } else { read }
    }
}

impl Log for Seen {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            self.gate.passes().await;
            if self.gate.is_cut() {
                // Half of what is cut off was on its way.
                if self.gate.dice(2) == 0 {
                    drop(self.log.append(append).await);
                }
                return Err(AppendError::Poisoned("cut off".to_owned()));
            }
            let appended = self.log.append(append).await;
            self.gate.passes().await;
            appended
        })
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after: Sequence,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        let stream = stream.clone();
        Box::pin(async move { self.read(self.log.read_stream(&stream, after, limit)).await })
    }

    fn read_all(&self, after: Position, limit: usize) -> BoxFuture<'_, Result<Vec<Stored>, ReadError>> {
        Box::pin(self.read(self.log.read_all(after, limit)))
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, ReadError>> {
        Box::pin(self.read(self.log.head()))
    }

    fn streams(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<(StreamId, Sequence)>, ReadError>> {
        let prefix = prefix.to_owned();
        Box::pin(async move { self.read(self.log.streams(&prefix)).await })
    }
}

/// The clock as a process sees it.
pub(crate) struct Watch {
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) gate: Gate,
}

impl Clock for Watch {
    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn steady_ms(&self) -> i64 {
        self.clock.steady_ms()
    }

    fn sleep_until(&self, date_ms: i64) -> OwnFuture<'_, ()> {
        Box::pin(async move {
            self.clock.sleep_until(date_ms).await;
            self.gate.passes().await;
        })
    }

    fn pause(&self, for_: Duration) -> OwnFuture<'_, ()> {
        Box::pin(async move {
            self.clock.pause(for_).await;
            self.gate.passes().await;
        })
    }
}

/// The runners of the log as a process sees them.
pub(crate) struct Others {
    pub(crate) runners: Arc<MemoryRunners>,
    pub(crate) gate: Gate,
}

impl Others {
    async fn ask<T>(&self, ask: impl Future<Output = Result<T, RunnerError>>) -> Result<T, RunnerError> {
        self.gate.passes().await;
        if self.gate.is_cut() {
            return Err(RunnerError::Storage("cut off".to_owned()));
        }
        let answer = ask.await;
        self.gate.passes().await;
        answer
    }
}

impl Runners for Others {
    fn beat<'a>(
        &'a self,
        id: &'a str,
        who: &'a LeaseHolder,
        last: Option<Token>,
        for_ms: u32,
    ) -> BoxFuture<'a, Result<Token, RunnerError>> {
        Box::pin(self.ask(self.runners.beat(id, who, last, for_ms)))
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<RunnerRow>, RunnerError>> {
        Box::pin(self.ask(self.runners.all()))
    }

    fn end<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, RunnerError>> {
        Box::pin(self.ask(self.runners.end(id)))
    }

    fn leave<'a>(&'a self, id: &'a str, last: Token) -> BoxFuture<'a, Result<(), RunnerError>> {
        Box::pin(self.ask(self.runners.leave(id, last)))
    }
}
