//! Two processes on one log, and one log in front of two Azures.

use crate::support::azure::{Azure, example};
use crate::support::estates::approved;
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use serde_json::json;

#[test]
fn a_second_runner_is_refused_by_name() {
    let (_azure, rehome) = approved();
    let lock = std::fs::File::create(rehome.path("rehome.db.runner")).expect("the lock file");
    lock.lock().expect("held here");
    rehome.say(&["run", "plan.json", "--yes"]).expect(16);
    rehome.say(&["status"]).expect(0);
    drop(lock);
    assert_eq!(rehome.run_with_people(), 0);
}

#[test]
fn a_batch_is_not_carried_out_in_another_tenant_than_it_was_planned_for() {
    let (azure, mut rehome) = approved();
    let mut estate = azure.estate();
    estate["settings"]["tenant"] = json!("11111111-2222-4333-8444-555555555555");
    std::fs::write(rehome.path("tenant.json"), estate.to_string()).expect("written");
    let other = Azure::serve(&rehome.path("tenant.json"), None);
    rehome.turn_to(&other);
    let said = rehome.say(&["run", "plan.json", "--yes"]).expect(4);
    assert!(said.err.contains("11111111-2222-4333-8444-555555555555"), "{}", said.err);
    assert!(other.requests().iter().all(|r| r["changed"] == false));
}

#[test]
fn a_rollback_beside_a_live_runner_is_carried_out_by_it_and_both_say_how_it_ended() {
    // The machine never answers for good, so the runner is still at work when the request comes.
    let faults = tempfile::NamedTempFile::new().expect("a file");
    let rule = json!({"rules": [{"method": "PATCH", "path": "virtualMachines/vm-batch", "times": 1_000_000,
        "what": {"answer": {"status": 429, "code": "TooManyRequests", "retry_after_s": 1}}}]});
    std::fs::write(faults.path(), rule.to_string()).expect("written");
    let azure = Azure::serve(&example("minimal").join("estate.json"), Some(faults.path()));
    let rehome = Rehome::at(&azure);
    let before = plain(&azure.estate());
    rehome.approve(&example("minimal").join("batch.toml"));
    let mut runner = rehome.start(&["run", "plan.json", "--yes"]);
    while azure.requests().iter().all(|r| r["status"] != 429) {
        assert!(runner.try_wait().expect("it can be asked").is_none(), "the runner is at work");
    }
    let rollback = ["rollback", "minimal", "--reason", "a test", "--yes"];
    let mut said = rehome.say(&rollback);
    drop(runner.wait());
    while said.code == 11 && rehome.acknowledge() {
        said = rehome.say(&rollback);
    }
    let said = said.expect(0);
    assert!(
        said.err.contains("it takes the moves back") || said.out.to_lowercase().contains("rolled"),
        "{}",
        said.err
    );
    let status = rehome.json(&["status"]);
    assert_eq!(text(&status["moves"][0]["state"]), "rolled-back");
    assert_eq!(differences(&before, &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn what_somebody_took_away_after_the_move_is_found_by_verify() {
    let (azure, mut rehome) = approved();
    assert_eq!(rehome.run_with_people(), 0);
    rehome.say(&["verify"]).expect(0);
    let mut later = azure.estate();
    let old: Vec<String> = {
        let plan = std::fs::read_to_string(example("minimal").join("estate.json")).expect("an estate");
        let plan: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
        plan["arm"].as_array().into_iter().flatten().map(|o| text(&o["id"]).to_lowercase()).collect()
    };
    let arm = later["arm"].as_array_mut().expect("arm");
    let made = |o: &serde_json::Value| {
        let id = text(&o["id"]).to_lowercase();
        id.contains("/roleassignments/") && !old.contains(&id)
    };
    let taken = arm.iter().position(made).expect("the move granted something");
    arm.remove(taken);
    std::fs::write(rehome.path("later.json"), later.to_string()).expect("written");
    let later = Azure::serve(&rehome.path("later.json"), None);
    rehome.turn_to(&later);
    let said = rehome.say(&["verify"]).expect(14);
    assert!(said.out.to_lowercase().contains("roleassignments"), "{}", said.out);
}
