//! The pages of a log on a PostgreSQL server. `tests/postgres/run` starts the server; without one there is nothing to try.

use super::browser::Served;
use super::pages::{asked, plain};
use crate::storage::postgres::approved;
use crate::support::rehome::text;
use std::process::Command;

/// Says something to the server, beside the program.
fn sql(text: &str) {
    let server = std::env::var("REHOME_POSTGRES").expect("there is one");
    let done =
        Command::new("psql").args(["--quiet", "--command", text, &server]).status().expect("psql runs");
    assert!(done.success(), "{text}");
}

#[test]
fn the_pages_of_a_log_on_postgres_are_live_take_requests_and_say_when_the_server_has_it_no_more() {
    let Some((_azure, rehome)) = approved("minimal", "eyes") else { return };
    let served = Served::of(&rehome, &["--allow-actions"]);
    let before = rehome.json(&["status"])["log"]["events"].as_u64().expect("a number");
    let mut live = served.live("", &format!("?after={before}"));
    let mut runner = rehome.start(&["run", "plan.json", "--yes"]);
    for nth in 1..=5 {
        assert_eq!(live.next().expect("the stream goes on").0, before + nth, "none is missed");
    }
    let ended = runner.wait().expect("it ends").code();
    assert!([Some(0), Some(11), Some(16)].contains(&ended), "{ended:?}");
    let status = rehome.json(&["status"]);
    let (run, state) = (text(&status["moves"][0]["run"]), text(&status["moves"][0]["state"]));
    let paths =
        ["/", "/b/minimal", &format!("/m/{run}"), &format!("/m/{run}/events"), "/approvals", "/record"];
    for path in paths {
        served.page(path);
    }
    assert!(plain(&served.page("/b/minimal")).contains(state), "{state}");
    assert_eq!(asked(&served, "act=note&select=minimal&reason=told+on+Monday").status, 303);
    let end = rehome.json(&["status"])["log"]["events"].as_u64().expect("a number");
    let mut live = served.live("", &format!("?after={end}"));
    // A schema of another name is a log that is not there.
    let schema = format!("eyes_{}", std::process::id());
    sql(&format!("ALTER SCHEMA {schema} RENAME TO {schema}_away"));
    let words = text(&live.of("unread").content["words"]).to_owned();
    assert!(words.starts_with("The log cannot be read since 2"), "{words}");
    assert_eq!(served.get("/").status, 503);
    sql(&format!("ALTER SCHEMA {schema}_away RENAME TO {schema}"));
    while !live.of("unread").content["words"].is_null() {}
    rehome.say(&["note", "minimal", "--text", "told on Tuesday"]).expect(0);
    assert_eq!(live.next().expect("the stream goes on").0, end + 1);
    served.page("/");
}
