//! What Azure refuses, with its status and its code (the catalogue of errors that movers of identities meet).

use crate::client::{Client, GROUP, OLD_PRINCIPAL, SUB, estate, identity, machine};
use reqwest::Method;
use serde_json::{Value, json};

const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const MSI: &str = "api-version=2024-11-30";
const VM: &str = "api-version=2024-07-01";

fn role(name: &str, scope: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01")
}

fn grant(role: &str, principal: &str) -> Value {
    json!({"properties": {
        "roleDefinitionId": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
        "principalId": principal, "principalType": "ServicePrincipal",
    }})
}

fn name(n: u8) -> String {
    format!("bbbbbbbb-0000-4000-8000-0000000000{n:02}")
}

fn attached(id: &str) -> Value {
    json!({"identity": {"type": "UserAssigned", "userAssignedIdentities": {id: {}}}})
}

#[tokio::test]
async fn requests_without_a_token_a_version_or_a_place_are_refused() {
    let client = Client::at(estate()).await;
    let bare =
        reqwest::get(format!("{}{SUB}?api-version=2022-12-01", client.azure.arm)).await.expect("an answer");
    assert_eq!(bare.status(), 401);
    assert_eq!(client.get(SUB).await.refused(), (400, "MissingApiVersionParameter"));
    assert_eq!(
        client.get(&format!("{SUB}?api-version=soon")).await.refused(),
        (400, "InvalidApiVersionParameter")
    );
    let nowhere =
        client.get(&format!("{SUB}/resourceGroups/none/providers/Microsoft.Web/sites/a?{VM}")).await;
    assert_eq!(nowhere.refused(), (404, "ResourceGroupNotFound"));
    let unknown =
        client.get("/subscriptions/99999999-0000-4000-8000-000000000009?api-version=2022-12-01").await;
    assert!(matches!(unknown.status, 403 | 404), "{}", unknown.body);
    assert_eq!(client.get(&format!("{}?{VM}", machine("none"))).await.refused(), (404, "ResourceNotFound"));
}

#[tokio::test]
async fn an_identity_stays_in_its_region_and_takes_its_assignments_to_nobody() {
    let client = Client::at(estate()).await;
    let there = format!("{}?{MSI}", identity("old"));
    let moved = client.put(&there, json!({"location": "swedencentral"})).await;
    assert_eq!(moved.status, 409, "{}", moved.body);
    assert_eq!(client.put(&there, json!({"location": "westeurope", "tags": {"a": "b"}})).await.status, 200);
    assert_eq!(client.put(&role(&name(1), GROUP), grant(READER, OLD_PRINCIPAL)).await.status, 201);
    assert_eq!(client.arm(Method::DELETE, &there, None).await.status, 200);
    assert_eq!(client.arm(Method::DELETE, &there, None).await.status, 204);
    let left = client.get(&role(&name(1), GROUP)).await;
    assert_eq!((left.status, left.body["properties"]["principalId"].as_str()), (200, Some(OLD_PRINCIPAL)));
}

#[tokio::test]
async fn a_grant_is_made_once_and_its_name_belongs_to_one_principal() {
    let client = Client::at(estate()).await;
    assert_eq!(client.put(&role(&name(1), GROUP), grant(READER, OLD_PRINCIPAL)).await.status, 201);
    let again = client.put(&role(&name(1), GROUP), grant(READER, OLD_PRINCIPAL)).await;
    assert!(again.status == 200 || again.status == 201, "{}", again.body);
    let second = client.put(&role(&name(2), GROUP), grant(READER, OLD_PRINCIPAL)).await;
    assert_eq!(second.refused(), (409, "RoleAssignmentExists"));
    let new = client.put(&format!("{}?{MSI}", identity("new")), json!({"location": "westeurope"})).await;
    let principal = new.body["properties"]["principalId"].as_str().expect("a principal").to_owned();
    let unknown =
        client.put(&role(&name(3), GROUP), grant(READER, "cccccccc-0000-4000-8000-000000000003")).await;
    assert_eq!(unknown.refused(), (400, "PrincipalNotFound"));
    let mut waited = client.put(&role(&name(1), GROUP), grant(READER, &principal)).await;
    while waited.refused() == (400, "PrincipalNotFound") {
        client.pass(10);
        waited = client.put(&role(&name(1), GROUP), grant(READER, &principal)).await;
    }
    assert_eq!(waited.refused(), (400, "RoleAssignmentUpdateNotPermitted"));
    let role_there_is_not = client.put(&role(&name(4), GROUP), grant(&name(9), OLD_PRINCIPAL)).await;
    assert_eq!(role_there_is_not.refused(), (400, "RoleDefinitionDoesNotExist"));
}

#[tokio::test]
async fn a_map_of_identities_takes_only_what_azure_takes() {
    let client = Client::at(estate()).await;
    let vm = format!("{}?{VM}", machine("vm"));
    let kind = json!({"identity": {"type": "Sometimes"}});
    assert_eq!(client.patch(&vm, kind).await.refused(), (400, "InvalidIdentityType"));
    let echo = json!({"identity": {"type": "UserAssigned", "userAssignedIdentities": {identity("old"): {"clientId": "x"}}}});
    assert_eq!(client.patch(&vm, echo).await.refused(), (400, "InvalidIdentityValues"));
    let empty = json!({"identity": {"type": "UserAssigned"}});
    assert_eq!(client.patch(&vm, empty).await.refused(), (400, "MissingIdentityIds"));
    assert_eq!(
        client.patch(&vm, attached(&identity("none"))).await.refused(),
        (400, "FailedIdentityOperation")
    );
    let done = client.patch(&vm, attached(&identity("old"))).await;
    assert!(matches!(done.status, 200..=202), "{}", done.body);
    let mut shown = client.get(&vm).await;
    while shown.body["properties"]["provisioningState"] == "Updating" {
        client.pass(5);
        shown = client.get(&vm).await;
    }
    let map = shown.body["identity"]["userAssignedIdentities"].as_object().expect("a map");
    let entry = map.values().next().expect("one entry");
    assert_eq!(entry["principalId"], OLD_PRINCIPAL);
}

#[tokio::test]
async fn a_dead_identity_in_the_map_fails_every_later_write_until_it_is_taken_out() {
    let mut estate = estate();
    estate["arm"][3]["identity"] = attached(&identity("old"))["identity"].clone();
    estate["settings"]["operation_s"] = json!(0);
    let client = Client::at(estate).await;
    let vm = format!("{}?{VM}", machine("vm"));
    client.arm(Method::DELETE, &format!("{}?{MSI}", identity("old")), None).await;
    let tags = client.patch(&vm, json!({"tags": {"a": "b"}})).await;
    assert_eq!(tags.refused(), (400, "FailedIdentityOperation"));
    let out = json!({"identity": {"type": "None", "userAssignedIdentities": {identity("old"): null}}});
    assert!(matches!(client.patch(&vm, out).await.status, 200..=202));
}

#[tokio::test]
async fn a_regional_identity_serves_its_own_region_only() {
    let mut estate = estate();
    estate["arm"][2]["properties"]["isolationScope"] = json!("Regional");
    estate["arm"][3]["location"] = json!("swedencentral");
    let client = Client::at(estate).await;
    let said = client.patch(&format!("{}?{VM}", machine("vm")), attached(&identity("old"))).await;
    assert_eq!(said.status, 400, "{}", said.body);
}

#[tokio::test]
async fn who_may_write_a_machine_but_not_assign_the_identity_is_refused_by_the_linked_check() {
    let mut estate = estate();
    let operator = "0b5ec7ed-0000-4000-8000-00000000c11e";
    let contributor = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c";
    let mut right = grant(contributor, operator);
    right["id"] = json!(format!("{GROUP}/providers/Microsoft.Authorization/roleAssignments/{}", name(1)));
    right["name"] = json!(name(1));
    right["type"] = json!("Microsoft.Authorization/roleAssignments");
    estate["arm"].as_array_mut().expect("arm").push(right);
    let client = Client::at(estate).await;
    let vm = format!("{}?{VM}", machine("vm"));
    assert_eq!(
        client.patch(&vm, attached(&identity("old"))).await.refused(),
        (403, "LinkedAuthorizationFailed")
    );
    assert!(matches!(client.patch(&vm, json!({"tags": {"a": "b"}})).await.status, 200..=202));
    let more = client.put(&role(&name(2), GROUP), grant(READER, OLD_PRINCIPAL)).await;
    assert_eq!(more.refused(), (403, "AuthorizationFailed"));
}

#[tokio::test]
async fn federated_credentials_are_written_one_at_a_time_with_one_audience_and_no_more_than_twenty() {
    let client = Client::at(estate()).await;
    let at = |n: u8| format!("{}/federatedIdentityCredentials/cred-{n}?{MSI}", identity("old"));
    let credential = |n: u8| {
        json!({"properties": {"issuer": "https://token.actions.githubusercontent.com",
            "subject": format!("repo:a/b:ref:refs/heads/{n}"), "audiences": ["api://AzureADTokenExchange"]}})
    };
    let two = json!({"properties": {"issuer": "https://x.example", "subject": "s", "audiences": ["a", "b"]}});
    assert_eq!(client.put(&at(0), two).await.status, 400);
    for n in 1..=20 {
        assert_eq!(client.put(&at(n), credential(n)).await.status, 201, "credential {n}");
        let too_soon = client.put(&at(n), credential(n)).await;
        let code = "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity";
        assert_eq!(too_soon.refused(), (409, code));
        client.pass(20);
    }
    let last = client.put(&at(21), credential(21)).await;
    assert_eq!(last.status, 400, "{}", last.body);
}

#[tokio::test]
async fn a_token_for_another_server_is_refused_in_the_words_of_each() {
    let client = Client::at(estate()).await.mixed_up();
    let said = client.get(&format!("{}?{MSI}", identity("old"))).await;
    assert_eq!(said.refused(), (401, "InvalidAuthenticationTokenAudience"));
    let message = said.body["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains(&format!("resource '{}'", client.azure.graph)), "{message}");
    let said = client.graph(Method::GET, "/servicePrincipals", None).await;
    assert_eq!(said.refused(), (401, "InvalidAuthenticationToken"));
    assert_eq!(said.body["error"]["message"], "Access token validation failure. Invalid audience.");
    assert!(said.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn a_blueprint_of_agents_answers_only_where_it_is_called_so() {
    let mut estate = estate();
    estate["graph"] = json!([
        {"@odata.type": "#microsoft.graph.agentIdentityBlueprint", "id": "a1", "appId": "a2", "displayName": "clerk",
            "federatedIdentityCredentials": []},
        {"@odata.type": "#microsoft.graph.application", "id": "b1", "appId": "b2", "displayName": "ledger",
            "federatedIdentityCredentials": []},
    ]);
    let client = Client::at(estate).await;
    let names = |said: crate::client::Said| -> Vec<String> {
        let all = said.body["value"].as_array().cloned().unwrap_or_default();
        all.iter().filter_map(|one| one["displayName"].as_str().map(ToOwned::to_owned)).collect()
    };
    let cast = "microsoft.graph.agentIdentityBlueprint";
    let list = async |path: String| client.graph(Method::GET, &format!("/applications{path}"), None).await;
    assert_eq!(names(list(format!("/{cast}")).await), ["clerk"]);
    assert_eq!(names(list(String::new()).await), ["ledger"]);
    let trust = json!({"name": "n", "issuer": "https://i", "subject": "s", "audiences": ["a"]});
    let add = async |path: String| {
        client.graph(Method::POST, &format!("/applications/{path}"), Some(trust.clone())).await
    };
    assert_eq!(add("a1/federatedIdentityCredentials".to_owned()).await.status, 404);
    assert_eq!(add(format!("b1/{cast}/federatedIdentityCredentials")).await.status, 404);
    let made = add(format!("a1/{cast}/federatedIdentityCredentials")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let one = format!("a1/{cast}/federatedIdentityCredentials/n");
    let gone = client.graph(Method::DELETE, &format!("/applications/{one}"), None).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
}

#[tokio::test]
async fn a_lock_refuses_what_it_is_there_to_refuse() {
    let client = Client::at(estate()).await;
    let lock = |level: &str| json!({"properties": {"level": level}});
    let at =
        |name: &str| format!("{GROUP}/providers/Microsoft.Authorization/locks/{name}?api-version=2020-05-01");
    assert_eq!(client.put(&at("keep"), lock("CanNotDelete")).await.status, 201);
    let there = format!("{}?{MSI}", identity("old"));
    assert_eq!(client.arm(Method::DELETE, &there, None).await.refused(), (409, "ScopeLocked"));
    assert_eq!(client.put(&at("freeze"), lock("ReadOnly")).await.status, 201);
    let tags = client.patch(&there, json!({"tags": {"a": "b"}})).await;
    assert_eq!(tags.refused(), (409, "ScopeLocked"));
}

#[tokio::test]
async fn who_asks_too_often_is_told_how_long_to_wait() {
    let client = Client::at(estate()).await;
    let there = format!("{}?api-version=2024-07-01", machine("vm"));
    let first = client.get(&there).await;
    let left: u32 = first.header("x-ms-ratelimit-remaining-subscription-reads").parse().expect("a number");
    let mut said = first;
    for _ in 0..left * 2 {
        if said.status != 200 {
            break;
        }
        said = client.get(&there).await;
    }
    assert_eq!(said.refused(), (429, "SubscriptionRequestsThrottled"));
    assert!(said.header("retry-after").parse::<u64>().expect("seconds") >= 1);
}
