//! The log on a PostgreSQL server, by the program as people call it. `tests/postgres/run` starts the server; without one there is nothing
//! to try.

use crate::support::azure::{Azure, example};
use crate::support::kills::{Dice, is_night, kill_once, sent_twice};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use serde_json::Value;

/// The example of this name on a local Azure, planned and approved with its log on the server; nothing where there is no server.
pub(crate) fn approved(name: &str, schema: &str) -> Option<(Azure, Rehome)> {
    let azure = Azure::serve(&example(name).join("estate.json"), None);
    let mut rehome = Rehome::at(&azure);
    if !rehome.on_server(schema) {
        return None;
    }
    rehome.approve(&example(name).join("batch.toml"));
    Some((azure, rehome))
}

#[test]
fn a_whole_batch_over_postgres_survives_kills_and_ends_as_it_should() {
    let Some((azure, rehome)) = approved(if is_night() { "contoso" } else { "minimal" }, "kills") else {
        return;
    };
    let (mut dice, mut within_ms) = (Dice::seeded(), 400);
    for _ in 0..if is_night() { 40 } else { 6 } {
        kill_once(&rehome, &["run", "plan.json", "--yes"], &mut dice, &mut within_ms);
    }
    let ended = rehome.run_with_people();
    assert!([0, 16].contains(&ended), "it ended with {ended}");
    assert_eq!(sent_twice(&azure), Vec::<String>::new(), "nothing is done twice");
    for command in [
        &["audit", "verify"][..],
        &["status"],
        &["history"],
        &["replay"],
        &["doctor"],
        &["audit", "head"],
        &["audit", "bundle", "evidence.jsonl"],
        &["audit", "verify", "--bundle", "evidence.jsonl"],
    ] {
        rehome.say(command).expect(0);
    }
    assert!(!rehome.path("rehome.db").exists(), "nothing of the log is in a file here");
}

#[test]
fn a_batch_moves_from_postgres_to_a_file_and_back_and_goes_on() {
    let Some((_azure, mut rehome)) = approved("minimal", "moves") else { return };
    kill_once(&rehome, &["run", "plan.json", "--yes"], &mut Dice::seeded(), &mut 300);
    let head = rehome.say(&["audit", "head"]).expect(0).out;
    rehome.say(&["db", "backup", "there.db"]).expect(0);
    assert_eq!(
        rehome.say(&["audit", "head", "--db", "there.db"]).expect(0).out,
        head,
        "the chain goes along"
    );
    rehome.say(&["audit", "verify", "--db", "there.db"]).expect(0);
    assert!(rehome.on_server("moved"));
    let restored = rehome.json(&["db", "restore", "there.db", "--yes"]);
    assert_eq!(restored["kept"], Value::Null, "nothing was there");
    assert_eq!(rehome.say(&["audit", "head"]).expect(0).out, head);
    let ended = rehome.run_with_people();
    assert!([0, 16].contains(&ended), "it ended with {ended}");
    rehome.say(&["db", "backup", "back.db"]).expect(0);
    let restored = rehome.json(&["db", "restore", "back.db", "--yes"]);
    assert!(text(&restored["kept"]).contains("_replaced_"), "{restored}");
    assert_eq!(restored["confirmed"], true, "it is the newest");
    rehome.say(&["audit", "verify"]).expect(0);
    let said = rehome.say(&["db", "restore", "there.db", "--yes"]).expect(0);
    assert!(said.err.contains("an old copy"), "{}", said.err);
    assert_eq!(rehome.say(&["run", "plan.json", "--yes"]).code, 15, "an older copy is not gone on from");
}

#[test]
fn status_says_who_runs_what_and_of_each_runner_that_says_nothing_any_more() {
    let azure = Azure::serve_at("400", &example("minimal").join("estate.json"), None);
    let mut rehome = Rehome::at(&azure);
    if !rehome.on_server("who") {
        return;
    }
    rehome.approve(&example("minimal").join("batch.toml"));
    let mut process = rehome.start(&["run", "plan.json", "--yes", "--stay"]);
    let (mut status, mut said) = (Value::Null, String::new());
    while !text(&status["moves"][0]["runner"]).starts_with("r-") || !said.contains("runner r-") {
        assert!(process.try_wait().expect("it can be asked").is_none(), "it ended: {status}");
        status = rehome.json(&["status"]);
        said = rehome.say(&["status"]).expect(0).err;
    }
    let runner = text(&status["moves"][0]["runner"]).to_owned();
    let line = format!("runner {runner}: tester@contoso.example process {} on ", process.id());
    assert!(said.contains(&line) && said.contains(", has 1 move"), "{said}");
    process.kill().expect("killed");
    process.wait().expect("it is gone");
    while !said.contains("says nothing any more") {
        said = rehome.say(&["status"]).expect(0).err;
    }
    assert!(said.contains(&runner), "{said}");
    let taken = rehome.say(&["history", text(&status["moves"][0]["run"])]).expect(0).out;
    assert!(taken.contains(&runner), "{taken}");
}

#[test]
fn two_machines_have_one_key_and_each_keeps_an_end_of_the_log_for_itself() {
    let Some((azure, rehome)) = approved("contoso", "machines") else { return };
    let mut other = Rehome::at(&azure);
    assert!(other.on_server("machines"));
    let before = azure.estate();
    assert_eq!(rehome.run_with_people(), 0, "the first one carries it out");
    let contoso = ["verify"];
    other.say(&contoso).expect(0);
    // What the first one has marked, the second one knows by the same key: it takes every setting back to the byte.
    let name = text(&rehome.json(&["status"])["moves"][0]["batch"]).to_owned();
    other.say_with_people(&["rollback", &name, "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
    let end = |of: &Rehome| of.say(&["audit", "head"]).expect(0).out;
    assert_eq!(end(&rehome), end(&other));
    for machine in [&rehome, &other] {
        machine.say(&["audit", "verify"]).expect(0);
        let anchors = std::fs::read_dir(machine.path("state")).expect("its own").count();
        assert_eq!(anchors, 1, "each has one of its own");
    }
}

#[test]
fn an_address_with_a_password_a_server_that_is_not_there_and_a_log_that_was_never_made_are_told_apart() {
    let mut rehome = Rehome::offline();
    let said = rehome.say(&["status", "--db", "postgres://ada:s3cret@localhost/work"]).expect(2);
    assert!(said.err.contains("PGPASSFILE"), "{}", said.err);
    let gone = format!("postgres:///work?host={}", rehome.path("nowhere").display());
    let said = rehome.say(&["status", "--db", &gone]).expect(1);
    assert!(said.err.contains("could not be reached"), "{}", said.err);
    if rehome.on_server("never") {
        rehome.say(&["status"]).expect(3);
        let grants = rehome.say(&["db", "init", "--grants", "runner"]).expect(0).out;
        assert!(grants.contains("GRANT SELECT, INSERT ON never_"), "{grants}");
        rehome.say(&["db", "init"]).expect(0);
        rehome.say(&["status"]).expect(0);
    }
}
