//! Store: runners that share a log in memory. Touches nothing.

use crate::lease::LeaseHolder;
use crate::log::BoxFuture;
use crate::runners::{RunnerError, RunnerRow, Runners, Token};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

struct Kept {
    who: LeaseHolder,
    token: Token,
    until_ms: i64,
}

/// The runners of a log in memory, by a clock that is handed in: milliseconds since any moment.
pub struct MemoryRunners {
    clock: Box<dyn Fn() -> i64 + Send + Sync>,
    kept: Mutex<BTreeMap<String, Kept>>,
}

impl MemoryRunners {
    /// Nobody, by this clock.
    pub fn new(clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self { clock: Box::new(clock), kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat_now(
        &self,
        id: &str,
        who: &LeaseHolder,
        last: Option<Token>,
        for_ms: u32,
    ) -> Result<Token, RunnerError> {
        let (now, token) = ((self.clock)(), Token::fresh());
        let mut kept = self.kept();
        let is_next = match (kept.get(id), last) {
            (None, None) => true,
            (Some(known), Some(last)) => known.token == last && known.until_ms > now,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !is_next {
            return Err(RunnerError::Over { id: id.to_owned() });
        }
        let until_ms = now.saturating_add(i64::from(for_ms));
        kept.insert(id.to_owned(), Kept { who: who.clone(), token, until_ms });
        Ok(token)
    }
}

impl Runners for MemoryRunners {
    fn beat<'a>(
        &'a self,
        id: &'a str,
        who: &'a LeaseHolder,
        last: Option<Token>,
        for_ms: u32,
    ) -> BoxFuture<'a, Result<Token, RunnerError>> {
        Box::pin(async move { self.beat_now(id, who, last, for_ms) })
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<RunnerRow>, RunnerError>> {
        Box::pin(async move {
            let now = (self.clock)();
            let row = |(id, kept): (&String, &Kept)| RunnerRow {
                id: id.clone(),
                who: kept.who.clone(),
                left_ms: kept.until_ms.saturating_sub(now),
            };
            Ok(self.kept().iter().map(row).collect())
        })
    }

    fn end<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, RunnerError>> {
        Box::pin(async move {
            let now = (self.clock)();
            let mut kept = self.kept();
            let alive = kept.get(id).is_some_and(|known| known.until_ms > now);
            if !alive {
                kept.remove(id);
            }
            Ok(!alive)
        })
    }

    fn leave<'a>(&'a self, id: &'a str, last: Token) -> BoxFuture<'a, Result<(), RunnerError>> {
        Box::pin(async move {
            let mut kept = self.kept();
            if kept.get(id).is_some_and(|known| known.token == last) {
                kept.remove(id);
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    #[tokio::test]
    async fn runners_in_memory_keep_every_promise() {
        let now = Arc::new(AtomicI64::new(0));
        let clock = now.clone();
        let runners = MemoryRunners::new(move || clock.load(Ordering::SeqCst));
        let passes = || {
            now.fetch_add(1, Ordering::SeqCst);
        };
        crate::conformance::check_runners(&runners, "r", passes).await;
    }
}
