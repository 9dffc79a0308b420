//! The local Azure as a witness: nothing that runs is down where the plan promised overlap.

use crate::support::azure::{Azure, SCALE, example};
use crate::support::estates::signed_in;
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const GROUP: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu";
const OLD: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourcegroups/rg-shop-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";

fn id(kind: &str, name: &str) -> String {
    format!("{GROUP}/providers/{kind}/{name}")
}

fn new() -> String {
    OLD.replace("rg-shop-weu", "rg-shop-sdc")
}

/// A host that has the old identity.
fn host(kind: &str, name: &str, properties: Value) -> Value {
    json!({
        "id": id(kind, name), "name": name, "type": kind, "location": "westeurope", "tags": {},
        "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {OLD: {"principalId": PRINCIPAL, "clientId": CLIENT}},
        },
        "properties": properties,
    })
}

fn settings(site: &str, map: Value) -> Value {
    let id = format!("{}/config/appsettings", id("Microsoft.Web/sites", site));
    json!({
        "id": id, "name": "appsettings", "type": "Microsoft.Web/sites/config", "location": "westeurope",
        "properties": map,
    })
}

const API: &str = "0a1b2c3d-5555-4000-8000-0000000000a1";
const ROLE: &str = "0a1b2c3d-6666-4000-8000-0000000000e1";

/// One host for each way of re-pointing.
fn hosts() -> Vec<Value> {
    let done = || json!({"provisioningState": "Succeeded"});
    let mut own = host("Microsoft.Compute/virtualMachines", "vm-own", done());
    own["identity"]["type"] = json!("SystemAssigned, UserAssigned");
    own["identity"]["tenantId"] = json!("7a1c9f52-0000-4000-8000-00000000c0de");
    own["identity"]["principalId"] = json!("0a1b2c3d-7777-4000-8000-0000000000f1");
    let key = json!({
        "provisioningState": "Succeeded",
        "encryption": {"keySource": "Microsoft.Keyvault", "identity": {"userAssignedIdentity": OLD}},
    });
    vec![
        host("Microsoft.ContainerService/managedClusters", "aks-shop", done()),
        host("Microsoft.Storage/storageAccounts", "stkey", key),
        host("Microsoft.ContainerInstance/containerGroups", "aci-shop", done()),
        host("Microsoft.Compute/virtualMachines", "vm-pin", done()),
        host("Microsoft.Web/sites", "app-swap", json!({"state": "Running"})),
        settings("app-swap", json!({"AZURE_CLIENT_ID": CLIENT})),
        own,
    ]
}

/// A vault that lets the identity in by an entry of its own.
fn vault() -> Value {
    let policy = json!({
        "tenantId": "7a1c9f52-0000-4000-8000-00000000c0de", "objectId": PRINCIPAL,
        "permissions": {"keys": [], "secrets": ["get"], "certificates": []},
    });
    json!({
        "id": id("Microsoft.KeyVault/vaults", "kv-shop"), "name": "kv-shop", "type": "Microsoft.KeyVault/vaults",
        "location": "westeurope", "tags": {},
        "properties": {
            "tenantId": "7a1c9f52-0000-4000-8000-00000000c0de", "accessPolicies": [policy],
            "enableRbacAuthorization": false, "provisioningState": "Succeeded",
            "sku": {"family": "A", "name": "standard"}, "vaultUri": "https://kv-shop.vault.azure.net/",
        },
    })
}

/// All of that, and on each host something that needs everything the identity has.
fn estate() -> Value {
    let path = example("minimal").join("estate.json");
    let mut estate: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("an estate")).expect("JSON");
    let arm = estate["arm"].as_array_mut().expect("arm");
    arm.extend(hosts());
    arm.push(vault());
    estate["graph"].as_array_mut().expect("graph").extend([
        json!({
            "@odata.type": "#microsoft.graph.servicePrincipal", "id": API, "displayName": "ledger",
            "appId": "0a1b2c3d-5556-4000-8000-0000000000a1", "servicePrincipalType": "Application",
            "appRoles": [{"id": ROLE, "value": "Read"}],
        }),
        json!({
            "@odata.type": "#microsoft.graph.appRoleAssignment", "id": "0a1b2c3d-6667-4000-8000-0000000000e1",
            "principalId": PRINCIPAL, "resourceId": API, "appRoleId": ROLE, "principalType": "ServicePrincipal",
        }),
    ]);
    estate["workloads"] = workloads();
    estate
}

fn workloads() -> Value {
    let needs = json!([
        {"action": "Microsoft.Resources/subscriptions/resourceGroups/read", "scope": GROUP},
        {
            "action": "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
            "scope": id("Microsoft.Storage/storageAccounts", "stshop"),
        },
        {"group": "0a1b2c3d-4444-4000-8000-0000000000bb"},
        {"app_role": ROLE, "resource": API},
        {"vault": id("Microsoft.KeyVault/vaults", "kv-shop"), "permission": "secrets/get"},
    ]);
    let runs = |name: &str, kind: &str, on: &str, asks: Value| {
        let needs = if name == "own" { json!([]) } else { needs.clone() };
        json!({"name": name, "host": id(kind, on), "asks": asks, "needs": needs})
    };
    let client = || json!({"setting": "AZURE_CLIENT_ID"});
    json!([
        runs("overlap", "Microsoft.Web/sites", "app-shop", client()),
        runs(
            "overlap-secrets",
            "Microsoft.Web/sites",
            "app-shop",
            json!({"reference": "/properties/keyVaultReferenceIdentity"})
        ),
        runs(
            "swap-key",
            "Microsoft.Storage/storageAccounts",
            "stkey",
            json!({"reference": "/properties/encryption/identity/userAssignedIdentity"})
        ),
        runs("swap", "Microsoft.Compute/virtualMachines", "vm-batch", Value::Null),
        runs("takes-one", "Microsoft.ContainerService/managedClusters", "aks-shop", Value::Null),
        runs("pin-first", "Microsoft.Compute/virtualMachines", "vm-pin", client()),
        runs("own", "Microsoft.Compute/virtualMachines", "vm-own", Value::Null),
        runs("gap", "Microsoft.Web/sites", "app-swap", client()),
        runs("hand", "Microsoft.ContainerInstance/containerGroups", "aci-shop", Value::Null),
    ])
}

/// How many workloads there are.
const ALL: usize = 9;

struct Stage {
    azure: Azure,
    rehome: Rehome,
    before: Value,
    /// Whether somebody re-points the containers, or only says so.
    diligent: bool,
}

impl Stage {
    /// An approved batch in front of an Azure in which these things go wrong.
    fn set(scale: &'static str, more: &str, faults: &Value, diligent: bool) -> Self {
        Self::in_front_of(&estate(), scale, more, faults, diligent)
    }

    fn in_front_of(estate: &Value, scale: &'static str, more: &str, faults: &Value, diligent: bool) -> Self {
        let mut rehome = Rehome::offline();
        let write = |name: &str, text: String| std::fs::write(rehome.path(name), text).expect("written");
        write("estate.json", estate.to_string());
        write("faults.json", json!({ "rules": faults }).to_string());
        let swap = id("Microsoft.Web/sites", "app-swap");
        let pin = id("Microsoft.Compute/virtualMachines", "vm-pin");
        write(
            "batch.toml",
            format!(
                "format_version = \"1.0\"\n[batch]\nname = \"outages\"\nto = \"swedencentral\"\nsoak = \"0s\"\n\
                 [[identity]]\nid = \"{OLD}\"\ntarget_resource_group = \"rg-shop-sdc\"\n\
                 [identity.strategies]\n\"{swap}\" = \"swap\"\n\"{pin}\" = \"pin_first\"\n{more}"
            ),
        );
        let azure = Azure::serve_at(scale, &rehome.path("estate.json"), Some(&rehome.path("faults.json")));
        rehome.turn_to(&azure);
        rehome.approve(&rehome.path("batch.toml"));
        let before = azure.estate();
        assert_eq!(azure.working().len(), ALL, "everything works at first: {:?}", azure.outages());
        Self { azure, rehome, before, diligent }
    }

    /// Does what waits for people, in Azure too; whether there was anything.
    fn people(&self, back: bool) -> bool {
        let status = self.rehome.json(&["status"]);
        let waits = status["moves"][0]["waiting_for"].as_array().cloned().unwrap_or_default();
        let hands: Vec<&Value> = waits.iter().filter(|w| w["kind"] == "by-hand").collect();
        for wait in &hands {
            self.by_hand(text(&wait["title"]), back);
            let step = format!("{}:{}", text(&status["moves"][0]["run"]), text(&wait["step"]));
            self.rehome.say(&["ack", &step, "--note", "done in a test"]).expect(0);
        }
        !hands.is_empty()
    }

    fn by_hand(&self, title: &str, back: bool) {
        let (client, new) = (self.client_of_new(), new());
        if title.contains("aci-shop") && self.diligent {
            let path = id("Microsoft.ContainerInstance/containerGroups", "aci-shop");
            let map = json!({if back { OLD } else { new.as_str() }: {}});
            let body = json!({
                "location": "westeurope", "tags": {}, "properties": {},
                "identity": {"type": "UserAssigned", "userAssignedIdentities": map},
            });
            self.azure.write("PUT", &format!("{path}?api-version=2023-05-01"), &body);
        } else if title.contains("vm-pin") {
            let named = match (title.contains("the old identity"), back) {
                (true, true) => None,
                (true, false) | (false, true) => Some(CLIENT.to_owned()),
                (false, false) => client,
            };
            let mut tags = json!({});
            if let Some(named) = named {
                tags["AZURE_CLIENT_ID"] = json!(named);
            }
            let path = id("Microsoft.Compute/virtualMachines", "vm-pin");
            self.azure.write("PATCH", &format!("{path}?api-version=2024-07-01"), &json!({ "tags": tags }));
        }
    }

    fn client_of_new(&self) -> Option<String> {
        let estate = self.azure.estate();
        let found = estate["arm"].as_array()?.iter().find(|o| text(&o["id"]).eq_ignore_ascii_case(&new()));
        found.map(|o| text(&o["properties"]["clientId"]).to_owned())
    }

    /// Says this again and again, with people in between, until nothing goes on by itself.
    fn go(&self, arguments: &[&str], back: bool) -> i32 {
        for _ in 0..20 {
            let said = self.rehome.say(arguments);
            if !matches!(said.code, 10 | 11) || !self.people(back) {
                return said.code;
            }
        }
        panic!("it does not come to an end: {}", self.rehome.say(&["status"]).out);
    }

    fn run(&self) -> i32 {
        self.go(&["run", "plan.json", "--yes"], false)
    }

    fn clean_up(&self) -> i32 {
        self.go(&["cleanup", "outages", "--confirm", "outages", "--yes"], false)
    }

    fn roll_back(&self) {
        let code = self.go(&["rollback", "outages", "--reason", "a test", "--yes"], true);
        assert_eq!(code, 0, "{}", self.rehome.say(&["status"]).out);
        let (before, after) = (nameless(&self.before), nameless(&self.azure.estate()));
        assert_eq!(differences(&before, &after, ""), NONE);
    }

    /// Outages of workloads other than these.
    fn outages_beside(&self, expected: &[&str]) -> Vec<String> {
        let named = |o: &String| expected.iter().any(|name| o.starts_with(&format!("{name}: ")));
        self.azure.outages().into_iter().filter(|o| !named(o)).collect()
    }
}

const NONE: Vec<String> = Vec::new();

/// A plain estate without the ids of application permissions: Graph gives a new one each time.
fn nameless(estate: &Value) -> Value {
    let mut plain = plain(estate);
    let objects = plain["graph"].as_object().cloned().unwrap_or_default();
    let mut objects: Vec<Value> = objects.into_iter().map(|(_, object)| object).collect();
    for object in &mut objects {
        if object["@odata.type"] == "#microsoft.graph.appRoleAssignment" {
            object["id"] = Value::Null;
        }
    }
    objects.sort_by_key(ToString::to_string);
    plain["graph"] = Value::Array(objects);
    plain
}

#[test]
fn nothing_is_down_on_the_way_and_in_the_clean_up_but_where_the_plan_says_so() {
    let stage = Stage::set(SCALE, "", &json!([]), true);
    let plan = std::fs::read_to_string(stage.rehome.path("plan.json")).expect("a plan");
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    let said = |code: &str| {
        let all = plan["moves"][0]["about"]["warnings"].as_array().cloned().unwrap_or_default();
        let of = all.iter().filter(|w| w["code"] == code).map(|w| text(&w["target"]).to_owned());
        of.collect::<Vec<_>>()
    };
    let clusters = id("Microsoft.ContainerService/managedClusters", "aks-shop");
    let full = id("Microsoft.Storage/storageAccounts", "stkey");
    let gaps = [clusters, full, id("Microsoft.Web/sites", "app-swap")];
    assert_eq!(said("W205"), gaps, "who may have a gap");
    let access = stage.azure.access();
    assert_eq!(stage.run(), 0, "{}", stage.rehome.say(&["status"]).out);
    assert_eq!(stage.outages_beside(&["gap"]), NONE);
    assert!(!stage.azure.outages().is_empty(), "two writes leave a gap between them, and it is seen");
    assert_eq!(stage.azure.access(), access, "what runs may do exactly what it did");
    assert_eq!(stage.clean_up(), 0, "{}", stage.rehome.say(&["status"]).out);
    assert_eq!(stage.outages_beside(&["gap"]), NONE);
    assert_eq!(stage.azure.working().len(), ALL);
    assert!(stage.azure.working().iter().all(|(_, as_whom)| as_whom != PRINCIPAL), "nobody is the old one");
    assert_eq!(stage.azure.access(), access, "and so after the clean-up");
}

#[test]
fn nothing_is_down_when_a_grant_or_a_host_is_refused_and_everything_is_taken_back() {
    let refused = |method: &str, path: &str| json!([{"method": method, "path": path, "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]);
    for faults in
        [refused("PUT", "kv-shop/accessPolicies"), refused("PUT", "managedClusters/aks-shop"), json!([])]
    {
        println!("with {faults}");
        let stage = Stage::set(SCALE, "", &faults, true);
        let refusing = faults.as_array().is_some_and(|rules| !rules.is_empty());
        assert_eq!(stage.run(), if refusing { 10 } else { 0 });
        stage.roll_back();
        assert_eq!(stage.outages_beside(&["gap"]), NONE);
        assert_eq!(stage.azure.working().len(), ALL);
    }
}

#[test]
fn nothing_is_down_when_a_clean_up_is_taken_back_before_the_deletion() {
    let stage = Stage::set(SCALE, "", &undeletable(), true);
    assert_eq!(stage.run(), 0, "{}", stage.rehome.say(&["status"]).out);
    assert_eq!(stage.clean_up(), 10, "{}", stage.rehome.say(&["status"]).out);
    stage.roll_back();
    assert_eq!(stage.outages_beside(&["gap", "hand"]), NONE);
    assert_eq!(stage.azure.working().len(), ALL, "{:?}", stage.azure.outages());
}

#[test]
fn code_on_a_site_that_names_its_identity_where_nobody_sees_it_works_on_because_both_overlap() {
    let file = crate::support::estates::estate(&[
        host("Microsoft.Web/sites", "app-coded", json!({"state": "Running"})),
        settings("app-coded", json!({"OTHER": "1"})),
    ]);
    let mut estate: Value =
        serde_json::from_slice(&std::fs::read(file.path()).expect("an estate")).expect("JSON");
    estate["workloads"] = json!([{"name": "coded", "host": id("Microsoft.Web/sites", "app-coded"), "asks": CLIENT, "needs": []}]);
    std::fs::write(file.path(), estate.to_string()).expect("written");
    let (azure, rehome) = signed_in(file.path(), None);
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    assert_eq!((azure.working().len(), azure.outages()), (1, NONE));
}

/// The deletion is refused, when everything else is taken away already.
fn undeletable() -> Value {
    let old = "/rg-shop-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop";
    json!([{"method": "DELETE", "path": old, "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}])
}

#[test]
fn what_a_person_only_says_is_re_pointed_keeps_every_right_of_the_old_identity() {
    let stage = Stage::set(SCALE, "", &json!([]), false);
    assert_eq!(stage.run(), 0, "{}", stage.rehome.say(&["status"]).out);
    assert_eq!(stage.clean_up(), 10);
    let status = stage.rehome.say(&["status"]).out;
    assert!(status.contains("StillAttached") && status.contains("aci-shop"), "{status}");
    assert_eq!(stage.outages_beside(&["gap"]), NONE);
    assert_eq!(stage.azure.working().len(), ALL, "nothing of what it may do is gone");
    let said = stage.rehome.say(&["verify"]).expect(14).out;
    assert!(said.contains("aci-shop") && said.contains("names the old identity alone"), "{said}");
    stage.roll_back();
    assert_eq!(stage.outages_beside(&["gap", "hand"]), NONE);
}

/// Slow enough that nothing comes to act by chance while a process starts.
const SLOWLY: &str = "200";

#[test]
fn who_does_not_wait_for_the_grants_is_down() {
    let stage = Stage::set(SLOWLY, "[waits]\ngrants = \"0s\"\n", &json!([]), true);
    assert_eq!(stage.run(), 0);
    let down = stage.outages_beside(&["gap", "hand"]);
    assert!(down.iter().any(|o| o.starts_with("swap: may not do")), "{down:?}");
}

#[test]
fn who_goes_back_before_the_tokens_of_the_old_identity_are_new_is_down() {
    // Somebody says that the containers are re-pointed, and insists when they are found: these get a token of the old
    // identity that lacks its groups. Tokens are so long without them that a slow machine is not too late.
    let mut estate = estate();
    estate["settings"]["claim_delay_s"] = json!(300);
    let stage = Stage::in_front_of(&estate, SLOWLY, "[waits]\nclaims = \"0s\"\n", &json!([]), false);
    assert_eq!(stage.run(), 0);
    assert_eq!(stage.clean_up(), 10);
    let status = stage.rehome.json(&["status"]);
    let (run, stuck) = (&status["moves"][0]["run"], &status["moves"][0]["waiting_for"][0]["step"]);
    let step = format!("{}:{}", text(run), text(stuck));
    stage.rehome.say(&["skip", &step, "--reason", "they are done"]).expect(0);
    assert_eq!(stage.clean_up(), 10);
    assert_eq!(stage.outages_beside(&["gap", "hand"]), NONE);
    stage.roll_back();
    let down = stage.outages_beside(&["gap", "hand"]);
    assert!(down.iter().any(|o| o.starts_with("swap: token lacks")), "{down:?}");
}
