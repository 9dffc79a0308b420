//! Store: what every log must pass, whatever it is kept in. Panics where a promise is broken.

use crate::log::{Append, AppendError, Log};
use crate::record::{Position, Record, Sequence, StreamId};
use crate::verify::verify_chain;
use std::borrow::Cow;
use std::sync::Arc;

/// An event for tests.
pub fn record(stream: &str, body: &str) -> Record {
    Record {
        stream: StreamId::new(stream),
        kind: Cow::Borrowed("test"),
        version: 1,
        at_ms: 1_700_000_000_000,
        actor: "tester".into(),
        body: body.as_bytes().to_vec(),
    }
}

/// An append to streams that were seen so far.
pub fn append(expect: &[(&str, u64)], records: &[(&str, &str)]) -> Append {
    Append {
        expect: expect.iter().map(|(s, n)| (StreamId::new(*s), Sequence(*n))).collect(),
        records: records.iter().map(|(s, body)| record(s, body)).collect(),
    }
}

/// Checks an empty log.
///
/// # Panics
/// When it breaks a promise.
pub async fn check(log: Arc<dyn Log>) {
    order(&*log).await;
    conflicts(&*log).await;
    pages(&*log).await;
    crowd(log.clone()).await;
    verify_chain(&*log, None).await.expect("the chain holds");
}

async fn order(log: &dyn Log) {
    assert_eq!(log.head().await.expect("readable").position, Position(0));
    let both = append(&[("a", 0), ("b", 0)], &[("a", "1"), ("b", "2"), ("a", "3")]);
    let done = log.append(both).await.expect("an empty log takes it");
    assert_eq!((done.first, done.last), (Position(1), Position(3)));
    assert_eq!(done.heads, [(StreamId::new("a"), Sequence(2)), (StreamId::new("b"), Sequence(1))]);
    let all = log.read_all(Position(0), 10).await.expect("readable");
    let bodies: Vec<_> = all.iter().map(|e| (e.position.0, e.sequence.0, &e.record.body[..])).collect();
    assert_eq!(bodies, [(1, 1, &b"1"[..]), (2, 1, b"2"), (3, 2, b"3")]);
    let head = log.head().await.expect("readable");
    assert_eq!((head.position, head.hash), (done.last, done.head));
}

async fn conflicts(log: &dyn Log) {
    let before = log.head().await.expect("readable");
    let stale = log.append(append(&[("a", 2), ("b", 0)], &[("a", "x"), ("b", "y")])).await;
    let found = Sequence(1);
    assert!(
        matches!(&stale, Err(AppendError::Conflict { stream, found: f, .. }) if stream.as_str() == "b" && *f == found),
        "{stale:?}"
    );
    assert!(matches!(log.append(append(&[("a", 2)], &[])).await, Err(AppendError::Malformed(_))));
    let unread = log.append(append(&[("a", 2)], &[("b", "x")])).await;
    assert!(matches!(unread, Err(AppendError::Malformed(_))), "{unread:?}");
    assert_eq!(log.head().await.expect("readable"), before, "a refused append changes nothing");
    // A decision may read a stream that it does not write to.
    log.append(append(&[("a", 2), ("b", 1)], &[("a", "z")])).await.expect("both are as expected");
}

async fn pages(log: &dyn Log) {
    let stream = StreamId::new("a");
    let first = log.read_stream(&stream, Sequence(0), 2).await.expect("readable");
    let rest = log.read_stream(&stream, Sequence(2), 2).await.expect("readable");
    assert_eq!(first.iter().chain(&rest).map(|e| e.sequence.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(log.read_stream(&StreamId::new("c"), Sequence(0), 9).await.expect("readable").is_empty());
    log.append(append(&[("x/1", 0), ("x/2", 0)], &[("x/1", ""), ("x/2", "")])).await.expect("new streams");
    let named = log.streams("x/").await.expect("readable");
    assert_eq!(named, [(StreamId::new("x/1"), Sequence(1)), (StreamId::new("x/2"), Sequence(1))]);
}

/// Many callers at once: each stream's events are all there, once and in order.
async fn crowd(log: Arc<dyn Log>) {
    const CALLERS: u64 = 8;
    const EACH: u64 = 25;
    let callers = (0..CALLERS).map(|caller| {
        let log = log.clone();
        async move {
            let name = format!("crowd/{caller}");
            for n in 0..EACH {
                let body = n.to_string();
                log.append(append(&[(&name, n)], &[(&name, &body)])).await.expect("nobody else writes to it");
            }
        }
    });
    let tasks: Vec<_> = callers.map(tokio::spawn).collect();
    for task in tasks {
        task.await.expect("no caller fails");
    }
    for caller in 0..CALLERS {
        let stream = StreamId::new(format!("crowd/{caller}"));
        let events = log.read_stream(&stream, Sequence(0), 1_000).await.expect("readable");
        let bodies: Vec<String> =
            events.iter().map(|e| String::from_utf8_lossy(&e.record.body).into_owned()).collect();
        assert_eq!(bodies, (0..EACH).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}
