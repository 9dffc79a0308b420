//! Moves that fail: how many may, and what becomes of the others.

use super::{NAME, Scene, refused};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

/// The first thing that a move waits for.
fn waits(entry: &Value) -> &Value {
    &entry["waiting_for"][0]
}

#[test]
fn no_more_moves_fail_than_may_until_somebody_looks_and_says_so() {
    let scene = Scene::new("", "[budget]\nbatch = 1", &["", "", ""], &refused(&[0, 1, 2]));
    scene.rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    assert_eq!((scene.count("failed"), scene.count("needs_person")), (1, 2));
    let kept =
        (0..3).map(|n| scene.of(n)).find(|entry| entry["state"] == "needs-person").expect("one is kept");
    let next = text(&waits(&kept)["unblock_with"][0]).to_owned();
    assert!(next.starts_with("rehome resume scale"), "{next}");
    scene.rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    assert_eq!(scene.count("failed"), 1, "nobody has said so");
    let pasted: Vec<&str> = next.split_whitespace().skip(1).collect();
    scene.rehome.say(&pasted).expect(0);
    scene.rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    assert_eq!(scene.count("failed"), 2, "one more, and no more than that");
    scene.rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_move_that_fails_keeps_those_of_its_wave_that_have_not_begun_and_one_word_lets_them_go_on() {
    let tables = "[[wave]]\nname = \"one\"\n[[wave]]\nname = \"two\"\n[budget]\nwave = 1";
    let scene = Scene::new("on_failure = \"pause-wave\"", tables, &["one", "one", "two"], &refused(&[0]));
    scene.rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    assert_eq!((scene.of(0)["state"].clone(), scene.of(1)["done"].clone()), (json!("failed"), json!(0)));
    assert_eq!(text(&waits(&scene.of(1))["unblock_with"][0]), "rehome resume scale/wave:one");
    scene.rehome.say(&["resume", "scale/wave:on", "--reason", "looked at"]).expect(3);
    scene.rehome.say(&["resume", "scale/wave:one", "--reason", "looked at"]).expect(0);
    assert_eq!(scene.run_all(), 10);
    assert_eq!(scene.of(1)["state"], "awaiting-cleanup", "{}", scene.of(1));
    assert_eq!((&waits(&scene.of(2))["kind"], &scene.of(2)["done"]), (&json!("wave"), &json!(0)));
    let status = scene.rehome.json(&["status", "scale/wave:two"]);
    assert_eq!(status["moves"].as_array().map(Vec::len), Some(1), "{status}");
}

#[test]
fn where_a_move_fails_its_wave_is_taken_back_with_what_was_done_of_it() {
    let scene =
        Scene::new("on_failure = \"rollback-wave\"", "[budget]\nwave = 3", &["", "", ""], &refused(&[2]));
    scene.rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    // One whose facts were still read when the other failed has not begun, and is kept.
    let is_back = |n: usize| {
        let of = scene.of(n);
        of["state"] == "rolled-back" || n != 2 && of["state"] == "paused" && of["done"] == 0
    };
    assert!((0..3).all(is_back), "{:?}", (0..3).map(|n| scene.of(n)).collect::<Vec<_>>());
    let history = scene.rehome.say(&["history", NAME]).expect(0).out;
    assert!(history.contains("run_failed"), "{history}");
    scene.rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_move_that_waits_for_a_person_keeps_no_other_from_beginning_however_few_may_fail() {
    let scene = Scene::new("", "[budget]\nbatch = 1", &["", "", ""], &json!({"rules": []}));
    scene.rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    assert_eq!(scene.count("needs_person"), 3, "each waits for a person, and the next one begins");
    assert_eq!(scene.run_all(), 0);
    assert_eq!(scene.count("awaiting_cleanup"), 3);
    scene.rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn what_a_batch_file_says_of_failures_is_checked_like_the_rest() {
    let rehome = Rehome::offline();
    let file = "format_version = \"1.0\"\n[batch]\nname = \"b\"\nto = \"swedencentral\"\n\
        on_failure = \"pause-wav\"\n[budget]\nwave = 3\nbatch = 2\nbacth = 1\n[[identity]]\n\
        id = \"/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one\"\n\
        target_resource_group = \"h\"\n";
    std::fs::write(rehome.path("batch.toml"), file).expect("written");
    let said = rehome
        .say(&["plan", "-f", "batch.toml", "--save", "plan.json", "--cloud", "http://127.0.0.1:9"])
        .expect(2);
    for expected in ["did you mean pause-wave?", "more failures than the batch", "did you mean batch?"] {
        assert!(said.err.contains(expected), "{expected}: {}", said.err);
    }
}
