//! What Resource Manager and Graph refuse whatever the provider would say.

use crate::client::{Client, GROUP, SUB, estate, identity, machine};
use reqwest::Method;
use serde_json::{Value, json};

const MSI: &str = "api-version=2024-11-30";
const VM: &str = "api-version=2024-07-01";

fn with(more: Vec<Value>) -> Value {
    let mut estate = estate();
    estate["arm"].as_array_mut().expect("arm").extend(more);
    estate
}

#[tokio::test]
async fn a_provider_that_is_not_registered_takes_no_writes_until_it_is() {
    let id = format!("{SUB}/providers/Microsoft.ManagedIdentity");
    let client = Client::at(with(vec![json!({"id": id, "registrationState": "NotRegistered"})])).await;
    let there = format!("{}?{MSI}", identity("new"));
    let body = json!({"location": "westeurope"});
    assert_eq!(client.put(&there, body.clone()).await.refused(), (409, "MissingSubscriptionRegistration"));
    assert_eq!(
        client.get(&format!("{id}?api-version=2021-04-01")).await.body["registrationState"],
        "NotRegistered"
    );
    let register = format!("{id}/register?api-version=2021-04-01");
    assert_eq!(client.arm(Method::POST, &register, None).await.status, 200);
    assert_eq!(client.put(&there, body).await.status, 201);
}

#[tokio::test]
async fn a_group_on_its_way_out_takes_nothing_more() {
    let client = Client::at(estate()).await;
    let group = format!("{SUB}/resourceGroups/leaving?api-version=2021-04-01");
    assert_eq!(client.put(&group, json!({"location": "westeurope"})).await.status, 201);
    assert_eq!(client.arm(Method::DELETE, &group, None).await.status, 202);
    let again = client.put(&group, json!({"location": "westeurope"})).await;
    assert_eq!(again.refused(), (409, "ResourceGroupBeingDeleted"));
    assert!(again.header("retry-after").parse::<u64>().expect("seconds") >= 1);
}

#[tokio::test]
async fn a_write_for_a_version_that_is_gone_is_refused_and_each_write_makes_a_new_one() {
    let mut estate = estate();
    estate["arm"][3]["etag"] = json!("\"1\"");
    estate["settings"]["operation_s"] = json!(0);
    let client = Client::at(estate).await;
    let vm = format!("{}?{VM}", machine("vm"));
    let first = client.get(&vm).await.header("etag").to_owned();
    assert_eq!(first, "\"1\"");
    let tags = json!({"tags": {"a": "b"}});
    assert_eq!(client.patch_if(&vm, tags.clone(), &first).await.status, 200);
    assert_eq!(client.patch_if(&vm, tags.clone(), &first).await.refused(), (412, "PreconditionFailed"));
    let second = client.get(&vm).await.header("etag").to_owned();
    assert_ne!(second, first);
    assert_eq!(client.patch_if(&vm, tags, &second).await.status, 200);
}

#[tokio::test]
async fn a_new_identity_is_not_known_everywhere_at_once() {
    let mut estate = estate();
    estate["settings"]["spread_delay_s"] = json!(3_600);
    let client = Client::at(estate).await;
    let there = format!("{}?{MSI}", identity("new"));
    assert_eq!(client.put(&there, json!({"location": "westeurope"})).await.status, 201);
    assert_eq!(client.get(&there).await.refused(), (404, "ResourceNotFound"));
    let credential =
        json!({"properties": {"issuer": "https://x.example", "subject": "s", "audiences": ["a"]}});
    let child = format!("{}/federatedIdentityCredentials/outside?{MSI}", identity("new"));
    let mut said = client.put(&child, credential.clone()).await;
    assert_eq!(said.refused(), (404, "ParentResourceNotFound"));
    while said.status == 404 {
        client.pass(600);
        said = client.put(&child, credential.clone()).await;
    }
    assert_eq!(said.status, 201);
    assert_eq!(client.get(&there).await.status, 200);
}

#[tokio::test]
async fn a_policy_denies_what_its_rule_says_and_names_itself() {
    let definition = format!("{SUB}/providers/Microsoft.Authorization/policyDefinitions/regions");
    let assignment = format!("{GROUP}/providers/Microsoft.Authorization/policyAssignments/regions");
    let client = Client::at(with(vec![
        json!({"id": definition, "name": "regions", "properties": {
            "parameters": {"allowed": {"type": "Array", "defaultValue": ["norwayeast"]}},
            "policyRule": {
                "if": {"allOf": [{"field": "type", "like": "Microsoft.ManagedIdentity/*"},
                    {"not": {"field": "location", "in": "[parameters('allowed')]"}}]},
                "then": {"effect": "deny"}}}}),
        json!({"id": assignment, "name": "regions", "properties": {"policyDefinitionId": definition,
            "parameters": {"allowed": {"value": ["westeurope"]}}}}),
    ]))
    .await;
    let there = format!("{}?{MSI}", identity("new"));
    let said = client.put(&there, json!({"location": "swedencentral"})).await;
    assert_eq!(said.refused(), (403, "RequestDisallowedByPolicy"));
    assert_eq!(said.body["error"]["additionalInfo"][0]["info"]["policyAssignmentId"], json!(assignment));
    assert_eq!(client.put(&there, json!({"location": "westeurope"})).await.status, 201);
    assert!(matches!(
        client.patch(&format!("{}?{VM}", machine("vm")), json!({"tags": {}})).await.status,
        200..=202
    ));
}

#[tokio::test]
async fn a_deny_assignment_has_an_answer_of_its_own() {
    let operator = "0b5ec7ed-0000-4000-8000-00000000c11e";
    let owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    let grant = format!(
        "{SUB}/providers/Microsoft.Authorization/roleAssignments/bbbbbbbb-0000-4000-8000-000000000001"
    );
    let deny = format!(
        "{GROUP}/providers/Microsoft.Authorization/denyAssignments/bbbbbbbb-0000-4000-8000-000000000002"
    );
    let client = Client::at(with(vec![
        json!({"id": grant, "type": "Microsoft.Authorization/roleAssignments", "properties": {"principalId": operator,
            "roleDefinitionId": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{owner}"), "scope": SUB}}),
        json!({"id": deny, "type": "Microsoft.Authorization/denyAssignments", "properties": {
            "denyAssignmentName": "no", "scope": GROUP, "principals": [{"id": operator, "type": "ServicePrincipal"}],
            "permissions": [{"actions": ["Microsoft.ManagedIdentity/*/write"], "notActions": []}]}}),
    ]))
    .await;
    let said = client.put(&format!("{}?{MSI}", identity("new")), json!({"location": "westeurope"})).await;
    assert_eq!(said.refused(), (403, "DenyAssignmentAuthorizationFailed"));
    assert!(matches!(
        client.patch(&format!("{}?{VM}", machine("vm")), json!({"tags": {}})).await.status,
        200..=202
    ));
}

#[tokio::test]
async fn a_new_principal_is_unknown_to_one_replica_of_the_directory_and_half_known_to_another() {
    let mut estate = estate();
    estate["graph"] = json!([{"@odata.type": "#microsoft.graph.group", "id": "dddddddd-0000-4000-8000-000000000001",
        "displayName": "g", "groupTypes": [], "securityEnabled": true, "members": [], "owners": []}]);
    estate["settings"]["principal_delay_s"] = json!(3_600);
    let client = Client::at(estate).await;
    let made = client.put(&format!("{}?{MSI}", identity("new")), json!({"location": "westeurope"})).await;
    let principal = made.body["properties"]["principalId"].as_str().expect("a principal").to_owned();
    let link = json!({"@odata.id": format!("{}/v1.0/directoryObjects/{principal}", client.azure.graph)});
    let path = "/groups/dddddddd-0000-4000-8000-000000000001/members/$ref";
    let mut heard: Vec<(u16, String)> = Vec::new();
    loop {
        let said = client.graph(Method::POST, path, Some(link.clone())).await;
        if said.status == 204 {
            break;
        }
        let inner = &said.body["error"]["innerError"];
        assert_eq!(inner["request-id"].as_str(), Some(said.header("request-id")), "{}", said.body);
        let (status, code) = said.refused();
        heard.push((status, code.to_owned()));
        heard.dedup();
        client.pass(300);
    }
    let wanted = [(404, "Request_ResourceNotFound".to_owned()), (400, "Request_BadRequest".to_owned())];
    assert_eq!(heard, wanted);
}

#[tokio::test]
async fn a_delegated_grant_is_for_everybody_or_for_one_who_is_there_and_given_once() {
    let client = Client::at(estate()).await;
    let body = |consent: &str, of: Value| {
        json!({"clientId": crate::client::OLD_PRINCIPAL, "resourceId": "0b5ec7ed-0000-4000-8000-00000000c11e",
            "consentType": consent, "principalId": of, "scope": "User.Read"})
    };
    let post = async |body: Value| client.graph(Method::POST, "/oauth2PermissionGrants", Some(body)).await;
    let nobody = json!("aaaaaaaa-0000-4000-8000-00000000dead");
    assert_eq!(post(body("Principal", Value::Null)).await.refused(), (400, "Request_BadRequest"));
    assert_eq!(post(body("AllPrincipals", nobody.clone())).await.refused(), (400, "Request_BadRequest"));
    assert_eq!(post(body("Principal", nobody)).await.refused(), (404, "Request_ResourceNotFound"));
    let made = post(body("AllPrincipals", Value::Null)).await;
    assert_eq!(made.status, 201);
    let again = post(body("AllPrincipals", Value::Null)).await;
    assert_eq!(again.refused(), (400, "Request_BadRequest"));
    assert_eq!(again.body["error"]["message"], "Permission entry already exists.");
    let path = format!("/oauth2PermissionGrants/{}", made.body["id"].as_str().expect("an id"));
    assert_eq!(client.graph(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(client.graph(Method::DELETE, &path, None).await.refused(), (404, "Request_ResourceNotFound"));
}
