//! Hours and freezes: when moves begin something, and what goes on all the same.

use super::{NAME, Scene};
use crate::support::rehome::{Rehome, text};
use chrono::{Days, Utc};
use serde_json::json;

/// A freeze between two days from today.
fn freeze(from: i64, to: u64) -> String {
    let today = Utc::now().date_naive();
    let from = if from < 0 {
        today.checked_sub_days(Days::new(from.unsigned_abs()))
    } else {
        today.checked_add_days(Days::new(from.unsigned_abs()))
    };
    let to = today.checked_add_days(Days::new(to));
    format!("[window]\nfreeze = [[\"{}\", \"{}\"]]", from.expect("a day"), to.expect("a day"))
}

/// So many seconds ahead, as a machine's clock may be.
const DAYS_S: i64 = 86_400;

#[test]
fn in_a_freeze_no_move_begins_and_after_it_all_do() {
    let mut scene = Scene::new("valid = \"30d\"", &freeze(-1, 2), &["", ""], &json!({"rules": []}));
    scene.rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let kept = scene.of(0);
    assert_eq!((&kept["state"], &kept["done"]), (&json!("waiting"), &json!(0)), "{kept}");
    let wait = &kept["waiting_for"][0];
    assert_eq!((&wait["kind"], text(&wait["title"]).contains("a freeze")), (&json!("held"), true), "{wait}");
    let ends = wait["next_check_ms"].as_i64().expect("a date");
    assert_eq!(ends % 86_400_000, 0, "it ends where the file says, in UTC: {ends}");
    assert!(scene.azure.requests().iter().all(|request| request["changed"] == false));
    scene.rehome.set_clock(3 * DAYS_S);
    assert_eq!(scene.rehome.run_with_people(), 0);
    assert_eq!(scene.count("awaiting_cleanup"), 2);
    scene.rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn in_a_freeze_what_is_there_is_verified_and_taken_back_and_no_old_identity_goes() {
    let mut scene = Scene::new("", &freeze(1, 4), &["", ""], &json!({"rules": []}));
    assert_eq!(scene.rehome.run_with_people(), 0);
    scene.rehome.set_clock(2 * DAYS_S);
    scene.rehome.say(&["cleanup", NAME, "--confirm", NAME, "--yes"]).expect(11);
    assert!(scene.azure.estate().to_string().contains("\"name\":\"id-0\""), "the old identity is there");
    scene.rehome.say(&["verify", NAME]).expect(0);
    let run = text(&scene.of(0)["run"]).to_owned();
    scene.rehome.say_with_people(&["rollback", &run, "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(scene.of(0)["state"], "rolled-back");
}

#[test]
fn what_a_batch_file_says_of_hours_and_dates_is_checked_like_the_rest() {
    let rehome = Rehome::offline();
    let file = "format_version = \"1.0\"\n[batch]\nname = \"b\"\nto = \"swedencentral\"\nparallel = 0\n\
        [window]\ndays = [\"mon\", \"tus\"]\nhours = \"7-16\"\nzone = \"Stockholm\"\n\
        freeze = [[\"2026-12-20\", \"2026-12-11\"], [\"soon\", \"2026-12-11\"], [\"2026-12-11\"]]\nhour = \"x\"\n[[identity]]\n\
        id = \"/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one\"\n\
        target_resource_group = \"h\"\n";
    std::fs::write(rehome.path("batch.toml"), file).expect("written");
    let said = rehome
        .say(&["plan", "-f", "batch.toml", "--save", "plan.json", "--cloud", "http://127.0.0.1:9"])
        .expect(2);
    for expected in [
        "did you mean tue?",
        "are no hours of a day",
        "is no time zone",
        "ends before it begins",
        "\"soon\" is no date",
        "lists of two texts",
        "did you mean hours?",
        "a whole number from 1",
    ] {
        assert!(said.err.contains(expected), "{expected}: {}", said.err);
    }
}
