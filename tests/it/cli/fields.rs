//! What people and Azure write stays in the line where it is shown: nobody forges a line of a report.

use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};
use serde_json::Value;

const FORGED: &str = "ok\n   999  2026-01-01T00:00:00.000Z  run/m-000000   forged \u{1b}[2K\u{202e}\u{9b}";

#[test]
fn what_people_and_azure_write_does_not_begin_a_line_of_its_own() {
    let estate = std::fs::read_to_string(example("minimal").join("estate.json")).expect("an estate");
    let mut estate: Value = serde_json::from_str(&estate).expect("JSON");
    let group = |o: &&mut Value| text(&o["displayName"]) == "grp-shop-readers";
    let group = estate["graph"].as_array_mut().expect("objects").iter_mut().find(group).expect("a group");
    group["displayName"] = Value::from(format!("readers {FORGED}"));
    let mut rehome = Rehome::offline();
    std::fs::write(rehome.path("estate.json"), estate.to_string()).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    let batch = example("minimal").join("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    let mut heard = String::new();
    let mut listen = |arguments: &[&str]| {
        let said = rehome.say(arguments);
        heard.push_str(&said.out);
        heard.push_str(&said.err);
    };
    listen(&["discover", "-f", batch]);
    listen(&["plan", "-f", batch, "--save", "plan.json"]);
    listen(&["approve", "plan.json", "--reason", FORGED, "--yes", "--actor", &format!("me{FORGED}@here")]);
    listen(&["pause", "minimal", "--reason", FORGED]);
    listen(&["resume", "minimal", "--reason", FORGED]);
    listen(&["run", "plan.json", "--yes"]);
    let status = rehome.json(&["status"]);
    let (run, waits) = (text(&status["moves"][0]["run"]), &status["moves"][0]["waiting_for"]);
    let by_hand =
        waits.as_array().expect("waits").iter().find(|w| w["kind"] == "by-hand").expect("one by hand");
    let step = format!("{run}:{}", text(&by_hand["step"]));
    listen(&["show", &step]);
    listen(&["ack", &step, "--note", FORGED]);
    listen(&["ack", FORGED, "--note", "x"]);
    listen(&["rollback", FORGED, "--reason", "x", "--yes"]);
    listen(&["plan", "-f", FORGED, "--save", "x.json"]);
    listen(&["run", FORGED]);
    for command in ["status", "history", "show", "replay", "verify"] {
        listen(&[command]);
        listen(&[command, run]);
        listen(&[command, run, "-o", "json"]);
    }
    let own = heard.lines().find(|line| line.trim_start().starts_with("999"));
    assert_eq!(own, None, "a line of its own");
    assert!(
        heard.contains(r"ok\n   999") && heard.contains(r"forged \x1b[2K\u202e\x9b"),
        "it is shown: {heard}"
    );
    for steering in ["\u{1b}", "\u{202e}", "\u{9b}", "\\u{1b}", "\\u{202e}"] {
        assert!(!heard.contains(steering), "{steering:?} was said");
    }
}
