//! The log as it was: every reading command at any moment, and why a step went as it did.

use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

/// A move whose first write was sent twice, and that was taken back.
fn taken_back() -> (Azure, Rehome, String) {
    let faults = tempfile::NamedTempFile::new().expect("a file");
    let rule = json!({"rules": [{"method": "PUT", "path": "userAssignedIdentities", "times": 1,
        "what": {"answer": {"status": 429, "code": "TooManyRequests"}}}]});
    std::fs::write(faults.path(), rule.to_string()).expect("written");
    let azure = Azure::serve(&example("minimal").join("estate.json"), Some(faults.path()));
    let rehome = Rehome::at(&azure);
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak()).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    rehome.say(&["rollback", &run, "--reason", "the owner asked for it", "--yes"]).expect(0);
    (azure, rehome, run)
}

#[test]
fn every_reading_command_shows_the_log_as_it_was_at_a_position_or_a_time() {
    let (_azure, rehome, run) = taken_back();
    let history = rehome.json(&["history"])["events"].as_array().expect("events").clone();
    let all = history.len();
    let mut states = std::collections::BTreeSet::new();
    for position in [3, all / 3, all / 2, all - 1, all] {
        let at = position.to_string();
        let status = rehome.json(&["status", "--at", &at]);
        let replayed = rehome.json(&["replay", "--at", &at]);
        let of = |value: &Value| -> Vec<(String, String)> {
            let moves = value["moves"].as_array().expect("moves").iter();
            moves.map(|m| (text(&m["run"]).to_owned(), text(&m["state"]).to_owned())).collect()
        };
        assert_eq!(of(&status), of(&replayed), "at {at}");
        states.extend(of(&status));
        let waits = status["moves"]
            .as_array()
            .expect("moves")
            .iter()
            .flat_map(|m| m["waiting_for"].as_array().into_iter().flatten());
        for wait in waits {
            let none = wait["unblock_with"].as_array().is_none_or(Vec::is_empty);
            assert!(none, "what was good then may not be now: {wait}");
        }
        assert_eq!(rehome.json(&["history", "--at", &at])["events"].as_array().map(Vec::len), Some(position));
        let head = rehome.json(&["audit", "head", "--at", &at]);
        assert_eq!((&head["position"], &head["hash"]), (&json!(position), &history[position - 1]["hash"]));
        // By its time it is at least that much, and nothing that is later.
        let time = text(&history[position - 1]["at"]);
        let by_time = rehome.json(&["history", "--at", time])["events"].as_array().expect("events").clone();
        let later = |event: &Value| text(&event["at"]) > time;
        assert!(!by_time.iter().any(later) && by_time.len() <= all, "{time}");
        assert!(by_time.len() == all || later(&history[by_time.len()]), "{time}");
    }
    assert!(states.len() >= 3, "it is not the same at every moment: {states:?}");
    let half = (all / 2).to_string();
    for command in [
        &["show", &run][..],
        &["graph", &run],
        &["graph", &run, "--access"],
        &["timeline", &run],
        &["timeline", "minimal"],
        &["report", "minimal"],
        &["audit", "explain", &format!("{run}:01")],
    ] {
        let then = rehome.say(&[command, &["--at", &half]].concat()).expect(0).out;
        assert_ne!(then, "", "{command:?}");
    }
    assert_ne!(rehome.json(&["report", "minimal", "--at", &half]), rehome.json(&["report", "minimal"]));
    let said = rehome.say(&["status", "--at", "100000"]).expect(3);
    assert!(said.err.contains("has no event 100000"), "{}", said.err);
    rehome.say(&["status", "--at", "whenever"]).expect(2);
    rehome.say(&["show", &run, "--at", "1"]).expect(3);
    // A bundle has the same past.
    rehome.say(&["audit", "bundle", "all.jsonl"]).expect(0);
    let bundled = rehome.json(&["status", "--bundle", "all.jsonl", "--at", &half]);
    assert_eq!(bundled["moves"], rehome.json(&["status", "--at", &half])["moves"]);
}

#[test]
fn a_step_that_was_tried_again_and_taken_back_is_explained_from_its_events() {
    let (_azure, rehome, run) = taken_back();
    let history = rehome.json(&["history"]);
    let events = history["events"].as_array().expect("events");
    let kind = |event: &&Value, kind: &str| event["kind"] == kind;
    let again = events.iter().find(|event| kind(event, "ended") && !event["body"]["end"]["retry"].is_null());
    let step = text(&again.expect("one was sent again")["body"]["step"]).to_owned();
    let name = format!("{run}:{step}");
    let told = rehome.json(&["audit", "explain", &name]);
    let lines = told["lines"].as_array().expect("lines");
    let of = |word: &str| lines.iter().filter(|line| text(&line["what"]).contains(word)).collect::<Vec<_>>();
    let first = of("attempt 1 to do it");
    assert!(text(&first[0]["because"]).contains("event"), "{told}");
    let second = of("attempt 2 to do it");
    assert!(
        text(&second[0]["because"]).contains("not carried out")
            && text(&second[0]["because"]).contains("event"),
        "{told}"
    );
    let back = of("attempt 1 to take it back");
    assert!(text(&back[0]["because"]).contains("tester@contoso.example asked for the way back"), "{told}");
    // Every line is of an event that is there, and none of this step is left out.
    let positions: Vec<&Value> = lines.iter().map(|line| &line["position"]).collect();
    let began = events.iter().filter(|event| kind(event, "began") && event["body"]["step"] == step.as_str());
    for event in began {
        assert!(positions.contains(&&event["position"]), "{event}");
    }
    let early =
        rehome.json(&["audit", "explain", &name, "--at", &again.expect("it")["position"].to_string()]);
    assert!(text(&early["now"]).contains("not before") || !text(&early["now"]).is_empty(), "{early}");
    assert!(early["lines"].as_array().expect("lines").len() < lines.len());
    let said = rehome.say(&["audit", "explain", &name]).expect(0).out;
    assert!(said.contains("because") && said.contains("now "), "{said}");
    rehome.say(&["audit", "explain", &format!("{run}:nothing")]).expect(3);
    rehome.say(&["audit", "explain", &run]).expect(2);
}
