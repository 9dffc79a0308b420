//! The key of the settings' marks: it goes where the log goes, and nobody goes on with another one unawares.

use crate::support::azure::Azure;
use crate::support::estates::approved;
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use serde_json::Value;

const RECONCILE: [&str; 5] = ["db", "reconcile", "--reason", "the disk died", "--yes"];
const NEW_KEY: [&str; 6] = ["db", "reconcile", "--new-key", "--reason", "the key is gone", "--yes"];

/// A batch that was moved, and a copy of its log; settings are rewritten.
struct Moved {
    azure: Azure,
    home: Rehome,
    before: Value,
    batch: String,
}

fn moved() -> Moved {
    let (azure, home) = approved();
    let before = plain(&azure.estate());
    assert_eq!(home.run_with_people(), 0);
    let done = home.json(&["history"]);
    assert!(done.to_string().contains("\"splice\""), "a setting was rewritten");
    let batch = text(&home.json(&["status"])["moves"][0]["batch"]).to_owned();
    Moved { azure, home, before, batch }
}

impl Moved {
    /// Another machine, with these files of this one.
    fn elsewhere(&self, files: &[&str]) -> Rehome {
        let other = Rehome::at(&self.azure);
        for file in files {
            std::fs::copy(self.home.path(file), other.path(file)).expect("handed over");
        }
        other
    }

    fn roll_back(&self, rehome: &Rehome) -> i32 {
        rehome.say_with_people(&["rollback", &self.batch, "--reason", "a test", "--yes"]).code
    }

    fn writes(&self) -> usize {
        self.azure.requests().iter().filter(|r| r["changed"] == true).count()
    }
}

#[test]
fn a_move_is_taken_back_from_a_backup_on_another_machine_with_the_key_that_came_along() {
    let moved = moved();
    let backup = moved.home.json(&["db", "backup", "copy.db"]);
    assert_eq!(backup["key"], "copy.db.key");
    let said = moved.home.say(&["db", "backup", "copy.db"]).expect(2);
    assert!(said.err.contains("never replaces"), "{}", said.err);
    let other = moved.elsewhere(&["copy.db", "copy.db.key"]);
    assert_eq!(other.json(&["db", "restore", "copy.db", "--yes"])["key"], true);
    for (rehome, name) in [(&moved.home, "copy.db.key"), (&other, "rehome.db.key")] {
        let key = std::fs::read(rehome.path(name)).expect("the key");
        assert_eq!(key, std::fs::read(moved.home.path("rehome.db.key")).expect("the key"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let about = std::fs::metadata(rehome.path(name)).expect("the key");
            assert_eq!(about.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
    other.say(&RECONCILE).expect(0);
    assert_eq!(moved.roll_back(&other), 0);
    assert_eq!(differences(&moved.before, &plain(&moved.azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn a_key_that_is_missing_or_another_one_is_said_before_anything_is_written_and_never_made_anew() {
    let moved = moved();
    moved.home.say(&["db", "backup", "copy.db"]).expect(0);
    let other = moved.elsewhere(&["copy.db"]);
    let said = other.say(&["db", "restore", "copy.db", "--yes"]).expect(0);
    assert!(said.err.contains("key of the settings' marks is missing"), "{}", said.err);
    for file in ["rehome.db.anchor", "rehome.db.runner"] {
        std::fs::copy(moved.home.path(file), other.path(file)).expect("handed over");
    }
    let done = moved.writes();
    let key = other.path("rehome.db.key");
    for (wrong, says) in
        [(None, "is missing"), (Some(vec![7; 32]), "another one"), (Some(vec![7]), "damaged")]
    {
        if let Some(wrong) = &wrong {
            std::fs::write(&key, wrong).expect("written");
        }
        let roll_back = ["rollback", &moved.batch, "--reason", "a test", "--yes"];
        for command in [&["run", &moved.batch, "--yes"][..], &roll_back, &RECONCILE, &["verify"]] {
            let said = other.say(command).expect(15);
            assert!(
                said.err.contains(says)
                    && said.err.contains("reconcile --new-key")
                    && said.err.contains("next"),
                "{command:?}: {}",
                said.err
            );
        }
        other.say(&["status"]).expect(0);
        assert_eq!(std::fs::read(&key).ok(), wrong, "nobody made one or changed it");
    }
    assert_eq!(moved.writes(), done);
    std::fs::copy(moved.home.path("copy.db.key"), &key).expect("put back");
    assert_eq!(moved.roll_back(&other), 0);
    assert_eq!(differences(&moved.before, &plain(&moved.azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn a_person_can_say_that_the_key_is_gone_and_settings_are_then_theirs_to_take_back() {
    let moved = moved();
    let old = moved.home.path("rehome.db.key");
    std::fs::remove_file(&old).expect("lost");
    moved.home.say(&["run", &moved.batch, "--yes"]).expect(15);
    let said = moved.home.say(&NEW_KEY).expect(0);
    assert!(said.err.contains("by hand"), "{}", said.err);
    assert!(old.exists());
    assert_ne!(moved.roll_back(&moved.home), 0, "a setting waits for a person");
    let status = moved.home.say(&["status"]).expect(0);
    assert!(status.out.contains("mark-done") || status.out.contains("retry"), "{}", status.out);
    // The new key is now the one that the log knows of.
    std::fs::write(&old, [7; 32]).expect("another one");
    moved.home.say(&["run", &moved.batch, "--yes"]).expect(15);
}
