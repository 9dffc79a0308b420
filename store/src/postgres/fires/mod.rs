//! Store, tests: what a server and the way to it can do to a log. Touches servers of its own; `tests/postgres/run` prepares them.

mod cluster;
mod disk;
mod encrypted;
mod proxy;
mod standby;

use super::{Address, PostgresLog};
use crate::anchor::{Anchor, AnchorStatus};
use crate::backend::{Backend, OpenError};
use crate::conformance::append;
use crate::log::{AppendError, Log};
use crate::record::{Position, Sequence, StreamId};
use crate::verify::verify_chain;
use cluster::{Cluster, address};
use proxy::{Fate, Proxy};
use std::path::Path;
use std::sync::Arc;

async fn bodies(log: &PostgresLog) -> Vec<String> {
    let events = log.read_all(Position(0), usize::MAX).await.expect("readable");
    events.iter().map(|event| String::from_utf8_lossy(&event.record.body).into_owned()).collect()
}

async fn sound(log: &PostgresLog, events: u64) {
    let verified = verify_chain(log, None).await.expect("one chain");
    assert_eq!(verified.head.position, Position(events));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_or_request_is_lost_is_in_the_log_once() {
    let Some(cluster) = Cluster::begin("cut", &[]) else { return };
    let proxy = Proxy::before(cluster.folder());
    let log = PostgresLog::create_or_open(&address(proxy.folder(), "")).expect("a new log");
    log.append(append("a", 0, &["0"])).await.expect("appended");
    let mut expected = vec!["0".to_owned()];
    for (nth, fate) in [Fate::Unanswered, Fate::Lost, Fate::Lost, Fate::Unanswered].into_iter().enumerate() {
        let nth = nth as u64 + 1;
        proxy.next(fate);
        let done = log.append(append("a", nth, &[&nth.to_string()])).await.expect("it is found out");
        assert!(proxy.is_spent(), "{fate:?} was lived through");
        assert_eq!(done.heads[0].1, Sequence(nth + 1), "{fate:?}");
        expected.push(nth.to_string());
        assert_eq!(bodies(&log).await, expected, "{fate:?}");
    }
    sound(&log, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_arrives_when_it_was_taken_for_lost_changes_nothing() {
    let Some(cluster) = Cluster::begin("late", &[]) else { return };
    let proxy = Proxy::before(cluster.folder());
    let log = PostgresLog::create_or_open(&address(proxy.folder(), "")).expect("a new log");
    log.append(append("a", 0, &["0"])).await.expect("appended");
    proxy.next(Fate::Late);
    log.append(append("a", 1, &["1"])).await.expect("it is sent again");
    assert!(proxy.has_arrived(), "it arrived in between");
    assert_eq!(bodies(&log).await, ["0", "1"]);
    log.append(append("a", 2, &["2"])).await.expect("it goes on");
    sound(&log, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_server_that_is_killed_and_what_was_not_is_there_once_or_never() {
    let Some(mut cluster) = Cluster::begin("killed", &[]) else { return };
    let log = Arc::new(cluster.log());
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                let stream = format!("s/{writer}");
                for nth in 0..60 {
                    log.append(append(&stream, nth, &[&format!("{writer}.{nth}")])).await.expect("appended");
                }
            })
        })
        .collect();
    for round in 1..=3 {
        // Kills it in the middle of what is going on, wherever that is.
        while log.head().await.expect("readable").position < Position(round * 80) {
            tokio::task::yield_now().await;
        }
        let back = tokio::task::spawn_blocking(move || {
            cluster.kill();
            cluster.start();
            cluster
        });
        cluster = back.await.expect("started");
    }
    for writer in writers {
        writer.await.expect("every append was answered");
    }
    let mut found = bodies(&log).await;
    found.sort();
    let mut expected: Vec<String> = (0..6).flat_map(|w| (0..60).map(move |n| format!("{w}.{n}"))).collect();
    expected.sort();
    assert_eq!(found, expected, "each once");
    sound(&log, 360).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_on_from_an_older_copy_is_noticed_by_who_was_there_and_by_the_anchor() {
    let Some(mut cluster) = Cluster::begin("older", &[]) else { return };
    let log = cluster.log();
    log.append(append("a", 0, &["0"])).await.expect("appended");
    cluster.kill();
    cluster.keep();
    cluster.start();
    log.append(append("a", 1, &["1"])).await.expect("appended");
    let anchor = Anchor::of(log.id(), log.head().await.expect("readable"));
    cluster.kill();
    cluster.put_back();
    cluster.start();
    let refused = log.append(append("a", 2, &["2"])).await;
    assert!(
        matches!(&refused, Err(AppendError::Poisoned(what)) if what.contains("older copy")),
        "{refused:?}"
    );
    assert!(log.head().await.is_err(), "nobody reads on as if nothing had been");
    let again = cluster.log();
    let judged = anchor.judge(&again).await.expect("readable");
    assert!(matches!(judged, AnchorStatus::Behind(head) if head.position == Position(1)), "{judged:?}");
    again.append(append("a", 1, &["another"])).await.expect("appended");
    let judged = anchor.judge(&again).await.expect("readable");
    assert!(matches!(judged, AnchorStatus::Forked(_)), "{judged:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_would_lose_what_it_acknowledges_is_refused_when_opened_and_at_each_append() {
    let Some(cluster) = Cluster::begin("lies", &[]) else { return };
    let log = cluster.log();
    log.append(append("a", 0, &["0"])).await.expect("appended");
    for (setting, lie) in [("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off")] {
        let set = |value: &str| {
            cluster.say(&format!("ALTER SYSTEM SET {setting} = {value}")).expect("set");
            cluster.say("SELECT pg_reload_conf()").expect("read again");
            while cluster.say(&format!("SHOW {setting}")).expect("shown") != value {}
        };
        set(lie);
        let refused = PostgresLog::open(&cluster.address("")).map(drop);
        assert!(matches!(refused, Err(OpenError::Pragma { pragma, .. }) if pragma == setting), "{refused:?}");
        // A session hears of it between two statements: sooner or later none is written.
        let mut nth = log.head().await.expect("readable").position.0;
        let refused = loop {
            match log.append(append("a", nth, &["x"])).await {
                Ok(_) => nth += 1,
                Err(e) => break e,
            }
        };
        assert!(refused.to_string().contains(setting), "{refused}");
        assert_eq!(log.head().await.expect("readable").position.0, nth, "nothing was written");
        set("on");
        while log.append(append("a", nth, &["x"])).await.is_err() {}
        sound(&log, nth + 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_with_the_printed_grants_runs_and_cannot_change_what_is_there() {
    let Some(cluster) = Cluster::begin("roles", &[]) else { return };
    let owner = cluster.log();
    cluster.say("CREATE ROLE runner LOGIN").expect("made");
    cluster.say(&cluster.address("").grants("runner")).expect("given");
    let text = format!("postgres:///postgres?host={}&user=runner", cluster.folder().display());
    let log = PostgresLog::open(&Address::of(Path::new(&text)).expect("an address")).expect("it may");
    log.append(append("a", 0, &["0"])).await.expect("appended");
    log.beside().set_key(&[1; 32]).expect("kept");
    for sql in [
        "UPDATE rehome.event SET body = ''",
        "DELETE FROM rehome.event",
        "TRUNCATE rehome.event",
        "DELETE FROM rehome.head",
        "DELETE FROM rehome.kept",
        "DROP TRIGGER never_changed ON rehome.event",
        "CREATE TABLE rehome.mine (x int)",
    ] {
        let refused = cluster.say_as("runner", sql).expect_err(sql);
        assert!(
            refused.contains("permission denied") || refused.contains("must be owner"),
            "{sql}: {refused}"
        );
    }
    for sql in [
        "UPDATE rehome.event SET body = ''",
        "DELETE FROM rehome.event",
        "TRUNCATE rehome.event",
        "UPDATE rehome.head SET position = 0",
        "TRUNCATE rehome.head",
        "DELETE FROM rehome.meta",
    ] {
        let refused = cluster.say(sql).expect_err(sql);
        assert!(refused.contains("only appended to"), "{sql}: {refused}");
    }
    sound(&owner, 1).await;
    for (sql, named) in [
        ("ALTER TABLE rehome.event DISABLE TRIGGER never_changed", "trigger CREATE TRIGGER never_changed"),
        ("ALTER TABLE rehome.event ENABLE ROW LEVEL SECURITY", "relation event"),
        ("CREATE INDEX mine ON rehome.event (kind)", "index"),
        ("CREATE VIEW rehome.mine AS SELECT 1", "relation mine"),
        ("ALTER TABLE rehome.event ALTER stream TYPE text COLLATE \"POSIX\"", "column event.stream"),
    ] {
        cluster.say(sql).expect("changed");
        let refused = PostgresLog::open(&cluster.address("")).map(drop).expect_err(sql);
        assert!(
            matches!(&refused, OpenError::Damaged { what, .. } if what.contains(named)),
            "{sql}: {refused:?}"
        );
        let undo = match sql {
            s if s.contains("DISABLE") => "ALTER TABLE rehome.event ENABLE TRIGGER never_changed",
            s if s.contains("SECURITY") => "ALTER TABLE rehome.event DISABLE ROW LEVEL SECURITY",
            s if s.contains("INDEX") => "DROP INDEX rehome.mine",
            s if s.contains("VIEW") => "DROP VIEW rehome.mine",
            _ => "ALTER TABLE rehome.event ALTER stream TYPE text COLLATE \"C\"",
        };
        cluster.say(undo).expect("undone");
        drop(PostgresLog::open(&cluster.address("")).expect(undo));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_event_a_row_that_is_missing_and_one_too_many_are_named() {
    let Some(cluster) = Cluster::begin("changed", &[]) else { return };
    let log = cluster.log();
    log.append(append("a", 0, &["0", "1", "2", "3"])).await.expect("appended");
    let unguarded = |sql: &str| {
        let sql = format!("SET session_replication_role = replica; {sql}");
        cluster.say(&sql).expect("changed");
    };
    unguarded("UPDATE rehome.event SET body = 'x' WHERE position = 2");
    let error = verify_chain(&cluster.log(), None).await.expect_err("it was changed").to_string();
    assert!(error.contains("position 2"), "{error}");
    unguarded("UPDATE rehome.event SET body = '1' WHERE position = 2");
    sound(&cluster.log(), 4).await;
    unguarded("DELETE FROM rehome.event WHERE position = 3");
    let error = cluster.log().head().await.expect_err("it is missing").to_string();
    assert!(error.contains("position 3"), "{error}");
    let error = verify_chain(&cluster.log(), None).await.expect_err("it is missing").to_string();
    assert!(error.contains("position 3"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_write_at_once_make_one_chain_and_no_stream_has_two_ends() {
    let Some(cluster) = Cluster::begin("rivals", &[]) else { return };
    let logs: Vec<Arc<PostgresLog>> = (0..3).map(|_| Arc::new(cluster.log())).collect();
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let log = logs[writer % 3].clone();
            tokio::spawn(async move {
                let mut written = 0;
                for _ in 0..40 {
                    let end = log
                        .read_stream(&StreamId::new("shared"), Sequence(0), usize::MAX)
                        .await
                        .expect("readable");
                    match log
                        .append(append("shared", end.len() as u64, &[&format!("{writer}.{written}")]))
                        .await
                    {
                        Ok(_) => written += 1,
                        Err(AppendError::Conflict { .. }) => {}
                        Err(e) => panic!("{e}"),
                    }
                }
                written
            })
        })
        .collect();
    let mut written = 0;
    for writer in writers {
        written += writer.await.expect("an end");
    }
    assert!(written > 0);
    sound(&logs[0], written).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_write_in_turn_know_what_the_other_one_wrote_and_never_take_an_old_end_for_the_end() {
    let Some(cluster) = Cluster::begin("in_turn", &[]) else { return };
    let (one, other) = (cluster.log(), cluster.log());
    let mut shared = 0;
    for turn in 0..40 {
        for (own, log, late) in [("one", &one, &other), ("other", &other, &one)] {
            log.append(append(own, turn, &["own"])).await.expect("nobody else writes there");
            log.append(append("shared", shared, &["x"])).await.expect("it is the end");
            let conflict = late.append(append("shared", shared, &["late"])).await.expect_err("an old end");
            shared += 1;
            assert!(
                matches!(conflict, AppendError::Conflict { found, .. } if found == Sequence(shared)),
                "{conflict}"
            );
        }
    }
    sound(&one, 160).await;
    // A longer log is put in its place, in which the same stream has another end.
    let folder = tempfile::tempdir().expect("a folder");
    let longer = PostgresLog::create_or_open(&cluster.address("&schema=longer")).expect("a new log");
    for nth in 0..200 {
        longer.append(append("shared", nth, &["y"])).await.expect("appended");
    }
    let copy: Arc<dyn Backend> = Arc::from(longer.backup(&folder.path().join("copy.db")).expect("copied"));
    PostgresLog::restore(&cluster.address(""), copy, 7).expect("restored");
    let refused = one.append(append("shared", shared, &["late"])).await.expect_err("it is another log");
    assert!(matches!(refused, AppendError::Poisoned(_)), "{refused}");
    sound(&cluster.log(), 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_moves_to_a_file_and_back_with_its_name_and_its_chain() {
    let Some(cluster) = Cluster::begin("moved", &[]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let log = cluster.log();
    log.append(append("a", 0, &["0", "1"])).await.expect("appended");
    log.beside().set_key(&[7; 32]).expect("kept");
    let copy: Arc<dyn Backend> = Arc::from(log.backup(&folder.path().join("copy.db")).expect("copied"));
    let then = log.head().await.expect("readable");
    log.append(append("a", 2, &["2"])).await.expect("appended");
    let kept = PostgresLog::restore(&cluster.address(""), copy.clone(), 7).expect("restored");
    assert_eq!(kept.as_deref(), Some("rehome_replaced_7"));
    let back = cluster.log();
    assert_eq!((back.id(), back.head().await.expect("readable")), (log.id(), then));
    assert_eq!(back.beside().key().expect("readable").as_deref(), Some(&[7; 32][..]), "the key is the log's");
    sound(&back, 2).await;
    let replaced =
        PostgresLog::open_read_only(&cluster.address("&schema=rehome_replaced_7")).expect("it is kept");
    sound(&replaced, 3).await;
    let kept = PostgresLog::restore(&cluster.address("&schema=other"), copy, 8).expect("restored");
    assert_eq!(kept, None, "nothing was there");
    let other = PostgresLog::open(&cluster.address("&schema=other")).expect("it is there");
    assert_eq!(other.head().await.expect("readable"), then);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_in_the_way_and_a_short_time_out_are_waited_for() {
    let Some(cluster) = Cluster::begin("timeout", &[]) else { return };
    cluster.say("ALTER ROLE rehome SET statement_timeout = '150ms'").expect("set");
    let log = Arc::new(cluster.log());
    log.append(append("a", 0, &["0"])).await.expect("appended");
    let holding = log.clone();
    let appending = tokio::spawn(async move { holding.append(append("a", 1, &["1"])).await });
    let held = "SET statement_timeout = 0; BEGIN; SELECT 1 FROM rehome.head FOR UPDATE; SELECT pg_sleep(0.6); COMMIT";
    cluster.say(held).expect("held");
    appending.await.expect("an answer").expect("appended in the end");
    cluster.say(held).expect("held");
    log.append(append("a", 2, &["2"])).await.expect("appended");
    sound(&log, 3).await;
}
