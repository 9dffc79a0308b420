//! What stands on the identity itself: policies assigned there, exemptions from policies, diagnostic settings. Each
//! is put on the new one under its own name, taken from the old one in the clean-up, and back again.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::estates::{at, estate, signed_in, whole};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, Said, text};
use serde_json::{Value, json};

const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";
const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
const OPERATOR: &str = "0b5ec7ed-0000-4000-8000-00000000c11e";
const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];

fn old() -> String {
    at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop")
}

fn new() -> String {
    old().replace("rg-shop-weu", "rg-shop-sdc")
}

fn above(list: &str, name: &str, properties: Value) -> Value {
    json!({"id": format!("{SUB}/providers/Microsoft.Authorization/{list}/{name}"), "name": name,
        "type": format!("Microsoft.Authorization/{list}"), "properties": properties})
}

fn own(kind: &str, name: &str, properties: Value) -> Value {
    json!({"id": format!("{}/providers/{kind}/{name}", old()), "name": name, "type": kind, "properties": properties})
}

fn assigned(id: &str) -> Value {
    json!({"policyAssignmentId": format!("{id}/providers/Microsoft.Authorization/policyAssignments/names"),
        "exemptionCategory": "Waiver", "displayName": "names of old things"})
}

/// One of each, and the policy that it is about.
fn things() -> Vec<Value> {
    let definition = format!("{SUB}/providers/Microsoft.Authorization/policyDefinitions/names");
    let logs = at("Microsoft.OperationalInsights/workspaces/logs");
    let rule = json!({"policyType": "Custom", "mode": "All", "policyRule": {
        "if": {"field": "name", "like": "never-*"}, "then": {"effect": "audit"}}});
    let owner = json!({"policyDefinitionId": definition, "parameters": {"owner": {"value": CLIENT}},
        "metadata": {"assignedBy": "somebody", "createdBy": "somebody"}, "scope": old()});
    vec![
        above("policyDefinitions", "names", rule),
        above("policyAssignments", "names", json!({ "policyDefinitionId": definition })),
        json!({"id": logs, "name": "logs", "type": "Microsoft.OperationalInsights/workspaces", "location": "westeurope", "properties": {}}),
        own("Microsoft.Authorization/policyAssignments", "names", owner),
        own("Microsoft.Authorization/policyExemptions", "above", assigned(SUB)),
        own("Microsoft.Authorization/policyExemptions", "here", assigned(&old())),
        own(
            "Microsoft.Insights/diagnosticSettings",
            "to-logs",
            json!({"workspaceId": logs, "logs": [{"category": "Audit", "enabled": true}], "eventHubName": null}),
        ),
    ]
}

fn stage(more: &[Value]) -> (Azure, Rehome) {
    signed_in(estate(more).path(), None)
}

fn says(said: &Said, parts: &[&str]) {
    for part in parts {
        assert!(said.out.contains(part), "{part}\n{}\n{}", said.out, said.err);
    }
}

/// What stands on an identity, but for its roles and its locks: by the end of its id.
fn on(azure: &Azure, identity: &str) -> Vec<(String, Value)> {
    let prefix = format!("{identity}/providers/");
    let all = azure.estate()["arm"].as_array().expect("arm").clone();
    let mut out: Vec<(String, Value)> = all
        .iter()
        .filter(|o| text(&o["id"]).starts_with(&prefix))
        .map(|o| (text(&o["id"])[prefix.len()..].to_owned(), o["properties"].clone()))
        .filter(|(rest, _)| !rest.contains("roleAssignments") && !rest.contains("locks"))
        .collect();
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out
}

fn run(rehome: &Rehome) {
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
}

#[test]
fn it_stands_on_the_new_one_too_and_is_taken_back_to_the_byte() {
    let (azure, rehome) = stage(&things());
    let before = azure.estate();
    let names =
        ["policy assignment names on NEW", "policy exemption above on NEW", "policy exemption here on NEW"];
    let said = rehome.say(&PLAN).expect(0);
    says(&said, &names);
    says(&said, &["diagnostic setting to-logs on NEW", "old diagnostic setting to-logs"]);
    run(&rehome);
    let there = on(&azure, &new());
    let kinds: Vec<&str> = there.iter().map(|(rest, _)| rest.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "Microsoft.Authorization/policyAssignments/names",
            "Microsoft.Authorization/policyExemptions/above",
            "Microsoft.Authorization/policyExemptions/here",
            "Microsoft.Insights/diagnosticSettings/to-logs",
        ]
    );
    let now = azure.estate();
    let made = crate::support::oracle::names(&now, &new()).expect("it is there");
    assert_eq!(
        text(&there[0].1["parameters"]["owner"]["value"]),
        made.client,
        "whoever it names is the new one"
    );
    assert_eq!(there[1].1, assigned(SUB), "an exemption from what is assigned above stays one");
    assert_eq!(there[2].1, assigned(&new()), "and one from its own policy is from the copy");
    assert_eq!(on(&azure, &old()).len(), 4, "the old one has all of it until the clean-up");
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn the_clean_up_takes_it_from_the_old_one_because_it_would_outlive_that() {
    let (azure, rehome) = stage(&things());
    rehome.say(&PLAN).expect(0);
    run(&rehome);
    let moved = on(&azure, &new());
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(0);
    assert_eq!(on(&azure, &old()), Vec::new());
    assert_eq!(on(&azure, &new()), moved);
}

#[test]
fn a_clean_up_that_fails_is_taken_back_with_all_that_stood_on_the_old_one() {
    let faults = tempfile::NamedTempFile::new().expect("a file");
    let rule = json!({"rules": [{"method": "POST", "path": "/revokeTokens",
        "what": {"answer": {"status": 403, "code": "RequestDisallowedByPolicy"}}}]});
    std::fs::write(faults.path(), rule.to_string()).expect("written");
    let (azure, rehome) = signed_in(estate(&things()).path(), Some(faults.path()));
    let before = azure.estate();
    rehome.say(&PLAN).expect(0);
    run(&rehome);
    assert_eq!(rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).code, 10);
    assert_eq!(on(&azure, &old()), Vec::new(), "it was taken away before the tokens");
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn a_policy_with_an_identity_of_its_own_or_a_secret_is_a_persons_and_its_secret_stays_at_home() {
    let definition = format!("{SUB}/providers/Microsoft.Authorization/policyDefinitions/names");
    let mut fix =
        own("Microsoft.Authorization/policyAssignments", "fix", json!({ "policyDefinitionId": definition }));
    fix["location"] = json!("westeurope");
    fix["identity"] =
        json!({"type": "SystemAssigned", "principalId": "0a1b2c3d-4444-4000-8000-000000000001"});
    let keyed = json!({"policyDefinitionId": definition, "parameters": {"storageKey": {"value": "planted-secret-policy"}}});
    let mut all = things();
    all.extend([fix, own("Microsoft.Authorization/policyAssignments", "keyed", keyed)]);
    let (_azure, rehome) = stage(&all);
    let said = rehome.say(&PLAN).expect(0);
    says(&said, &["policy assignment fix on NEW, which no program can copy", "az rest --method put --url"]);
    says(&said, &["az role assignment list --all --assignee 0a1b2c3d-4444-4000-8000-000000000001"]);
    says(
        &said,
        &[
            "policy assignment keyed on NEW, which no program can copy",
            "policyAssignments/keyed?api-version=",
        ],
    );
    rehome.say(&["discover", "-f", "batch.toml", "--snapshot", "copy.json"]).expect(0);
    assert!(
        !crate::support::rehome::contains(&rehome.remains(), b"planted-secret"),
        "no secret is on the disk"
    );
    let copy = Azure::serve(&rehome.path("copy.json"), None);
    let mut again = Rehome::offline();
    again.turn_to(&copy);
    std::fs::write(again.path("batch.toml"), minimal_without_soak()).expect("written");
    says(&again.say(&PLAN).expect(0), &["policy assignment keyed on NEW, which no program can copy"]);
    run(&again);
    assert_eq!(on(&copy, &new()).len(), 4, "what was read can be rehearsed");
}

#[test]
fn that_its_diagnostic_settings_may_not_be_read_blocks_the_plan_and_that_its_type_has_none_is_not() {
    let list = format!("{}/providers/Microsoft.Insights/diagnosticSettings", old());
    let said = |status: u16, code: &str| {
        let unread = json!([{"path": list, "status": status, "code": code}]);
        let (_azure, rehome) = signed_in(whole(Vec::new(), Vec::new(), unread).path(), None);
        rehome.say(&PLAN)
    };
    let refused = said(403, "AuthorizationFailed").expect(12).out;
    assert!(refused.contains("B133") && refused.contains("diagnosticSettings"), "{refused}");
    for (status, code) in [(400, "ResourceTypeNotSupported"), (405, "MethodNotAllowed")] {
        let none = said(status, code).expect(0).out;
        assert!(!none.contains("diagnosticSettings"), "{none}");
    }
}

/// Whoever has all of this but not these.
fn operator(lacking: &[&str]) -> Vec<Value> {
    let role = "f0000000-0000-4000-8000-00000000401e";
    let mut definition = above(
        "roleDefinitions",
        role,
        json!({"roleName": "Nearly everything", "type": "CustomRole",
        "assignableScopes": [SUB], "permissions": [{"actions": ["*"], "notActions": lacking}]}),
    );
    let id = text(&definition["id"]).to_owned();
    let held = above(
        "roleAssignments",
        "f0000000-0000-4000-8000-000000000001",
        json!({"principalId": OPERATOR,
        "principalType": "ServicePrincipal", "scope": SUB, "roleDefinitionId": id, "createdOn": "2025-03-01T08:00:00.0000000Z"}),
    );
    definition["name"] = json!(role);
    vec![definition, held]
}

#[test]
fn who_may_not_exempt_from_a_policy_or_send_to_a_workspace_is_told_so_before() {
    let lacking = [
        "Microsoft.Authorization/policyAssignments/exempt/action",
        "Microsoft.Insights/diagnosticSettings/write",
        "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
    ];
    let mut all = things();
    all.extend(operator(&lacking));
    let (azure, rehome) = stage(&all);
    let said = rehome.say(&PLAN).expect(12);
    says(&said, &["B110"]);
    says(&said, &lacking);
    // And it is so.
    let refused = |id: String, body: Value| {
        let sent = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| azure.write("PUT", &id, &body)));
        let said = sent.expect_err("it is refused");
        said.downcast_ref::<String>().cloned().unwrap_or_default()
    };
    let exemption = format!(
        "{}/providers/Microsoft.Authorization/policyExemptions/x?api-version=2022-07-01-preview",
        old()
    );
    let said = refused(exemption, json!({ "properties": assigned(SUB) }));
    assert!(said.contains("LinkedAuthorizationFailed") && said.contains("exempt/action"), "{said}");
}

#[test]
fn the_local_azure_refuses_what_does_not_fit() {
    let (azure, _rehome) = stage(&things());
    let refused = |rest: &str, body: Value| {
        let id = format!("{}/providers/{rest}?api-version=2021-05-01-preview", old());
        let sent = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| azure.write("PUT", &id, &body)));
        let said = sent.expect_err("it is refused");
        said.downcast_ref::<String>().cloned().unwrap_or_default()
    };
    let logs = at("Microsoft.OperationalInsights/workspaces/logs");
    let again =
        json!({"properties": {"workspaceId": logs, "logs": [{"category": "Audit", "enabled": true}]}});
    let elsewhere = assigned(&at("Microsoft.Storage/storageAccounts/stshop"));
    for (rest, body, part) in [
        ("Microsoft.Insights/diagnosticSettings/none", json!({"properties": {"logs": []}}), "data sink"),
        ("Microsoft.Insights/diagnosticSettings/again", again, "can't be reused"),
        ("Microsoft.Authorization/policyExemptions/x", json!({ "properties": elsewhere }), "does not apply"),
        (
            "Microsoft.Authorization/policyAssignments/x",
            json!({"properties": {}}),
            "InvalidCreatePolicyAssignmentRequest",
        ),
    ] {
        let said = refused(rest, body);
        assert!(said.contains(part), "{part}: {said}");
    }
}
