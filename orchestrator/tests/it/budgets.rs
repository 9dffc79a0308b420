//! Runs that fail in a batch that says how many may, and what becomes of the others then.

use crate::book::{HOUR_MS, Scene, back_of, id, wave};
use rehome_orchestrator::*;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

const RUNS: [&str; 6] = ["a-1", "a-2", "a-3", "a-4", "a-5", "a-6"];

fn rollout(on_failure: WaveFailure, budget: Budget) -> Rollout {
    let waves = vec![wave("a", &RUNS), wave("b", &["b-1"])];
    Rollout { on_failure, budget, ..Rollout::of(waves) }
}

async fn count(scene: &Scene, progress: RunProgress) -> usize {
    scene.progress().await.values().filter(|found| **found == progress).count()
}

/// All are refused, with one append that fails; gives how many there were.
async fn all_fail(nth: u64, kept: bool) -> u64 {
    let scene = Scene::of(rollout(WaveFailure::Stop, Budget { wave: Some(2), batch: Some(3) })).await;
    scene.refuse(&RUNS);
    scene.drive(nth, kept).await;
    assert_eq!(count(&scene, RunProgress::Failed).await, 2, "append {nth}");
    assert_eq!(count(&scene, RunProgress::NotBegun).await, 5, "append {nth}");
    scene.ask(BatchRequest::Resume(Some("a".to_owned()))).await.expect("somebody looked");
    scene.drive(nth, kept).await;
    assert_eq!(
        count(&scene, RunProgress::Failed).await,
        3,
        "the batch has no more than one left: append {nth}"
    );
    scene.ask(BatchRequest::Resume(None)).await.expect("somebody looked");
    scene.refuse(&[]);
    scene.drive(nth, kept).await;
    assert_eq!(count(&scene, RunProgress::Through).await, 3, "append {nth}");
    let failed = scene.told().await.iter().filter(|e| matches!(e.event, BatchEvent::RunFailed(_))).count();
    assert_eq!(failed, 3, "append {nth}");
    scene.appends.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn never_more_runs_fail_than_may_whichever_append_fails() {
    let appends = all_fail(u64::MAX, false).await;
    assert!(appends > 10, "{appends}");
    for nth in 1..=appends {
        for kept in [false, true] {
            all_fail(nth, kept).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_runs_are_at_work_than_may_still_fail_and_all_come_through() {
    let scene = Scene::of(rollout(WaveFailure::Stop, Budget { wave: Some(2), batch: None })).await;
    scene.drive(u64::MAX, false).await;
    assert_eq!(count(&scene, RunProgress::Through).await, 7);
    let mut written: Vec<i64> = scene.written().into_values().collect();
    written.sort_unstable();
    assert!(written.windows(3).all(|three| three[2] > three[0]), "two at a time: {written:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wave_in_which_one_fails_begins_nothing_new_until_somebody_says_so() {
    let scene = Scene::of(rollout(WaveFailure::Pause, Budget { wave: Some(3), batch: None })).await;
    scene.refuse(&["a-1"]);
    let left = scene.drive(u64::MAX, false).await;
    assert_eq!(
        (left[&id("a-4")].clone(), left[&id("b-1")].clone()),
        (StopReason::NotReleased, StopReason::NotReleased)
    );
    assert_eq!(count(&scene, RunProgress::Failed).await, 1);
    scene.refuse(&[]);
    scene.drive(u64::MAX, false).await;
    assert_eq!(count(&scene, RunProgress::NotBegun).await, 4, "nobody has said so");
    let (stop, stopped) = watch::channel(false);
    let engine = scene.engine(u64::MAX, false);
    let drive = engine.drive(&scene.runs, WaitPolicy::TO_THE_END, stopped);
    let people = async {
        scene.clock.sleep_until(scene.clock.now_ms() + HOUR_MS).await;
        scene.ask(BatchRequest::Resume(Some("a".to_owned()))).await.expect("it is stopped");
        let actor = "ada".into();
        let again = Request::Retry("write".into());
        ask(&*scene.log, &id("a-1"), &actor, scene.clock.now_ms(), again, "more ink")
            .await
            .expect("it is parked");
        scene.clock.sleep_until(scene.clock.now_ms() + 24 * HOUR_MS).await;
        stop.send_replace(true);
    };
    let (left, ()) = tokio::join!(drive, people);
    left.expect("driven");
    assert_eq!(count(&scene, RunProgress::Through).await, 7);
}

#[tokio::test(start_paused = true)]
async fn a_wave_in_which_one_fails_is_taken_back_with_what_was_through_and_the_next_does_not_begin() {
    let scene = Scene::of(rollout(WaveFailure::RollBack, Budget { wave: Some(1), batch: None })).await;
    scene.refuse(&["a-3"]);
    scene.drive(u64::MAX, false).await;
    assert_eq!(scene.written().len(), 0, "{:?}", scene.written());
    assert_eq!(count(&scene, RunProgress::Closed(Verdict::RolledBack)).await, 3);
    assert_eq!(count(&scene, RunProgress::NotBegun).await, 4);
    let asked = history(&scene, "a-1").await;
    assert!(
        asked
            .iter()
            .any(|entry| matches!(&entry.event, Event::Requested(r) if r.request == Request::RollBack))
    );
}

/// Three runs of which one may fail, and in which people have something to do.
async fn with_people() -> Scene {
    let waves = vec![wave("a", &RUNS[..3])];
    let budget = Budget { wave: Some(1), batch: None };
    Scene::with_people(Rollout { budget, ..Rollout::of(waves) }).await
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_people_holds_no_place_among_those_that_may_fail_and_takes_one_before_it_goes_on() {
    for together in [false, true] {
        let scene = with_people().await;
        let (stop, stopped) = watch::channel(false);
        let engine = scene.engine(u64::MAX, false);
        let drive = engine.drive(&scene.runs, WaitPolicy::TO_THE_END, stopped);
        let people = async {
            scene.clock.sleep_until(HOUR_MS).await;
            assert_eq!(scene.written().len(), 3, "each waits for a person, and the next one begins");
            if together {
                scene.read(&RUNS[..3]).await;
            } else {
                for run in &RUNS[..3] {
                    scene.read(&[run]).await;
                    scene.clock.sleep_until(scene.clock.now_ms() + HOUR_MS).await;
                }
            }
            scene.clock.sleep_until(scene.clock.now_ms() + 24 * HOUR_MS).await;
            stop.send_replace(true);
        };
        let (left, ()) = tokio::join!(drive, people);
        left.expect("driven");
        let written = scene.written();
        let mut dates: Vec<i64> = RUNS[..3].iter().map(|run| written[&back_of(run)]).collect();
        dates.sort_unstable();
        assert!(dates.windows(2).all(|two| two[0] < two[1]), "one at a time: {dates:?}");
        assert_eq!(count(&scene, RunProgress::Through).await, 3);
    }
}

/// All three come back from people at the same time and are refused, with one append that fails; gives how many there were.
async fn come_back(nth: u64, kept: bool) -> u64 {
    let scene = with_people().await;
    scene.drive(nth, kept).await;
    assert_eq!(count(&scene, RunProgress::Underway).await, 3, "append {nth}");
    let backs: Vec<String> = RUNS[..3].iter().map(|run| back_of(run)).collect();
    scene.refuse(&backs.iter().map(String::as_str).collect::<Vec<_>>());
    scene.read(&RUNS[..3]).await;
    let left = scene.drive(nth, kept).await;
    assert_eq!(count(&scene, RunProgress::Failed).await, 1, "append {nth}");
    let kept_back = left.values().filter(|why| **why == StopReason::NotReleased).count();
    assert_eq!(kept_back, 2, "append {nth}: {left:?}");
    scene.ask(BatchRequest::Resume(None)).await.expect("somebody looked");
    scene.refuse(&[]);
    scene.drive(nth, kept).await;
    assert_eq!(count(&scene, RunProgress::Through).await, 2, "append {nth}");
    scene.appends.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn never_more_fail_than_may_of_those_that_come_back_from_people_whichever_append_fails() {
    let appends = come_back(u64::MAX, false).await;
    assert!(appends > 10, "{appends}");
    for nth in 1..=appends {
        for kept in [false, true] {
            come_back(nth, kept).await;
        }
    }
}

async fn history(scene: &Scene, run: &str) -> Vec<Entry<Event>> {
    entries(&*scene.log, &id(run).stream()).await.expect("readable")
}
