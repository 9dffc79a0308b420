//! What is set on a service principal itself: shown only to who asks, judged, and minded.

use crate::client::{Client, OLD_PRINCIPAL, estate, identity, machine};
use reqwest::Method;
use serde_json::{Value, json};

const KIND: &str = "#Microsoft.DirectoryServices.CustomSecurityAttributeValue";

async fn patch(client: &Client, id: &str, body: Value) -> (u16, String) {
    let said = client.graph(Method::PATCH, &format!("/servicePrincipals/{id}"), Some(body)).await;
    let (status, code) = said.refused();
    (status, code.to_owned())
}

async fn shown(client: &Client, select: &str) -> Value {
    let path = format!("/servicePrincipals/{OLD_PRINCIPAL}{select}");
    client.graph(Method::GET, &path, None).await.body
}

#[tokio::test]
async fn security_attributes_are_shown_to_who_asks_for_them_by_name_alone() {
    let client = Client::at(estate()).await;
    let set = json!({"customSecurityAttributes": {"Engineering": {"@odata.type": KIND, "Project": "Shop"}}});
    assert_eq!(patch(&client, OLD_PRINCIPAL, set).await.0, 204);
    assert_eq!(shown(&client, "").await["customSecurityAttributes"], Value::Null);
    let found = shown(&client, "?$select=id,customSecurityAttributes").await;
    assert_eq!(found["customSecurityAttributes"]["Engineering"]["Project"], "Shop");
    assert_eq!(found["displayName"], Value::Null, "only what was asked for");
}

#[tokio::test]
async fn what_is_no_setting_or_of_another_type_is_refused_and_nothing_of_it_is_set() {
    let client = Client::at(estate()).await;
    let bad = (400, "Request_BadRequest".to_owned());
    for body in [
        json!({"accountEnabled": "no"}),
        json!({"tags": "a"}),
        json!({"notes": "n".repeat(1_025)}),
        json!({"notes": "kept", "alternativeNames": []}),
        json!({"customSecurityAttributes": {"Engineering": {"Project": "Shop"}}}),
    ] {
        assert_eq!(patch(&client, OLD_PRINCIPAL, body.clone()).await, bad, "{body}");
    }
    assert_eq!(shown(&client, "").await["notes"], Value::Null);
    let nobody = patch(&client, "aaaaaaaa-0000-4000-8000-00000000dead", json!({"notes": "n"})).await;
    assert_eq!(nobody, (404, "Request_ResourceNotFound".to_owned()));
}

#[tokio::test]
async fn whoever_is_disabled_gets_no_token() {
    let mut estate = estate();
    let map = json!({identity("old"): {"principalId": OLD_PRINCIPAL}});
    estate["arm"][3]["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": map});
    estate["workloads"] = json!([{"name": "w", "host": machine("vm"), "asks": null, "needs": []}]);
    let works = async |estate: Value| {
        let client = Client::at(estate).await;
        client.get("/sim/workloads").await.body["workloads"][0].clone()
    };
    assert_eq!(works(estate.clone()).await["works"], true);
    estate["graph"] = json!([{"@odata.type": "#microsoft.graph.servicePrincipal", "id": OLD_PRINCIPAL, "accountEnabled": false}]);
    let down = works(estate).await;
    assert!(down["why"].as_str().is_some_and(|why| why.contains("is disabled")), "{down}");
}
