//! Connection strings of sites and slots that name the identity: found, re-pointed to the letter among decoys, taken
//! back to the byte, and never on the disk.

use crate::support::azure::{Azure, example};
use crate::support::estates::{at, estate, signed_in};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::contains;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
const LISTS: [&str; 3] =
    ["sites/app-shop/config", "sites/app-shop/slots/blue/config", "sites/app-plain/config"];

fn rid() -> String {
    at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop")
}

/// Everything that a connection string may say of an identity, and what looks like it.
fn strings(client: &str, rid: &str) -> Value {
    let sql = format!(
        "Server=tcp:sql.database.windows.net;Database=d;User Id={client};Authentication=Active Directory Managed Identity;Pwd=planted-secret-cs-1"
    );
    let bus = format!(
        "Endpoint=sb://bus.servicebus.windows.net/;Authentication=ManagedIdentity;ManagedIdentityResourceId={}&x",
        rid.replace('/', "%2F")
    );
    json!({
        "Db": {"value": sql, "type": "SQLAzure"},
        "Cosmos": {"value": format!("AccountEndpoint=https://c.documents.azure.com/;Credential=managedidentity;ClientId={client}"), "type": "DocDb"},
        "Bus": {"value": bus, "type": "ServiceBus"},
        "Longer": {"value": format!("ClientId={CLIENT}0;Id={}-b", self::rid()), "type": "Custom"},
        "Other": {"value": "User Id=0a1b2c3d-1111-4000-8000-00000000c1d2;Password=planted-secret-cs-2", "type": "MySql"},
        "Empty": {"value": "", "type": "Custom"},
    })
}

fn world() -> Vec<Value> {
    let site = |name: &str, kind: &str| {
        let id = at(&format!("Microsoft.Web/{name}"));
        json!({"id": id, "name": name, "type": kind, "kind": "app", "location": "West Europe",
            "properties": {"state": "Running"}})
    };
    let list = |of: &str| {
        let id = at(&format!("Microsoft.Web/{of}/connectionstrings"));
        json!({"id": id, "name": "connectionstrings", "type": "Microsoft.Web/sites/config", "properties": strings(CLIENT, &rid())})
    };
    let mut all = vec![
        site("sites/app-shop/slots/blue", "Microsoft.Web/sites/slots"),
        site("sites/app-plain", "Microsoft.Web/sites"),
    ];
    all.extend(LISTS.map(list));
    all
}

fn stage() -> (Azure, Rehome) {
    let (azure, rehome) = signed_in(estate(&world()).path(), None);
    rehome.approve(&rehome.path("batch.toml"));
    (azure, rehome)
}

fn found<'a>(estate: &'a Value, id: &str) -> Option<&'a Value> {
    estate["arm"].as_array().expect("arm").iter().find(|o| text(&o["id"]).eq_ignore_ascii_case(id))
}

fn roll_back(rehome: &Rehome) -> i32 {
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).code
}

#[test]
fn connection_strings_of_sites_and_slots_name_the_new_identity_and_nothing_else_in_them_changes() {
    let (azure, rehome) = stage();
    let shown = rehome.say(&["show", "plan.json"]).expect(0).out;
    for of in ["app-shop", "blue", "app-plain"] {
        assert!(shown.contains(&format!("{of}: connection string Bus, Cosmos, Db old -> NEW")), "{shown}");
    }
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
    let moved = azure.estate();
    let new = rid().replace("rg-shop-weu", "rg-shop-sdc");
    let client = text(&found(&moved, &new).expect("the new one")["properties"]["clientId"]);
    for list in LISTS {
        let list = found(&moved, &at(&format!("Microsoft.Web/{list}/connectionstrings"))).expect("a list");
        assert_eq!(list["properties"], strings(client, &new));
    }
    let cleanup = ["cleanup", "minimal", "--confirm", "minimal", "--yes"];
    rehome.say_with_people(&cleanup).expect(0);
    assert!(!contains(&rehome.remains(), b"planted-secret"), "no value is on the disk");
}

#[test]
fn connection_strings_are_taken_back_to_the_byte() {
    let (azure, rehome) = stage();
    let before = plain(&azure.estate());
    assert_eq!(rehome.run_with_people(), 0);
    assert_eq!(roll_back(&rehome), 0);
    assert_eq!(differences(&before, &plain(&azure.estate()), ""), Vec::<String>::new());
    assert!(!contains(&rehome.remains(), b"planted-secret"), "no value is on the disk");
}

#[test]
fn what_somebody_else_made_of_a_connection_string_meanwhile_is_shown_and_left() {
    let (azure, rehome) = stage();
    assert_eq!(rehome.run_with_people(), 0);
    let id = at("Microsoft.Web/sites/app-plain/config/connectionstrings");
    let mut theirs = found(&azure.estate(), &id).expect("a list")["properties"].clone();
    theirs["Db"]["value"] = json!("Server=another;Password=planted-secret-cs-3");
    azure.write("PUT", &format!("{id}?api-version=2023-12-01"), &json!({ "properties": theirs }));
    rehome.say(&["verify"]).expect(14);
    assert_eq!(roll_back(&rehome), 10);
    let said = rehome.say(&["status"]).out;
    assert!(said.contains("app-plain/config/connectionstrings#Db"), "{said}");
    assert_eq!(found(&azure.estate(), &id).expect("a list")["properties"], theirs);
    assert!(!contains(&rehome.remains(), b"planted-secret"), "no value is on the disk");
}

#[test]
fn a_snapshot_of_connection_strings_keeps_their_names_types_and_identities_and_can_be_moved() {
    let azure = Azure::serve(estate(&world()).path(), None);
    let rehome = Rehome::at(&azure);
    let batch = example("minimal").join("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    rehome.say(&["discover", "-f", batch, "--snapshot", "estate.json"]).expect(0);
    let snapshot = std::fs::read_to_string(rehome.path("estate.json")).expect("a snapshot");
    assert!(!snapshot.contains("planted-secret"), "{snapshot}");
    let snapshot: Value = serde_json::from_str(&snapshot).expect("JSON");
    let list =
        found(&snapshot, &at("Microsoft.Web/sites/app-plain/config/connectionstrings")).expect("a list");
    assert_eq!(
        list["properties"]["Db"],
        json!({"value": format!("(masked){CLIENT}(masked)"), "type": "SQLAzure"})
    );
    rehome.say(&["rehearse", batch, "--estate", "estate.json"]).expect(0);
}
