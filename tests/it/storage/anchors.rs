//! The record of the log's end: what it confirms, up to where, and that nobody is told more than that.

use crate::support::estates::approved;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

fn head(rehome: &Rehome) -> Value {
    rehome.json(&["audit", "head"])
}

/// What `audit verify` says of the end.
fn anchored(rehome: &Rehome, arguments: &[&str]) -> (Value, Value) {
    let said = rehome.json(&[&["audit", "verify"], arguments].concat());
    (said["anchored"].clone(), said["anchored_at"].clone())
}

#[test]
fn whatever_a_person_asks_is_confirmed_by_the_anchor_from_then_on() {
    let (_azure, rehome) = approved();
    let all = |rehome: &Rehome| (json!(true), head(rehome)["position"].clone());
    assert_eq!(anchored(&rehome, &[]), all(&rehome), "before the first run");
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    assert!(rehome.acknowledge(), "a step waits for a person");
    assert_eq!(anchored(&rehome, &[]), all(&rehome));
    for ask in ["pause", "resume"] {
        rehome.say(&["db", "backup", &format!("{ask}.db")]).expect(0);
        rehome.say(&[ask, "minimal", "--reason", "a test"]).expect(0);
        assert_eq!(anchored(&rehome, &[]), all(&rehome), "{ask}");
        // So a copy from before it is known for what it is.
        rehome.say(&["db", "backup", &format!("{ask}-after.db")]).expect(0);
        assert_eq!(rehome.json(&["db", "restore", &format!("{ask}.db"), "--yes"])["confirmed"], false);
        rehome.say(&["audit", "verify"]).expect(15);
        assert_eq!(rehome.json(&["db", "restore", &format!("{ask}-after.db"), "--yes"])["confirmed"], true);
    }
}

#[test]
fn beside_a_runner_the_anchor_is_left_to_it_and_verify_says_up_to_where_it_goes() {
    let (_azure, rehome) = approved();
    let known = head(&rehome)["position"].clone();
    let lock = std::fs::File::create(rehome.path("rehome.db.runner")).expect("the lock file");
    lock.lock().expect("held here");
    rehome.say(&["pause", "minimal", "--reason", "a test"]).expect(0);
    assert_eq!(anchored(&rehome, &[]), (json!(false), known.clone()));
    let said = rehome.say(&["audit", "verify"]).expect(0).out;
    assert!(said.contains(&format!("confirms events 1 to {known}")) && said.contains("cut off"), "{said}");
    drop(lock);
    rehome.say(&["resume", "minimal", "--reason", "a test"]).expect(0);
    assert_eq!(anchored(&rehome, &[]).0, true);
}

#[test]
fn an_end_that_was_noted_earlier_confirms_only_up_to_there() {
    let (_azure, rehome) = approved();
    let early = rehome.say(&["audit", "head"]).expect(0).out.trim().to_owned();
    let at = head(&rehome)["position"].clone();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    rehome.say(&["audit", "bundle", "all.jsonl"]).expect(0);
    let nothing = format!("0:{}", "0".repeat(64));
    for from in [&[][..], &["--bundle", "all.jsonl"]] {
        let with = |end: &str| [&["--anchor", end], from].concat().iter().map(ToString::to_string).collect();
        let verify = |end: &str| {
            let arguments: Vec<String> = with(end);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let said = rehome.say(&[&["audit", "verify"], &arguments[..]].concat()).expect(0).out;
            (anchored(&rehome, &arguments), said)
        };
        let (found, said) = verify(&early);
        assert_eq!(found, (json!(false), at.clone()), "{said}");
        assert!(said.contains(&format!("events 1 to {at}")), "{said}");
        let late = rehome.say(&["audit", "head"]).expect(0).out.trim().to_owned();
        let (found, said) = verify(&late);
        assert_eq!(found, (json!(true), head(&rehome)["position"].clone()), "{said}");
        let (found, said) = verify(&nothing);
        assert_eq!(found, (json!(false), Value::Null), "{said}");
        assert!(said.contains("nothing: ") || said.contains("proves nothing"), "{said}");
        let forged = format!("0:{}", "ab".repeat(32));
        let said = rehome.say(&[&["audit", "verify", "--anchor", &forged], from].concat()).expect(2);
        assert!(said.err.contains("proves nothing"), "{}", said.err);
    }
}

#[test]
fn a_file_with_what_audit_head_printed_is_an_end_that_was_kept() {
    let (_azure, rehome) = approved();
    let text_of = |arguments: &[&str]| rehome.say(arguments).expect(0).out;
    let (line, read) = (text_of(&["audit", "head"]), text_of(&["audit", "head", "-o", "json"]));
    let crlf = line.trim().to_owned() + "\r\n";
    for (name, kept) in [("line", &line), ("json", &read), ("crlf", &crlf)] {
        std::fs::write(rehome.path(name), kept).expect("written");
        assert_eq!(anchored(&rehome, &["--anchor", name]).0, true, "{name}");
    }
    let mut other: Value = serde_json::from_str(&read).expect("JSON");
    other["hash"] = json!("ab".repeat(32));
    std::fs::write(rehome.path("forged"), other.to_string()).expect("written");
    rehome.say(&["audit", "verify", "--anchor", "forged"]).expect(15);
    other["log"] = json!("00000000000000000000000000000000");
    std::fs::write(rehome.path("other"), other.to_string()).expect("written");
    let said = rehome.say(&["audit", "verify", "--anchor", "other"]).expect(15);
    assert!(said.err.contains("another log"), "{}", said.err);
    for (name, kept) in [("empty", ""), ("two", "1:a\n2:b\n"), ("words", "the end"), ("short", "12:ab\n")] {
        std::fs::write(rehome.path(name), kept).expect("written");
        let said = rehome.say(&["audit", "verify", "--anchor", name]).expect(2);
        assert!(said.err.contains("POSITION:HASH") && said.err.contains("next"), "{name}: {}", said.err);
    }
}

#[test]
fn an_anchor_that_is_missing_where_a_runner_left_its_name_is_missed_by_verify_too() {
    let (_azure, rehome) = approved();
    rehome.say(&["db", "backup", "early.db"]).expect(0);
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    rehome.say(&["db", "restore", "early.db", "--yes"]).expect(0);
    std::fs::remove_file(rehome.path("rehome.db.anchor")).expect("removed");
    for command in [&["audit", "verify"][..], &["run", "plan.json", "--yes"]] {
        let said = rehome.say(command).expect(15);
        let says = ["a runner was at work", "anchor beside it is missing", "rehome db reconcile"];
        assert!(says.iter().all(|says| said.err.contains(says)), "{command:?}: {}", said.err);
    }
    // Beside a copy nobody was at work.
    let said = rehome.say(&["audit", "verify", "--db", "early.db"]).expect(0);
    assert!(text(&json!(said.out)).contains("without an anchor"), "{}", said.out);
}
