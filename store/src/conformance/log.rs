//! Store: the suite that every log must pass. Panics with the promise that was broken.

use crate::log::{Append, AppendError, Log};
use crate::record::{Digest, Position, Record, Sequence, StreamId};
use crate::verify::verify_chain;
use std::future::Future;
use std::sync::Arc;

/// Holds a log to every promise of [`Log`]. `fresh` makes an empty one each time. Needs a tokio
/// runtime, because it appends from many tasks at once.
///
/// # Panics
///
/// When a promise is broken.
pub async fn check<L, F, Fut>(fresh: F)
where
    L: Log,
    F: Fn() -> Fut,
    Fut: Future<Output = L>,
{
    an_empty_log_has_nothing(&fresh().await).await;
    order_is_kept(&fresh().await).await;
    a_conflict_changes_nothing(&fresh().await).await;
    a_read_stream_is_guarded_too(&fresh().await).await;
    a_malformed_append_changes_nothing(&fresh().await).await;
    reads_come_in_pages(&fresh().await).await;
    streams_are_found_by_prefix(&fresh().await).await;
    bytes_come_back_as_they_went(&fresh().await).await;
    concurrent_appenders_lose_nothing(Arc::new(fresh().await)).await;
    of_rivals_exactly_one_wins(Arc::new(fresh().await)).await;
}

/// An append of one event for each body to one stream.
pub fn append(stream: &str, expected: u64, bodies: &[&str]) -> Append {
    let stream = StreamId::new(stream);
    let record = |body: &&str| Record {
        stream: stream.clone(),
        kind: "noted".into(),
        version: 1,
        at_ms: 1_700_000_000_000,
        actor: "ada".into(),
        body: body.as_bytes().to_vec(),
    };
    Append {
        records: bodies.iter().map(record).collect(),
        expect: vec![(stream.clone(), Sequence(expected))],
    }
}

async fn must<L: Log>(log: &L, append: Append) -> crate::Appended {
    match log.append(append).await {
        Ok(appended) => appended,
        Err(error) => panic!("an append that breaks no rule was refused: {error}"),
    }
}

async fn bodies<L: Log>(log: &L) -> Vec<String> {
    let events = log.read_all(Position(0), usize::MAX).await.expect("the log can be read");
    events.iter().map(|event| String::from_utf8_lossy(&event.record.body).into_owned()).collect()
}

async fn an_empty_log_has_nothing<L: Log>(log: &L) {
    let head = log.head().await.expect("the head can be read");
    assert_eq!((head.position, head.hash), (Position(0), Digest::ZERO), "an empty log has no head");
    assert!(log.streams("").await.expect("streams can be read").is_empty(), "an empty log has no streams");
    assert!(bodies(log).await.is_empty(), "an empty log has no events");
}

async fn order_is_kept<L: Log>(log: &L) {
    let mut both = append("a", 0, &["1", "3"]);
    let other = append("b", 0, &["2"]);
    both.records.insert(1, other.records[0].clone());
    both.expect.extend(other.expect);
    let done = must(log, both).await;
    assert_eq!((done.first, done.last), (Position(1), Position(3)), "positions begin at 1");
    let heads = vec![(StreamId::new("a"), Sequence(2)), (StreamId::new("b"), Sequence(1))];
    assert_eq!(done.heads, heads, "the receipt names each stream in order of mention");
    let next = must(log, append("a", 2, &["4"])).await;
    assert_eq!(next.first, Position(4), "positions are consecutive");
    assert_eq!(bodies(log).await, ["1", "2", "3", "4"], "events come back in the order of appending");
    let head = log.head().await.expect("the head can be read");
    assert_eq!((head.position, head.hash), (next.last, next.head), "the receipt names the head");
    let verified = verify_chain(log, None).await.expect("the chain holds");
    assert_eq!(verified.head, head, "every event is in the chain");
}

async fn a_conflict_changes_nothing<L: Log>(log: &L) {
    must(log, append("a", 0, &["1"])).await;
    let mut half = append("b", 0, &["2"]);
    half.records.extend(append("a", 0, &["3"]).records);
    half.expect.push((StreamId::new("a"), Sequence(0)));
    match log.append(half).await {
        Err(AppendError::Conflict { stream, expected: Sequence(0), found: Sequence(1) }) => {
            assert_eq!(stream.as_str(), "a", "the conflict names its stream");
        }
        other => panic!("an append that saw an old head must conflict: {other:?}"),
    }
    assert_eq!(bodies(log).await, ["1"], "an append is all or nothing");
    assert_eq!(log.streams("").await.expect("streams").len(), 1, "a refused append names no stream");
    must(log, append("b", 0, &["2"])).await;
}

async fn a_read_stream_is_guarded_too<L: Log>(log: &L) {
    must(log, append("requests", 0, &["pause"])).await;
    let mut decision = append("a", 0, &["go on"]);
    decision.expect.push((StreamId::new("requests"), Sequence(0)));
    let refused = log.append(decision).await;
    assert!(
        matches!(refused, Err(AppendError::Conflict { .. })),
        "a stream that was only read counts as well: {refused:?}"
    );
}

async fn a_malformed_append_changes_nothing<L: Log>(log: &L) {
    let unexpected = Append { expect: Vec::new(), ..append("a", 0, &["1"]) };
    let mut nameless = append("a", 0, &["1"]);
    nameless.records[0].kind = "".into();
    for bad in [Append::default(), unexpected, append("", 0, &["1"]), nameless] {
        let refused = log.append(bad).await;
        assert!(matches!(refused, Err(AppendError::Malformed(_))), "it is refused: {refused:?}");
    }
    assert!(bodies(log).await.is_empty(), "nothing was written");
}

async fn reads_come_in_pages<L: Log>(log: &L) {
    let names: Vec<String> = (1..=25).map(|n| n.to_string()).collect();
    for (sequence, name) in names.iter().enumerate() {
        must(log, append("a", sequence as u64, &[name])).await;
        must(log, append("b", sequence as u64, &["other"])).await;
    }
    let (mut after, mut seen) = (Sequence(0), Vec::new());
    loop {
        let page = log.read_stream(&StreamId::new("a"), after, 10).await.expect("a page");
        assert!(page.len() <= 10, "a page holds no more than was asked for");
        let Some(last) = page.last() else { break };
        after = last.sequence;
        seen.extend(page.iter().map(|event| String::from_utf8_lossy(&event.record.body).into_owned()));
    }
    assert_eq!(seen, names, "pages join without gap or overlap");
    let middle = log.read_all(Position(20), 3).await.expect("a page");
    let positions: Vec<u64> = middle.iter().map(|event| event.position.0).collect();
    assert_eq!(positions, [21, 22, 23], "a page begins after the position that was named");
    assert!(log.read_all(Position(50), 3).await.expect("a page").is_empty(), "nothing is after the end");
    let nobody = log.read_stream(&StreamId::new("nobody"), Sequence(0), 3).await.expect("a page");
    assert!(nobody.is_empty(), "a stream that was never written is empty");
}

async fn streams_are_found_by_prefix<L: Log>(log: &L) {
    for name in ["move/b", "batch/1", "move/a", "move%", "MOVE/A", "move/é"] {
        must(log, append(name, 0, &["1"])).await;
    }
    must(log, append("move/a", 1, &["2"])).await;
    let found = log.streams("move/").await.expect("streams");
    let found: Vec<(&str, u64)> = found.iter().map(|(id, head)| (id.as_str(), head.0)).collect();
    assert_eq!(found, [("move/a", 2), ("move/b", 1), ("move/é", 1)], "by name, and only with the prefix");
    assert_eq!(log.streams("").await.expect("streams").len(), 6, "every stream has the empty prefix");
}

async fn bytes_come_back_as_they_went<L: Log>(log: &L) {
    let mut strange = append("ströme/\u{202e}x", 0, &["", "x"]);
    strange.records[0].at_ms = i64::MIN;
    strange.records[1].version = u16::MAX;
    strange.records[1].actor = "O'Brien; DROP TABLE events".into();
    strange.records[1].body = (0..=255).cycle().take(100_000).collect();
    must(log, strange.clone()).await;
    let events = log.read_all(Position(0), 10).await.expect("the log can be read");
    let records: Vec<Record> = events.into_iter().map(|event| event.record).collect();
    assert_eq!(records, strange.records, "not a byte is changed");
}

async fn concurrent_appenders_lose_nothing<L: Log>(log: Arc<L>) {
    let tasks: Vec<_> = (0..20)
        .map(|task| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                for sequence in 0..10 {
                    must(&*log, append(&format!("s/{task:02}"), sequence, &["x"])).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("an appender went through");
    }
    let heads = log.streams("s/").await.expect("streams");
    assert_eq!(heads.len(), 20, "every stream is there");
    assert!(heads.iter().all(|(_, head)| *head == Sequence(10)), "every event is there");
    let verified = verify_chain(&*log, None).await.expect("the chain holds");
    assert_eq!(verified.head.position, Position(200), "in one chain");
}

async fn of_rivals_exactly_one_wins<L: Log>(log: Arc<L>) {
    let rivals: Vec<_> = (0..20)
        .map(|rival| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { log.append(append("prize", 0, &[&rival.to_string()])).await })
        })
        .collect();
    let mut winners = 0;
    for rival in rivals {
        match rival.await.expect("a rival went through") {
            Ok(_) => winners += 1,
            Err(AppendError::Conflict { found: Sequence(1), .. }) => {}
            Err(other) => panic!("a rival loses by a conflict and nothing else: {other}"),
        }
    }
    assert_eq!((winners, bodies(&*log).await.len()), (1, 1), "exactly one append of rivals is kept");
}
