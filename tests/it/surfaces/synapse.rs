//! Workspaces of Synapse: the identity as their administrator, of which there is one of each kind and no list, and
//! roles that only they know.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::estates::{at, estate, signed_in, whole};
use crate::support::oracle::{differences, names, plain};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const TENANT: &str = "7a1c9f52-0000-4000-8000-00000000c0de";
const CLIENT: &str = "0a1b2c3d-1111-4000-8000-00000000c1d1";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];

fn workspace(name: &str) -> String {
    at(&format!("Microsoft.Synapse/workspaces/{name}"))
}

fn administrator(of: &str, list: &str, sid: &str) -> Value {
    json!({"id": format!("{}/{list}/activeDirectory", workspace(of)), "name": "activeDirectory",
        "type": format!("Microsoft.Synapse/workspaces/{list}"), "properties": {
            "administratorType": "ActiveDirectory", "login": "id-shop", "sid": sid, "tenantId": TENANT}})
}

fn things() -> Vec<Value> {
    let empty = |name: &str| {
        json!({"id": workspace(name), "name": name, "type": "Microsoft.Synapse/workspaces", "location": "westeurope",
            "properties": {"provisioningState": "Succeeded"}})
    };
    vec![
        empty("syn-shop"),
        administrator("syn-shop", "administrators", PRINCIPAL),
        administrator("syn-shop", "sqlAdministrators", CLIENT),
        empty("syn-other"),
        administrator("syn-other", "administrators", "0a1b2c3d-2222-4000-8000-0000000001d2"),
    ]
}

fn stage(more: &[Value], unread: Value) -> (Azure, Rehome) {
    signed_in(whole(more.to_vec(), Vec::new(), unread).path(), None)
}

fn sid(azure: &Azure, of: &str, list: &str) -> String {
    let id = format!("{}/{list}/activeDirectory", workspace(of));
    let estate = azure.estate();
    let all = estate["arm"].as_array().expect("arm").iter();
    let found = all.clone().find(|o| text(&o["id"]) == id).expect("it is there");
    text(&found["properties"]["sid"]).to_owned()
}

#[test]
fn its_administrator_is_the_new_one_after_the_move_and_the_old_one_after_the_way_back() {
    let (azure, rehome) = stage(&things(), json!([]));
    let before = azure.estate();
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
    let new =
        at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop").replace("rg-shop-weu", "rg-shop-sdc");
    let new = names(&azure.estate(), &new).expect("it is there");
    assert_eq!(sid(&azure, "syn-shop", "administrators"), new.principal);
    assert_eq!(sid(&azure, "syn-shop", "sqlAdministrators"), new.client);
    assert_eq!(sid(&azure, "syn-other", "administrators"), "0a1b2c3d-2222-4000-8000-0000000001d2");
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn roles_inside_a_workspace_are_a_persons_with_the_commands_and_only_where_there_is_one() {
    let (_azure, rehome) = stage(&things(), json!([]));
    let said = rehome.say(&PLAN).expect(0).out;
    for part in [
        "Synapse workspace syn-shop: roles of OLD, if any, for NEW",
        "az synapse role assignment list --workspace-name syn-shop --assignee 0a1b2c3d-2222-4000-8000-0000000001d1",
        "az synapse role assignment create --workspace-name syn-other --role ROLE --scope SCOPE",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (_azure, rehome) = signed_in(estate(&[]).path(), None);
    assert!(!rehome.say(&PLAN).expect(0).out.contains("ynapse"));
}

#[test]
fn an_administrator_that_may_not_be_read_blocks_the_plan_and_a_rehearsal_has_those_that_may() {
    let hidden = format!("{}/sqlAdministrators/activeDirectory", workspace("syn-shop"));
    let (_azure, rehome) =
        stage(&things(), json!([{"path": hidden, "status": 403, "code": "AuthorizationFailed"}]));
    let said = rehome.say(&PLAN).expect(12).out;
    assert!(said.contains("B133") && said.contains(&hidden), "{said}");
    rehome.say(&["discover", "-f", "batch.toml", "--snapshot", "copy.json"]).expect(0);
    let copy = Azure::serve(&rehome.path("copy.json"), None);
    let mut again = Rehome::offline();
    again.turn_to(&copy);
    std::fs::write(again.path("batch.toml"), minimal_without_soak()).expect("written");
    let said = again.say(&PLAN).expect(12).out;
    assert!(said.contains("B133") && said.contains(&hidden), "{said}");
    let answered = format!("{}accept_unseen = {}\n", minimal_without_soak(), json!([hidden]));
    std::fs::write(again.path("batch.toml"), answered).expect("written");
    let said = again.say(&PLAN).expect(0).out;
    assert!(said.contains("W350") && said.contains(&hidden), "{said}");
    again.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(again.run_with_people(), 0, "{}", again.say(&["status"]).out);
    assert_ne!(sid(&copy, "syn-shop", "administrators"), PRINCIPAL);
}
