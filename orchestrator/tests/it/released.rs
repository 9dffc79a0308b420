//! The driver starts only what a batch has released.

use crate::fake_world::House;
use rehome_orchestrator::harness::{SystemUnderTest, VirtualClock, WorldUnderTest};
use rehome_orchestrator::*;
use rehome_store::{Append, Log, MemoryLog, Position, Sequence};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The log of an approved batch, as if nobody had approved it.
async fn unapproved(approved: &MemoryLog) -> MemoryLog {
    let (log, mut ends) = (MemoryLog::default(), BTreeMap::<_, u64>::new());
    for stored in approved.read_all(Position(0), usize::MAX).await.expect("readable") {
        if stored.record.kind != "batch_approved" {
            let end = ends.entry(stored.record.stream.clone()).or_default();
            let expect = vec![(stored.record.stream.clone(), Sequence(*end))];
            *end += 1;
            log.append(Append { expect, records: vec![stored.record] }).await.expect("appended");
        }
    }
    log
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_batch_nobody_approved_is_not_begun() {
    let world = House { on_failure: OnFailure::Park, blind: false }.world().await;
    let (document, before) = (world.document(), world.snapshot().await);
    let approved = MemoryLog::default();
    document.approve(&approved, &"a".into(), 0, "a test").await.expect("sound");
    let log = Arc::new(unapproved(&approved).await);
    let engine = Engine::builder(log.clone(), world.registry()).clock(Arc::new(VirtualClock::new(0))).build();
    let runs: Vec<RunId> = document.runs.iter().map(|run| run.run.clone()).collect();
    let events = log.head().await.expect("readable").position;
    let left = engine.advance(&runs).await.expect("driven");
    assert!(left.values().all(|why| *why == StopReason::NotReleased), "{left:?}");
    assert_eq!((left.len(), log.head().await.expect("readable").position), (runs.len(), events));
    assert_eq!(world.snapshot().await, before);
}
