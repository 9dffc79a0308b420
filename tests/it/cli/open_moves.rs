//! One identity is moved by one batch at a time, and a move that is under way is known as one's own.

use crate::support::azure::{example, minimal_without_soak};
use crate::support::estates::signed_in;
use crate::support::rehome::text;

const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];
const APPROVE: [&str; 5] = ["approve", "plan.json", "--reason", "a test", "--yes"];

#[test]
fn an_identity_of_an_open_move_is_refused_to_another_batch_with_the_name_of_the_first() {
    let (_azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    rehome.approve(&rehome.path("batch.toml"));
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    let other = minimal_without_soak().replace("name = \"minimal\"", "name = \"other\"");
    assert_ne!(other, minimal_without_soak());
    std::fs::write(rehome.path("batch.toml"), &other).expect("written");
    rehome.say(&PLAN).expect(0);
    let said = rehome.say(&APPROVE).expect(1);
    for part in ["is being moved already", &run, "of batch minimal", "rehome status minimal"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    let moves = rehome.json(&["status"])["moves"].as_array().expect("moves").len();
    assert_eq!(moves, 1, "nothing of the second is in the log");
}

#[test]
fn a_half_moved_identity_is_known_as_ones_own() {
    let (_azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    rehome.approve(&rehome.path("batch.toml"));
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "again.json"]).expect(12);
    let own = format!("move {run} of batch minimal has made it");
    for part in ["B103", &own, "rehome run minimal"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    assert!(!said.err.contains("choose another name"), "{}", said.err);
}
