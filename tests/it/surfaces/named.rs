//! What names an identity and no program changes: deny assignments, what it could activate, stacks,
//! Lighthouse, managed HSMs. All of it is in the plan, what may not be read too, and none is written.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::estates::{at, whole};
use crate::support::rehome::{Rehome, Said, text};
use serde_json::{Value, json};

const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const OPERATOR: &str = "0b5ec7ed-0000-4000-8000-00000000c11e";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const TIMED_GROUP: &str = "0a1b2c3d-9999-4000-8000-000000000001";
const ROLE: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";
const END: &str = "2098-12-31T23:00:00Z";
const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];

fn deny_id() -> String {
    at("Microsoft.Authorization/denyAssignments/de000000-0000-4000-8000-000000000001")
}

/// A deny assignment, which denies everybody but these the data of storage.
fn deny(excluded: &[&str]) -> Value {
    let principals = |ids: &[&str]| -> Vec<Value> {
        ids.iter().map(|id| json!({"id": id, "type": "ServicePrincipal"})).collect()
    };
    json!({"id": deny_id(), "name": "de000000-0000-4000-8000-000000000001",
        "type": "Microsoft.Authorization/denyAssignments", "properties": {
            "denyAssignmentName": "stack deny", "scope": at("").trim_end_matches("/providers/"),
            "permissions": [{"actions": [], "notActions": [], "dataActions": ["Microsoft.Storage/*"], "notDataActions": []}],
            "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}],
            "excludePrincipals": principals(excluded), "isSystemProtected": true}})
}

fn eligible() -> Value {
    let scope = at("Microsoft.Storage/storageAccounts/stshop");
    let name = "e1000000-0000-4000-8000-000000000001";
    json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleEligibilitySchedules/{name}"), "name": name,
        "type": "Microsoft.Authorization/roleEligibilitySchedules", "properties": {"scope": scope,
            "roleDefinitionId": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER}"),
            "principalId": PRINCIPAL, "principalType": "ServicePrincipal", "memberType": "Direct", "status": "Provisioned",
            "endDateTime": END}})
}

/// A role on the identity that somebody else could activate.
fn eligible_on() -> Value {
    let scope = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    let mut body = eligible();
    let name = "e1000000-0000-4000-8000-000000000002";
    body["id"] = json!(format!("{scope}/providers/Microsoft.Authorization/roleEligibilitySchedules/{name}"));
    body["name"] = json!(name);
    body["properties"]["scope"] = json!(scope);
    body["properties"]["principalId"] = json!(OPERATOR);
    body
}

/// Resources that are in tables of their own of the index, and one that only is there.
fn resources() -> Vec<Value> {
    vec![
        json!({"id": at("Microsoft.Resources/deploymentStacks/stack"), "name": "stack", "type": "Microsoft.Resources/deploymentStacks",
            "location": "westeurope", "properties": {"denySettings": {"mode": "denyDelete", "excludedPrincipals": [OPERATOR, PRINCIPAL]}}}),
        json!({"id": format!("{SUB}/providers/Microsoft.ManagedServices/registrationDefinitions/9e000000-0000-4000-8000-000000000001"),
            "name": "9e000000-0000-4000-8000-000000000001", "type": "Microsoft.ManagedServices/registrationDefinitions",
            "properties": {"authorizations": [{"principalId": PRINCIPAL, "roleDefinitionId": READER}]}}),
        json!({"id": at("Microsoft.KeyVault/managedHSMs/hsm-shop"), "name": "hsm-shop", "type": "Microsoft.KeyVault/managedHSMs",
            "location": "westeurope", "properties": {}}),
    ]
}

/// A group and a role of the directory that it has until a stated time, and a group it could activate.
fn directory() -> Vec<Value> {
    let ends = json!({"expiration": {"type": "afterDateTime", "endDateTime": END}});
    vec![
        json!({"@odata.type": "#microsoft.graph.group", "id": TIMED_GROUP, "displayName": "for a time", "groupTypes": [],
            "securityEnabled": true, "members": [PRINCIPAL]}),
        json!({"@odata.type": "#microsoft.graph.privilegedAccessGroupAssignmentSchedule", "id": "5c-group",
            "principalId": PRINCIPAL, "groupId": TIMED_GROUP, "accessId": "member", "memberType": "direct", "scheduleInfo": ends}),
        json!({"@odata.type": "#microsoft.graph.privilegedAccessGroupEligibilitySchedule", "id": "5c-eligible",
            "principalId": PRINCIPAL, "groupId": "0a1b2c3d-9999-4000-8000-000000000002", "accessId": "owner",
            "memberType": "direct", "scheduleInfo": {"expiration": {"type": "noExpiration"}}}),
        json!({"@odata.type": "#microsoft.graph.unifiedRoleAssignment", "id": "5c-plain", "principalId": PRINCIPAL,
            "roleDefinitionId": ROLE, "directoryScopeId": "/"}),
        json!({"@odata.type": "#microsoft.graph.unifiedRoleAssignmentSchedule", "id": "5c-role", "principalId": PRINCIPAL,
            "roleDefinitionId": ROLE, "directoryScopeId": "/", "memberType": "Direct", "scheduleInfo": ends}),
    ]
}

/// Everything that names the identity of the smallest estate.
pub(crate) fn everything() -> (Vec<Value>, Vec<Value>) {
    let mut arm = vec![deny(&[PRINCIPAL, OPERATOR]), eligible(), eligible_on()];
    arm.extend(resources());
    (arm, directory())
}

fn stage(file: &tempfile::NamedTempFile, accepted: &[&str]) -> (Azure, Rehome) {
    let azure = Azure::serve(file.path(), None);
    let rehome = Rehome::at(&azure);
    let batch = format!("{}accept_unseen = {}\n", minimal_without_soak(), json!(accepted));
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    (azure, rehome)
}

fn says(said: &Said, parts: &[&str]) {
    for part in parts {
        assert!(said.out.contains(part), "{part}\n{}\n{}", said.out, said.err);
    }
}

#[test]
fn a_deny_assignment_that_excludes_the_identity_blocks_the_plan_until_somebody_answers_for_it() {
    let file = whole(vec![deny(&[PRINCIPAL, OPERATOR])], Vec::new(), json!([]));
    let (azure, rehome) = stage(&file, &[]);
    says(&rehome.say(&PLAN).expect(12), &["B130", &deny_id(), "would deny the new one"]);
    let lists = azure.requests();
    let lists = lists.iter().filter(|r| text(&r["path"]).contains("/denyAssignments"));
    assert_eq!(lists.count(), 1, "one list for everything in the subscription");
    let (azure, rehome) = stage(&file, &[&deny_id().to_uppercase()]);
    says(&rehome.say(&PLAN).expect(0), &["W370", "deny assignment stack deny at rg-shop-weu: exclude NEW"]);
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    let waits = rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    assert!(waits.code == 11, "hosts wait until somebody has done it");
    let untouched = azure.requests();
    assert!(
        untouched.iter().all(|r| r["changed"] == false || !text(&r["path"]).contains("/virtualMachines/"))
    );
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
}

#[test]
fn a_deny_assignment_of_the_old_identity_and_roles_it_could_activate_are_warnings() {
    let mut denies = deny(&[OPERATOR]);
    denies["properties"]["principals"] = json!([{"id": PRINCIPAL, "type": "ServicePrincipal"}]);
    let (_azure, rehome) = stage(&whole(vec![denies, eligible()], Vec::new(), json!([])), &[]);
    let said = rehome.say(&PLAN).expect(0);
    says(&said, &["W370", "nobody denies the new one", "W371", "eligible for role Reader until 2098-12-31"]);
}

#[test]
fn what_may_not_be_read_of_them_is_a_gap_and_where_copies_could_stay_for_good_a_blocker() {
    let refused = |path: &str, status: u16, code: &str| json!({"path": path, "status": status, "code": code});
    let arm = |list: &str| format!("{SUB}/providers/Microsoft.Authorization/{list}");
    let groups = "identityGovernance/privilegedAccess/group/assignmentSchedules";
    let file = whole(
        Vec::new(),
        Vec::new(),
        json!([
            refused(&arm("denyAssignments"), 403, "AuthorizationFailed"),
            refused(&arm("roleEligibilitySchedules"), 400, "AadPremiumLicenseRequired"),
            refused("roleManagement/directory/roleAssignmentSchedules", 403, "Authorization_RequestDenied"),
            refused(groups, 403, "UnknownError"),
        ]),
    );
    let (_azure, rehome) = stage(&file, &[]);
    let said = rehome.say(&PLAN).expect(12);
    let list = format!("Entra ID: {groups}");
    says(
        &said,
        &[
            "B133",
            "Microsoft.Authorization/denyAssignments",
            "Microsoft.Authorization/roleEligibilitySchedules",
        ],
    );
    says(&said, &["AadPremiumLicenseRequired", "Entra ID: roleManagement/directory/roleAssignmentSchedules"]);
    says(&said, &["B131", &list, "which of its groups end is not known"]);
    assert!(!said.out.contains("which of its directory roles"), "it has none: {}", said.out);
    let (_azure, rehome) = stage(&file, &[&list]);
    let said = rehome.say(&PLAN).expect(12);
    says(&said, &["W372", "W350", "answered for in the batch file"]);
    let roles = "Entra ID: roleManagement/directory/roleAssignmentSchedules";
    let denied = arm("denyAssignments");
    let (_azure, rehome) = stage(&file, &[&list, roles, &denied]);
    says(&rehome.say(&PLAN).expect(0), &["W372", "AadPremiumLicenseRequired"]);
    let file = whole(Vec::new(), Vec::new(), json!([refused(groups, 400, "AadPremiumLicenseRequired")]));
    let (_azure, rehome) = stage(&file, &[]);
    says(&rehome.say(&PLAN).expect(0), &["W350", &list]);
}

#[test]
fn people_get_the_ready_commands_and_nothing_of_it_is_written() {
    let (arm, graph) = everything();
    let (azure, rehome) = stage(&whole(arm, graph, json!([])), &[&deny_id()]);
    let said = rehome.say(&PLAN).expect(0);
    says(
        &said,
        &[
            "deployment stack rg-shop-weu/stack: name NEW, as it names OLD",
            "/properties/denySettings/excludedPrincipals/1",
            "az stack group create --name stack --resource-group rg-shop-weu",
            "Lighthouse definition 9e000000-0000-4000-8000-000000000001",
            "/properties/authorizations/0/principalId",
            "az keyvault role assignment list --hsm-name hsm-shop --assignee 0a1b2c3d-2222",
            "Reader on NEW, to be activated by 0b5ec7ed-0000-4000-8000-00000000c11e until 2098-12-31",
            "rg-shop-sdc/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/",
            "directory role 88d8e3e3-8f55-4a1e-953a-9b9898b8876b at /, ends 2098-12-31T23:00:00Z",
            "the identity is eligible for owner of the group",
            "POST https://graph.microsoft.com/v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleRequests",
        ],
    );
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    let after = azure.estate();
    for object in everything().0 {
        let found = after["arm"].as_array().expect("objects").iter().find(|o| o["id"] == object["id"]);
        assert_eq!(found, Some(&object), "what people do is not done for them");
    }
}
