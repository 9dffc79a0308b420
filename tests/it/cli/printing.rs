//! What is printed for programs is one document, and where nothing can be printed the truth is told all the same.

use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, Said, text};
use serde_json::Value;
use std::process::Command;

/// The documents on stdout.
fn documents(said: &Said) -> Vec<Value> {
    let stream = serde_json::Deserializer::from_str(&said.out).into_iter();
    stream.collect::<Result<_, _>>().unwrap_or_else(|e| panic!("{e}: {}", said.out))
}

/// The one document of a command that ends with this code.
fn one(rehome: &Rehome, code: i32, arguments: &[&str]) -> Value {
    let said = rehome.say(&[arguments, &["-o", "json"]].concat()).expect(code);
    let mut all = documents(&said);
    assert_eq!(all.len(), 1, "{arguments:?}: {}", said.out);
    let document = all.remove(0);
    assert_eq!(document["format_version"], "1.0", "{arguments:?}");
    document
}

#[test]
fn every_command_prints_exactly_one_json_document() {
    let azure = Azure::serve(&example("contoso").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = example("contoso").join("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    one(&rehome, 0, &["discover", "-f", batch, "--snapshot", "estate.json"]);
    let plan = one(&rehome, 0, &["plan", "-f", batch, "--save", "plan.json"]);
    let name = text(&plan["document"]["batch"]);
    one(&rehome, 0, &["show", "plan.json"]);
    one(&rehome, 0, &["approve", "plan.json", "--reason", "a test", "--yes"]);
    let paused = one(&rehome, 0, &["pause", name, "--reason", "a test"]);
    let moves = paused["moves"].as_array().expect("moves");
    assert!(moves.len() > 1 && moves.iter().all(|m| m["recorded"] == true), "{paused}");
    let run = text(&moves[0]["run"]).to_owned();
    one(&rehome, 0, &["resume", name]);
    let retried = one(&rehome, 0, &["retry", name]);
    assert!(retried["moves"].as_array().is_some_and(|all| all.iter().all(|m| m["recorded"] == false)));
    let early = one(&rehome, 11, &["cleanup", name, "--confirm", name]);
    assert_eq!(early["moves"].as_array().map(Vec::len), Some(moves.len()), "where they stand: {early}");
    one(&rehome, 11, &["run", "plan.json", "--yes"]);
    while rehome.acknowledge() {
        rehome.say(&["run", "plan.json", "--yes"]);
    }
    one(&rehome, 0, &["verify", &run]);
    for command in ["status", "history", "show", "replay"] {
        one(&rehome, 0, &[command, &run]);
    }
    rehome.say_with_people(&["rollback", &run, "--reason", "a test", "--yes"]).expect(0);
    let again = one(&rehome, 0, &["rollback", &run, "--reason", "a test", "--yes"]);
    assert_eq!((text(&again["moves"][0]["state"]), &again["exit"]), ("rolled-back", &Value::from(0)));
    let other = text(&moves[1]["run"]);
    rehome.say_with_people(&["cleanup", other, "--confirm", name]).expect(0);
    let nothing = one(&rehome, 0, &["cleanup", other, "--confirm", name]);
    assert_eq!(nothing["moves"][0]["state"], "done");
    let refused = one(&rehome, 10, &["rollback", other, "--reason", "a test", "--yes"]);
    assert_eq!((&refused["exit"], &refused["moves"][0]["run"]), (&Value::from(10), &Value::from(other)));
    let over = one(&rehome, 0, &["pause", other, "--reason", "a test"]);
    assert_eq!(over["moves"][0]["recorded"], false);
    for command in [
        &["audit", "verify"][..],
        &["audit", "head"],
        &["audit", "bundle", "all.jsonl"],
        &["db", "backup", "b.db"],
    ] {
        one(&rehome, 0, command);
    }
}

#[test]
fn a_rehearsal_is_one_document_of_all_its_commands() {
    let rehome = Rehome::offline();
    let folder = example("minimal");
    let rehearsed = one(&rehome, 0, &["rehearse", folder.to_str().expect("a plain path")]);
    let commands: Vec<&str> =
        rehearsed["commands"].as_array().expect("commands").iter().map(|c| text(&c["command"])).collect();
    for command in ["plan", "approve", "run", "ack", "verify", "cleanup"] {
        assert!(commands.contains(&command), "{commands:?}");
    }
    let last = rehearsed["commands"].as_array().and_then(|c| c.last()).expect("one");
    assert_eq!(
        (&last["result"]["moves"][0]["state"], &rehearsed["exit"]),
        (&Value::from("done"), &Value::from(0))
    );
    assert!(rehearsed["workloads"]["watched"].is_u64());
    let said = rehome
        .say(&["rehearse", folder.to_str().expect("a path"), "--query", "commands[].command"])
        .expect(0);
    assert_eq!(documents(&said).len(), 1);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_printed_is_done_all_the_same_and_the_error_says_so() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = example("minimal").join("batch.toml");
    let full = |arguments: &str, state: &str, next: &str| {
        for json in ["", " -o json"] {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("exec $REHOME {arguments}{json} > /dev/full")]);
            command.env("REHOME", env!("CARGO_BIN_EXE_rehome")).env("BATCH", &batch);
            let output = rehome.dressed(&mut command).output().expect("a shell");
            let err = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{arguments}: {err}");
            for part in ["failed to print", "No space left", state, next] {
                assert!(err.contains(part), "{arguments} does not say {part:?}: {err}");
            }
            assert!(state.contains("nothing") || !err.contains("nothing was changed"), "{arguments}: {err}");
        }
    };
    full("plan -f $BATCH --save plan.json", "is written", "rehome show plan.json");
    full("approve plan.json --reason x --yes", "is in the log", "rehome run plan.json");
    full("run plan.json --yes", "is in the log", "rehome run plan.json");
    assert!(azure.requests().iter().any(|r| r["changed"] == true), "there was something to report");
    full("status", "nothing was changed", "same command again");
    full("pause minimal --reason x", "is in the log", "rehome status minimal");
    rehome.say(&["resume", "minimal"]).expect(0);
    full("rollback minimal --reason x --yes", "is in the log", "rehome status minimal");
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_query_that_cannot_be_read_is_refused_before_anything_is_done() {
    let rehome = Rehome::offline();
    let said = rehome.say(&["plan", "-f", "none.toml", "--save", "x.json", "--query", "moves["]).expect(2);
    assert!(said.err.contains("JMESPath") && said.err.contains("next"), "{}", said.err);
}
