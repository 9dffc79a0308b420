//! What newer versions of Azure tell of an identity: it is copied where it is known, and asked about where it is not.

use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];
const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";

/// The smallest estate, whose identity has these properties too, and this beside it.
fn stage(properties: &Value, more: &[Value], batch: &str) -> (Azure, Rehome) {
    let file = std::fs::read_to_string(example("minimal").join("estate.json")).expect("an estate");
    let mut estate: Value = serde_json::from_str(&file).expect("JSON");
    let arm = estate["arm"].as_array_mut().expect("arm");
    for identity in arm.iter_mut().filter(|o| text(&o["id"]).ends_with("/userAssignedIdentities/id-shop")) {
        let members = properties.as_object().expect("properties").clone();
        identity["properties"].as_object_mut().expect("properties").extend(members);
    }
    arm.extend_from_slice(more);
    let mut rehome = Rehome::offline();
    std::fs::write(rehome.path("estate.json"), estate.to_string()).expect("written");
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak() + batch).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    (azure, rehome)
}

fn new(azure: &Azure) -> Value {
    let estate = azure.estate();
    let is_new = |o: &&Value| {
        text(&o["id"])
            .to_lowercase()
            .contains("/rg-shop-sdc/providers/microsoft.managedidentity/userassignedidentities/")
    };
    let all = estate["arm"].as_array().into_iter().flatten();
    all.into_iter()
        .find(|o| is_new(o) && text(&o["type"]).ends_with("Identities"))
        .cloned()
        .unwrap_or_default()
}

fn move_it(rehome: &Rehome) {
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
}

#[test]
fn restrictions_and_what_can_be_set_only_at_the_start_are_copied_in_the_version_that_knows_them() {
    let restricted = json!({"providers": ["Microsoft.Compute", "Microsoft.Web/sites"]});
    let properties =
        json!({"assignmentRestrictions": restricted, "assignmentBlocked": false, "federationBlocked": false});
    let (azure, rehome) = stage(&properties, &[], "");
    rehome.say(&PLAN).expect(0);
    move_it(&rehome);
    let new = &new(&azure)["properties"];
    for (name, value) in properties.as_object().expect("properties") {
        assert_eq!(&new[name], value, "{name}");
    }
    rehome.say(&["verify"]).expect(0);
}

#[test]
fn an_azure_that_has_only_older_versions_is_asked_in_one_of_those() {
    let kind = json!({"resourceType": "userAssignedIdentities", "locations": ["West Europe", "Sweden Central"],
        "apiVersions": ["2024-11-30", "2023-01-31"]});
    let provider = json!({"id": format!("{SUB}/providers/Microsoft.ManagedIdentity"), "namespace": "Microsoft.ManagedIdentity",
        "registrationState": "Registered", "resourceTypes": [kind]});
    let (azure, rehome) = stage(&json!({"isolationScope": "None"}), &[provider], "");
    rehome.say(&PLAN).expect(0);
    move_it(&rehome);
    assert_eq!(new(&azure)["properties"]["isolationScope"], "None");
}

#[test]
fn a_property_that_nobody_knows_blocks_the_plan_until_somebody_answers_for_it() {
    let (azure, rehome) = stage(&json!({"futureGuard": "On"}), &[], "");
    let plan = rehome.say(&PLAN).expect(12).out;
    assert!(plan.contains("B140") && plan.contains("futureGuard"), "{plan}");
    let batch = minimal_without_soak() + "accept_unknown = [\"properties.futureGuard\"]\n";
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let plan = rehome.say(&PLAN).expect(0).out;
    assert!(plan.contains("W354") && plan.contains("futureGuard"), "{plan}");
    move_it(&rehome);
    assert_eq!(new(&azure)["properties"].get("futureGuard"), None, "it is left behind, as was said");
}

#[test]
fn a_property_of_a_credential_that_nobody_knows_blocks_the_plan_until_somebody_answers_for_it() {
    let id = crate::support::estates::at(
        "Microsoft.ManagedIdentity/userAssignedIdentities/id-shop/federatedIdentityCredentials/gh-new",
    );
    let credential = json!({"id": id, "name": "gh-new",
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        "properties": {"issuer": "https://token.actions.githubusercontent.com", "subject": "repo:contoso/new:ref:refs/heads/main",
            "audiences": ["api://AzureADTokenExchange"], "onlyFromNetwork": "10.0.0.0/8"}});
    let (azure, rehome) = stage(&json!({}), std::slice::from_ref(&credential), "");
    let plan = rehome.say(&PLAN).expect(12).out;
    let blocks = |line: &&str| line.contains("B140") && line.contains("gh-new");
    assert!(plan.lines().any(|line| blocks(&line)) && plan.contains("onlyFromNetwork"), "{plan}");
    let named = plan.split('"').find(|part| part.contains("onlyFromNetwork"));
    let named = named.unwrap_or_else(|| panic!("the plan says what to answer: {plan}"));
    let batch = format!("{}accept_unknown = [{}]\n", minimal_without_soak(), json!(named));
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let plan = rehome.say(&PLAN).expect(0).out;
    assert!(plan.contains("W354") && plan.contains("onlyFromNetwork"), "{plan}");
    move_it(&rehome);
    let copied = azure.estate();
    let copied =
        copied["arm"].as_array().expect("arm").iter().find(|o| {
            text(&o["id"]).to_lowercase().contains("/rg-shop-sdc/") && text(&o["name"]) == "gh-new"
        });
    assert_eq!(
        copied.expect("the copy")["properties"].get("onlyFromNetwork"),
        None,
        "left behind, as was said"
    );
}
