//! Store: a row wherever a row could be, and whatever could stand between the rows and who reads them. Every reader is
//! asked: none gives it out as an event, and none goes on as if nothing were there.

use rehome_store::{
    Append, Backend, Log, Position, ReadError, Sequence, SqliteLog, StreamId, conformance, verify_chain,
};
use rusqlite::Connection;
use std::path::Path;

const EVENTS: u64 = 12;

/// How the tables were made by the first version. Nobody edits this.
const FIRST_TABLES: &str = include_str!("golden/tables-1.sql");

async fn fill(log: &SqliteLog) {
    for n in 0..EVENTS {
        let append = conformance::append(&format!("run/{}", n % 3), n / 3, &[&format!("event {n}")]);
        log.append(append).await.expect("appended");
    }
}

fn first_version(path: &Path) {
    let file = Connection::open(path).expect("a new file");
    file.execute_batch(FIRST_TABLES).expect("the tables of the first version");
    file.execute_batch(
        "INSERT INTO meta VALUES ('log', '000102030405060708090a0b0c0d0e0f');
         PRAGMA application_id = 0x52484d45; PRAGMA user_version = 1;",
    )
    .expect("its name and its form");
}

/// A row of a stream that is read, as somebody with a database tool would write it.
fn row_at(position: &str) -> String {
    format!(
        "INSERT INTO event SELECT {position}, stream, 5, 'approved', version, at_ms, 'ciso', zeroblob(16),
         CAST('forged' AS BLOB), zeroblob(32) FROM event WHERE position = 10"
    )
}

/// SQL under another schema than the file then has.
fn under(object: &str, schema: &str, sql: &str) -> Vec<String> {
    vec![
        "PRAGMA writable_schema = ON".to_owned(),
        format!("CREATE TEMP TABLE kept AS SELECT sql FROM sqlite_schema WHERE name = '{object}'"),
        format!("UPDATE sqlite_schema SET sql = '{}' WHERE name = '{object}'", schema.replace('\'', "''")),
        "PRAGMA writable_schema = RESET".to_owned(),
        sql.to_owned(),
        "PRAGMA writable_schema = ON".to_owned(),
        format!("UPDATE sqlite_schema SET sql = (SELECT sql FROM kept) WHERE name = '{object}'"),
        "PRAGMA writable_schema = RESET".to_owned(),
    ]
}

/// What is wrong with a file, and the SQL that does it.
fn strangers() -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for place in ["0", "-1", "-9223372036854775808", "13", "14", "1000", "9223372036854775807"] {
        all.push((format!("a row at {place}"), vec![row_at(place)]));
    }
    let mut add = |what: &str, sql: &[String]| all.push((what.to_owned(), sql.to_vec()));
    let one = |sql: &str| [sql.to_owned()];
    add("an event less", &one("DELETE FROM event WHERE position = 5"));
    add("the first less", &one("DELETE FROM event WHERE position = 1"));
    add("one elsewhere", &one("UPDATE event SET position = -3 WHERE position = 3"));
    add("another table", &one("CREATE TABLE event2 AS SELECT * FROM event"));
    let between = "ALTER TABLE event RENAME TO events; CREATE VIEW event AS SELECT * FROM events
        UNION ALL SELECT 13, stream, 5, 'approved', version, at_ms, 'ciso', salt, body, hash FROM events WHERE position = 10";
    add("a view in between", &one(between));
    let rewrites = "CREATE TRIGGER mine AFTER INSERT ON event BEGIN UPDATE event SET actor = 'x' WHERE position = NEW.position; END";
    add("a trigger that rewrites", &one(rewrites));
    add("another index", &one("CREATE INDEX mine ON event (kind)"));
    add("an index less", &one("DROP INDEX event_by_stream"));
    let lies = "CREATE UNIQUE INDEX event_by_stream ON event (stream, sequence) WHERE position != 12";
    add("an index that leaves one out", &under("event_by_stream", lies, "REINDEX event_by_stream"));
    let twisted = "CREATE UNIQUE INDEX event_by_stream ON event (stream, (5 - sequence))";
    add("an index that leads elsewhere", &under("event_by_stream", twisted, "REINDEX event_by_stream"));
    let loose = "CREATE TABLE event (position INTEGER PRIMARY KEY, stream, sequence, kind, version, at_ms, actor, salt, body, hash)";
    for (column, value) in [
        ("stream", "CAST(stream AS BLOB)"),
        ("sequence", "CAST(sequence AS TEXT) || 'x'"),
        ("sequence", "0"),
        ("sequence", "-4"),
        ("sequence", "9.5"),
        ("kind", "CAST(kind AS BLOB)"),
        ("version", "'one'"),
        ("version", "1000000"),
        ("actor", "7"),
        ("salt", "'0123456789abcdef'"),
        ("body", "'event 9'"),
        ("hash", "substr(hash, 1, 31)"),
        ("hash", "NULL"),
    ] {
        let sql = format!("UPDATE event SET {column} = {value} WHERE position = 12");
        add(&format!("{column} = {value}"), &under("event", loose, &sql));
    }
    all
}

/// Leaves everything as it was but for what the SQL does; the triggers are there again.
fn spoil(path: &Path, sql: &[String]) {
    let file = Connection::open(path).expect("the file");
    file.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).expect("set");
    let triggers: Vec<(String, String)> = file
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut s| s.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .expect("triggers");
    for (name, _) in &triggers {
        file.execute_batch(&format!("DROP TRIGGER {name}")).expect("dropped");
    }
    for sql in sql {
        file.execute_batch(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    }
    for (_, sql) in triggers {
        // On a view they are not wanted.
        drop(file.execute_batch(&sql));
    }
}

/// What a reader gives, as texts; or that it refuses.
type Given = Result<Vec<String>, ReadError>;

/// What changes nothing for who reads.
const BESIDE: [&str; 2] = ["another table", "a trigger that rewrites"];

/// Every reader that there is.
async fn ask_all(log: &SqliteLog) -> Vec<(String, Given)> {
    let text = |event: &rehome_store::Stored| {
        format!("{} {} {}", event.position, event.record.stream, String::from_utf8_lossy(&event.record.body))
    };
    let mut all = Vec::new();
    let head = log.head().await.map(|head| vec![format!("{} {}", head.position, head.hash)]);
    all.push(("head".to_owned(), head));
    for prefix in ["", "run/", "run/0"] {
        let streams = log.streams(prefix).await;
        let given = streams.map(|all| all.iter().map(|(name, end)| format!("{name} {end}")).collect());
        all.push((format!("streams {prefix:?}"), given));
    }
    for stream in ["run/0", "run/1", "run/2"] {
        for after in [0, 3, 4] {
            let events = log.read_stream(&StreamId::new(stream), Sequence(after), 100).await;
            all.push((format!("{stream} after {after}"), events.map(|all| all.iter().map(text).collect())));
        }
    }
    for (after, limit) in [(0, 100), (9, 100), (12, 100), (0, 5)] {
        let events = log.read_all(Position(after), limit).await;
        all.push((format!("all after {after}"), events.map(|all| all.iter().map(text).collect())));
    }
    all
}

async fn holds(what: &str, path: &Path, untouched: &[(String, Given)]) {
    let log = SqliteLog::open_read_only(path).expect("it can be opened");
    let verified = verify_chain(&log, None).await;
    assert!(verified.is_err(), "{what}: verified");
    let mut refused = 0;
    for ((reader, given), (_, was)) in ask_all(&log).await.into_iter().zip(untouched) {
        match given {
            Err(ReadError::Damaged { .. } | ReadError::Misled { .. }) => refused += 1,
            Err(e @ ReadError::Storage(_)) => panic!("{what}: {reader} fails otherwise: {e}"),
            Ok(given) => {
                let was = was.as_ref().expect("an untouched log is read");
                let only_ours = given.iter().all(|given| was.contains(given)) && given.len() == was.len();
                assert!(only_ours, "{what}: {reader} gives {given:?} for {was:?}");
            }
        }
    }
    // What stands beside the way to the events is for who verifies, and for who appends.
    assert!(refused > 0 || BESIDE.contains(&what), "{what}: nobody refuses");
    let copy = path.with_extension("copy");
    if log.backup(&copy).is_ok() {
        let copy = SqliteLog::open_read_only(&copy).expect("it can be opened");
        assert!(verify_chain(&copy, None).await.is_err(), "{what}: the copy is verified");
    }
    drop(log);
    if let Ok(log) = SqliteLog::open(path) {
        let appended = log.append(Append { ..conformance::append("other", 0, &["more"]) }).await;
        let passes = ["an index that leads elsewhere"];
        assert!(appended.is_err() || passes.contains(&what), "{what}: {appended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_where_no_event_is_and_whatever_stands_in_between_is_refused_by_every_reader() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (now, first) = (folder.path().join("now.db"), folder.path().join("first.db"));
    first_version(&first);
    for whole in [&now, &first] {
        let log = SqliteLog::create_or_open(whole).expect("a log");
        fill(&log).await;
        let untouched = ask_all(&log).await;
        drop(log);
        for (what, sql) in strangers() {
            let spoilt = folder.path().join("spoilt.db");
            for name in ["spoilt.db", "spoilt.copy", "spoilt.db-wal", "spoilt.db-shm"] {
                drop(std::fs::remove_file(folder.path().join(name)));
            }
            std::fs::copy(whole, &spoilt).expect("copied");
            spoil(&spoilt, &sql);
            holds(&what, &spoilt, &untouched).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_comes_while_the_log_is_open_is_refused_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for place in ["0", "-7", "13", "40"] {
        let path = folder.path().join(format!("{place}.db"));
        let log = SqliteLog::create_or_open(&path).expect("a log");
        fill(&log).await;
        log.head().await.expect("it is whole");
        spoil(&path, &[row_at(place)]);
        assert!(log.head().await.is_err(), "{place}");
        assert!(log.read_stream(&StreamId::new("run/0"), Sequence(0), 100).await.is_err(), "{place}");
        log.append(conformance::append("other", 0, &["more"])).await.expect_err("nothing follows that");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_the_first_version_is_read_and_goes_on_and_a_new_one_refuses_rows_between() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (first, now) = (folder.path().join("first.db"), folder.path().join("now.db"));
    first_version(&first);
    for path in [&first, &now] {
        let log = SqliteLog::create_or_open(path).expect("a log");
        fill(&log).await;
        verify_chain(&log, None).await.expect("it is whole");
    }
    let file = Connection::open(&now).expect("the file");
    for place in ["0", "-1", "5", "14"] {
        assert!(file.execute_batch(&row_at(place)).is_err(), "{place}");
    }
    file.execute_batch("DROP TRIGGER event_is_only_appended").expect("dropped");
    drop(file);
    assert!(SqliteLog::open(&now).is_err(), "it is missed");
}
