//! A batch in waves: nothing begins before its wave, through restarts at every commit.

use crate::book::{HOUR_MS, Scene, id, wave};
use rehome_orchestrator::*;
use rehome_store::{Append, Log, MemoryLog, Position, Sequence};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

/// Two runs at once, one a day after, and one when somebody lets it loose.
fn rollout() -> Rollout {
    Rollout::of(vec![
        wave("a", &["a-1", "a-2"]),
        Wave { after_ms: 24 * 3_600_000, ..wave("b", &["b-1"]) },
        Wave { release: WaveRelease::ByHand, ..wave("c", &["c-1"]) },
    ])
}

/// Through all waves, with one append that fails; gives how many there were.
async fn live(nth: u64, kept: bool) -> u64 {
    let scene = Scene::of(rollout()).await;
    let left = scene.drive(nth, kept).await;
    assert_eq!(left[&id("c-1")], StopReason::NotReleased);
    assert!(["a-1", "a-2", "b-1"].iter().all(|run| left[&id(run)] == StopReason::People), "{left:?}");
    scene.ask(BatchRequest::Release("c".to_owned())).await.expect("it waits for that");
    let left = scene.drive(nth, kept).await;
    assert!(left.values().all(|why| *why == StopReason::People), "{left:?}");
    let written = scene.written();
    assert!(written["a-1"].max(written["a-2"]) + 24 * HOUR_MS <= written["b-1"], "{written:?}");
    assert!(written["b-1"] <= written["c-1"], "{written:?}");
    let replayed = replay(&*scene.log, None).await.expect("a legal log");
    assert!(replayed.runs.values().all(|run| run.progress() == RunProgress::Through));
    scene.appends.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn each_wave_begins_after_the_one_before_it_whichever_append_fails() {
    let appends = live(u64::MAX, false).await;
    assert!(appends > 10, "{appends}");
    for nth in 1..=appends {
        for kept in [false, true] {
            live(nth, kept).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wave_that_is_released_while_a_driver_waits_for_people_begins_and_one_that_is_held_does_not() {
    let scene = Scene::of(rollout()).await;
    scene.ask(BatchRequest::Hold("b".to_owned())).await.expect("it is not let loose");
    let (stop, stopped) = watch::channel(false);
    let engine = scene.engine(u64::MAX, false);
    let drive = engine.drive(&scene.runs, WaitPolicy::TO_THE_END, stopped);
    let people = async {
        scene.clock.sleep_until(100 * HOUR_MS).await;
        assert_eq!(scene.written().len(), 2, "the second wave is held");
        scene.ask(BatchRequest::Release("b".to_owned())).await.expect("it is held");
        scene.clock.sleep_until(101 * HOUR_MS).await;
        assert!(scene.written()["b-1"] >= 100 * HOUR_MS && scene.written().len() == 3);
        scene.ask(BatchRequest::Release("c".to_owned())).await.expect("it waits for that");
        scene.clock.sleep_until(102 * HOUR_MS).await;
        assert_eq!(scene.written().len(), 4);
        let late = scene.ask(BatchRequest::Hold("c".to_owned())).await;
        assert!(matches!(late, Err(BatchError::Refused { .. })), "{late:?}");
        stop.send(true).expect("it is driven");
    };
    let (left, ()) = tokio::join!(drive, people);
    assert!(left.expect("driven").len() == 4);
}

#[tokio::test(start_paused = true)]
async fn a_log_in_which_a_run_began_before_its_wave_is_not_believed() {
    let scene = Scene::of(rollout()).await;
    scene.drive(u64::MAX, false).await;
    let (forged, mut ends) = (MemoryLog::default(), BTreeMap::<_, u64>::new());
    for stored in scene.log.read_all(Position(0), usize::MAX).await.expect("readable") {
        if !["wave_released", "wave_passed"].contains(&&*stored.record.kind) {
            let end = ends.entry(stored.record.stream.clone()).or_default();
            let expect = vec![(stored.record.stream.clone(), Sequence(*end))];
            *end += 1;
            forged.append(Append { expect, records: vec![stored.record] }).await.expect("appended");
        }
    }
    let told = format!("{:?}", replay(&forged, None).await.expect_err("nobody let them loose"));
    assert!(told.contains("before its wave was let loose"), "{told}");
}
