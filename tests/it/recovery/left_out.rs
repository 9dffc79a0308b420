//! What a person left out, and what somebody else changed: neither is passed over at an end.

use crate::support::azure::{Azure, example};
use crate::support::estates::signed_in;
use crate::support::rehome::{Rehome, text};

const OLD: &str =
    "/resourcegroups/rg-shop-weu/providers/microsoft.managedidentity/userassignedidentities/id-shop";
const CLEAN_UP: [&str; 5] = ["cleanup", "minimal", "--confirm", "minimal", "--yes"];

fn stage() -> (Azure, Rehome) {
    let (azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    rehome.approve(&rehome.path("batch.toml"));
    (azure, rehome)
}

fn run(rehome: &Rehome) -> String {
    text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned()
}

/// The step with this in its title, as MOVE:STEP.
fn step(rehome: &Rehome, title: &str) -> String {
    let run = run(rehome);
    let said = rehome.say(&["show", &run]).expect(0).out;
    let line = said.lines().find(|line| line.contains(title)).expect("such a step");
    format!("{run}:{}", line.split_whitespace().next().expect("its name"))
}

fn old_is_there(azure: &Azure) -> bool {
    let estate = azure.estate();
    let mut all = estate["arm"].as_array().expect("arm").iter();
    all.any(|object| text(&object["id"]).to_lowercase().ends_with(OLD))
}

#[test]
fn who_left_a_step_out_answers_for_it_by_name_before_the_old_identity_goes() {
    let (azure, rehome) = stage();
    let step = step(&rehome, "AZURE_CLIENT_ID");
    rehome.say(&["skip", &step, "--reason", "the shop is switched by its own release"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0);
    assert!(rehome.say(&["status"]).expect(0).out.contains("LEFT OUT"));
    let refused = rehome.say(&CLEAN_UP).expect(11);
    assert!(refused.err.contains(&format!("--accept {step}")), "{}", refused.err);
    let wrong =
        rehome.say(&[&CLEAN_UP[..], &["--accept", &format!("{}:1", run(&rehome))]].concat()).expect(11);
    assert!(old_is_there(&azure), "{}", wrong.err);
    rehome.say_with_people(&[&CLEAN_UP[..], &["--accept", &step]].concat()).expect(0);
    assert!(!old_is_there(&azure));
}

#[test]
fn a_move_whose_deletion_was_left_out_is_not_said_to_have_deleted_anything() {
    let (azure, rehome) = stage();
    assert_eq!(rehome.run_with_people(), 0);
    let step = step(&rehome, "POINT OF NO RETURN");
    let skip = ["skip", &step, "--reason", "it is kept for a year"];
    let asked = rehome.say(&skip).expect(2);
    assert!(asked.err.contains("for good") && asked.err.contains("--yes"), "{}", asked.err);
    rehome.say(&[&skip[..], &["--yes"]].concat()).expect(0);
    rehome.say_with_people(&[&CLEAN_UP[..], &["--accept", &step]].concat()).expect(0);
    assert!(old_is_there(&azure));
    let refused = rehome.say(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(10);
    assert!(refused.err.contains("without the deletion"), "{}", refused.err);
}
