//! Rows that are in no chain, and whatever else a database tool can put into the log: every command refuses it.

use crate::support::azure::Azure;
use crate::support::estates::approved;
use crate::support::rehome::{Rehome, text};

fn at_the_gate() -> (Azure, Rehome) {
    let (azure, rehome) = approved();
    assert_eq!(rehome.run_with_people(), 0);
    (azure, rehome)
}

/// Who writes to the file takes away what refuses it, and puts it back afterwards.
pub(crate) fn edit(rehome: &Rehome, sql: &str) {
    let log = rusqlite::Connection::open(rehome.path("rehome.db")).expect("the log");
    let triggers: Vec<(String, String)> = log
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut s| s.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .expect("triggers");
    triggers
        .iter()
        .for_each(|(name, _)| log.execute_batch(&format!("DROP TRIGGER {name}")).expect("dropped"));
    log.execute_batch(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    triggers.iter().for_each(|(_, sql)| drop(log.execute_batch(sql)));
}

/// An approval of the gate, as nobody gave it.
fn approval_at(place: &str) -> String {
    format!(
        "INSERT INTO event SELECT {place}, stream, (SELECT max(sequence) + 1 FROM event AS e WHERE e.stream = event.stream),
         kind, version, at_ms, 'ciso@corp', zeroblob(16),
         CAST(json_set(CAST(body AS TEXT), '$.gate', 'cleanup') AS BLOB), zeroblob(32)
         FROM event WHERE kind = 'approved' AND stream LIKE 'run/%' LIMIT 1"
    )
}

#[test]
fn an_approval_that_is_in_no_chain_opens_no_gate_and_every_command_refuses_the_log() {
    let (azure, rehome) = at_the_gate();
    let kept = rehome.say(&["audit", "head"]).expect(0).out.trim().to_owned();
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    rehome.say(&["db", "backup", "copy.db"]).expect(0);
    let done = azure.requests().len();
    let last = "(SELECT max(position) FROM event)";
    let spoilt: [(&str, String); 6] = [
        ("at 0", approval_at("0")),
        ("before it", approval_at("-5")),
        ("at the end", approval_at(&format!("{last} + 1"))),
        ("behind a gap", approval_at(&format!("{last} + 100"))),
        ("one less", "DELETE FROM event WHERE position = 5".to_owned()),
        (
            "a view",
            "ALTER TABLE event RENAME TO events; CREATE VIEW event AS SELECT * FROM events".to_owned(),
        ),
    ];
    for (what, sql) in &spoilt {
        edit(&rehome, sql);
        for command in [
            &["status"][..],
            &["show", &run],
            &["history"],
            &["replay"],
            &["handoff"],
            &["run", "plan.json", "--yes"],
            &["run", "minimal", "--yes"],
            &["verify"],
            &["cleanup", "minimal", "--confirm", "minimal", "--yes"],
            &["rollback", "minimal", "--reason", "x", "--yes"],
            &["pause", "minimal", "--reason", "x"],
            &["approve", "plan.json", "--reason", "x", "--yes"],
            &["audit", "verify"],
            &["audit", "verify", "--anchor", &kept],
            &["audit", "head"],
            &["audit", "bundle", "x.jsonl"],
            &["db", "backup", "spoilt.db"],
            &["db", "reconcile", "--reason", "x", "--yes"],
        ] {
            let said = rehome.say(command);
            assert_eq!(said.code, 15, "{what}: {command:?}: {} {}", said.out, said.err);
            for left in ["x.jsonl", "spoilt.db", "spoilt.db.key"] {
                drop(std::fs::remove_file(rehome.path(left)));
            }
        }
        assert_eq!(azure.requests().len(), done, "{what}: nothing was asked of Azure");
        assert_eq!(rehome.json(&["db", "restore", "copy.db", "--yes"])["confirmed"], true, "{what}");
    }
    rehome.say(&["audit", "verify", "--anchor", &kept]).expect(0);
    let said = rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn a_runner_reads_the_whole_record_before_it_acts_and_not_only_its_own_part() {
    let (azure, rehome) = at_the_gate();
    let done = azure.requests().iter().filter(|r| r["changed"] == true).count();
    edit(&rehome, "UPDATE event SET actor = 'somebody@else' WHERE kind = 'batch_planned'");
    let said = rehome.say(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(15);
    assert!(said.err.contains("position 1"), "{}", said.err);
    assert_eq!(azure.requests().iter().filter(|r| r["changed"] == true).count(), done);
}
