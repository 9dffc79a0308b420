//! A move of a whole solution: what is in the map is left alone, and its counterpart in the target region is
//! given the new identity.

use crate::support::azure::{Azure, example};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const GROUP: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu";

fn found<'a>(estate: &'a Value, id: &str) -> Option<&'a Value> {
    estate["arm"].as_array().expect("arm").iter().find(|o| text(&o["id"]).eq_ignore_ascii_case(id))
}

fn there(id: &str) -> String {
    id.replace("rg-shop-weu", "rg-shop-sdc")
}

#[test]
fn the_counterparts_get_the_new_identity_and_the_sources_stay_as_they_are() {
    let mut rehome = Rehome::offline();
    let file = std::fs::read_to_string(example("minimal").join("estate.json")).expect("an estate");
    let mut estate: Value = serde_json::from_str(&file).expect("JSON");
    let (vm, store) = (
        format!("{GROUP}/providers/Microsoft.Compute/virtualMachines/vm-batch"),
        format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/stshop"),
    );
    for id in [&vm, &store] {
        let mut counterpart = found(&estate, id).expect("the source").clone();
        counterpart["id"] = json!(there(id));
        counterpart["location"] = json!("swedencentral");
        counterpart["identity"] = json!({
            "type": "SystemAssigned", "principalId": "0a1b2c3d-8888-4000-8000-0000000000f1",
            "tenantId": "7a1c9f52-0000-4000-8000-00000000c0de",
        });
        estate["arm"].as_array_mut().expect("arm").push(counterpart);
    }
    std::fs::write(rehome.path("estate.json"), estate.to_string()).expect("written");
    let batch = std::fs::read_to_string(example("minimal").join("batch.toml")).expect("a batch");
    let map = format!("{batch}\n[scope_map]\n\"{GROUP}\" = \"{}\"\n", there(GROUP));
    std::fs::write(rehome.path("batch.toml"), map).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    let before = azure.estate();
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    let moved = azure.estate();
    assert_eq!(found(&moved, &vm), found(&before, &vm), "the source is as it was");
    let new = there(&format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop"));
    let principal = text(&found(&moved, &new).expect("the new identity")["properties"]["principalId"]);
    let map = &found(&moved, &there(&vm)).expect("the counterpart")["identity"]["userAssignedIdentities"];
    let names: Vec<&String> = map.as_object().expect("a map").keys().collect();
    assert!(names.len() == 1 && names[0].eq_ignore_ascii_case(&new), "{names:?}");
    let granted = |scope: &str| {
        let at = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/").to_lowercase();
        let all = moved["arm"].as_array().expect("arm").iter();
        let of = all.filter(|o| text(&o["properties"]["principalId"]) == principal);
        of.filter(|o| text(&o["id"]).to_lowercase().starts_with(&at)).count()
    };
    assert_eq!((granted(&there(GROUP)), granted(&there(&store))), (1, 1), "it may do there what it did here");
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
}
