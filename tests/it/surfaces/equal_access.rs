//! What Azure itself says that the old and the new identity may do, through whatever groups: compared before anything
//! relies on the new one, and whenever somebody asks.

use crate::support::azure::Azure;
use crate::support::estates::{at, signed_in, whole};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const INNER: &str = "0a1b2c3d-9999-4000-8000-00000000000a";
const OUTER: &str = "0a1b2c3d-9999-4000-8000-00000000000b";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

fn role(holder: &str, kind: &str) -> Value {
    json!({"properties": {"principalId": holder, "principalType": kind,
        "roleDefinitionId": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER}")}})
}

fn vault(name: &str) -> String {
    let vault = at("Microsoft.Storage/storageAccounts/stshop");
    format!("{vault}/providers/Microsoft.Authorization/roleAssignments/{name}")
}

/// The identity is in a group, this one in another, and only that one has a role.
fn stage(rule: bool) -> (Azure, Rehome) {
    let types = if rule { json!(["DynamicMembership"]) } else { json!([]) };
    let group = |id: &str, types: Value, member: &str| {
        json!({"@odata.type": "#microsoft.graph.group", "id": id, "displayName": id, "groupTypes": types,
            "securityEnabled": true, "members": [member]})
    };
    let name = "e0000000-0000-4000-8000-00000000000b";
    let mut held = role(OUTER, "Group");
    held["id"] = json!(vault(name));
    held["name"] = json!(name);
    held["type"] = json!("Microsoft.Authorization/roleAssignments");
    held["properties"]["scope"] = json!(at("Microsoft.Storage/storageAccounts/stshop"));
    let groups = vec![group(INNER, types, PRINCIPAL), group(OUTER, json!([]), INNER)];
    let file = whole(vec![held], groups, json!([]));
    let (azure, rehome) = signed_in(file.path(), None);
    rehome.approve(&rehome.path("batch.toml"));
    (azure, rehome)
}

fn principal_of_the_new_one(azure: &Azure) -> String {
    let estate = azure.estate();
    let all = estate["arm"].as_array().expect("arm");
    let new = all.iter().find(|o| {
        text(&o["id"]).to_lowercase().contains("/rg-shop-sdc/providers/microsoft.managedidentity/")
    });
    text(&new.expect("it is made")["properties"]["principalId"]).to_owned()
}

#[test]
fn a_role_that_comes_through_a_group_in_a_group_comes_with_the_membership() {
    let (_azure, rehome) = stage(false);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    let said = rehome.say(&["verify", "-o", "json"]).expect(0);
    assert!(said.out.contains("may do in /subscriptions/5b0c6d1e"), "{}", said.out);
}

#[test]
fn hosts_stay_where_they_are_while_the_new_identity_may_do_less_and_whoever_takes_it_away_later_is_seen() {
    let (azure, rehome) = stage(true);
    let said = rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    let lacks = format!("Reader at {} (through {OUTER})", at("Microsoft.Storage/storageAccounts/stshop"));
    assert!(said.out.contains(&lacks) || said.err.contains(&lacks), "{lacks}\n{}\n{}", said.out, said.err);
    let switched = |r: &Value| r["changed"] == true && text(&r["path"]).contains("/virtualMachines/");
    assert!(!azure.requests().iter().any(switched), "nothing may rely on it yet");

    let given = vault("e0000000-0000-4000-8000-00000000000c");
    let given = format!("{given}?api-version=2022-04-01");
    azure.write("PUT", &given, &role(&principal_of_the_new_one(&azure), "ServicePrincipal"));
    let status = rehome.json(&["status"]);
    let stuck = &status["moves"][0];
    let step = stuck["waiting_for"].as_array().into_iter().flatten().find(|w| w["kind"] == "failed");
    let step = format!(
        "{}:{}",
        text(&stuck["run"]),
        text(&step.unwrap_or_else(|| panic!("it has stopped: {status:#}"))["step"])
    );
    rehome.say(&["retry", &step, "--reason", "given by itself"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);

    azure.write("DELETE", &given, &Value::Null);
    let said = rehome.say(&["verify"]).expect(14);
    assert!(said.out.contains(&lacks), "{lacks}\n{}", said.out);
}
