//! Roles of those who are gone, and roles that would outlive the old identity: named, and not touched.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::estates::{at, estate, signed_in};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const GONE: &str = "0a1b2c3d-dead-4000-8000-00000000dead";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

fn role(scope: &str, name: &str, principal: &str) -> (String, Value) {
    let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}");
    let role = format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER}");
    let properties = json!({"roleDefinitionId": role, "principalId": principal, "principalType": "ServicePrincipal",
        "scope": scope, "createdOn": "2025-03-01T08:00:00.0000000Z"});
    let object = json!({"id": &id, "name": name, "type": "Microsoft.Authorization/roleAssignments", "properties": properties});
    (id, object)
}

fn stage(more: &[Value]) -> (Azure, Rehome) {
    signed_in(estate(more).path(), None)
}

fn roles_of(azure: &Azure, principal: &str) -> Vec<String> {
    let estate = azure.estate();
    let all = estate["arm"].as_array().expect("arm").iter();
    let held = all.filter(|o| {
        text(&o["id"]).contains("/roleAssignments/") && text(&o["properties"]["principalId"]) == principal
    });
    held.map(|o| text(&o["id"]).to_owned()).collect()
}

#[test]
fn a_role_on_the_identity_of_who_is_gone_is_named_and_left_alone_in_a_rehearsal_too() {
    let identity = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    let (id, orphan) = role(&identity, "73000000-0000-4000-8000-000000000001", GONE);
    let (azure, rehome) = stage(&[orphan]);
    let plan = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0).out;
    assert!(
        plan.contains("W353") && plan.contains(&format!("az role assignment delete --ids {id}")),
        "{plan}"
    );
    rehome.say(&["discover", "-f", "batch.toml", "--snapshot", "copy.json"]).expect(0);
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "nobody waits for a principal that never comes");
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(0);
    assert_eq!(roles_of(&azure, GONE), [id], "only the one that was there");
    let copy = Azure::serve(&rehome.path("copy.json"), None);
    let mut again = Rehome::offline();
    again.turn_to(&copy);
    std::fs::write(again.path("batch.toml"), minimal_without_soak()).expect("written");
    let plan = again.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0).out;
    assert!(plan.contains("W353"), "{plan}");
}

#[test]
fn a_role_that_somebody_gave_the_old_identity_after_the_plan_is_found_when_it_is_gone() {
    let (azure, rehome) = stage(&[]);
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    let vm = at("Microsoft.Compute/virtualMachines/vm-batch");
    let (id, late) = role(&vm, "73000000-0000-4000-8000-000000000002", PRINCIPAL);
    azure.write("PUT", &format!("{id}?api-version=2022-04-01"), &json!({"properties": late["properties"]}));
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(0);
    let said = rehome.say(&["verify"]).expect(14).out;
    assert!(said.contains(&id), "{said}");
    azure.write("DELETE", &format!("{id}?api-version=2022-04-01"), &json!({}));
    rehome.say(&["verify"]).expect(0);
}

#[test]
fn it_is_found_in_another_subscription_too_where_the_identity_had_a_role() {
    let elsewhere = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000002";
    let group = format!("{elsewhere}/resourceGroups/rg-far");
    let (_, held) = role(&group, "73000000-0000-4000-8000-000000000003", PRINCIPAL);
    let (azure, rehome) = stage(&[
        json!({"id": elsewhere, "subscriptionId": elsewhere.rsplit('/').next(), "displayName": "far", "state": "Enabled"}),
        json!({"id": group, "name": "rg-far", "type": "Microsoft.Resources/resourceGroups", "location": "westeurope",
            "properties": {"provisioningState": "Succeeded"}}),
        held,
    ]);
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    let (id, late) = role(elsewhere, "73000000-0000-4000-8000-000000000004", PRINCIPAL);
    azure.write("PUT", &format!("{id}?api-version=2022-04-01"), &json!({"properties": late["properties"]}));
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(0);
    let said = rehome.say(&["verify"]).expect(14).out;
    assert!(said.contains(&id), "{said}");
}
