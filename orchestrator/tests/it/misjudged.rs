//! A plan that calls reversible what nothing brings back is not begun: what can be taken back is the registry's to say.

use crate::lost::{START_MS, engine, house, original, run};
use rehome_orchestrator::harness::{VirtualClock, WorldUnderTest};
use rehome_orchestrator::*;
use rehome_store::{CountedSalts, MemoryLog};
use std::sync::Arc;

#[test]
fn nothing_that_cannot_be_taken_back_is_begun_under_another_name() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().expect("a runtime").block_on(begun_by_another_name());
}

async fn begun_by_another_name() {
    let world = house(original());
    let before = world.snapshot().await;
    let mut document = world.document();
    let mut changed = 0;
    for step in &mut document.runs[0].plan.steps {
        if let Node::Act { reversibility, .. } = &mut step.node
            && *reversibility == Reversibility::Irreversible
        {
            *reversibility = Reversibility::Reversible;
            changed += 1;
        }
    }
    assert!(changed > 0, "something in this plan cannot be taken back");
    let log = Arc::new(MemoryLog::with_salts(CountedSalts::default()));
    document.approve(&*log, &"ada".into(), START_MS, "believed").await.expect("the document keeps its rules");
    let engine = engine(log.clone(), &world, Arc::new(VirtualClock::new(START_MS)));
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let left = engine.drive(&[run()], WaitPolicy::FOR_SOAK, stopped).await;
    assert!(matches!(left, Err(DriveError::Misjudged { .. })), "{left:?}");
    assert!(!load(&*log, &run()).await.expect("a legal log").state.has_begun());
    assert_eq!(world.snapshot().await, before);
}
