//! Somebody who changes what a finished move had done: the move is looked at again, stops, and says who it was.

use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use std::path::Path;

const VM: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers/\
    Microsoft.Compute/virtualMachines/vm-batch";

const OLD: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers/\
    Microsoft.ManagedIdentity/userAssignedIdentities/id-shop";

/// A move of which everything is done but the clean-up, and that is looked at again every hour of Azure's time.
fn through(faults: Option<&Path>) -> (Azure, Rehome) {
    let azure = Azure::serve(&example("minimal").join("estate.json"), faults);
    let rehome = Rehome::at(&azure);
    let batch = minimal_without_soak().replace("soak = \"0s\"", "soak = \"0s\"\ndrift_check = \"1h\"");
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    (azure, rehome)
}

fn one(rehome: &Rehome) -> Value {
    rehome.json(&["status"])["moves"][0].clone()
}

/// How often it was looked so far.
fn looks(rehome: &Rehome) -> Vec<Value> {
    let history = rehome.json(&["history"]);
    let events = history["events"].as_array().expect("events").iter();
    events.filter(|event| event["kind"] == "drift_checked").map(|event| event["body"].clone()).collect()
}

/// Runs until it was looked once more.
fn look(rehome: &Rehome) {
    let before = looks(rehome).len();
    for _ in 0..100 {
        rehome.say(&["run", "plan.json", "--yes"]);
        if looks(rehome).len() > before {
            return;
        }
    }
    panic!("it is never looked at again");
}

/// What a role of the new identity is, in the estate.
pub(crate) fn grant_of_the_new_one(azure: &Azure) -> Value {
    let estate = azure.estate();
    let arm = estate["arm"].as_array().expect("resources");
    let is_new = |one: &&Value| {
        text(&one["id"]).to_lowercase().contains("rg-shop-sdc/providers/microsoft.managedidentity/")
    };
    let new = arm.iter().find(is_new).expect("the new identity");
    let principal = &new["properties"]["principalId"];
    let grant = |one: &&Value| {
        let id = text(&one["id"]).to_lowercase();
        id.contains("/providers/microsoft.authorization/roleassignments/")
            && one["properties"]["principalId"] == *principal
    };
    arm.iter().find(grant).expect("a grant of it").clone()
}

#[test]
fn who_takes_a_grant_of_the_new_identity_stops_its_move_and_is_named_and_it_goes_on_when_that_is_mended() {
    let (azure, rehome) = through(None);
    let first = looks(&rehome);
    assert!(
        !first.is_empty() && first.iter().all(|look| look["runs"] == 1 && look["drifted"] == 0),
        "{first:?}"
    );
    assert!(first[0]["requests"].as_u64().expect("a number") > 0, "what a look takes is recorded");
    let grant = grant_of_the_new_one(&azure);
    let id = format!("{}?api-version=2022-04-01", text(&grant["id"]));
    azure.write("DELETE", &id, &json!({}));
    look(&rehome);
    let stopped = one(&rehome);
    assert_eq!(stopped["state"], "failed", "{stopped}");
    let why = &stopped["waiting_for"][0]["why"];
    assert_eq!((&why["kind"], &why["code"]), (&json!("differs"), &json!("Drifted")), "{why}");
    assert!(text(&why["target"]).eq_ignore_ascii_case(text(&grant["id"])), "{why}");
    let who = format!("{} at ", azure.text("client_id"));
    assert!(
        text(&why["message"]).contains(&who) && text(&why["message"]).contains("roleAssignments/delete"),
        "{why}"
    );
    let commands: Vec<&str> =
        stopped["waiting_for"][0]["unblock_with"].as_array().expect("commands").iter().map(text).collect();
    assert!(commands.iter().all(|c| !c.contains("mark-done") && !c.contains("skip")), "{commands:?}");
    // The old identity lives as long as nobody has decided.
    let refused = rehome.say(&["cleanup", "minimal", "--confirm", "minimal"]);
    assert_ne!(refused.code, 0, "{}", refused.out);
    assert!(
        azure.estate()["arm"]
            .as_array()
            .expect("resources")
            .iter()
            .any(|r| text(&r["id"]).eq_ignore_ascii_case(OLD))
    );
    // Trying again without mending it comes to the same.
    let retry: Vec<&str> = commands[0].split_whitespace().skip(1).collect();
    rehome.say(&retry).expect(0);
    look(&rehome);
    assert_eq!(one(&rehome)["state"], "failed");
    azure.write("PUT", &id, &json!({"properties": grant["properties"]}));
    rehome.say(&retry).expect(0);
    look(&rehome);
    assert_eq!(one(&rehome)["state"], "awaiting-cleanup");
    rehome.say(&["audit", "verify"]).expect(0);
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal"]).expect(0);
}

#[test]
fn who_puts_the_old_identity_back_stops_its_move_and_where_the_activity_log_is_closed_nobody_is_made_up() {
    let faults = tempfile::NamedTempFile::new().expect("a file");
    let rule = json!({"rules": [{"method": "GET", "path": "eventtypes/management/values", "times": 1_000_000,
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]});
    std::fs::write(faults.path(), rule.to_string()).expect("written");
    let (azure, rehome) = through(Some(faults.path()));
    let old = json!({"identity": {"type": "UserAssigned", "userAssignedIdentities": {OLD: {}}}});
    azure.write("PATCH", &format!("{VM}?api-version=2024-07-01"), &old);
    look(&rehome);
    let stopped = one(&rehome);
    assert_eq!(stopped["state"], "failed", "{stopped}");
    let why = text(&stopped["waiting_for"][0]["why"]["message"]).to_owned();
    assert!(why.contains("vm-batch") && why.contains("who: not known"), "{why}");
    assert!(!why.contains(azure.text("client_id")), "{why}");
    assert_eq!(looks(&rehome).last().expect("a look")["drifted"], 1);
}

#[test]
fn nobody_looks_again_where_nobody_asked_for_it() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak()).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    let before = azure.requests().len();
    rehome.say(&["run", "plan.json", "--yes"]).expect(0);
    let after: Vec<Value> = azure.requests().split_off(before);
    assert!(after.iter().all(|request| !text(&request["path"]).contains("roleAssignments")), "{after:?}");
    assert!(looks(&rehome).is_empty());
}
