//! Secrets that people type are on no disk and in no output.

use crate::azure::{Azure, example};
use crate::rehome::{Rehome, text};
use crate::whole_way::contains;

#[test]
fn a_secret_in_a_reason_or_a_note_is_masked_before_it_is_recorded_and_the_person_is_told() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = example("minimal").join("batch.toml");
    rehome.say(&["plan", "-f", batch.to_str().expect("a path"), "--save", "plan.json"]).expect(0);
    let jwt = "eyJhbGciOiJub25lIn0.eyJwbGFudGVkIjoxfQ.cGxhbnRlZDE";
    let mut heard = String::new();
    let mut listen = |arguments: &[&str], secret: &str| {
        let said = rehome.say(arguments).expect(0);
        assert!(
            said.err.contains("masked") && said.err.contains(arguments[2]),
            "{arguments:?}: {}",
            said.err
        );
        assert!(!contains(&rehome.remains(), secret.as_bytes()), "{secret} is on the disk");
        heard.push_str(&(said.out + &said.err));
    };
    listen(&["approve", "plan.json", "--reason", "as told, password=planted2, go", "--yes"], "planted2");
    listen(&["pause", "minimal", "--reason", "AccountKey=plantedK3y==;x"], "plantedK3y");
    listen(&["resume", "minimal", "--reason", &format!("Authorization: Bearer {jwt}")], jwt);
    listen(&["pause", "minimal", "--reason", "https://me:planted3@git.example/x"], "planted3");
    listen(
        &["resume", "minimal", "--reason", "it was abc8Q~planted6789abcdefABCDEF0123456789~_."],
        "planted6789abcdef",
    );
    rehome.say(&["run", "plan.json", "--yes"]);
    let status = rehome.json(&["status"]);
    let run = text(&status["moves"][0]["run"]);
    let waits = status["moves"][0]["waiting_for"].as_array().expect("waits");
    let step = waits.iter().find(|w| w["kind"] == "by-hand").expect("one by hand");
    let step = format!("{run}:{}", text(&step["step"]));
    listen(
        &["ack", &step, "--note", "used\n-----BEGIN PRIVATE KEY-----\nplanted5\n-----END PRIVATE KEY-----"],
        "planted5",
    );
    heard.push_str(&rehome.say(&["history"]).expect(0).out);
    assert!(heard.contains("as told, password=[hidden], go"), "the words around it stay: {heard}");
    assert!(!heard.contains("planted"), "{heard}");
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_cloud_with_a_password_in_it_is_refused_and_the_password_is_not_said() {
    let rehome = Rehome::offline();
    let batch = example("minimal").join("batch.toml");
    let batch = batch.to_str().expect("a path");
    let cloud = ["--cloud", "http://me:planted@127.0.0.1:9"];
    let said = rehome.say(&[&["plan", "-f", batch, "--save", "p.json"], &cloud[..]].concat()).expect(2);
    assert!(said.err.contains("no password") && said.err.contains("next"), "{}", said.err);
    assert!(!said.err.contains("planted"), "{}", said.err);
}
