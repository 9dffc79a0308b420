//! A canary that is made, verified and taken back before it is made for good.

use super::{NAME, Scene, refused};
use crate::support::rehome::text;
use serde_json::{Value, json};

const TABLES: &str = "[[wave]]\nname = \"canary\"\nrehearse_undo = true\n[[wave]]\nname = \"rest\"";

#[test]
fn a_canary_is_made_and_taken_back_and_made_again_before_the_next_wave_begins() {
    let scene = Scene::new("", TABLES, &["canary", "rest"], &json!({"rules": []}));
    let before = scene.azure.estate();
    assert!(before.to_string().contains("id-0"));
    assert_eq!(scene.rehome.run_with_people(), 0);
    let status = scene.rehome.json(&["status", NAME]);
    let moves = status["moves"].as_array().expect("moves");
    let states: Vec<&str> = moves.iter().map(|entry| text(&entry["state"])).collect();
    assert_eq!(states, ["awaiting-cleanup", "awaiting-cleanup", "rolled-back"]);
    assert_eq!(moves[2]["rehearsal"], true);
    let history = scene.rehome.json(&["history"]);
    let events = history["events"].as_array().expect("events");
    let at = |is: &dyn Fn(&Value) -> bool| events.iter().position(is).expect("it happened");
    let passed = |wave: &str| at(&|event| event["kind"] == "wave_passed" && event["body"]["wave"] == wave);
    let began = |entry: &Value| {
        let stream = format!("run/{}", text(&entry["run"]));
        at(&|event| event["kind"] == "began" && event["stream"] == stream.as_str())
    };
    assert!(began(&moves[2]) < passed("canary-rehearsal"));
    assert!(passed("canary-rehearsal") < began(&moves[0]) && began(&moves[0]) < passed("canary"));
    assert!(passed("canary") < began(&moves[1]));
    scene.rehome.say(&["status", NAME, "--exit-code"]).expect(17);
    scene.rehome.say(&["audit", "verify"]).expect(0);
    scene.rehome.say_with_people(&["cleanup", NAME, "--confirm", NAME, "--yes"]).expect(0);
}

#[test]
fn a_canary_that_fails_keeps_the_next_wave_until_somebody_has_looked() {
    let scene = Scene::new("", TABLES, &["canary", "rest"], &refused(&[0]));
    scene.rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    let status = scene.rehome.json(&["status", NAME]);
    let moves = status["moves"].as_array().expect("moves");
    let done: Vec<&Value> = moves.iter().map(|entry| &entry["done"]).collect();
    assert_eq!((done[0], done[1], text(&moves[2]["state"])), (&json!(0), &json!(0), "failed"));
}
