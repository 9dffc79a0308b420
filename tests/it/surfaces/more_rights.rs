//! Somebody gives the new identity more than the old one has, or the old one something that the plan does not know:
//! `verify` finds it, and the clean-up stops before it takes anything away.

use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::estates::{at, signed_in};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const STRANGER: &str = "0a1b2c3d-3333-4000-8000-0000000000aa";

fn new() -> String {
    at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop").replace("rg-shop-weu", "rg-shop-sdc")
}

/// A move that has come to its gate.
fn moved() -> (Azure, Rehome) {
    let (azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
    (azure, rehome)
}

fn principal_of_new(azure: &Azure) -> String {
    let estate = azure.estate();
    let found =
        estate["arm"].as_array().expect("arm").iter().find(|o| text(&o["id"]).eq_ignore_ascii_case(&new()));
    text(&found.expect("it is made")["properties"]["principalId"]).to_owned()
}

fn role(principal: &str) -> Value {
    json!({"properties": {"principalId": principal, "principalType": "ServicePrincipal",
        "roleDefinitionId": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{OWNER}")}})
}

fn trust() -> Value {
    json!({"properties": {"issuer": "https://evil.example", "subject": "me", "audiences": ["api://AzureADTokenExchange"]}})
}

/// It is found and named, and nothing is revoked or deleted while it is so; without it, everything goes through.
fn found(path: &str, api: &str, body: &dyn Fn(&Azure) -> Value, named: &str) {
    let (azure, rehome) = moved();
    azure.write("PUT", &format!("{path}?api-version={api}"), &body(&azure));
    let said = rehome.say(&["verify"]).expect(14).out;
    assert!(said.to_lowercase().contains(&named.to_lowercase()), "{named}: {said}");
    let before = azure.requests().len();
    let clean_up = ["cleanup", "minimal", "--confirm", "minimal", "--yes"];
    rehome.say_with_people(&clean_up).expect(10);
    let changed = azure.requests()[before..].iter().any(|r| r["changed"] == true);
    assert!(!changed, "{named}: nothing was taken away");
    let status = rehome.json(&["status"]);
    let stuck = &status["moves"][0];
    assert!(stuck.to_string().to_lowercase().contains(&named.to_lowercase()), "{named}: {stuck:#}");
    azure.write("DELETE", &format!("{path}?api-version={api}"), &Value::Null);
    rehome.say(&["verify"]).expect(0);
    let waits = stuck["waiting_for"].as_array().into_iter().flatten().find(|w| w["kind"] == "failed");
    let step = text(&waits.unwrap_or_else(|| panic!("it has stopped: {status:#}"))["step"]).to_owned();
    rehome.say(&["retry", &format!("{}:{step}", text(&stuck["run"])), "--reason", "taken away"]).expect(0);
    rehome.say_with_people(&clean_up).expect(0);
    rehome.say(&["verify"]).expect(0);
}

#[test]
fn a_sign_in_of_a_strangers_on_the_new_identity_is_found() {
    let path = format!("{}/federatedIdentityCredentials/attacker", new());
    found(&path, "2024-11-30", &|_| trust(), "https://evil.example");
}

#[test]
fn a_role_that_nobody_planned_is_found() {
    let path = format!(
        "{SUB}/providers/Microsoft.Authorization/roleAssignments/e0000000-0000-4000-8000-0000000000e1"
    );
    found(&path, "2022-04-01", &|azure| role(&principal_of_new(azure)), &format!("role {OWNER} at {SUB}"));
}

#[test]
fn a_role_of_somebody_else_on_the_new_identity_is_found() {
    let name = "e0000000-0000-4000-8000-0000000000e2";
    let path = format!("{}/providers/Microsoft.Authorization/roleAssignments/{name}", new());
    found(&path, "2022-04-01", &|_| role(STRANGER), &format!("on it for {STRANGER}"));
}

#[test]
fn a_sign_in_that_the_old_identity_got_after_the_plan_is_missed() {
    let old = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    let path = format!("{old}/federatedIdentityCredentials/late");
    found(&path, "2024-11-30", &|_| trust(), "https://evil.example");
}

#[test]
fn a_principal_that_is_another_ones_gets_nothing() {
    let rehome = Rehome::offline();
    // Whoever answers the creation says the principal of somebody else.
    let mut lie = json!({"id": new(), "name": "id-shop", "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
        "location": "swedencentral", "tags": {}, "properties": {"tenantId": "7a1c9f52-0000-4000-8000-00000000c0de"}});
    lie["properties"]["principalId"] = json!(STRANGER);
    lie["properties"]["clientId"] = json!("0a1b2c3d-1111-4000-8000-0000000000ff");
    let rule = json!({"method": "PUT", "path": new(), "exact": true,
        "what": {"answer": {"status": 201, "after": true, "body": lie}}});
    std::fs::write(rehome.path("faults.json"), json!({"rules": [rule]}).to_string()).expect("written");
    let azure = Azure::serve(&example("minimal").join("estate.json"), Some(&rehome.path("faults.json")));
    let mut rehome = rehome;
    rehome.turn_to(&azure);
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak()).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 10);
    let status = rehome.say(&["status"]).out;
    assert!(status.contains("NotItsPrincipal"), "{status}");
    let given = azure.requests();
    let is_grant = |r: &&Value| {
        let path = text(&r["path"]).to_lowercase();
        // What others may do with the new identity is granted to them.
        r["changed"] == true
            && (r["host"] == "graph" || path.contains("roleassignments") && !path.contains("/rg-shop-sdc"))
    };
    let given: Vec<&Value> = given.iter().filter(is_grant).collect();
    assert!(given.is_empty(), "nobody is granted anything: {given:?}");
}
