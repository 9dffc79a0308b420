//! What everyday clients ask beside identities: it is played as Azure plays it, or refused in the simulator's own name.

use crate::client::{Client, GROUP, OLD_PRINCIPAL, SUB, estate, identity, machine};
use reqwest::Method;
use serde_json::{Value, json};

const RM: &str = "api-version=2021-04-01";

fn ids(body: &Value) -> Vec<&str> {
    body["value"].as_array().expect("a list").iter().filter_map(|o| o["id"].as_str()).collect()
}

/// The estate with a site, and this many groups of the directory.
fn with_site(groups: usize) -> Value {
    let mut estate = estate();
    let site = format!("{GROUP}/providers/Microsoft.Web/sites/app");
    estate["arm"].as_array_mut().expect("arm").push(
        json!({"id": site, "name": "app", "type": "Microsoft.Web/sites", "location": "westeurope", "properties": {}}),
    );
    let group = |n: usize| {
        json!({"@odata.type": "#microsoft.graph.group", "id": format!("dddddddd-0000-4000-8000-{n:012}"),
            "displayName": format!("team {n:03}"), "members": [OLD_PRINCIPAL], "owners": []})
    };
    estate["graph"] = json!((0..groups).map(group).collect::<Vec<Value>>());
    estate
}

#[tokio::test]
async fn resources_are_listed_by_group_name_type_and_tag_and_a_filter_that_is_none_is_refused() {
    let client = Client::at(with_site(0)).await;
    let list = |filter: &str| format!("{SUB}/resources?{RM}&$filter={}", filter.replace(' ', "%20"));
    for (filter, count) in [
        ("resourceGroup eq 'RG'", 3),
        ("", 3),
        ("resourceGroup eq 'other'", 0),
        ("resourceType eq 'Microsoft.Web/sites' and name eq 'app'", 1),
        ("substringof('p', name)", 1),
    ] {
        assert_eq!(ids(&client.get(&list(filter)).await.body).len(), count, "{filter}");
    }
    assert_eq!(client.get(&list("colour eq 'red'")).await.refused(), (400, "InvalidFilterInQueryString"));
}

#[tokio::test]
async fn providers_say_what_they_offer_with_and_without_a_subscription() {
    let client = Client::at(estate()).await;
    for path in ["", SUB] {
        let said = client.get(&format!("{path}/providers/Microsoft.Compute?{RM}")).await;
        let types = said.body["resourceTypes"].as_array().expect("types").clone();
        let machines = types.iter().find(|t| t["resourceType"] == "virtualMachines").expect("machines");
        assert!(machines["apiVersions"].as_array().is_some_and(|all| !all.is_empty()), "{machines}");
    }
}

#[tokio::test]
async fn what_is_not_played_is_refused_in_the_simulators_own_name_and_stands_in_its_record() {
    let client = Client::at(estate()).await;
    let strange = format!("{GROUP}/providers/Microsoft.Strange/things");
    for path in [format!("{strange}?{RM}"), format!("{strange}/one?{RM}")] {
        assert_eq!(client.get(&path).await.refused(), (501, "NotPlayedByTheSimulator"), "{path}");
    }
    let action = format!("{}/frobnicate?{RM}", machine("vm"));
    assert_eq!(client.arm(Method::POST, &action, None).await.refused(), (501, "NotPlayedByTheSimulator"));
    let expand = client.graph(Method::GET, "/groups?$expand=owners", None).await;
    assert_eq!(expand.refused(), (501, "NotPlayedByTheSimulator"));
    let filter = client.graph(Method::GET, "/groups?$filter=contains(displayName,'x')", None).await;
    assert_eq!(filter.refused(), (501, "NotPlayedByTheSimulator"));
    let record = reqwest::get(format!("{}/sim/requests", client.azure.arm)).await.expect("an answer");
    let record = record.text().await.expect("text");
    assert_eq!(record.lines().filter(|line| line.contains("\"status\":501")).count(), 5);
}

#[tokio::test]
async fn the_directory_gives_pages_and_counts() {
    let client = Client::at(with_site(130)).await;
    let (mut next, mut found) = ("/groups?$select=id".to_owned(), 0);
    loop {
        let page = client.graph(Method::GET, &next, None).await.body;
        found += page["value"].as_array().map_or(0, Vec::len);
        match page["@odata.nextLink"].as_str() {
            Some(link) => next = link.split_once("/v1.0").map(|(_, rest)| rest.to_owned()).expect("a link"),
            None => break,
        }
    }
    assert_eq!(found, 130);
    let top = client.graph(Method::GET, "/groups?$top=7", None).await.body;
    assert_eq!(ids(&top).len(), 7);
    let of = format!("/servicePrincipals/{OLD_PRINCIPAL}/memberOf?$top=5");
    assert_eq!(ids(&client.graph(Method::GET, &of, None).await.body).len(), 5);
    let count = client.graph(Method::GET, "/groups/$count", None).await;
    assert_eq!(count.refused(), (400, "Request_BadRequest"), "only who takes what is eventually so is told");
}

#[tokio::test]
async fn memberships_are_checked_and_changes_of_groups_are_told() {
    let client = Client::at(with_site(2)).await;
    let asked =
        json!({"groupIds": ["dddddddd-0000-4000-8000-000000000001", "dddddddd-0000-4000-8000-000000000009"]});
    let path = format!("/directoryObjects/{OLD_PRINCIPAL}/checkMemberGroups");
    let said = client.graph(Method::POST, &path, Some(asked)).await;
    assert_eq!(said.body["value"], json!(["dddddddd-0000-4000-8000-000000000001"]));
    let first = client.graph(Method::GET, "/groups/delta", None).await.body;
    assert_eq!(ids(&first).len(), 2);
    let link =
        first["@odata.deltaLink"].as_str().and_then(|l| l.split_once("/v1.0")).expect("a link").1.to_owned();
    let made =
        json!({"displayName": "new", "mailNickname": "new", "mailEnabled": false, "securityEnabled": true});
    let made = client.graph(Method::POST, "/groups", Some(made)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let gone = client.graph(Method::DELETE, "/groups/dddddddd-0000-4000-8000-000000000000", None).await;
    assert_eq!(gone.status, 204);
    let since = client.graph(Method::GET, &link, None).await.body;
    assert_eq!(ids(&since).len(), 2, "{since}");
    assert!(since["value"].as_array().is_some_and(|all| all.iter().any(|one| one["@removed"].is_object())));
    assert_eq!(client.graph(Method::GET, "/groups/delta?$deltatoken=x", None).await.status, 400);
}

#[tokio::test]
async fn an_application_and_its_principal_are_made_changed_and_removed_together() {
    let client = Client::at(estate()).await;
    let app = client.graph(Method::POST, "/applications", Some(json!({"displayName": "a"}))).await.body;
    let body = json!({"appId": app["appId"]});
    let principal = client.graph(Method::POST, "/servicePrincipals", Some(body.clone())).await;
    assert_eq!((principal.status, &principal.body["displayName"]), (201, &json!("a")));
    assert_eq!(client.graph(Method::POST, "/servicePrincipals", Some(body)).await.status, 409);
    let path = format!("/applications/{}", app["id"].as_str().expect("an id"));
    assert_eq!(client.graph(Method::PATCH, &path, Some(json!({"displayName": "b"}))).await.status, 204);
    assert_eq!(client.graph(Method::PATCH, &path, Some(json!({"appId": "x"}))).await.status, 400);
    assert_eq!(client.graph(Method::DELETE, &path, None).await.status, 204);
    let id = principal.body["id"].as_str().expect("an id");
    assert_eq!(client.graph(Method::GET, &format!("/servicePrincipals/{id}"), None).await.status, 404);
    let managed = client.graph(Method::DELETE, &format!("/servicePrincipals/{OLD_PRINCIPAL}"), None).await;
    assert_eq!(managed.status, 403, "that of an identity goes with the identity only");
}

#[tokio::test]
async fn a_site_has_the_settings_that_every_site_has_and_restarts() {
    let client = Client::at(with_site(0)).await;
    let site = format!("{GROUP}/providers/Microsoft.Web/sites/app");
    let web = format!("{site}/config/web?api-version=2023-12-01");
    assert_eq!(client.get(&web).await.body["properties"]["acrUseManagedIdentityCreds"], false);
    let said = client.patch(&web, json!({"properties": {"alwaysOn": true}})).await;
    assert_eq!(said.status, 200, "{}", said.body);
    let now = client.get(&web).await.body;
    assert_eq!(
        (&now["properties"]["alwaysOn"], &now["properties"]["minTlsVersion"]),
        (&json!(true), &json!("1.2"))
    );
    let names = client.get(&format!("{site}/config/slotConfigNames?api-version=2023-12-01")).await;
    assert_eq!((names.status, &names.body["properties"]["appSettingNames"]), (200, &Value::Null));
    let restart = |site: &str| format!("{site}/restart?api-version=2023-12-01");
    assert_eq!(client.arm(Method::POST, &restart(&site), None).await.status, 200);
    assert_eq!(client.arm(Method::POST, &restart(&format!("{site}x")), None).await.status, 404);
}

#[tokio::test]
async fn tags_are_merged_replaced_and_deleted_as_a_resource_of_their_own() {
    let client = Client::at(estate()).await;
    let at = format!("{}/providers/Microsoft.Resources/tags/default?{RM}", machine("vm"));
    let ask = async |operation: &str, tags: Value| {
        let body = json!({"operation": operation, "properties": {"tags": tags}});
        client.patch(&at, body).await.body["properties"]["tags"].clone()
    };
    assert_eq!(ask("Merge", json!({"a": "1", "b": "2"})).await, json!({"a": "1", "b": "2"}));
    assert_eq!(ask("Merge", json!({"B": "3"})).await, json!({"a": "1", "B": "3"}));
    assert_eq!(ask("Delete", json!({"a": "other", "B": "3"})).await, json!({"a": "1"}));
    assert_eq!(ask("Replace", json!({"c": "4"})).await, json!({"c": "4"}));
    assert_eq!(
        client.get(&format!("{}?api-version=2024-07-01", machine("vm"))).await.body["tags"],
        json!({"c": "4"})
    );
    assert_eq!(
        client.patch(&at, json!({"operation": "Guess", "properties": {"tags": {}}})).await.status,
        400
    );
    assert_eq!(client.arm(Method::DELETE, &at, None).await.status, 200);
    assert_eq!(client.get(&at).await.body["properties"]["tags"], json!({}));
}

#[tokio::test]
async fn a_small_template_is_deployed_and_one_that_needs_more_changes_nothing() {
    let client = Client::at(estate()).await;
    let at = format!("{GROUP}/providers/Microsoft.Resources/deployments/one?api-version=2024-07-01");
    let template = json!({
        "$schema": "s", "contentVersion": "1.0.0.0", "parameters": {"name": {"type": "string"}},
        "resources": [{"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2024-11-30",
            "name": "[parameters('name')]", "location": "[resourceGroup().location]"}],
    });
    let body = |template: &Value| {
        json!({"properties": {"mode": "Incremental", "template": template,
        "parameters": {"name": {"value": "id-new"}}}})
    };
    let mut more = template.clone();
    more["outputs"] = json!({"id": {"type": "string", "value": "[reference('x').id]"}});
    assert_eq!(client.put(&at, body(&more)).await.refused(), (501, "NotPlayedByTheSimulator"));
    assert_eq!(client.get(&format!("{}?api-version=2024-11-30", identity("id-new"))).await.status, 404);
    let said = client.put(&at, body(&template)).await;
    assert_eq!(said.status, 201, "{}", said.body);
    assert_eq!(client.get(&format!("{}?api-version=2024-11-30", identity("id-new"))).await.status, 200);
    client.pass(60);
    assert_eq!(client.get(&at).await.body["properties"]["provisioningState"], "Succeeded");
    let exported = format!("{GROUP}/exportTemplate?{RM}");
    let said = client.arm(Method::POST, &exported, Some(json!({"resources": ["*"]}))).await;
    assert!(said.body["template"]["resources"].as_array().is_some_and(|all| all.len() >= 3), "{}", said.body);
}

#[tokio::test]
async fn a_resource_moves_to_another_group_and_an_identity_does_not() {
    let client = Client::at(estate()).await;
    let other = format!("{SUB}/resourceGroups/other");
    client.put(&format!("{other}?{RM}"), json!({"location": "westeurope"})).await;
    let ask = async |id: String| {
        let body = json!({"resources": [id], "targetResourceGroup": other});
        client.arm(Method::POST, &format!("{GROUP}/moveResources?{RM}"), Some(body)).await
    };
    assert_eq!(ask(identity("old")).await.refused(), (400, "ResourceMoveNotSupported"));
    assert_eq!(ask(machine("vm")).await.status, 202);
    assert_eq!(client.get(&format!("{}?api-version=2024-07-01", machine("vm"))).await.status, 404);
    let there = format!("{other}/providers/Microsoft.Compute/virtualMachines/vm?api-version=2024-07-01");
    assert_eq!(client.get(&there).await.status, 200);
}

#[tokio::test]
async fn many_requests_in_one_are_answered_each_by_itself() {
    let client = Client::at(estate()).await;
    let ask = |path: String| json!({"httpMethod": "GET", "name": "n", "url": path});
    let requests = json!({"requests": [ask(format!("{}?api-version=2024-07-01", machine("vm"))),
        ask(format!("{}?api-version=2024-07-01", machine("none"))), ask("/batch?api-version=2020-06-01".to_owned())]});
    let said = client.arm(Method::POST, "/batch?api-version=2020-06-01", Some(requests)).await;
    let codes: Vec<&Value> = said.body["responses"]
        .as_array()
        .expect("answers")
        .iter()
        .map(|one| &one["httpStatusCode"])
        .collect();
    assert_eq!(codes[..2], [&json!(200), &json!(404)], "{}", said.body);
}

#[tokio::test]
async fn policy_definitions_that_every_tenant_has_are_there_and_deny() {
    let client = Client::at(estate()).await;
    let id = "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c";
    let said = client.get(&format!("{id}?api-version=2024-05-01")).await;
    assert_eq!((said.status, &said.body["properties"]["policyType"]), (200, &json!("BuiltIn")));
    let assignment =
        format!("{GROUP}/providers/Microsoft.Authorization/policyAssignments/regions?api-version=2024-05-01");
    let body = json!({"properties": {"policyDefinitionId": id,
        "parameters": {"listOfAllowedLocations": {"value": ["norwayeast"]}}}});
    assert_eq!(client.put(&assignment, body).await.status, 201);
    let refused = client
        .put(&format!("{}?api-version=2024-11-30", identity("new")), json!({"location": "westeurope"}))
        .await;
    assert_eq!(refused.refused(), (403, "RequestDisallowedByPolicy"));
}

#[tokio::test]
async fn a_template_refers_to_what_it_makes_and_tells_it_and_what_it_would_change_is_foretold() {
    let client = Client::at(estate()).await;
    let at = |verb: &str| {
        format!("{GROUP}/providers/Microsoft.Resources/deployments/two{verb}?api-version=2024-07-01")
    };
    let id = "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'id-new')";
    let principal = format!("[reference({id}, '2024-11-30').principalId]");
    let body = json!({"properties": {"mode": "Incremental", "template": {
        "$schema": "s", "contentVersion": "1.0.0.0",
        "resources": [
            {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "sto", "location": "westeurope",
             "tags": {"of": principal}, "properties": {}},
            {"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2024-11-30", "name": "id-new",
             "location": "[resourceGroup().location]"}],
        "outputs": {"who": {"type": "string", "value": principal}}}}});
    let told = client.arm(Method::POST, &at("/whatIf"), Some(body.clone())).await;
    let changes = told.body["properties"]["changes"].as_array().cloned().expect("changes");
    assert!(changes.len() == 2 && changes.iter().all(|c| c["changeType"] == "Create"), "{changes:?}");
    let made = client.put(&at(""), body).await;
    let who = client.get(&format!("{}?api-version=2024-11-30", identity("id-new"))).await.body;
    assert_eq!(
        made.body["properties"]["outputs"]["who"]["value"], who["properties"]["principalId"],
        "{}",
        made.body
    );
    let account = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/sto?api-version=2023-05-01");
    assert_eq!(client.get(&account).await.body["tags"]["of"], who["properties"]["principalId"]);
    let steps = client.get(&format!("{GROUP}/deployments/two/operations?{RM}")).await;
    assert_eq!(steps.body["value"].as_array().map(Vec::len), Some(2), "{}", steps.body);
}

#[tokio::test]
async fn an_older_version_neither_shows_nor_takes_nor_loses_what_came_later() {
    let client = Client::at(with_site(0)).await;
    let site = |version: &str| format!("{GROUP}/providers/Microsoft.Web/sites/app?api-version={version}");
    let body = |properties: Value| json!({"location": "westeurope", "properties": properties});
    let said = client
        .put(&site("2023-12-01"), body(json!({"daprConfig": {"enabled": true}, "httpsOnly": true})))
        .await;
    assert_eq!(said.status, 200, "a site is made with 200 too: {}", said.body);
    let old = client
        .put(&site("2022-09-01"), body(json!({"daprConfig": {"enabled": false}, "httpsOnly": false})))
        .await;
    assert!(old.body["properties"].get("daprConfig").is_none(), "{}", old.body);
    let now = client.get(&site("2023-12-01")).await.body;
    assert_eq!(
        (&now["properties"]["daprConfig"]["enabled"], &now["properties"]["httpsOnly"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn a_host_with_an_identity_of_its_own_has_a_principal_in_the_directory_as_long_as_it_has_it() {
    let client = Client::at(estate()).await;
    let at = format!("{}?api-version=2024-07-01", machine("vm"));
    let said = client.patch(&at, json!({"identity": {"type": "SystemAssigned"}})).await;
    let principal = said.body["identity"]["principalId"].as_str().expect("a principal").to_owned();
    client.pass(3_600);
    let path = format!("/servicePrincipals/{principal}");
    assert_eq!(client.graph(Method::GET, &path, None).await.body["displayName"], "vm");
    client.patch(&at, json!({"identity": {"type": "None"}})).await;
    assert_eq!(client.graph(Method::GET, &path, None).await.status, 404);
}

#[tokio::test]
async fn what_a_patch_has_at_its_top_changes_the_properties_of_an_event_subscription() {
    let client = Client::at(estate()).await;
    let at = format!(
        "{}/providers/Microsoft.EventGrid/eventSubscriptions/e?api-version=2025-02-15",
        machine("vm")
    );
    let made = client
        .put(&at, json!({"properties": {"labels": ["a"], "eventDeliverySchema": "EventGridSchema"}}))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    client.patch(&at, json!({"properties": {"labels": ["nested"]}})).await;
    assert_eq!(
        client.get(&at).await.body["properties"]["labels"],
        json!(["a"]),
        "its PATCH knows no properties"
    );
    let said = client.patch(&at, json!({"labels": ["b"]})).await;
    assert_eq!((said.status, &said.body["properties"]["labels"]), (201, &json!(["b"])));
}

#[tokio::test]
async fn a_deleted_vault_keeps_its_name_until_it_is_purged_and_the_log_tells_what_was_written() {
    let client = Client::at(estate()).await;
    let at = format!("{GROUP}/providers/Microsoft.KeyVault/vaults/kv-one?api-version=2023-07-01");
    let body =
        json!({"location": "westeurope", "properties": {"tenantId": "t", "sku": {"name": "standard"}}});
    assert_eq!(
        client.put(&at, body.clone()).await.body["properties"]["vaultUri"],
        "https://kv-one.vault.azure.net/"
    );
    assert_eq!(client.arm(Method::DELETE, &at, None).await.status, 200);
    assert_eq!(client.put(&at, body.clone()).await.refused(), (409, "ConflictError"));
    let deleted = format!(
        "{SUB}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-one/purge?api-version=2023-07-01"
    );
    assert_eq!(client.arm(Method::POST, &deleted, None).await.status, 202);
    assert_eq!(client.put(&at, body).await.status, 201);
    let log =
        format!("{SUB}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01");
    let said = client.get(&format!("{log}&$filter=eventTimestamp ge 2020-01-01T00:00:00Z and resourceProvider eq 'Microsoft.KeyVault'")).await;
    assert_eq!(said.body["value"].as_array().map(Vec::len), Some(5), "{}", said.body);
    assert_eq!(client.get(&log).await.status, 400, "a question without a time is refused");
}
