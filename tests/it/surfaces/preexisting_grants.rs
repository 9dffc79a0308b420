//! Somebody else has granted the new identity the same, before the move came to it.

use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const STORE: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers/Microsoft.Storage/storageAccounts/stshop";
const BLOBS: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const NAME: &str = "7717e000-0000-4000-8000-000000000001";

fn of_new(estate: &Value) -> String {
    let all = estate["arm"].as_array().expect("arm");
    let new = all.iter().find(|o| {
        text(&o["id"])
            .to_lowercase()
            .ends_with("rg-shop-sdc/providers/microsoft.managedidentity/userassignedidentities/id-shop")
    });
    text(&new.expect("the new identity")["properties"]["principalId"]).to_owned()
}

/// A move whose grant is refused at first, so that somebody else comes before it.
fn stage(condition: Option<&str>) -> (Azure, Rehome) {
    let folder = example("minimal");
    let faults = tempfile::NamedTempFile::new().expect("a file");
    let rule = r#"{"rules": [{"method": "PUT", "path": "stshop/providers/Microsoft.Authorization", "times": 1,
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]}"#;
    std::fs::write(faults.path(), rule).expect("written");
    let azure = Azure::serve(&folder.join("estate.json"), Some(faults.path()));
    let rehome = Rehome::at(&azure);
    rehome.approve(&folder.join("batch.toml"));
    rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    let mut properties = json!({
        "roleDefinitionId": BLOBS, "principalId": of_new(&azure.estate()), "principalType": "ServicePrincipal",
    });
    if let Some(condition) = condition {
        properties["condition"] = json!(condition);
        properties["conditionVersion"] = json!("2.0");
    }
    let path =
        format!("{STORE}/providers/Microsoft.Authorization/roleAssignments/{NAME}?api-version=2022-04-01");
    azure.write("PUT", &path, &json!({ "properties": properties }));
    let status = rehome.json(&["status"]);
    rehome.say(&["retry", text(&status["moves"][0]["run"])]).expect(0);
    (azure, rehome)
}

#[test]
fn the_same_grant_by_somebody_else_is_enough_and_is_not_taken_back() {
    let (azure, rehome) = stage(None);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert!(azure.estate().to_string().contains(NAME), "it was not ours");
}

#[test]
fn a_grant_under_another_condition_is_not_the_same_and_is_shown() {
    let condition =
        "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'a'";
    let (_azure, rehome) = stage(Some(condition));
    rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    let status = rehome.say(&["status"]).out;
    assert!(status.contains("expected no condition") && status.contains("StringEquals 'a'"), "{status}");
}

#[test]
fn a_grant_under_another_condition_is_adopted_where_somebody_answers_for_it_and_stays_theirs() {
    let condition =
        "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'a'";
    let (azure, rehome) = stage(Some(condition));
    rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    let status = rehome.json(&["status"]);
    let entry = &status["moves"][0];
    let waits = entry["waiting_for"].as_array().expect("a list");
    let stopped = waits.iter().find(|wait| wait["kind"] == "failed").expect("a step that stopped");
    let step = format!("{}:{}", text(&entry["run"]), text(&stopped["step"]));
    let offered = stopped["unblock_with"].as_array().expect("commands").iter().map(text);
    assert_eq!(offered.filter(|command| *command == format!("rehome adopt {step} --reason TEXT")).count(), 1);
    rehome.say(&["adopt", &step, "--reason", "narrow on purpose"]).expect(0);
    // That the new identity may do less than the old one is found all the same, and somebody answers for that too.
    assert_eq!(rehome.run_with_people(), 10);
    let status = rehome.json(&["status"]);
    let waits = status["moves"][0]["waiting_for"].as_array().expect("a list");
    let less = waits.iter().find(|wait| wait["kind"] == "failed").expect("the comparison stopped");
    assert!(text(&less["title"]).contains("may do all that old may"), "{less}");
    let less = format!("{}:{}", text(&entry["run"]), text(&less["step"]));
    rehome.say(&["skip", &less, "--reason", "narrow on purpose", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
    let history = rehome.say(&["history"]).expect(0).out;
    assert!(history.contains(&format!("adopt {} narrow on purpose", text(&stopped["step"]))), "{history}");
    rehome.say(&["adopt", &step, "--reason", "again"]).expect(2);
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert!(azure.estate().to_string().contains(NAME), "it was not ours");
    rehome.say(&["audit", "verify"]).expect(0);
}
