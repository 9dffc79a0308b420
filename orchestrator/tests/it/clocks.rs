//! The wall clock is set a day forward or back at every place of a run: nothing is sent twice, nothing waits for
//! ever, and the run ends as planned or as before.

use crate::lost::{START_MS, engine, house, original, run, to_the_end, turn};
use rehome_orchestrator::harness::{VirtualClock, WorldUnderTest};
use rehome_orchestrator::*;
use rehome_store::{Append, AppendError, Appended, BoxFuture, CountedSalts, Log, LogDecorator, MemoryLog};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const DAY_MS: i64 = 86_400_000;

/// A log at one of whose commits somebody sets the clock.
struct Setting {
    inner: MemoryLog,
    clock: Arc<VirtualClock>,
    appends: AtomicU64,
    nth: u64,
    by_ms: i64,
}

impl LogDecorator for Setting {
    fn inner(&self) -> &dyn Log {
        &self.inner
    }

    fn append_decorated(&self, append: Append) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            if self.appends.fetch_add(1, Ordering::SeqCst) + 1 == self.nth {
                self.clock.jump(self.by_ms);
            }
            self.inner.append(append).await
        })
    }
}

/// A clock beside that of the other side, which nobody sets.
struct There(Arc<VirtualClock>);

impl Clock for There {
    fn now_ms(&self) -> i64 {
        self.0.now_ms()
    }

    fn steady_ms(&self) -> i64 {
        self.0.steady_ms()
    }

    fn elsewhere_ms(&self) -> Option<i64> {
        Some(START_MS + self.0.steady_ms())
    }

    fn sleep_until(&self, date_ms: i64) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.0.sleep_until(date_ms).await })
    }
}

/// Lives through one run; returns how many commits it had.
async fn live(nth: u64, by_ms: i64, back: bool, there: bool) -> u64 {
    let (world, clock) = (house(original()), Arc::new(VirtualClock::new(START_MS)));
    let inner = MemoryLog::with_salts(CountedSalts::default());
    let log = Arc::new(Setting { inner, clock: clock.clone(), appends: AtomicU64::new(0), nth, by_ms });
    let approved = world.document().approve(&*log, &"harness".into(), START_MS, "a test").await;
    approved.expect("a sound document");
    let mut engine = engine(log.clone(), &world, clock.clone());
    if there {
        engine.clock = Arc::new(There(clock));
    }
    if back {
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        engine.drive(&[run()], WaitPolicy::FOR_SOAK, stopped).await.expect("the engine does its work");
        assert!(turn(&engine).await, "it goes back");
    }
    to_the_end(&engine, back).await;
    let scenario = format!("set by {by_ms} ms at commit {nth}, back {back}");
    let state = load(&*log, &run()).await.expect("a legal log").state;
    let (verdict, end) = (state.verdict(), world.snapshot().await);
    if back {
        assert_eq!((verdict, end), (Some(Verdict::RolledBack), serde_json::json!(original())), "{scenario}");
    } else {
        let goal = serde_json::json!({
            "new": "lamp", "left": "lamp@new", "right": "lamp@new", "far": "lamp@new", "last": "vase",
        });
        assert_eq!((verdict, end), (Some(Verdict::Done), goal), "{scenario}");
    }
    for (step, stands) in state.steps() {
        assert!(stands.attempts <= 1 && stands.undo_attempts <= 1, "{scenario}: {} was sent again", step.id);
    }
    if there && !back {
        soaked(&*log, &scenario).await;
    }
    log.appends.load(Ordering::SeqCst)
}

/// The soak of a day took a day, by the clock of the other side.
async fn soaked(log: &dyn Log, scenario: &str) {
    let events: Vec<Entry<Event>> = entries(log, &run().stream()).await.expect("readable");
    let (mut timed, mut reached) = (None, None);
    for entry in events {
        match entry.event {
            Event::TimerSet(event) if event.step.as_str() == "soak" => timed = event.elsewhere_ms,
            Event::WaitCompleted(event) if event.step.as_str() == "soak" => reached = event.elsewhere_ms,
            _ => {}
        }
    }
    let (timed, reached) = (timed.expect("a date"), reached.expect("a date"));
    let took = reached - timed;
    assert!((DAY_MS..2 * DAY_MS).contains(&took), "{scenario}: the soak took {took} ms");
}

#[test]
fn a_clock_that_jumps_a_day_at_any_place_changes_nothing_of_the_end() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    for back in [false, true] {
        let commits = runtime.block_on(live(0, 0, back, false));
        assert!(commits > 8, "only {commits} commits");
        for nth in 1..=commits {
            for by_ms in [DAY_MS, -DAY_MS] {
                runtime.block_on(live(nth, by_ms, back, false));
            }
        }
    }
}

#[test]
fn a_clock_that_is_set_ends_no_soak_early_or_late_where_the_other_side_says_what_time_it_is() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    let commits = runtime.block_on(live(0, 0, false, true));
    for nth in 1..=commits {
        for by_ms in [30 * DAY_MS, -30 * DAY_MS] {
            runtime.block_on(live(nth, by_ms, false, true));
        }
    }
}
