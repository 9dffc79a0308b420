use crate::client::{Client, GROUP, OLD_PRINCIPAL, SUB, Said, estate, identity};
use reqwest::Method;
use serde_json::{Value, json};

fn names(body: &Value) -> Vec<&str> {
    body["value"].as_array().expect("a list").iter().filter_map(|o| o["name"].as_str()).collect()
}

#[tokio::test]
async fn a_long_list_comes_in_pages_that_together_have_everything_once() {
    let mut estate = estate();
    let arm = estate["arm"].as_array_mut().expect("arm");
    for n in 0..25 {
        let id = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/st{n:02}");
        arm.push(json!({"id": id, "name": format!("st{n:02}"), "type": "Microsoft.Storage/storageAccounts",
            "location": "westeurope", "properties": {}}));
    }
    estate["settings"]["page_size"] = json!(10);
    let client = Client::at(estate).await;
    let list = format!("{SUB}/providers/Microsoft.Storage/storageAccounts?api-version=2024-01-01");
    let (mut next, mut found, mut pages) = (list.clone(), Vec::new(), 0);
    loop {
        let page = client.get(&next).await;
        assert!(names(&page.body).len() <= 10);
        found.extend(names(&page.body).iter().map(|n| (*n).to_owned()));
        pages += 1;
        match page.body["nextLink"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }
    found.sort();
    found.dedup();
    assert_eq!((pages, found.len()), (3, 25));
    let top = client.get(&format!("{list}&$top=4")).await;
    assert_eq!(names(&top.body).len(), 4);
    let bad = client.get(&format!("{list}&$skipToken=x")).await;
    assert_eq!(bad.refused(), (400, "InvalidSkipToken"));
}

#[tokio::test]
async fn a_batch_answers_each_of_its_requests_and_no_more_than_twenty() {
    let client = Client::at(estate()).await;
    let ask = |n: usize| json!({"id": n.to_string(), "method": "GET", "url": "/servicePrincipals/nobody"});
    let requests: Vec<Value> = (0..20).map(ask).collect();
    let said = client.graph(Method::POST, "/$batch", Some(json!({ "requests": requests }))).await;
    let answers = said.body["responses"].as_array().expect("responses");
    assert_eq!((said.status, answers.len()), (200, 20));
    assert!(answers.iter().all(|a| a["status"] == 404));
    let requests: Vec<Value> = (0..21).map(ask).collect();
    let said = client.graph(Method::POST, "/$batch", Some(json!({ "requests": requests }))).await;
    assert_eq!(said.status, 400);
}

#[tokio::test]
async fn ids_are_the_same_in_any_case_and_every_answer_can_be_correlated() {
    let client = Client::at(estate()).await;
    let said = client.get(&format!("{}?api-version=2024-11-30", identity("OLD").to_uppercase())).await;
    assert_eq!((said.status, said.body["name"].as_str()), (200, Some("old")));
    assert!(
        !said.header("x-ms-request-id").is_empty() && !said.header("x-ms-correlation-request-id").is_empty()
    );
    assert!(said.header("x-ms-ratelimit-remaining-subscription-reads").parse::<u32>().is_ok());
}

#[tokio::test]
async fn what_the_directory_granted_to_a_principal_goes_with_it() {
    let mut estate = estate();
    estate["graph"] = json!([
        {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "app", "appId": "a", "appRoles": []},
        {"@odata.type": "#microsoft.graph.group", "id": "team", "members": [OLD_PRINCIPAL]},
        {"@odata.type": "#microsoft.graph.appRoleAssignment", "id": "one", "principalId": OLD_PRINCIPAL,
            "resourceId": "app", "appRoleId": "r"},
        {"@odata.type": "#microsoft.graph.appRoleAssignment", "id": "two", "principalId": "app",
            "resourceId": "app", "appRoleId": "r"},
    ]);
    let client = Client::at(estate).await;
    let old = format!("{}?api-version=2024-11-30", identity("old"));
    assert_eq!(client.arm(Method::DELETE, &old, None).await.status, 200);
    let ids = |said: Said| {
        let list = said.body["value"].as_array().expect("a list").clone();
        list.iter().map(|o| o["id"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let granted = client.graph(Method::GET, "/servicePrincipals/app/appRoleAssignedTo", None).await;
    assert_eq!(ids(granted), ["two"]);
    let members = client.graph(Method::GET, "/groups/team/members", None).await;
    assert_eq!(ids(members), Vec::<String>::new());
}

#[tokio::test]
async fn directory_objects_are_found_by_their_ids_and_unknown_ones_are_left_out_in_silence() {
    let (group, person) = ("0a1b2c3d-4444-4000-8000-0000000000bb", "0a1b2c3d-5555-4000-8000-0000000000cc");
    let mut estate = estate();
    estate["graph"] = json!([
        {"@odata.type": "#microsoft.graph.group", "id": group, "displayName": "g", "members": [person]},
        {"@odata.type": "#microsoft.graph.user", "id": person, "displayName": "p"},
    ]);
    let client = Client::at(estate).await;
    let ask = async |body: Value| client.graph(Method::POST, "/directoryObjects/getByIds", Some(body)).await;
    let unknown = "0a1b2c3d-6666-4000-8000-0000000000dd";
    let said = ask(json!({"ids": [person.to_uppercase(), unknown, group]})).await;
    let found: Vec<&Value> = said.body["value"].as_array().expect("a list").iter().collect();
    let kinds: Vec<&str> = found.iter().filter_map(|o| o["@odata.type"].as_str()).collect();
    assert_eq!((said.status, kinds), (200, vec!["#microsoft.graph.user", "#microsoft.graph.group"]));
    assert!(found[1].get("members").is_none(), "links are relations of their own");
    let said = ask(json!({"ids": [person, group], "types": ["group"]})).await;
    assert_eq!(said.body["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(ask(json!({"types": ["user"]})).await.status, 400);
    assert_eq!(ask(json!({"ids": ["nobody"]})).await.status, 400);
    assert_eq!(ask(json!({"ids": vec![person; 1_001]})).await.status, 400);
}

#[tokio::test]
async fn connection_strings_are_one_map_of_texts_with_types_that_only_a_post_shows() {
    let site = format!("{GROUP}/providers/Microsoft.Web/sites/app");
    let mut estate = estate();
    let slot = format!("{site}/slots/s");
    let arm = estate["arm"].as_array_mut().expect("arm");
    for (id, kind) in [(&site, "Microsoft.Web/sites"), (&slot, "Microsoft.Web/sites/slots")] {
        arm.push(json!({"id": id, "name": "x", "type": kind, "location": "westeurope", "properties": {}}));
    }
    let client = Client::at(estate).await;
    for of in [&site, &slot] {
        let at = format!("{of}/config/connectionstrings");
        let put = async |properties: Value| {
            let body = json!({ "properties": properties });
            client.arm(Method::PUT, &format!("{at}?api-version=2023-12-01"), Some(body)).await
        };
        assert_eq!(put(json!({"a": "text"})).await.status, 400);
        assert_eq!(put(json!({"a": {"value": "x"}})).await.status, 400);
        assert_eq!(put(json!({"a": {"value": "x", "type": "Oracle"}})).await.status, 400);
        assert_eq!(
            put(json!({"a": {"value": "x", "type": "Custom"}, "b": {"value": "y", "type": "SQLAzure"}}))
                .await
                .status,
            200
        );
        assert_eq!(put(json!({"b": {"value": "z", "type": "SQLAzure"}})).await.status, 200);
        assert_eq!(client.get(&format!("{at}?api-version=2023-12-01")).await.status, 405);
        let said = client.arm(Method::POST, &format!("{at}/list?api-version=2023-12-01"), None).await;
        assert_eq!(said.body["properties"], json!({"b": {"value": "z", "type": "SQLAzure"}}));
    }
}

#[tokio::test]
async fn the_index_has_things_in_tables_of_their_own_and_no_others_than_azure() {
    let mut estate = estate();
    estate["settings"]["index_delay_s"] = json!(0);
    let at = |kind: &str, name: &str| json!({"id": format!("{GROUP}/providers/{kind}/{name}"), "name": name, "type": kind, "properties": {}});
    let arm = estate["arm"].as_array_mut().expect("arm");
    arm.push(at("Microsoft.Resources/deploymentStacks", "stack"));
    arm.push(at("Microsoft.KeyVault/managedHSMs", "hsm"));
    let pool = format!("{GROUP}/providers/Microsoft.Batch/batchAccounts/b/pools/p");
    arm.push(json!({"id": pool, "name": "p", "type": "Microsoft.Batch/batchAccounts/pools"}));
    let client = Client::at(estate).await;
    let found = async |table: &str| {
        let query = json!({"query": format!("{table} | project name")});
        let path = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";
        let said = client.arm(Method::POST, path, Some(query)).await;
        let rows = said.body["data"].as_array().cloned().unwrap_or_default();
        (
            said.status,
            rows.iter().filter_map(|r| r["name"].as_str().map(ToOwned::to_owned)).collect::<Vec<_>>(),
        )
    };
    assert_eq!(found("deploymentresources").await, (200, vec!["stack".to_owned()]));
    assert_eq!(found("BatchResources").await, (200, vec!["p".to_owned()]));
    assert_eq!(found("managedserviceresources").await, (200, Vec::new()));
    let (_, plain) = found("resources").await;
    assert!(plain.contains(&"hsm".to_owned()), "{plain:?}");
    assert!(!plain.contains(&"stack".to_owned()) && !plain.contains(&"p".to_owned()), "{plain:?}");
    assert_eq!(found("stackresources").await.0, 400);
}

#[tokio::test]
async fn schedules_of_privileged_identity_management_are_listed_by_principal_and_those_of_groups_only_so() {
    let mut estate = estate();
    let schedule = |kind: &str, principal: &str| {
        json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": format!("{kind}-{principal}"),
            "principalId": principal, "scheduleInfo": {"expiration": {"type": "noExpiration"}}})
    };
    let graph = estate["graph"].as_array_mut().expect("graph");
    for kind in ["unifiedRoleAssignmentSchedule", "privilegedAccessGroupEligibilitySchedule"] {
        graph.extend([schedule(kind, OLD_PRINCIPAL), schedule(kind, "somebody")]);
    }
    let client = Client::at(estate).await;
    let filter = format!("?$filter=principalId%20eq%20'{OLD_PRINCIPAL}'");
    let roles = "/roleManagement/directory/roleAssignmentSchedules";
    let groups = "/identityGovernance/privilegedAccess/group/eligibilitySchedules";
    for list in [roles, groups] {
        let said = client.graph(Method::GET, &format!("{list}{filter}"), None).await;
        assert_eq!(said.body["value"].as_array().map(Vec::len), Some(1), "{:?}", said.body);
    }
    assert_eq!(client.graph(Method::GET, roles, None).await.body["value"].as_array().map(Vec::len), Some(2));
    assert_eq!(client.graph(Method::GET, groups, None).await.refused(), (400, "MissingParameters"));
}
