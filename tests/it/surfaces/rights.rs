//! Rights that a move needs, and whoever runs it has or has not: said in the plan, before anything is written.

use crate::support::estates::{minimal, signed_in_to};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";
/// Who runs the move.
const OPERATOR: &str = "0b5ec7ed-0000-4000-8000-00000000c11e";
const GROUPS_ADMINISTRATOR: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";

/// What the plan warns of with this code, each with its target.
fn warned(rehome: &Rehome, code: &str) -> Vec<String> {
    let plan = rehome.json(&["plan", "-f", "batch.toml", "--save", "plan.json"]);
    let warnings = plan["document"]["moves"][0]["about"]["warnings"].as_array().cloned().unwrap_or_default();
    let told = warnings.iter().filter(|w| text(&w["code"]) == code);
    told.map(|w| format!("{}: {}", text(&w["target"]), text(&w["text"]))).collect()
}

#[test]
fn who_may_do_everything_but_what_the_clean_up_does_is_told_before_and_the_move_itself_goes_on() {
    let (role, name) = ("f0000000-0000-4000-8000-00000000401e", "f0000000-0000-4000-8000-000000000001");
    let removals = [
        "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
        "Microsoft.ManagedIdentity/userAssignedIdentities/revokeTokens/action",
        "Microsoft.Authorization/roleAssignments/delete",
    ];
    let definition = format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{role}");
    let mut estate = minimal();
    estate["arm"].as_array_mut().expect("arm").extend([
        json!({"id": definition, "name": role, "type": "Microsoft.Authorization/roleDefinitions", "properties": {
            "roleName": "Everything but removals", "type": "CustomRole", "assignableScopes": [SUB],
            "permissions": [{"actions": ["*"], "notActions": removals}]}}),
        json!({"id": format!("{SUB}/providers/Microsoft.Authorization/roleAssignments/{name}"), "name": name,
            "type": "Microsoft.Authorization/roleAssignments", "properties": {"principalId": OPERATOR,
                "principalType": "ServicePrincipal", "scope": SUB, "roleDefinitionId": definition,
                "createdOn": "2025-03-01T08:00:00.0000000Z"}}),
    ]);
    let (azure, rehome) = signed_in_to(&estate);
    let told = warned(&rehome, "W361");
    for action in removals {
        assert!(told.iter().any(|line| line.contains(action)), "{action}: {told:?}");
    }
    assert!(told.iter().any(|line| line.contains("/storageAccounts/stshop")), "at every scope: {told:?}");
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0);
    // What was told was so.
    assert_eq!(rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).code, 10);
    let refused = |r: &Value| r["status"] == 403 && text(&r["method"]) == "DELETE";
    assert!(azure.requests().iter().any(refused), "{:?}", azure.requests().last());
}

#[test]
fn who_owns_the_subscription_is_told_nothing() {
    let (_azure, rehome) = signed_in_to(&minimal());
    assert_eq!(warned(&rehome, "W361"), Vec::<String>::new());
}

#[test]
fn a_directory_role_proves_a_right_in_entra_also_through_a_group_and_what_is_not_proved_is_a_warning() {
    let (_azure, rehome) = signed_in_to(&minimal());
    let told = warned(&rehome, "W360");
    assert!(told.iter().any(|line| line.contains("GroupMember.ReadWrite.All")), "{told:?}");
    let administrators = "0a1b2c3d-9999-4000-8000-0000000000ad";
    let mut estate = minimal();
    estate["graph"].as_array_mut().expect("graph").extend([
        json!({"@odata.type": "#microsoft.graph.group", "id": administrators, "displayName": "admins", "groupTypes": [],
            "securityEnabled": true, "isAssignableToRole": true, "members": [OPERATOR]}),
        json!({"@odata.type": "#microsoft.graph.unifiedRoleAssignment", "id": "0a1b2c3d-9999-4000-8000-0000000000ae",
            "principalId": administrators, "roleDefinitionId": GROUPS_ADMINISTRATOR, "directoryScopeId": "/"}),
    ]);
    let (_azure, rehome) = signed_in_to(&estate);
    assert_eq!(warned(&rehome, "W360"), Vec::<String>::new());
}
