//! Forms of a newer program, and records that say nothing: each is read with a note or refused, before anything is done.

use crate::support::estates::approved;
use serde_json::{Value, json};

const COMMANDS: [&[&str]; 7] = [
    &["run", "plan.json", "--yes"],
    &["run", "minimal", "--yes"],
    &["rollback", "minimal", "--reason", "x", "--yes"],
    &["cleanup", "minimal", "--confirm", "minimal", "--yes"],
    &["pause", "minimal", "--reason", "x"],
    &["approve", "plan.json", "--reason", "x", "--yes"],
    &["db", "reconcile", "--reason", "x", "--yes"],
];

#[test]
fn what_a_newer_program_has_written_is_read_with_a_note_or_refused_before_anything_is_done() {
    let (azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    rehome.say(&["audit", "bundle", "all.jsonl"]).expect(0);
    let done = azure.requests().len();
    let anchor = std::fs::read(rehome.path("rehome.db.anchor")).expect("the anchor");
    let log = rusqlite::Connection::open(rehome.path("rehome.db")).expect("the log");
    log.pragma_update(None, "user_version", 99).expect("aged");
    drop(log);
    for command in COMMANDS {
        let said = rehome.say(command).expect(1);
        assert!(said.err.contains("format 99") && said.err.contains("newer version"), "{}", said.err);
    }
    for command in [&["audit", "verify"][..], &["audit", "bundle", "x.jsonl"]] {
        let said = rehome.say(command).expect(1);
        assert!(said.err.contains("format 99") && !rehome.path("x.jsonl").exists(), "{}", said.err);
    }
    for command in [&["status"][..], &["history"], &["replay"], &["audit", "head"]] {
        let said = rehome.say(command).expect(0);
        assert!(said.err.contains("note") && said.err.contains("format 99"), "{command:?}: {}", said.err);
    }
    assert_eq!(std::fs::read(rehome.path("rehome.db.anchor")).expect("the anchor"), anchor);
    assert_eq!(azure.requests().len(), done, "nothing was asked of Azure");
    // What stands between the events and their readers is looked at all the same.
    let log = rusqlite::Connection::open(rehome.path("rehome.db")).expect("the log");
    log.execute_batch("ALTER TABLE event RENAME TO events; CREATE VIEW event AS SELECT * FROM events")
        .expect("spoilt");
    drop(log);
    rehome.say(&["status"]).expect(15);

    let plan = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    let mut plan: Value = serde_json::from_str(&plan).expect("JSON");
    plan["format_version"] = json!("99.0");
    plan.as_object_mut().expect("an object").remove("digest");
    let digest = rehome_orchestrator::digest(&plan);
    plan["digest"] = json!(digest);
    std::fs::write(rehome.path("newer.json"), plan.to_string()).expect("written");
    for command in [&["approve", "newer.json", "--reason", "x", "--yes"][..], &["run", "newer.json", "--yes"]]
    {
        let said = rehome.say(&[command, &["--db", "other.db"]].concat()).expect(2);
        assert!(said.err.contains("99.0"), "{}", said.err);
        assert!(!rehome.path("other.db").exists(), "nothing is made for a plan that cannot be read");
    }
    let bundle = std::fs::read_to_string(rehome.path("all.jsonl")).expect("a bundle");
    let bundle = bundle.replacen("\"rehome_bundle\":1", "\"rehome_bundle\":99", 1);
    std::fs::write(rehome.path("newer.jsonl"), bundle).expect("written");
    for command in [&["status"][..], &["history"], &["audit", "verify"], &["audit", "head"]] {
        let said = rehome.say(&[command, &["--bundle", "newer.jsonl"]].concat()).expect(1);
        assert!(said.err.contains("format 99"), "{command:?}: {}", said.err);
    }
}

#[test]
fn an_anchor_of_nothing_confirms_nothing() {
    let (azure, rehome) = approved();
    rehome.say(&["db", "backup", "early.db"]).expect(0);
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let anchor = std::fs::read_to_string(rehome.path("rehome.db.anchor")).expect("the anchor");
    let mut nothing: Value = serde_json::from_str(&anchor).expect("JSON");
    (nothing["position"], nothing["hash"]) = (json!(0), json!("0".repeat(64)));
    rehome.say(&["db", "restore", "early.db", "--yes"]).expect(0);
    std::fs::write(rehome.path("rehome.db.anchor"), nothing.to_string()).expect("written");
    let done = azure.requests().len();
    for command in COMMANDS.iter().filter(|command| command[0] != "db") {
        let said = rehome.say(command).expect(15);
        assert!(said.err.contains("confirms nothing"), "{command:?}: {}", said.err);
    }
    rehome.say(&["audit", "verify"]).expect(15);
    // Beside no log at all it still says that there was one.
    std::fs::remove_file(rehome.path("rehome.db")).expect("removed");
    for command in COMMANDS {
        rehome.say(command).expect(15);
    }
    assert_eq!(azure.requests().len(), done, "nothing was asked of Azure");
}
