//! Moves of one batch that have to do with each other.

use crate::support::azure::{Azure, example};
use crate::support::oracle::{differences, names, plain, powers};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const MSI: &str = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";

/// Two identities, of which one may assign the other, going to a group that is not there yet.
fn stage(rehome: &Rehome) -> (Azure, String, String) {
    stage_with(rehome, &[])
}

fn stage_with(rehome: &Rehome, more: &[Value]) -> (Azure, String, String) {
    let estate = std::fs::read_to_string(example("minimal").join("estate.json")).expect("an estate");
    let mut estate: Value = serde_json::from_str(&estate).expect("JSON");
    let arm = estate["arm"].as_array_mut().expect("arm");
    let shop = arm.iter().find(|o| text(&o["id"]).ends_with("/userAssignedIdentities/id-shop"));
    let shop = shop.expect("the identity of the example").clone();
    let (group, subscription) = {
        let parts: Vec<&str> = text(&shop["id"]).split('/').collect();
        (parts[..5].join("/"), parts[..3].join("/"))
    };
    let second = format!("{group}/{MSI}/id-second");
    let mut identity = shop.clone();
    identity["id"] = json!(second);
    identity["name"] = json!("id-second");
    identity["properties"]["clientId"] = json!("5ec00000-0000-4000-8000-00000000c11e");
    identity["properties"]["principalId"] = json!("5ec00000-0000-4000-8000-000000000b1d");
    let operator = "f1a07417-d97a-45cb-824c-7a7467783830";
    let grant = json!({
        "id": format!("{second}/providers/Microsoft.Authorization/roleAssignments/5ec00000-0000-4000-8000-00000000a551"),
        "name": "5ec00000-0000-4000-8000-00000000a551", "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/{operator}"),
            "principalId": shop["properties"]["principalId"], "principalType": "ServicePrincipal", "scope": second,
        },
    });
    let first = text(&shop["id"]).to_owned();
    arm.extend([identity, grant]);
    arm.extend(more.iter().cloned());
    std::fs::write(rehome.path("estate.json"), estate.to_string()).expect("written");
    let batch = format!(
        "format_version = \"1.0\"\n[batch]\nname = \"siblings\"\nto = \"swedencentral\"\nsoak = \"0s\"\n\
         create_resource_group = true\n[[identity]]\nid = \"{first}\"\ntarget_resource_group = \"rg-fresh\"\n\
         [[identity]]\nid = \"{second}\"\ntarget_resource_group = \"rg-fresh\"\n"
    );
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    // Half an hour for the other one is two seconds: a busy machine is slow too.
    (Azure::serve_at("1000", &rehome.path("estate.json"), None), first, second)
}

fn principal(estate: &Value, id: &str) -> String {
    let all = estate["arm"].as_array().into_iter().flatten();
    let found = all.into_iter().find(|o| text(&o["id"]).eq_ignore_ascii_case(id));
    text(&found.unwrap_or(&Value::Null)["properties"]["principalId"]).to_owned()
}

fn roll_back(rehome: &Rehome, what: &str) {
    let rollback = ["rollback", what, "--reason", "a test", "--yes"];
    rehome.say_with_people(&rollback).expect(0);
}

#[test]
fn a_group_that_two_moves_share_goes_with_the_last_of_them_and_never_with_the_first() {
    let mut rehome = Rehome::offline();
    let (azure, first, second) = stage(&rehome);
    rehome.turn_to(&azure);
    let before = azure.estate();
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "neither move finds the other in its way");
    let moved = azure.estate();
    let fresh = |old: &str| old.replace(&old.split('/').nth(4).unwrap_or_default().to_owned(), "rg-fresh");
    for old in [&first, &second] {
        let (was, is) = (names(&before, old).expect("old"), names(&moved, &fresh(old)).expect("new"));
        let (had, has) = (powers(&before, &was), powers(&moved, &is));
        // What the first may do with the second, the new one of the first may do.
        let (of, to) = (principal(&before, &first), principal(&moved, &fresh(&first)));
        let had: Vec<String> = had.iter().map(|right| right.replace(&of, &to)).collect();
        let missing: Vec<&String> = had.iter().filter(|right| !has.contains(*right)).collect();
        assert_eq!(missing, Vec::<&String>::new(), "rights of {old}");
    }
    let status = rehome.json(&["status"]);
    let run = |of: &str| {
        let moves = status["moves"].as_array().into_iter().flatten();
        let found =
            moves.into_iter().find(|m| of.to_lowercase().ends_with(&text(&m["identity"]).to_lowercase()));
        text(&found.unwrap_or_else(|| panic!("no move of {of} in {status}"))["run"]).to_owned()
    };
    roll_back(&rehome, &run(&first));
    assert!(names(&azure.estate(), &fresh(&first)).is_none(), "the first is taken back");
    assert!(
        names(&azure.estate(), &fresh(&second)).is_some(),
        "the second lives on in the group that they share"
    );
    roll_back(&rehome, &run(&second));
    assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn a_move_whose_sibling_is_left_out_is_planned_and_done_as_if_that_one_stayed() {
    let mut rehome = Rehome::offline();
    let (azure, first, second) = stage(&rehome);
    rehome.turn_to(&azure);
    let batch = std::fs::read_to_string(rehome.path("batch.toml")).expect("a batch");
    // Only the first may make the group, and for the second it is not there.
    let batch = batch.replacen("create_resource_group = true\n", "", 1);
    let batch = batch.replacen("\"rg-fresh\"\n", "\"rg-fresh\"\ncreate_resource_group = true\n", 1);
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let before = azure.estate();
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(10);
    let plan: Value =
        serde_json::from_slice(&std::fs::read(rehome.path("plan.json")).expect("a plan")).expect("JSON");
    let left = &plan["about"]["left_out"][0];
    assert!(
        text(&left["identity"]).eq_ignore_ascii_case(&second) && left["blockers"][0]["code"] == "B106",
        "{left}"
    );
    assert_eq!(plan["moves"][0]["facts"]["moving"], json!([]), "nobody moves beside it");
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    let moved = azure.estate();
    let new = first.replace("rg-shop-weu", "rg-fresh");
    let (was, is) = (names(&before, &first).expect("old"), names(&moved, &new).expect("new"));
    let (had, has) = (powers(&before, &was), powers(&moved, &is));
    let missing: Vec<&String> = had.iter().filter(|right| !has.contains(*right)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "the new one may do with the second where that is now");
    assert!(
        names(&moved, &second.replace("rg-shop-weu", "rg-fresh")).is_none(),
        "the second stays where it is"
    );
}

#[test]
fn a_move_that_begins_after_its_sibling_is_not_stale_because_of_it() {
    let mut rehome = Rehome::offline();
    let (azure, _, _) = stage(&rehome);
    rehome.turn_to(&azure);
    rehome.approve(&rehome.path("batch.toml"));
    let moves = rehome.json(&["status"]);
    let runs: Vec<&str> = moves["moves"].as_array().expect("moves").iter().map(|m| text(&m["run"])).collect();
    // One of them waits, and begins when the other has granted its rights.
    for waits in [runs[0], runs[1]] {
        rehome.say(&["pause", waits, "--reason", "a test"]).expect(0);
        rehome.say(&["run", "plan.json", "--yes"]);
        rehome.say(&["resume", waits, "--reason", "a test"]).expect(0);
    }
    // The one that came first has waited in vain for the other's new identity, and is asked to look again.
    runs.iter().for_each(|run| drop(rehome.say(&["retry", run]).expect(0)));
    let code = rehome.run_with_people();
    assert_eq!(code, 0, "{}\n{}", rehome.say(&["status"]).out, rehome.say(&["history"]).out);
}

const SECOND: &str = "5ec00000-0000-4000-8000-000000000b1d";

/// The first may give roles in the group, to the second alone.
fn delegated() -> Value {
    let group = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu";
    let name = "5ec00000-0000-4000-8000-00000000a552";
    let condition = format!(
        "((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/write'}})) OR \
         (@Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForAnyOfAnyValues:GuidEquals {{{SECOND}}}))"
    );
    let admin = "f58310d9-a9f6-439a-9e8d-f62e7b41a168";
    json!({"id": format!("{group}/providers/Microsoft.Authorization/roleAssignments/{name}"), "name": name,
        "type": "Microsoft.Authorization/roleAssignments", "properties": {"scope": group,
            "roleDefinitionId": format!("/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions/{admin}"),
            "principalId": "0a1b2c3d-2222-4000-8000-0000000001d1", "principalType": "ServicePrincipal",
            "condition": condition, "conditionVersion": "2.0"}})
}

fn conditions_of(estate: &Value, principal: &str) -> Vec<String> {
    let all = estate["arm"].as_array().into_iter().flatten().map(|o| &o["properties"]);
    let held = all.filter(|p| text(&p["principalId"]) == principal);
    held.map(|p| text(&p["condition"]).to_owned()).filter(|condition| !condition.is_empty()).collect()
}

#[test]
fn a_condition_that_names_the_other_names_its_new_principal_whoever_comes_first() {
    for late in [0, 1] {
        let mut rehome = Rehome::offline();
        let (azure, first, second) = stage_with(&rehome, &[delegated()]);
        rehome.turn_to(&azure);
        rehome.approve(&rehome.path("batch.toml"));
        let moves = rehome.json(&["status"]);
        let run = text(&moves["moves"][late]["run"]);
        rehome.say(&["pause", run, "--reason", "a test"]).expect(0);
        rehome.say(&["run", "plan.json", "--yes"]);
        rehome.say(&["resume", run, "--reason", "a test"]).expect(0);
        rehome.say(&["run", "plan.json", "--yes"]);
        for one in moves["moves"].as_array().expect("moves") {
            rehome.say(&["retry", text(&one["run"])]).expect(0);
        }
        assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
        rehome.say(&["verify"]).expect(0);
        let estate = azure.estate();
        let fresh = |old: &str| old.replace(old.split('/').nth(4).unwrap_or_default(), "rg-fresh");
        let new = |old: &str| principal(&estate, &fresh(old));
        let conditions = conditions_of(&estate, &new(&first));
        assert_eq!(conditions.len(), 1, "{conditions:?}");
        assert!(conditions[0].contains(&new(&second)) && !conditions[0].contains(SECOND), "{conditions:?}");
        rehome.say_with_people(&["cleanup", "siblings", "--confirm", "siblings", "--yes"]).expect(0);
        assert_eq!(conditions_of(&azure.estate(), &new(&first)), conditions);
    }
}
