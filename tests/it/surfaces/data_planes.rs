//! What services keep inside, asked of themselves where the batch file names them: as steps of people with ready commands,
//! looked at again, and held before anything is detached. Nothing is sent to a host that is none of the service's own.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::estates::{at, minimal};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];
const CLEANUP: [&str; 5] = ["cleanup", "minimal", "--confirm", "minimal", "--yes"];
const SEARCH: &str = "srch-shop.search.windows.net";
const BY_SEARCH: &str = "\n[data_planes]\nsearch = [\"srch-*\"]\n";

fn old() -> String {
    at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop")
}

/// A resource; with the identity, where it carries it.
fn resource(kind: &str, name: &str, carries: bool, properties: Value) -> Value {
    let mut body = json!({"id": at(&format!("{kind}/{name}")), "name": name, "type": kind, "location": "westeurope",
        "properties": properties});
    if carries {
        body["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": {}});
        body["identity"]["userAssignedIdentities"][old()] =
            json!({"clientId": CLIENT, "principalId": PRINCIPAL});
    }
    body
}

fn inside(host: &str, list: &str, body: Value) -> Value {
    json!({"host": host, "list": list, "body": body})
}

/// A data source that names the identity, in letters of another case.
fn source(name: &str, identity: &str) -> Value {
    let identity = json!({"@odata.type": "#Microsoft.Azure.Search.DataUserAssignedIdentity", "userAssignedIdentity": identity});
    json!({"name": name, "type": "azureblob", "credentials": {"connectionString": null}, "container": {"name": "c"},
        "identity": identity})
}

/// The smallest estate with a search service that has the identity.
fn searching(endpoint: &str) -> Value {
    let mut estate = minimal();
    let service =
        resource("Microsoft.Search/searchServices", "srch-shop", true, json!({ "endpoint": endpoint }));
    estate["arm"].as_array_mut().expect("arm").push(service);
    let vectorizer = json!({"kind": "azureOpenAI", "name": "v", "azureOpenAIParameters": {"authIdentity": {
        "@odata.type": "#Microsoft.Azure.Search.DataUserAssignedIdentity", "userAssignedIdentity": old()}}});
    estate["planes"] = json!([
        inside(SEARCH, "datasources", source("ds-orders", &old().to_uppercase())),
        inside(SEARCH, "datasources", source("ds-other", &old().replace("id-shop", "id-shop2"))),
        inside(
            SEARCH,
            "indexes",
            json!({"name": "ix'$(id)", "fields": [], "vectorSearch": {"vectorizers": [vectorizer]}})
        ),
    ]);
    estate
}

fn stage(estate: &Value, batch: &str) -> (Azure, Rehome) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), estate.to_string()).expect("written");
    let azure = Azure::serve(file.path(), None);
    let rehome = Rehome::at(&azure);
    std::fs::write(rehome.path("batch.toml"), format!("{}{batch}", minimal_without_soak())).expect("written");
    (azure, rehome)
}

/// What was asked of data planes: the method and the place.
fn asked(azure: &Azure) -> Vec<(String, String)> {
    let of_planes = azure.requests().into_iter().filter(|request| request["host"] == "plane");
    of_planes
        .map(|request| (text(&request["method"]).to_owned(), text(&request["path"]).to_owned()))
        .collect()
}

/// Whether the search service still has the old identity.
fn has_old(azure: &Azure) -> bool {
    let estate = azure.estate();
    let id = at("Microsoft.Search/searchServices/srch-shop");
    let found = estate["arm"]
        .as_array()
        .expect("arm")
        .iter()
        .find(|one| one["id"] == id.as_str())
        .expect("it is there");
    found["identity"].to_string().to_lowercase().contains(&old().to_lowercase())
}

#[test]
fn what_a_search_service_names_is_a_step_is_looked_at_again_and_holds_the_clean_up_until_it_is_changed() {
    let (azure, rehome) = stage(&searching("https://srch-shop.search.windows.net"), BY_SEARCH);
    let plan = rehome.say(&PLAN).expect(0).out;
    for part in [
        "rg-shop-weu/srch-shop: data source ds-orders old -> NEW",
        "until rg-shop-weu/srch-shop names old no more, by its own word",
        "az rest --method put --resource https://search.azure.com --url 'https://srch-shop.search.windows.net/datasources('\\''ds-orders'\\'')?api-version=2026-04-01'",
        "/vectorSearch/vectorizers/0/azureOpenAIParameters/authIdentity/userAssignedIdentity",
        "indexes('\\''ix%27%24%28id%29'\\'')",
    ] {
        assert!(plan.contains(part), "{part}\n{plan}");
    }
    for part in ["ds-other", "if they name old", "W390"] {
        assert!(!plan.contains(part), "{part}\n{plan}");
    }
    assert!(
        asked(&azure)
            .iter()
            .all(|(method, path)| method == "GET" && path.starts_with(&format!("//{SEARCH}/")))
    );
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    // It was said to be done, and was not.
    let verified = rehome.say(&["verify"]).expect(14).out;
    assert!(verified.contains("data source ds-orders") && verified.contains(SEARCH), "{verified}");
    let held = rehome.say_with_people(&CLEANUP).expect(10);
    assert!(has_old(&azure), "nothing is detached: {}", held.err);
    let status = rehome.json(&["status"]);
    let one = &status["moves"][0];
    let stuck = one["waiting_for"].as_array().into_iter().flatten().find(|wait| wait["kind"] == "failed");
    let stuck = stuck.unwrap_or_else(|| panic!("it has stopped: {status}"));
    assert!(stuck.to_string().contains("ds-orders"), "{stuck}");
    let new = old().replace("rg-shop-weu", "rg-shop-sdc");
    let write = |list: &str, name: &str, body: Value| {
        let path = format!("/{list}('{name}')?api-version=2026-04-01");
        azure.write_at(SEARCH, "https%3A%2F%2Fsearch.azure.com", "PUT", &path, &body);
    };
    write("datasources", "ds-orders", source("ds-orders", &new));
    write("indexes", "ix%27%24%28id%29", json!({"name": "ix'$(id)", "fields": []}));
    rehome.say(&["verify"]).expect(0);
    let step = format!("{}:{}", text(&one["run"]), text(&stuck["step"]));
    rehome.say(&["retry", &step]).expect(0);
    rehome.say_with_people(&CLEANUP).expect(0);
    assert!(!has_old(&azure), "it is detached once nothing inside names it");
}

#[test]
fn a_list_that_is_refused_blocks_the_plan_until_somebody_answers_for_it_and_keeps_the_general_step() {
    let mut estate = searching("https://srch-shop.search.windows.net");
    estate["unread"] = json!([{"path": format!("//{SEARCH}/skillsets"), "status": 403, "code": "Forbidden"}]);
    let (_azure, rehome) = stage(&estate, BY_SEARCH);
    let name = format!("AI Search: {SEARCH}/skillsets");
    let said = rehome.say(&PLAN).expect(12).out;
    assert!(said.contains("B133") && said.contains(&name), "{said}");
    let answer = format!("accept_unseen = [\"{name}\"]\n{BY_SEARCH}");
    std::fs::write(rehome.path("batch.toml"), format!("{}{answer}", minimal_without_soak()))
        .expect("written");
    let plan = rehome.say(&PLAN).expect(0).out;
    for part in ["W350", "W390", "if they name old", "data source ds-orders old -> NEW"] {
        assert!(plan.contains(part), "{part}\n{plan}");
    }
}

#[test]
fn a_host_that_is_none_of_the_services_own_is_not_asked_and_blocks_the_plan() {
    for endpoint in [
        "https://evil.example",
        "https://srch-shop.search.windows.net.evil.example",
        "https://user@srch-shop.search.windows.net",
        "https://srch-shop.search.windows.net:8443",
        "http://127.0.0.1",
        "https://srch-shop.kusto.windows.net",
    ] {
        let (azure, rehome) = stage(&searching(endpoint), BY_SEARCH);
        let said = rehome.say(&PLAN).expect(12).out;
        assert!(
            said.contains("B133") && said.contains("which is no host of AI Search"),
            "{endpoint}: {said}"
        );
        assert_eq!(asked(&azure), Vec::new(), "{endpoint}");
        let signed_in = azure.requests().iter().filter(|request| request["host"] == "login").count();
        assert!(signed_in <= 2, "no token was asked for it: {endpoint}");
    }
}

#[test]
fn without_a_word_in_the_batch_file_no_data_plane_is_asked() {
    for batch in ["", "\n[data_planes]\nsearch = [\"other-*\"]\nkusto = [\"*\"]\n"] {
        let (azure, rehome) = stage(&searching("https://srch-shop.search.windows.net"), batch);
        let plan = rehome.say(&PLAN).expect(0).out;
        assert!(plan.contains("if they name old") && plan.contains("W390"), "{plan}");
        assert_eq!(asked(&azure), Vec::new());
    }
}

const KUSTO: &str = "adx.westeurope.kusto.windows.net";
const DATABRICKS: &str = "adb-1.2.azuredatabricks.net";
const SYNAPSE: &str = "syn.dev.azuresynapse.net";
const PURVIEW: &str = "pv.purview.azure.com";
const LOAD: &str = "g.weu.cnt-prod.loadtesting.azure.com";
const BATCH: &str = "ba.westeurope.batch.azure.com";

/// Every service that can be asked.
fn services() -> Vec<Value> {
    let url = |host: &str| format!("https://{host}");
    vec![
        resource("Microsoft.Search/searchServices", "srch-shop", true, json!({ "endpoint": url(SEARCH) })),
        resource("Microsoft.Kusto/clusters", "adx", true, json!({ "uri": url(KUSTO) })),
        resource("Microsoft.Databricks/accessConnectors", "dbc", true, json!({})),
        resource("Microsoft.Databricks/workspaces", "dbw", false, json!({ "workspaceUrl": DATABRICKS })),
        resource(
            "Microsoft.Synapse/workspaces",
            "syn",
            true,
            json!({"connectivityEndpoints": {"dev": url(SYNAPSE)}}),
        ),
        resource(
            "Microsoft.Purview/accounts",
            "pv",
            true,
            json!({"endpoints": {"scan": format!("{}/scan", url(PURVIEW))}}),
        ),
        resource("Microsoft.LoadTestService/loadTests", "lt", true, json!({ "dataPlaneURI": LOAD })),
        resource("Microsoft.Batch/batchAccounts", "ba", true, json!({ "accountEndpoint": BATCH })),
        json!({"id": at("Microsoft.Kusto/clusters/adx/databases/sales"), "name": "adx/sales", "kind": "ReadWrite",
            "type": "Microsoft.Kusto/clusters/databases", "location": "westeurope", "properties": {}}),
    ]
}

/// What Data Explorer shows, by the commands that show it.
fn in_kusto() -> Vec<Value> {
    let policy = json!([{"ObjectId": PRINCIPAL, "ClientId": CLIENT, "IsSystem": false, "AllowedUsages": "ExternalTable"}]);
    let policy = json!({"EntityName": "", "Policies": policy.to_string()});
    let properties = json!({"ManagedIdentity": PRINCIPAL}).to_string();
    let connections = json!([format!("https://x;managed_identity={PRINCIPAL}")]).to_string();
    vec![
        inside(KUSTO, "NetDefaultDB/.show cluster policy managed_identity", policy.clone()),
        inside(KUSTO, "sales/.show database ['sales'] policy managed_identity", policy),
        inside(
            KUSTO,
            "sales/.show continuous-exports",
            json!({"Name": "exp", "ExportProperties": properties}),
        ),
        inside(
            KUSTO,
            "sales/.show external tables",
            json!({"TableName": "ext", "ConnectionStrings": connections}),
        ),
    ]
}

/// What the other services list: host, list, the member with the name, and the object.
fn in_lists() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    const STORAGE: &str = "api/2.1/unity-catalog/storage-credentials";
    const CREDENTIALS: &str = "api/2.1/unity-catalog/credentials";
    let connector = at("Microsoft.Databricks/accessConnectors/dbc");
    let managed =
        json!({"access_connector_id": connector, "managed_identity_id": old(), "credential_id": "c"});
    let credential = |name: &str, purpose: &str| json!({"name": name, "purpose": purpose, "azure_managed_identity": managed});
    let by_id = |name: &str| json!({"name": name, "properties": {"typeProperties": {"resourceId": old()}}});
    let test =
        json!({"testId": "t-1", "keyvaultReferenceIdentityId": old(), "engineBuiltInIdentityIds": [old()]});
    let task = json!({"resourceFiles": [{"identityReference": {"resourceId": old()}}]});
    vec![
        (SEARCH, "knowledgebases", "name", json!({"name": "kb", "models": [source("m", &old())]})),
        (DATABRICKS, STORAGE, "name", json!({"name": "sc", "azure_managed_identity": managed})),
        (DATABRICKS, CREDENTIALS, "name", credential("sc", "STORAGE")),
        (DATABRICKS, CREDENTIALS, "name", credential("svc", "SERVICE")),
        (SYNAPSE, "credentials", "name", by_id("cred")),
        (PURVIEW, "scan/credentials", "name", by_id("pcred")),
        (LOAD, "tests", "testId", test),
        (BATCH, "jobschedules", "id", json!({"id": "js", "jobSpecification": {"jobManagerTask": task}})),
    ]
}

/// The smallest estate with all of them, where what names the identity is behind a page of others.
fn every_service() -> Value {
    let mut estate = minimal();
    estate["arm"].as_array_mut().expect("arm").extend(services());
    let mut planes = in_kusto();
    for (host, list, name, body) in in_lists() {
        for n in [1, 2] {
            planes.push(inside(host, list, json!({ name: format!("another-{n}-{}", planes.len()) })));
        }
        planes.push(inside(host, list, body));
    }
    estate["planes"] = Value::from(planes);
    estate["settings"]["page_size"] = json!(2);
    estate
}

const ALL: &str = "\n[data_planes]\nsearch = [\"*\"]\nkusto = [\"adx\"]\ndatabricks = [\"dbw\"]\nsynapse = [\"*\"]\npurview = [\"*\"]\n\
                   load_testing = [\"*\"]\nbatch = [\"*\"]\n";

#[test]
fn each_service_is_asked_page_by_page_and_tells_what_names_it_with_a_command_for_each() {
    let (azure, rehome) = stage(&every_service(), ALL);
    let plan = rehome.say(&PLAN).expect(0).out;
    for part in [
        "srch-shop: knowledge base kb old -> NEW",
        "adx: policy of managed identities old -> NEW",
        "adx: database policy of managed identities of sales old -> NEW",
        "adx: continuous export exp in sales old -> NEW",
        "adx: external table ext in sales old -> NEW",
        ".alter-merge database ['sales'] policy managed_identity ```[{\"AllowedUsages\":\"ExternalTable\",\"ObjectId\":\"(known after apply)\"}]```",
        "dbw: storage credential sc old -> NEW",
        "dbw: service credential svc old -> NEW",
        "az rest --method patch --resource 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d --url https://adb-1.2.azuredatabricks.net/api/2.1/unity-catalog/storage-credentials/sc",
        "syn: credential cred old -> NEW",
        "pv: credential of scans pcred old -> NEW",
        "lt: test t-1 old -> NEW",
        "--headers Content-Type=application/merge-patch+json",
        "ba: job schedule js old -> NEW",
        // These do not show all that they have to everybody.
        "dbc: storage credentials and service credentials of Unity Catalog that use it, if they name old",
        "ba: jobs, job schedules and tasks, if they name old",
    ] {
        assert!(plan.contains(part), "{part}\n{plan}");
    }
    for part in ["service credential sc", "another-", "credentials and linked services, if they name old"] {
        assert!(!plan.contains(part), "{part}\n{plan}");
    }
    let requests = asked(&azure);
    let reads = |(method, path): &(String, String)| method == "GET" || path.ends_with("/v1/rest/mgmt");
    assert!(requests.iter().all(reads) && requests.len() > 25, "{requests:?}");
    assert!(azure.requests().iter().all(|request| request["changed"] == false));
}

#[test]
fn a_rehearsal_plays_what_people_change_there_and_a_snapshot_has_what_was_read() {
    let (azure, rehome) = stage(&every_service(), ALL);
    rehome.say(&["discover", "-f", "batch.toml", "--snapshot", "estate.json"]).expect(0);
    let snapshot = std::fs::read_to_string(rehome.path("estate.json")).expect("a snapshot");
    let snapshot: Value = serde_json::from_str(&snapshot).expect("JSON");
    let kept = |estate: &Value| estate["planes"].as_array().map_or(0, Vec::len);
    assert_eq!(kept(&snapshot), kept(&azure.estate()));
    let said = rehome.say(&["rehearse", "batch.toml", "--estate", "estate.json"]);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
}
