//! What people ask of a batch while it is under way: who, why, how far it is, and how it is withdrawn.

use super::{NAME, Scene};
use crate::support::rehome::text;
use serde_json::{Value, json};

fn scene() -> Scene {
    Scene::new("", "", &["", "", ""], &json!({"rules": []}))
}

impl Scene {
    /// What was asked of the batch and holds still.
    fn asked(&self) -> Vec<Value> {
        self.rehome.json(&["status"])["asked"].as_array().expect("a list").clone()
    }

    /// Withdraws what was asked last with the command that is shown.
    fn withdraw(&self) {
        let asked = self.asked();
        let command = text(&asked.last().expect("something")["withdraw_with"]);
        let pasted: Vec<&str> = command.split_whitespace().skip(1).collect();
        self.rehome.say(&pasted).expect(0);
        assert!(self.asked().is_empty(), "{:?}", self.asked());
    }
}

#[test]
fn a_pause_is_requested_then_seen_and_in_force_and_ends_when_it_is_withdrawn() {
    let scene = scene();
    scene.rehome.say(&["pause", NAME, "--until", "8h", "--reason", "an incident"]).expect(0);
    let asked = scene.asked();
    let told = |key: &str| text(&asked[0][key]).to_owned();
    assert_eq!(
        (told("request"), told("stage"), told("reason")),
        ("pause".into(), "requested".into(), "an incident".into())
    );
    assert_eq!(told("by"), "tester@contoso.example");
    scene.rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    assert_eq!(scene.asked()[0]["stage"], "in-force");
    let paused = scene.of(0);
    assert_eq!((&paused["state"], &paused["done"]), (&json!("paused"), &json!(0)), "{paused}");
    assert!(paused["waiting_for"][0]["next_check_ms"].is_i64(), "{paused}");
    let shown = scene.rehome.say(&["status"]).expect(0).out;
    assert!(shown.contains("ASKED  pause scale until ") && shown.contains("an incident"), "{shown}");
    scene.withdraw();
    assert_eq!(scene.rehome.run_with_people(), 0);
    scene.rehome.say(&["pause", NAME, "--until", "2020-01-01", "--reason", "too late"]).expect(2);
    scene.rehome.say(&["pause", NAME, "--until", "soon", "--reason", "no date"]).expect(2);
}

#[test]
fn a_throttle_holds_until_it_is_withdrawn_and_all_moves_come_through_one_by_one() {
    let scene = scene();
    scene.rehome.say(&["throttle", NAME, "--parallel", "1", "--reason", "slowly"]).expect(0);
    assert_eq!(scene.rehome.run_with_people(), 0);
    let asked = scene.asked();
    assert_eq!((&asked[0]["of"], &asked[0]["stage"]), (&json!("--parallel 1"), &json!("in-force")));
    scene.withdraw();
    scene.rehome.say(&["throttle", NAME, "--parallel", "0", "--reason", "not at all"]).expect(2);
    scene.rehome.say(&["throttle", NAME, "--reason", "nothing said"]).expect(2);
    scene.rehome.say(&["throttle", "scael", "--parallel", "1", "--reason", "x"]).expect(3);
}

#[test]
fn a_share_of_azures_limits_is_planned_throttled_shown_and_withdrawn() {
    let tables = "[limits]\nshare = \"60%\"";
    let scene = Scene::new("", tables, &["", ""], &json!({"rules": []}));
    let page = scene.rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(page.contains("60% of what Azure allows"), "{page}");
    let share = || scene.rehome.json(&["status"])["share"].clone();
    assert_eq!(share(), json!({NAME: 60}));
    scene
        .rehome
        .say(&["throttle", NAME, "--share", "5%", "--parallel", "1", "--reason", "a release"])
        .expect(0);
    assert_eq!(share(), json!({NAME: 5}));
    let said: Vec<String> = scene.asked().iter().map(|one| text(&one["of"]).to_owned()).collect();
    assert_eq!(said, ["--parallel 1", "--share 5%"]);
    let shown = scene.rehome.say(&["status"]).expect(0).out;
    assert!(shown.contains("LIMITS scale uses 5% of what Azure allows"), "{shown}");
    assert_eq!(scene.rehome.run_with_people(), 0);
    assert!(scene.asked().iter().all(|one| one["stage"] == "in-force"), "{:?}", scene.asked());
    scene.withdraw();
    assert_eq!(share(), json!({NAME: 60}), "as it was planned");
    for wrong in ["0%", "101%", "half", "5"] {
        scene.rehome.say(&["throttle", NAME, "--share", wrong, "--reason", "x"]).expect(2);
    }
    scene.rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_batch_that_is_given_up_begins_nothing_more_and_can_be_taken_up_or_back() {
    let scene = scene();
    scene.rehome.say(&["abandon", NAME, "--confirm", "other", "--reason", "no"]).expect(2);
    scene.rehome.say(&["abandon", NAME, "--confirm", NAME, "--reason", "another way was found"]).expect(0);
    scene.rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    assert_eq!((scene.count("abandoned"), scene.of(0)["done"].clone()), (3, json!(0)));
    scene.rehome.say(&["abandon", NAME, "--confirm", NAME, "--reason", "again"]).expect(2);
    scene.withdraw();
    assert_eq!(scene.rehome.run_with_people(), 0);
    scene.rehome.say(&["abandon", NAME, "--confirm", NAME, "--reason", "after all"]).expect(0);
    scene.rehome.say_with_people(&["rollback", NAME, "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(scene.count("rolled_back"), 3);
}

#[test]
fn a_move_that_has_not_begun_is_left_out_as_a_whole_and_taken_in_again() {
    let scene = scene();
    let run = text(&scene.of(1)["run"]).to_owned();
    scene.rehome.say(&["skip", &run, "--reason", "its owner is away"]).expect(0);
    assert_eq!(scene.rehome.run_with_people(), 0);
    assert_eq!((scene.of(1)["state"].clone(), scene.count("awaiting_cleanup")), (json!("skipped"), 2));
    scene.withdraw();
    assert_eq!(scene.rehome.run_with_people(), 0);
    assert_eq!(scene.count("awaiting_cleanup"), 3);
    scene.rehome.say(&["skip", &run, "--reason", "too late"]).expect(2);
}

#[test]
fn a_remark_is_in_the_record_with_who_made_it() {
    let scene = scene();
    scene.rehome.say(&["note", NAME, "--text", "the board met on Monday"]).expect(0);
    let history = scene.rehome.say(&["history", NAME]).expect(0).out;
    let line = history.lines().find(|line| line.contains("the board met on Monday")).expect("it is told");
    assert!(line.contains("tester@contoso.example") && line.contains("batch_asked"), "{line}");
    assert!(scene.asked().is_empty());
}

#[test]
fn one_wave_is_taken_back_and_another_cleaned_up_while_the_rest_waits() {
    let tables = "[[wave]]\nname = \"one\"\n[[wave]]\nname = \"two\"\n[[wave]]\nname = \"three\"\nrelease = \"by-hand\"";
    let scene = Scene::new("", tables, &["one", "two", "three"], &json!({"rules": []}));
    scene.rehome.say_with_people(&["run", "plan.json", "--yes"]);
    assert_eq!(scene.count("awaiting_cleanup"), 2);
    scene.rehome.say_with_people(&["cleanup", "scale/wave:one", "--confirm", NAME, "--yes"]).expect(0);
    scene.rehome.say_with_people(&["rollback", "scale/wave:two", "--reason", "a test", "--yes"]).expect(0);
    let states: Vec<Value> = (0..3).map(|n| scene.of(n)["state"].clone()).collect();
    assert_eq!(states, ["done", "rolled-back", "needs-person"]);
    scene.rehome.say(&["rollback", "scale/wave:tow", "--reason", "a test", "--yes"]).expect(3);
}
