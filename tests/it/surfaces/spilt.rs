//! Writes that do more than they were to do, or nothing: seen, named, never called done, and put back as far as
//! the log can know what was there.

use crate::support::azure::Azure;
use crate::support::neighbours::{CLIENT, OTHER_CLIENT, OTHER_PRINCIPAL, PRINCIPAL, SUB, estate, identity};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const SECRET: &str = "curl -H planted-and-not-told";

fn id(kind: &str, name: &str) -> String {
    format!("{SUB}/resourceGroups/rg/providers/{kind}/{name}")
}

fn search() -> Value {
    json!({"id": id("Microsoft.Search/searchServices", "find"), "name": "find",
        "type": "Microsoft.Search/searchServices", "location": "westeurope", "sku": {"name": "standard"},
        "tags": {"team": "shop"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {
            identity("id1"): {"principalId": PRINCIPAL, "clientId": CLIENT}, identity("id10"): {"principalId": OTHER_PRINCIPAL, "clientId": OTHER_CLIENT}}},
        "properties": {"provisioningState": "Succeeded", "publicNetworkAccess": "disabled",
            "networkRuleSet": {"ipRules": [{"value": "203.0.113.7"}]}, "startScript": SECRET}})
}

/// One identity with one host, whose writes are struck.
fn stage(what: Value, times: u64) -> (Azure, Rehome) {
    let rule = json!({"method": "PATCH", "path": "/searchServices/find", "times": times, "what": {"otherwise": what}});
    staged(json!([rule]))
}

fn staged(rules: Value) -> (Azure, Rehome) {
    let mut rehome = Rehome::offline();
    std::fs::write(rehome.path("estate.json"), estate([search()].into_iter()).to_string()).expect("written");
    std::fs::write(rehome.path("faults.json"), json!({ "rules": rules }).to_string()).expect("written");
    let batch = format!(
        "format_version = \"1.0\"\n[batch]\nname = \"all\"\nto = \"swedencentral\"\nsoak = \"0s\"\n\
         [[identity]]\nid = \"{}\"\ntarget_resource_group = \"rg-new\"\n",
        identity("id1")
    );
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), Some(&rehome.path("faults.json")));
    rehome.turn_to(&azure);
    rehome.approve(&rehome.path("batch.toml"));
    (azure, rehome)
}

fn rollback(rehome: &Rehome) -> crate::support::rehome::Said {
    rehome.say_with_people(&["rollback", "all", "--reason", "a test", "--yes"])
}

/// What the step that stopped says, and the places that it names.
fn parked(rehome: &Rehome) -> (String, Vec<String>) {
    let status = rehome.json(&["status"]);
    let waits = status["moves"][0]["waiting_for"].as_array().expect("a list");
    let why = &waits.iter().find(|wait| wait["kind"] == "failed").expect("a step that stopped")["why"];
    let at = |fact: &Value| text(&fact["fact"]).rsplit_once('#').map(|(_, at)| at.to_owned());
    (
        text(&why["message"]).to_owned(),
        why["differences"].as_array().into_iter().flatten().filter_map(at).collect(),
    )
}

fn opened() -> Value {
    json!({"with": {"properties": {"publicNetworkAccess": "enabled", "networkRuleSet": null}}})
}

#[test]
fn what_a_write_changed_beside_its_places_is_named_and_put_back_and_is_never_called_done() {
    let (azure, rehome) = stage(opened(), 1);
    let before = plain(&azure.estate());
    rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    let (said, at) = parked(&rehome);
    assert_eq!(at, ["/properties/networkRuleSet", "/properties/publicNetworkAccess"]);
    assert!(said.contains("203.0.113.7") && said.contains("disabled"), "{said}");
    let verified = rehome.say(&["verify"]).expect(14);
    assert!(verified.out.contains("/properties/publicNetworkAccess"), "{}", verified.out);
    rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    rollback(&rehome).expect(0);
    assert_eq!(differences(&before, &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn what_every_write_changes_again_is_still_there_after_the_way_back_and_that_is_said() {
    let (_azure, rehome) = stage(opened(), 1_000);
    rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    let said = rollback(&rehome).expect(10);
    assert!((said.out + &said.err).contains("publicNetworkAccess"));
}

#[test]
fn a_write_without_an_answer_that_changed_more_is_found_by_who_comes_after_it() {
    let mut what = opened();
    what["cut"] = json!(true);
    let (azure, rehome) = stage(what, 1);
    let before = plain(&azure.estate());
    rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    assert_eq!(parked(&rehome).1, ["/properties/networkRuleSet", "/properties/publicNetworkAccess"]);
    rehome.say(&["verify"]).expect(14);
    rollback(&rehome).expect(0);
    assert_eq!(differences(&before, &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn identities_that_a_service_dropped_are_named_and_attached_again() {
    let gone = json!({identity("id1"): null, identity("id10"): null});
    let (azure, rehome) = stage(json!({"with": {"identity": {"userAssignedIdentities": gone}}}), 1);
    let before = plain(&azure.estate());
    let said = rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    assert!((said.out + &said.err).contains("/id10"), "the lost one is named");
    rehome.say(&["verify"]).expect(14);
    rollback(&rehome).expect(0);
    assert_eq!(differences(&before, &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn a_secret_that_a_write_lost_is_in_no_log_and_is_named_until_its_owner_puts_it_back() {
    let (_azure, rehome) = stage(json!({"with": {"properties": {"startScript": null}}}), 1);
    rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    assert_eq!(parked(&rehome).1, ["/properties/startScript"]);
    rehome.say(&["verify"]).expect(14);
    let said = rollback(&rehome).expect(10);
    assert!((said.out + &said.err).contains("startScript"));
    std::fs::remove_file(rehome.path("estate.json")).expect("removed");
    let remains = String::from_utf8_lossy(&rehome.remains()).into_owned();
    assert!(!remains.contains("planted-and-not-told"), "the secret is in no file");
}

#[test]
fn who_accepts_what_a_write_changed_leaves_the_step_out_and_the_way_back_takes_it_back_all_the_same() {
    let (azure, rehome) = stage(opened(), 1);
    let before = plain(&azure.estate());
    rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    let status = rehome.json(&["status"]);
    let wait = &status["moves"][0]["waiting_for"][0];
    let step = format!("{}:{}", text(&status["moves"][0]["run"]), text(&wait["step"]));
    rehome.say(&["skip", &step, "--reason", "seen", "--yes"]);
    rehome.say(&["verify"]).expect(14);
    rollback(&rehome).expect(0);
    assert_eq!(differences(&before, &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn a_write_that_is_answered_with_success_and_changes_nothing_is_tried_twice_and_names_what_was_left_out() {
    let (azure, rehome) = stage(json!({"without": ["/identity"]}), 1_000);
    rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    let (said, at) = parked(&rehome);
    assert!(said.contains("answered 200 and left this out"), "{said}");
    assert!(at.iter().any(|at| at.contains("/identity/userAssignedIdentities/")), "{at:?}");
    let writes = azure.requests().iter().filter(|r| r["method"] == "PATCH").count();
    assert_eq!(writes, 2, "a third attempt changes nothing either");
}

#[test]
fn an_undo_that_is_answered_with_success_and_changes_nothing_is_tried_twice_too() {
    let rule = json!({"method": "PATCH", "path": "/searchServices/find", "from": 2,
        "what": {"otherwise": {"without": ["/identity"]}}});
    let (azure, rehome) = staged(json!([rule]));
    rehome.run_with_people();
    let forward = azure.requests().iter().filter(|r| r["method"] == "PATCH").count();
    let said = rollback(&rehome).expect(10);
    assert!((said.out + &said.err).contains("answered 200 and left this out"));
    let writes = azure.requests().iter().filter(|r| r["method"] == "PATCH").count();
    assert_eq!(writes - forward, 2);
}

#[test]
fn what_somebody_else_changed_later_is_not_called_lost_and_is_named_after_the_way_back() {
    let (azure, mut rehome) = staged(json!([]));
    rehome.run_with_people();
    let mut later = azure.estate();
    let host = later["arm"].as_array_mut().expect("arm").iter_mut().find(|o| text(&o["name"]) == "find");
    host.expect("the host")["properties"]["publicNetworkAccess"] = json!("enabled");
    std::fs::write(rehome.path("later.json"), later.to_string()).expect("written");
    let later = Azure::serve(&rehome.path("later.json"), None);
    rehome.turn_to(&later);
    rehome.say(&["verify"]).expect(0);
    let said = rollback(&rehome).expect(10);
    assert!((said.out + &said.err).contains("/properties/publicNetworkAccess"), "theirs is named");
    let host = later.estate();
    let host = host["arm"].as_array().expect("arm").iter().find(|o| text(&o["name"]) == "find");
    assert_eq!(host.expect("the host")["properties"]["publicNetworkAccess"], "enabled", "and stays");
}
