//! Errors that come of the local Azure's own rules: nothing is struck, the world is such that a plan which looks
//! good is refused half-way, or has to wait.

use crate::errors::world::{Surface, World};
use crate::support::azure::Azure;
use crate::support::neighbours::SUB;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

/// The principal that clients of the local Azure sign in as.
const OPERATOR: &str = "0b5ec7ed-0000-4000-8000-00000000c11e";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

fn played(world: World, exit: i32) -> (Rehome, Azure, Value) {
    let mut rehome = Rehome::offline();
    let azure = world.serve(&mut rehome, Vec::new());
    rehome.approve(&rehome.path("batch.toml"));
    let code = rehome.run_with_people();
    let status = rehome.json(&["status"]);
    assert_eq!(code, exit, "{status:#}");
    (rehome, azure, status)
}

/// What went wrong with the move of this identity.
fn why(status: &Value, name: &str) -> Value {
    let moves = status["moves"].as_array().into_iter().flatten();
    let view = moves.into_iter().find(|m| text(&m["identity"]).ends_with(&format!("/{name}")));
    let waits = view.unwrap_or_else(|| panic!("no move of {name}"))["waiting_for"].as_array().cloned();
    waits.into_iter().flatten().find(|w| w["kind"] == "failed").map_or(Value::Null, |w| w["why"].clone())
}

#[test]
fn a_new_identity_that_is_not_known_everywhere_is_waited_for() {
    let mut world = World::new("spread");
    world.settings = json!({"spread_delay_s": 90});
    let cell = world.cell(Surface::Credential);
    let (_, azure, _) = played(world, 0);
    let (method, path) = cell.strikes();
    let sent = azure.requests();
    let sent = sent.iter().filter(|r| r["method"] == method && text(&r["path"]).contains(&path));
    let said: Vec<u64> = sent.filter_map(|r| r["status"].as_u64()).collect();
    let (last, before) = said.split_last().expect("it was sent");
    assert!(*last == 201 && !before.is_empty() && before.iter().all(|s| *s == 404), "{said:?}");
}

#[test]
fn a_policy_and_a_deny_assignment_stop_their_own_moves_and_name_themselves() {
    let mut world = World::new("denied");
    let (host, grant) = (world.cell(Surface::Host), world.cell(Surface::Grant));
    let (other, last) = (world.cell(Surface::Host), world.cell(Surface::Grant));
    let definition = format!("{SUB}/providers/Microsoft.Authorization/policyDefinitions/frozen");
    let assignment =
        format!("{SUB}/resourceGroups/rg/providers/Microsoft.Authorization/policyAssignments/frozen");
    let store = format!("{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/{}", grant.name);
    let named = |id: String, kind: &str, properties: Value| {
        let name = id.rsplit('/').next().unwrap_or_default().to_owned();
        json!({"id": id, "name": name, "type": format!("Microsoft.Authorization/{kind}"), "properties": properties})
    };
    world.arm.extend([
        named(definition.clone(), "policyDefinitions", json!({"policyRule": {
            "if": {"allOf": [{"field": "type", "equals": "Microsoft.Compute/virtualMachines"},
                {"field": "name", "equals": host.name}]},
            "then": {"effect": "deny"}}})),
        named(assignment.clone(), "policyAssignments", json!({"policyDefinitionId": definition})),
        named(
            format!("{SUB}/providers/Microsoft.Authorization/roleAssignments/f0000000-0000-4000-8000-000000000001"),
            "roleAssignments",
            json!({"principalId": OPERATOR, "principalType": "ServicePrincipal", "scope": SUB,
                "roleDefinitionId": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"),
                "createdOn": "2025-03-01T08:00:00.0000000Z"}),
        ),
        named(
            format!("{store}/providers/Microsoft.Authorization/denyAssignments/f0000000-0000-4000-8000-000000000002"),
            "denyAssignments",
            json!({"denyAssignmentName": "kept", "scope": store,
                "principals": [{"id": OPERATOR, "type": "ServicePrincipal"}], "excludePrincipals": [],
                "permissions": [{"actions": ["Microsoft.Authorization/roleAssignments/write"], "notActions": []}]}),
        ),
    ]);
    // The plan says that it would be denied; somebody who knew better was wrong.
    let deny = format!(
        "{store}/providers/Microsoft.Authorization/denyAssignments/f0000000-0000-4000-8000-000000000002"
    );
    world.accepted.push(deny);
    let (rehome, azure, status) = played(world, 10);
    let policy = why(&status, &host.name);
    assert_eq!(policy["code"], "RequestDisallowedByPolicy");
    assert!(text(&policy["message"]).contains(&assignment), "{policy:#}");
    assert_eq!(why(&status, &grant.name)["code"], "DenyAssignmentAuthorizationFailed");
    for done in [&other, &last] {
        assert_eq!(why(&status, &done.name), Value::Null, "the others went on");
        let (method, path) = done.strikes();
        let worked =
            |r: &&Value| r["method"] == method && text(&r["path"]).contains(&path) && r["changed"] == true;
        assert_eq!(azure.requests().iter().filter(worked).count(), 1);
    }
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_provider_that_is_not_registered_is_named_with_the_command_that_registers_it() {
    let mut world = World::new("unregistered");
    world.cell(Surface::Grant);
    world.arm.push(json!({"id": format!("{SUB}/providers/Microsoft.ManagedIdentity"),
        "registrationState": "NotRegistered"}));
    let mut rehome = Rehome::offline();
    let azure = world.serve(&mut rehome, Vec::new());
    let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(12).out;
    let blocked = said.lines().find(|line| line.contains("B122")).unwrap_or_else(|| panic!("{said}"));
    assert!(blocked.contains("Microsoft.ManagedIdentity is not registered"), "{blocked}");
    assert!(said.contains("az provider register -n Microsoft.ManagedIdentity"), "{said}");
    assert!(azure.requests().iter().all(|r| r["changed"] == false), "nothing was done");
}

#[test]
fn a_policy_that_would_deny_the_new_identity_blocks_the_plan_and_one_that_takes_it_does_not() {
    let planned = |regions: Value, code: i32| {
        let mut world = World::new("regions");
        world.cell(Surface::Grant);
        let definition = format!("{SUB}/providers/Microsoft.Authorization/policyDefinitions/regions");
        let assignment = format!("{SUB}/providers/Microsoft.Authorization/policyAssignments/regions");
        let rule = json!({"if": {"allOf": [
                {"field": "type", "equals": "Microsoft.ManagedIdentity/userAssignedIdentities"},
                {"field": "location", "notIn": "[parameters('regions')]"}]},
            "then": {"effect": "deny"}});
        world.arm.extend([
            json!({"id": definition, "name": "regions", "type": "Microsoft.Authorization/policyDefinitions",
                "properties": {"policyRule": rule}}),
            json!({"id": assignment, "name": "regions", "type": "Microsoft.Authorization/policyAssignments",
                "properties": {"policyDefinitionId": definition, "parameters": {"regions": {"value": regions}}}}),
        ]);
        let mut rehome = Rehome::offline();
        let azure = world.serve(&mut rehome, Vec::new());
        let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(code).out;
        assert!(azure.requests().iter().all(|r| r["changed"] == false), "planning changes nothing");
        (said, assignment)
    };
    let (said, assignment) = planned(json!(["westeurope"]), 12);
    let blocked = said.lines().find(|line| line.contains("B125")).unwrap_or_else(|| panic!("{said}"));
    assert!(blocked.contains(&assignment), "{blocked}");
    let (said, _) = planned(json!(["westeurope", "swedencentral"]), 0);
    assert!(!said.contains("B125"), "{said}");
}
