//! Deny assignments and groups: whom a group spares, it spares the new identity too, if that is a member.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::estates::{at, signed_in, whole};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const JOINED: &str = "0a1b2c3d-9999-4000-8000-0000000000b1";
const ABOVE: &str = "0a1b2c3d-9999-4000-8000-0000000000b2";
const BY_RULE: &str = "0a1b2c3d-9999-4000-8000-0000000000b3";
const EVERYBODY: &str = "00000000-0000-0000-0000-000000000000";
const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];

fn deny(denied: [&str; 2], spared: [&str; 2]) -> Value {
    let name = "de000000-0000-4000-8000-000000000002";
    let one = |[id, kind]: [&str; 2]| json!([{"id": id, "type": kind}]);
    json!({"id": at(&format!("Microsoft.Authorization/denyAssignments/{name}")), "name": name,
        "type": "Microsoft.Authorization/denyAssignments", "properties": {
            "denyAssignmentName": "stack deny", "scope": at("").trim_end_matches("/providers/"),
            "permissions": [{"actions": [], "notActions": [], "dataActions": ["Microsoft.Storage/*"], "notDataActions": []}],
            "principals": one(denied), "excludePrincipals": one(spared), "isSystemProtected": true}})
}

fn group(id: &str, name: &str, members: &[&str], types: Value) -> Value {
    json!({"@odata.type": "#microsoft.graph.group", "id": id, "displayName": name, "groupTypes": types,
        "securityEnabled": true, "members": members})
}

fn groups() -> Vec<Value> {
    vec![
        group(JOINED, "joined", &[PRINCIPAL], json!([])),
        group(ABOVE, "above", &[JOINED], json!([])),
        group(BY_RULE, "by rule", &[PRINCIPAL], json!(["DynamicMembership"])),
    ]
}

/// A site that writes what the deny assignments deny.
fn works() -> Value {
    let blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write";
    json!([{"name": "writer", "host": at("Microsoft.Web/sites/app-shop"), "asks": {"setting": "AZURE_CLIENT_ID"},
        "needs": [{"action": blobs, "scope": at("Microsoft.Storage/storageAccounts/stshop")}]}])
}

fn stage(deny: Value, unread: Value) -> (Azure, Rehome) {
    let file = whole(vec![deny], groups(), unread);
    let mut estate: Value =
        serde_json::from_slice(&std::fs::read(file.path()).expect("an estate")).expect("JSON");
    estate["workloads"] = works();
    std::fs::write(file.path(), estate.to_string()).expect("written");
    signed_in(file.path(), None)
}

#[test]
fn who_is_spared_through_a_group_that_the_new_one_joins_needs_nothing_and_works_on() {
    let (azure, rehome) = stage(deny([EVERYBODY, "SystemDefined"], [ABOVE, "Group"]), json!([]));
    assert_eq!(azure.working().len(), 1, "{:?}", azure.outages());
    let plan = rehome.say(&PLAN).expect(0).out;
    assert!(!plan.contains("B130") && !plan.contains("W370"), "{plan}");
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    assert_eq!((azure.working().len(), azure.outages()), (1, Vec::new()));
}

#[test]
fn who_is_spared_through_a_group_that_the_new_one_cannot_join_is_blocked_and_the_group_is_named() {
    let (azure, rehome) = stage(deny([EVERYBODY, "SystemDefined"], [BY_RULE, "Group"]), json!([]));
    let plan = rehome.say(&PLAN).expect(12).out;
    for part in [
        "B130",
        "through group by rule (0a1b2c3d-9999-4000-8000-0000000000b3), which the new one does not join",
    ] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    let batch =
        format!("{}accept_unseen = {}\n", minimal_without_soak(), json!([deny(["", ""], ["", ""])["id"]]));
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let plan = rehome.say(&PLAN).expect(0).out;
    assert!(plan.contains("deny assignment stack deny at rg-shop-weu: exclude NEW"), "{plan}");
    assert!(plan.contains("through group by rule"), "{plan}");
    // It was no idle word: nobody does what the step says, and the new one is denied.
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    assert!(azure.working().is_empty() && !azure.outages().is_empty());
}

#[test]
fn who_is_denied_through_a_group_is_denied_as_the_new_one_too_unless_it_cannot_join() {
    let nobody = ["0a1b2c3d-9999-4000-8000-0000000000ff", "User"];
    let (_azure, rehome) = stage(deny([ABOVE, "Group"], nobody), json!([]));
    let plan = rehome.say(&PLAN).expect(0).out;
    assert!(!plan.contains("W370"), "{plan}");
    let (_azure, rehome) = stage(deny([BY_RULE, "Group"], nobody), json!([]));
    let plan = rehome.say(&PLAN).expect(0).out;
    assert!(plan.contains("W370") && plan.contains("through group by rule"), "{plan}");
}

#[test]
fn groups_are_read_only_where_one_is_named_and_not_being_allowed_to_is_a_gap() {
    let path = format!("groups/{JOINED}/transitiveMemberOf");
    let asked =
        |azure: &Azure| azure.requests().iter().filter(|r| text(&r["path"]).contains("$batch")).count();
    let (azure, rehome) =
        stage(deny([EVERYBODY, "SystemDefined"], [PRINCIPAL, "ServicePrincipal"]), json!([]));
    rehome.say(&PLAN).expect(12);
    let without = asked(&azure);
    let refused = json!([{"path": path, "status": 403, "code": "Authorization_RequestDenied"}]);
    let (azure, rehome) = stage(deny([EVERYBODY, "SystemDefined"], [ABOVE, "Group"]), refused);
    let plan = rehome.say(&PLAN).expect(12).out;
    assert!(plan.contains("B133") && plan.contains(&path), "{plan}");
    assert_eq!(asked(&azure), without + 1, "one more batch");
}

#[test]
fn a_rehearsal_knows_the_same_groups() {
    let (_azure, rehome) = stage(deny([EVERYBODY, "SystemDefined"], [ABOVE, "Group"]), json!([]));
    rehome.say(&["discover", "-f", "batch.toml", "--snapshot", "copy.json"]).expect(0);
    let copy = Azure::serve(&rehome.path("copy.json"), None);
    let mut again = Rehome::offline();
    again.turn_to(&copy);
    std::fs::write(again.path("batch.toml"), minimal_without_soak()).expect("written");
    let plan = again.say(&PLAN).expect(0).out;
    assert!(!plan.contains("B130") && plan.contains("member of group joined"), "{plan}");
    assert!(!plan.contains("member of group above"), "it is in that through the other: {plan}");
}
