//! At every commit of a run a person is a moment faster, and asks for each thing that can be asked of each step: the
//! runner decides anew, and the run comes to its end.

use crate::lost::{START_MS, engine, house, original, run, to_the_end};
use rehome_orchestrator::harness::{VirtualClock, WorldUnderTest};
use rehome_orchestrator::*;
use rehome_store::{Append, AppendError, Appended, BoxFuture, CountedSalts, Log, LogDecorator, MemoryLog};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A log at one of whose commits somebody else is faster.
struct Overtaken {
    inner: MemoryLog,
    appends: AtomicU64,
    nth: u64,
    requests: Vec<Request>,
    taken: AtomicU64,
}

impl LogDecorator for Overtaken {
    fn inner(&self) -> &dyn Log {
        &self.inner
    }

    fn append_decorated(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            if self.appends.fetch_add(1, Ordering::SeqCst) + 1 == self.nth {
                for request in &self.requests {
                    let asked =
                        ask(&self.inner, &run(), &"people".into(), START_MS, request.clone(), "a test").await;
                    self.taken.fetch_add(u64::from(asked.is_ok()), Ordering::SeqCst);
                }
            }
            self.inner.append(append).await
        })
    }
}

/// Lives through one run; returns how many commits it had, and how many requests were taken.
async fn live(nth: u64, requests: Vec<Request>, back: bool) -> (u64, u64) {
    let (world, clock) = (house(original()), Arc::new(VirtualClock::new(START_MS)));
    let inner = MemoryLog::with_salts(CountedSalts::default());
    let scenario = format!("{requests:?} before commit {nth}, back {back}");
    let log =
        Arc::new(Overtaken { inner, appends: AtomicU64::new(0), nth, requests, taken: AtomicU64::new(0) });
    let approved = world.document().approve(&*log, &"harness".into(), START_MS, "a test").await;
    approved.expect("a sound document");
    let engine = engine(log.clone(), &world, clock);
    if back {
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        let left = engine.drive(&[run()], WaitPolicy::FOR_SOAK, stopped).await;
        left.unwrap_or_else(|e| panic!("{scenario}: {e}"));
        let now = engine.clock.now_ms();
        // Somebody may have turned it already.
        drop(ask(&*log, &run(), &engine.actor, now, Request::RollBack, "a test").await);
    }
    to_the_end(&engine, back).await;
    // Where the faster one was faster than the people who help, these found nothing to do.
    to_the_end(&engine, back).await;
    let state = load(&*log, &run()).await.expect("a legal log").state;
    let (verdict, end) = (state.verdict(), world.snapshot().await);
    let open: Vec<_> =
        state.steps().filter(|(_, s)| !s.forward.is_settled()).map(|(step, s)| (&step.id, s)).collect();
    assert!(verdict.is_some(), "{scenario}: it is not closed, because of {open:?}");
    let left = state.steps().any(|(_, s)| s.forward == ForwardState::Skipped || s.undo == UndoState::Left);
    if verdict == Some(Verdict::RolledBack) && !left {
        assert_eq!(end, serde_json::json!(original()), "{scenario}");
    }
    (log.appends.load(Ordering::SeqCst), log.taken.load(Ordering::SeqCst))
}

/// What can be asked of the steps of this plan, one thing or two in a row.
fn requests() -> Vec<Vec<Request>> {
    let plan = crate::fake_world::plan(OnFailure::Park);
    let of = |step: &Step| {
        let id = step.id.clone();
        [Request::Skip(vec![id.clone()]), Request::Retry(id.clone()), Request::Acknowledge(id)]
    };
    let mut all: Vec<Vec<Request>> = plan.steps.iter().flat_map(of).map(|request| vec![request]).collect();
    all.push(vec![Request::RollBack]);
    all.push(vec![Request::Pause, Request::Resume]);
    all
}

#[test]
fn whoever_is_faster_than_the_runner_with_whatever_request_does_not_break_it() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    for back in [false, true] {
        let (commits, _) = runtime.block_on(live(0, Vec::new(), back));
        assert!(commits > 8, "only {commits} commits");
        let mut taken = 0;
        for nth in 2..=commits {
            for requests in requests() {
                taken += runtime.block_on(live(nth, requests, back)).1;
            }
        }
        assert!(taken > commits, "only {taken} requests could be asked");
    }
}
