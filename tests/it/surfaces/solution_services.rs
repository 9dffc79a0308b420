//! A move of a whole solution with grants inside its services: each is made inside the counterpart too, with the
//! counterpart's own roles and databases, and what a counterpart lacks is said before anything is written.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::estates::estate;
use crate::support::oracle::{differences, names, plain};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

pub(crate) const WEU: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu";
pub(crate) const SDC: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-sdc";
const TENANT: &str = "7a1c9f52-0000-4000-8000-00000000c0de";
const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
pub(crate) const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
/// The account's own role, which has another id in the other account.
const ROLE: [&str; 2] = ["c05a0000-0000-4000-8000-00000000001e", "c05a0000-0000-4000-8000-00000000002e"];

const VAULT: &str = "Microsoft.KeyVault/vaults/kv-shop";
const COSMOS: &str = "Microsoft.DocumentDB/databaseAccounts/cosmos-shop";
const KUSTO: &str = "Microsoft.Kusto/clusters/adxshop";
const REDIS: &str = "Microsoft.Cache/redis/redis-shop";
const POSTGRES: &str = "Microsoft.DBforPostgreSQL/flexibleServers/pg-shop";
const CONNECTION: &str = "Microsoft.Web/connections/sb-shop";

pub(crate) fn object(group: &str, rest: &str, properties: Value) -> Value {
    let parts: Vec<&str> = rest.split('/').collect();
    let kind = std::iter::once(parts[0]).chain(parts[1..].iter().step_by(2).copied());
    let location = if group == WEU { "westeurope" } else { "swedencentral" };
    json!({"id": format!("{group}/providers/{rest}"), "name": parts.last(), "location": location,
        "type": kind.collect::<Vec<_>>().join("/"), "properties": properties})
}

/// The services of one region, as they are without a grant to anybody.
fn services(group: &str, role: &str) -> Vec<Value> {
    let account = format!("{group}/providers/{COSMOS}");
    vec![
        object(
            group,
            VAULT,
            json!({"tenantId": TENANT, "accessPolicies": [], "enableRbacAuthorization": false}),
        ),
        object(group, COSMOS, json!({"provisioningState": "Succeeded"})),
        object(group, &format!("{COSMOS}/sqlDatabases/orders"), json!({"resource": {"id": "orders"}})),
        object(
            group,
            &format!("{COSMOS}/sqlDatabases/orders/containers/lines"),
            json!({"resource": {"id": "lines"}}),
        ),
        object(
            group,
            &format!("{COSMOS}/sqlRoleDefinitions/{role}"),
            json!({"roleName": "order reader", "type": "CustomRole", "assignableScopes": [account],
                "permissions": [{"dataActions": ["Microsoft.DocumentDB/databaseAccounts/readMetadata"]}]}),
        ),
        object(group, KUSTO, json!({"provisioningState": "Succeeded"})),
        object(group, &format!("{KUSTO}/databases/events"), json!({"provisioningState": "Succeeded"})),
        object(group, REDIS, json!({"redisConfiguration": {"aad-enabled": "true"}})),
        object(
            group,
            &format!("{REDIS}/accessPolicies/orders"),
            json!({"permissions": "+get ~orders*", "type": "Custom"}),
        ),
        object(group, POSTGRES, json!({"authConfig": {"activeDirectoryAuth": "Enabled"}})),
        object(group, CONNECTION, json!({"displayName": "bus"})),
    ]
}

/// What the old identity holds in the services of its region.
fn held() -> Vec<Value> {
    let account = format!("{WEU}/providers/{COSMOS}");
    let kusto = |role: &str| {
        json!({"principalId": CLIENT, "principalType": "App", "role": role, "tenantId": TENANT,
        "aadObjectId": PRINCIPAL, "provisioningState": "Succeeded"})
    };
    vec![
        object(
            WEU,
            &format!("{COSMOS}/sqlRoleAssignments/c05a0000-0000-4000-8000-0000000000a5"),
            json!({"roleDefinitionId": format!("{account}/sqlRoleDefinitions/{}", ROLE[0]),
                "scope": format!("{account}/dbs/orders/colls/lines"), "principalId": PRINCIPAL}),
        ),
        object(WEU, &format!("{KUSTO}/principalAssignments/shop"), kusto("AllDatabasesViewer")),
        object(WEU, &format!("{KUSTO}/databases/events/principalAssignments/shop"), kusto("Ingestor")),
        object(
            WEU,
            &format!("{REDIS}/accessPolicyAssignments/shop"),
            json!({"objectId": PRINCIPAL, "objectIdAlias": "id-shop", "accessPolicyName": "orders"}),
        ),
        object(
            WEU,
            &format!("{POSTGRES}/administrators/{PRINCIPAL}"),
            json!({"principalType": "ServicePrincipal", "principalName": "id-shop", "objectId": PRINCIPAL, "tenantId": TENANT}),
        ),
        object(
            WEU,
            &format!("{CONNECTION}/accessPolicies/shop"),
            json!({"principal": {"type": "ActiveDirectory", "identity": {"tenantId": TENANT, "objectId": PRINCIPAL}}}),
        ),
    ]
}

/// The whole solution in both regions.
fn solution() -> Vec<Value> {
    let mut all = services(WEU, ROLE[0]);
    all[0]["properties"]["accessPolicies"] =
        json!([{"tenantId": TENANT, "objectId": PRINCIPAL, "permissions": {"secrets": ["get", "list"]}}]);
    all.extend(held());
    all.extend(services(SDC, ROLE[1]));
    // The group has a grant for its storage account as well.
    all.push(object(
        SDC,
        "Microsoft.Storage/storageAccounts/stshop",
        json!({"provisioningState": "Succeeded"}),
    ));
    for (kind, name) in
        [("Microsoft.Web/sites", "app-shop"), ("Microsoft.Compute/virtualMachines", "vm-batch")]
    {
        let mut host = object(SDC, &format!("{kind}/{name}"), json!({"provisioningState": "Succeeded"}));
        host["identity"] = json!({"type": "SystemAssigned", "principalId": "0a1b2c3d-8888-4000-8000-0000000000f1", "tenantId": TENANT});
        all.push(host);
    }
    all
}

pub(crate) fn stage(more: &[Value], map: &str) -> (Azure, Rehome) {
    let mut rehome = Rehome::offline();
    let file = estate(more);
    let azure = Azure::serve(file.path(), None);
    rehome.turn_to(&azure);
    let batch = minimal_without_soak();
    std::fs::write(rehome.path("batch.toml"), format!("{batch}\n[scope_map]\n{map}")).expect("written");
    (azure, rehome)
}

pub(crate) fn group_map() -> String {
    format!("\"{WEU}\" = \"{SDC}\"\n")
}

fn all_below<'a>(estate: &'a Value, prefix: &str) -> Vec<&'a Value> {
    let prefix = prefix.to_lowercase();
    let all = estate["arm"].as_array().expect("arm").iter();
    all.filter(|o| text(&o["id"]).to_lowercase().starts_with(&prefix)).collect()
}

/// Ids of the grants below a group's services that name one of these, with what they are.
fn grants(estate: &Value, group: &str, names: [&str; 2]) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    for object in all_below(estate, &format!("{group}/providers/")) {
        let id = text(&object["id"]);
        let kinds = [
            "RoleAssignments/",
            "principalAssignments/",
            "accessPolicyAssignments/",
            "administrators/",
            "connections/sb-shop/accessPolicies/",
        ];
        let inside = kinds.iter().any(|kind| id.contains(kind)) && !id.contains("Microsoft.Authorization");
        if inside && names.iter().any(|name| object["properties"].to_string().contains(name)) {
            let list = id[group.len() + "/providers/".len()..].rsplit_once('/').expect("a list").0;
            out.push((list.to_owned(), object["properties"].clone()));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out
}

pub(crate) fn notices(plan: &Value, which: &str) -> Vec<(String, String, String)> {
    let about = &plan["document"]["moves"][0]["about"];
    let all = about[which].as_array().expect("a list").iter();
    all.map(|n| (text(&n["code"]).to_owned(), text(&n["target"]).to_owned(), text(&n["text"]).to_owned()))
        .collect()
}

#[test]
fn a_grant_inside_a_service_is_made_inside_its_counterpart_too_and_taken_back() {
    let (azure, rehome) = stage(&solution(), &group_map());
    let before = azure.estate();
    rehome.approve(&rehome.path("batch.toml"));
    let shown = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(shown.contains("grant inside cosmos-shop, as inside cosmos-shop"), "{shown}");
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
    let moved = azure.estate();
    let new =
        names(&moved, &format!("{SDC}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop"))
            .expect("new");
    let new = [new.client.as_str(), new.principal.as_str()];
    let (here, there) = (grants(&moved, WEU, new), grants(&moved, SDC, new));
    let lists: Vec<&str> = there.iter().map(|(list, _)| list.as_str()).collect();
    assert_eq!(lists, here.iter().map(|(list, _)| list.as_str()).collect::<Vec<_>>());
    assert_eq!(lists.len(), 6, "{lists:?}");
    let of = |kind: &str| there.iter().find(|(list, _)| list.ends_with(kind)).expect("there").1.clone();
    let account = format!("{SDC}/providers/{COSMOS}");
    let cosmos = of("sqlRoleAssignments");
    assert_eq!(
        text(&cosmos["roleDefinitionId"]),
        format!("{account}/sqlRoleDefinitions/{}", ROLE[1]),
        "by its name"
    );
    assert_eq!(text(&cosmos["scope"]), format!("{account}/dbs/orders/colls/lines"));
    assert_eq!(
        (&of("events/principalAssignments")["principalId"], text(&of("events/principalAssignments")["role"])),
        (&json!(new[0]), "Ingestor")
    );
    assert_eq!(
        (
            text(&of("accessPolicyAssignments")["accessPolicyName"]),
            text(&of("accessPolicyAssignments")["objectIdAlias"])
        ),
        ("orders", "id-shop-swedencentral")
    );
    assert_eq!(
        text(&of("administrators")["principalName"]),
        "id-shop-swedencentral",
        "no server has one name twice"
    );
    let vault = all_below(&moved, &format!("{SDC}/providers/{VAULT}"))[0];
    assert_eq!(
        vault["properties"]["accessPolicies"],
        json!([{"tenantId": TENANT, "objectId": new[1], "permissions": {"secrets": ["get", "list"]}}])
    );
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn the_old_solution_is_retired_by_hand_before_the_old_identity_goes() {
    let (azure, rehome) = stage(&solution(), &group_map());
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    let waiting = |rehome: &Rehome| -> Vec<String> {
        let status = rehome.json(&["status"]);
        let waits = status["moves"][0]["waiting_for"].as_array().cloned().unwrap_or_default();
        waits.iter().map(|w| w.to_string()).collect()
    };
    rehome.say(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(11);
    let asked = waiting(&rehome).join("\n");
    for host in ["rg-shop-weu/app-shop: retire it", "rg-shop-weu/vm-batch: retire it"] {
        assert!(asked.contains(host), "{asked}");
    }
    // Whoever is asked does it, and only then says so.
    for host in ["Microsoft.Web/sites/app-shop", "Microsoft.Compute/virtualMachines/vm-batch"] {
        azure.write("DELETE", &format!("{WEU}/providers/{host}?api-version=2024-07-01"), &json!({}));
    }
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(0);
    let after = azure.estate();
    assert!(grants(&after, WEU, [CLIENT, PRINCIPAL]).is_empty(), "nothing is left to the old identity");
    let old = format!("{WEU}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    assert!(names(&after, &old).is_none(), "it is gone");
}

#[test]
fn what_a_source_says_of_its_identity_is_said_of_its_counterpart_by_a_person() {
    let (_azure, rehome) = stage(&solution(), &group_map());
    rehome.approve(&rehome.path("batch.toml"));
    let shown = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(shown.contains("rg-shop-sdc/app-shop: name NEW, as app-shop names OLD"), "{shown}");
    assert!(
        shown.contains("/properties/keyVaultReferenceIdentity")
            && shown.contains("appsettings AZURE_CLIENT_ID"),
        "{shown}"
    );
}

#[test]
fn what_a_counterpart_lacks_blocks_the_plan_before_anything_is_written() {
    let at = |rest: &str| format!("{SDC}/providers/{rest}");
    let mut all = solution();
    let gone = [
        at(&format!("{COSMOS}/sqlDatabases/orders/containers/lines")),
        at(&format!("{COSMOS}/sqlRoleDefinitions/{}", ROLE[1])),
        at(&format!("{KUSTO}/databases/events")),
    ];
    all.retain(|o| !gone.iter().any(|id| text(&o["id"]) == id));
    for object in &mut all {
        if text(&object["id"]) == at(&format!("{REDIS}/accessPolicies/orders")) {
            object["properties"]["permissions"] = json!("+@all ~*");
        } else if text(&object["id"]) == at(POSTGRES) {
            object["properties"]["authConfig"]["activeDirectoryAuth"] = json!("Disabled");
        }
    }
    let (azure, rehome) = stage(&all, &group_map());
    let batch = rehome.path("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    let said = rehome.say(&["plan", "-f", batch, "--save", "plan.json", "-o", "json"]).expect(12);
    let plan: Value = serde_json::from_str(&said.out).expect("JSON");
    let blockers = notices(&plan, "blockers");
    let says = |id: &str, what: &str| {
        blockers
            .iter()
            .any(|(code, target, text)| code == "B120" && target.contains(id) && text.contains(what))
    };
    assert!(says("sqlRoleAssignments", "order reader"), "{blockers:?}");
    assert!(says("sqlRoleAssignments", "containers lines"), "{blockers:?}");
    assert!(says("databases/events/principalAssignments", "databases events"), "{blockers:?}");
    assert!(says("accessPolicyAssignments", "allows something else"), "{blockers:?}");
    assert!(says("administrators", "activeDirectoryAuth is Disabled"), "{blockers:?}");
    assert_eq!(blockers.len(), 5, "{blockers:?}");
    assert!(azure.requests().iter().all(|r| r["changed"] == false), "planning changes nothing");
    // What is mapped to itself is left out.
    let mut map = group_map();
    for service in [COSMOS, KUSTO, REDIS, POSTGRES] {
        map += &format!("\"{WEU}/providers/{service}\" = \"{WEU}/providers/{service}\"\n");
    }
    let text = std::fs::read_to_string(batch).expect("a batch").replace(&group_map(), &map);
    std::fs::write(batch, text).expect("written");
    rehome.say(&["plan", "-f", batch, "--save", "plan.json"]).expect(0);
}

#[test]
fn what_the_map_names_and_is_not_there_blocks_and_what_it_only_covers_is_a_warning() {
    let there = |o: &&Value| !text(&o["id"]).starts_with(&format!("{SDC}/providers/Microsoft."));
    let all: Vec<Value> = solution().iter().filter(there).cloned().collect();
    let (_azure, rehome) = stage(&all, &group_map());
    let batch = rehome.path("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    let plan = rehome.json(&["plan", "-f", batch, "--save", "plan.json"]);
    let warned: Vec<String> = notices(&plan, "warnings")
        .into_iter()
        .filter(|(code, ..)| code == "W206")
        .map(|(_, target, _)| target)
        .collect();
    for (of, why) in [
        (VAULT, "a vault"),
        (COSMOS, "an account"),
        (KUSTO, "a cluster"),
        ("Microsoft.Storage/storageAccounts/stshop", "a scope"),
        ("Microsoft.Web/sites/app-shop", "a host"),
    ] {
        assert!(warned.iter().any(|target| target.contains(of)), "{why}: {warned:?}");
    }
    let text_of = std::fs::read_to_string(batch).expect("a batch");
    let named: String = [VAULT, COSMOS, "Microsoft.Storage/storageAccounts/stshop"]
        .map(|of| format!("\"{WEU}/providers/{of}\" = \"{SDC}/providers/{of}\"\n"))
        .concat();
    std::fs::write(batch, text_of + &named).expect("written");
    let said = rehome.say(&["plan", "-f", batch, "--save", "plan.json", "-o", "json"]).expect(12);
    let plan: Value = serde_json::from_str(&said.out).expect("JSON");
    let blockers = notices(&plan, "blockers");
    assert!(blockers.iter().all(|(code, ..)| code == "B119") && blockers.len() == 3, "{blockers:?}");
}

#[test]
fn what_the_old_identity_has_in_a_counterpart_already_is_copied_once() {
    let mut all = solution();
    let vault =
        all.iter().position(|o| text(&o["id"]) == format!("{SDC}/providers/{VAULT}")).expect("a vault");
    all[vault]["properties"]["accessPolicies"] =
        json!([{"tenantId": TENANT, "objectId": PRINCIPAL, "permissions": {"keys": ["sign"]}}]);
    all.push(object(
        SDC,
        &format!("{KUSTO}/principalAssignments/shop-too"),
        json!({"principalId": CLIENT, "principalType": "App", "role": "AllDatabasesViewer", "tenantId": TENANT}),
    ));
    let role = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
    let scope = format!("{SDC}/providers/Microsoft.Storage/storageAccounts/stshop");
    all.push(json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/aaaaaaaa-0000-4000-8000-000000000012"),
        "name": "aaaaaaaa-0000-4000-8000-000000000012", "type": "Microsoft.Authorization/roleAssignments",
        "properties": {"roleDefinitionId": format!("/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "principalId": PRINCIPAL, "principalType": "ServicePrincipal", "scope": scope, "description": "here already"}}));
    let (azure, rehome) = stage(&all, &group_map());
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    let moved = azure.estate();
    let new =
        names(&moved, &format!("{SDC}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop"))
            .expect("new");
    let there = grants(&moved, SDC, [&new.client, &new.principal]);
    assert_eq!(there.iter().filter(|(list, _)| list == &format!("{KUSTO}/principalAssignments")).count(), 1);
    let vault = all_below(&moved, &format!("{SDC}/providers/{VAULT}"))[0];
    let entries = vault["properties"]["accessPolicies"].as_array().expect("entries");
    let own = entries.iter().find(|e| text(&e["objectId"]) == new.principal).expect("an entry");
    assert_eq!(
        own["permissions"],
        json!({"keys": ["sign"], "secrets": ["get", "list"]}),
        "what it has there, and what it has in the vault whose place this one takes"
    );
    let roles = all_below(&moved, &format!("{scope}/providers/Microsoft.Authorization/roleAssignments/"));
    let own: Vec<_> =
        roles.iter().filter(|o| text(&o["properties"]["principalId"]) == new.principal).collect();
    assert!(own.len() == 1 && own[0]["properties"]["description"] == "here already", "{own:?}");
}
