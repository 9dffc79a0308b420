//! Store, tests: a standby that takes the place of a server and lacks what that acknowledged. Touches two servers.

use super::cluster::Cluster;
use crate::anchor::{Anchor, AnchorStatus};
use crate::backend::Backend;
use crate::conformance::append;
use crate::log::{AppendError, Log};
use crate::postgres::{Address, PostgresLog};
use crate::record::Position;
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_to_a_standby_that_was_behind_is_noticed_by_who_was_there_and_by_the_anchor() {
    let Some(mut first) = Cluster::begin("first", &[]) else { return };
    let mut second = Cluster::following("second", &first).expect("a standby");
    let (one, other) = (first.folder().display(), second.folder().display());
    let text = format!("postgres:///postgres?host={one},{other}&user=rehome");
    let both = Address::of(Path::new(&text)).expect("an address");
    let log = PostgresLog::create_or_open(&both).expect("a new log");
    log.append(append("a", 0, &["0"])).await.expect("appended");
    while second.say("SELECT count(*) FROM rehome.event").ok().as_deref() != Some("1") {}
    second.kill();
    log.append(append("a", 1, &["1"])).await.expect("acknowledged by the first alone");
    let anchor = Anchor::of(log.id(), log.head().await.expect("readable"));
    first.kill();
    second.start();
    second.say("SELECT pg_promote()").expect("it takes over");
    let refused = log.append(append("a", 2, &["2"])).await;
    assert!(
        matches!(&refused, Err(AppendError::Poisoned(what)) if what.contains("older copy")),
        "{refused:?}"
    );
    let again = PostgresLog::open(&both).expect("the second answers");
    let judged = anchor.judge(&again).await.expect("readable");
    assert!(matches!(judged, AnchorStatus::Behind(head) if head.position == Position(1)), "{judged:?}");
}
