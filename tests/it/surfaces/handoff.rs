//! What code that owns Azure is told of a move: every id that it is to import is there, and none after the way back.

use crate::support::azure::{Azure, example};
use crate::support::estates::signed_in;
use crate::support::rehome::text;
use serde_json::Value;

fn there(azure: &Azure) -> Vec<String> {
    let estate = azure.estate();
    let all = estate["arm"].as_array().expect("arm").iter();
    all.map(|o| text(&o["id"]).to_lowercase()).collect()
}

fn made(said: &Value) -> Vec<(&str, &str)> {
    let made = said["moves"][0]["made"].as_array().expect("what was made");
    made.iter().map(|one| (text(&one["kind"]), text(&one["id"]))).collect()
}

#[test]
fn every_import_is_there_and_after_the_way_back_there_is_none() {
    let (azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    rehome.approve(&rehome.path("batch.toml"));
    let before = rehome.json(&["handoff"]);
    assert!(made(&before).is_empty() && before["moves"][0]["new"].is_null(), "{before}");

    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    let said = rehome.json(&["handoff"]);
    let (ids, imports) = (there(&azure), made(&said));
    for kind in
        ["azurerm_user_assigned_identity", "azurerm_role_assignment", "azurerm_federated_identity_credential"]
    {
        assert!(imports.iter().any(|(found, _)| *found == kind), "{kind}: {imports:?}");
    }
    for (kind, id) in &imports {
        // A policy of a vault and a link of the directory are no resources of their own.
        let resource = kind.starts_with("azurerm_") && *kind != "azurerm_key_vault_access_policy";
        assert!(!resource || ids.contains(&id.to_lowercase()), "{kind} {id}");
    }
    let changed = said["moves"][0]["changed"].to_string();
    assert!(
        changed.contains("AZURE_CLIENT_ID") && changed.contains("/virtualMachines/vm-batch"),
        "{changed}"
    );
    let file = rehome.say(&["handoff"]).expect(0).out;
    assert_eq!(file.matches("\nimport {").count(), imports.len(), "{file}");

    rehome.say(&["rollback", "minimal", "--reason", "a test", "--yes"]);
    assert!(rehome.say_with_people(&["run", "plan.json", "--yes"]).code == 10, "taken back");
    let after = rehome.json(&["handoff"]);
    assert!(made(&after).is_empty() && after["moves"][0]["new"].is_null(), "{after}");
}
