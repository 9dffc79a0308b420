//! Each version of Microsoft.ManagedIdentity has its own properties, and neither gives nor takes others.

use crate::client::{Client, GROUP, estate, identity};
use reqwest::Method;
use serde_json::{Value, json};

fn at(name: &str, version: &str) -> String {
    format!("{}?api-version={version}", identity(name))
}

#[tokio::test]
async fn a_version_gives_what_it_knows_and_another_one_is_refused() {
    let mut estate = estate();
    let later = json!({"isolationScope": "Regional", "assignmentRestrictions": {"providers": ["Microsoft.Compute"]},
        "assignmentBlocked": false, "federationBlocked": true, "newest": 1});
    let members = later.as_object().expect("properties").clone();
    estate["arm"][2]["properties"].as_object_mut().expect("properties").extend(members);
    let client = Client::at(estate).await;
    for (version, known) in [
        ("2023-01-31", &[][..]),
        ("2024-11-30", &["isolationScope"]),
        ("2025-05-31-preview", &["assignmentRestrictions", "isolationScope"]),
        ("2026-04-30", &["assignmentBlocked", "federationBlocked", "isolationScope"]),
        (
            "2026-05-31",
            &["assignmentBlocked", "assignmentRestrictions", "federationBlocked", "isolationScope", "newest"],
        ),
    ] {
        let said = client.get(&at("old", version)).await;
        let shown = said.body["properties"].as_object().expect("properties");
        let mut names: Vec<&str> =
            shown.keys().map(String::as_str).filter(|name| later.get(*name).is_some()).collect();
        names.sort_unstable();
        assert_eq!(names, known, "{version}");
        let list = format!(
            "{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?api-version={version}"
        );
        assert_eq!(client.get(&list).await.body["value"][0], said.body, "{version}: a list tells the same");
    }
    assert_eq!(client.get(&at("old", "2099-01-01")).await.refused(), (400, "NoRegisteredProviderFound"));
}

#[tokio::test]
async fn what_a_version_does_not_know_is_not_taken_and_what_is_set_at_the_start_stays() {
    let client = Client::at(estate()).await;
    let put = async |name: &str, version: &str, properties: Value| {
        let body = json!({"location": "westeurope", "properties": properties});
        client.arm(Method::PUT, &at(name, version), Some(body)).await
    };
    let restricted =
        json!({"assignmentRestrictions": {"providers": ["Microsoft.Web"]}, "federationBlocked": true});
    assert_eq!(put("new", "2024-11-30", restricted.clone()).await.status, 201);
    let shown = client.get(&at("new", "2026-05-31")).await.body;
    assert_eq!(shown["properties"].get("federationBlocked"), None, "an older version did not take it");
    assert_eq!(put("other", "2026-05-31", restricted.clone()).await.status, 201);
    assert_eq!(put("other", "2024-11-30", json!({})).await.status, 200);
    let shown = client.get(&at("other", "2026-05-31")).await.body;
    assert_eq!(shown["properties"]["assignmentRestrictions"], restricted["assignmentRestrictions"]);
    let changed = put("other", "2026-05-31", json!({"federationBlocked": false})).await;
    assert_eq!(changed.refused(), (400, "PropertyChangeNotAllowed"));
    let credential = format!("{}/federatedIdentityCredentials/cred", identity("other"));
    let body = json!({"properties": {"issuer": "https://i", "subject": "s", "audiences": ["a"]}});
    let refused = client.arm(Method::PUT, &format!("{credential}?api-version=2024-11-30"), Some(body)).await;
    assert_eq!(refused.refused(), (400, "FederationBlocked"));
}
