//! What is set on the service principal of an identity: there, back, and away with the old one.

use crate::support::azure::Azure;
use crate::support::estates::{signed_in, whole};
use crate::support::oracle::{differences, names, plain, powers};
use crate::support::rehome::contains;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const OLD: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourcegroups/rg-shop-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop";
pub(crate) const ROLLBACK: [&str; 5] = ["rollback", "minimal", "--reason", "a test", "--yes"];
const CLEAN_UP: [&str; 5] = ["cleanup", "minimal", "--confirm", "minimal", "--yes"];

/// Attributes of every type that there is.
fn attributes() -> Value {
    let kind = "#microsoft.graph.customSecurityAttributeValue";
    json!({
        "Engineering": {"@odata.type": kind, "Project@odata.type": "#Collection(String)",
            "Project": ["planted-value-1", "planted-value-2"], "Certified": false, "Vendors": 4},
        "Marketing": {"@odata.type": kind, "Level": "planted-value-3",
            "Centers@odata.type": "#Collection(Int32)", "Centers": [1001, 1003]},
    })
}

fn principal(more: Value) -> Value {
    let mut object = json!({"@odata.type": "#microsoft.graph.servicePrincipal", "id": PRINCIPAL});
    object.as_object_mut().expect("an object").extend(more.as_object().expect("members").clone());
    object
}

/// The smallest estate with these in its directory, in a file.
pub(crate) fn estate(graph: &[Value], unread: Value) -> tempfile::NamedTempFile {
    whole(Vec::new(), graph.to_vec(), unread)
}

pub(crate) fn stage(file: &tempfile::NamedTempFile, faults: Option<&Path>) -> (Azure, Rehome) {
    signed_in(file.path(), faults)
}

/// Runs the batch to its soak, and gives what is there then.
pub(crate) fn moved(azure: &Azure, rehome: &Rehome) -> Value {
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
    azure.estate()
}

/// What the old identity may do in one estate, and the new one in another.
pub(crate) fn rights(before: &Value, after: &Value) -> [std::collections::BTreeSet<String>; 2] {
    let new = OLD.replace("rg-shop-weu", "rg-shop-sdc");
    let names = [names(before, OLD).expect("the old one"), names(after, &new).expect("the new one")];
    [powers(before, &names[0]), powers(after, &names[1])]
}

/// Moves it, takes it back, moves it again and cleans up; what each of the three left.
pub(crate) fn all_ways(graph: &[Value]) -> [Value; 4] {
    let (azure, rehome) = stage(&estate(graph, json!([])), None);
    let before = azure.estate();
    let there = moved(&azure, &rehome);
    assert_eq!(rehome.say_with_people(&ROLLBACK).code, 0, "{}", rehome.say(&["status"]).out);
    let back = azure.estate();
    let (azure, rehome) = stage(&estate(graph, json!([])), None);
    moved(&azure, &rehome);
    rehome.say_with_people(&CLEAN_UP).expect(0);
    [before, there, back, azure.estate()]
}

#[test]
fn custom_security_attributes_are_carried_over_with_their_types_and_their_values_stay_out_of_the_record() {
    let file = estate(&[principal(json!({"customSecurityAttributes": attributes()}))], json!([]));
    let (azure, rehome) = stage(&file, None);
    let before = azure.estate();
    let there = moved(&azure, &rehome);
    let [had, has] = rights(&before, &there);
    assert!(has.iter().any(|power| power.contains("planted-value-3")), "{has:?}");
    assert_eq!(had, has);
    let plan = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(plan.contains("custom security attributes Engineering.Certified, Engineering.Project"), "{plan}");
    assert!(plan.contains("CustomSecAttributeAssignment.ReadWrite.All"), "{plan}");
    assert_eq!(rehome.say_with_people(&ROLLBACK).code, 0, "{}", rehome.say(&["status"]).out);
    assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
    let patches = azure.requests();
    let patches: Vec<&Value> =
        patches.iter().filter(|r| r["method"] == "PATCH" && r["host"] == "graph").collect();
    assert_eq!(patches.len(), 2, "set at once, and taken back at once: {patches:?}");
    assert!(!contains(&rehome.remains(), b"planted-value"), "no value is on the disk");
}

#[test]
fn the_attributes_of_the_old_one_go_with_it_in_the_clean_up() {
    let [before, there, back, after] =
        all_ways(&[principal(json!({"customSecurityAttributes": attributes()}))]);
    assert_eq!(differences(&plain(&before), &plain(&back), ""), Vec::<String>::new());
    for later in [&there, &after] {
        let [had, has] = rights(&before, later);
        assert_eq!(had, has);
    }
    assert!(!after["graph"].as_array().expect("graph").iter().any(|o| text(&o["id"]) == PRINCIPAL));
}

#[test]
fn attributes_that_may_not_be_read_block_the_plan_and_nobody_says_that_they_are_moved() {
    let refused = json!([{"path": format!("servicePrincipals/{PRINCIPAL}"), "status": 403, "code": "Authorization_RequestDenied"}]);
    let graph = [principal(json!({"customSecurityAttributes": attributes()}))];
    let (_azure, rehome) = stage(&estate(&graph, refused), None);
    let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(12).out;
    assert!(said.contains("B133") && said.contains("customSecurityAttributes"), "{said}");
    assert!(!said.contains("custom security attributes Engineering"), "{said}");
}

#[test]
fn delegated_grants_are_given_for_the_same_people_and_revoked_in_the_clean_up() {
    let person = "0a1b2c3d-7777-4000-8000-0000000005e1";
    let api = "0a1b2c3d-3333-4000-8000-0000000000aa";
    let grant = |id: &str, consent: &str, of: Value, scope: &str| {
        json!({"@odata.type": "#microsoft.graph.oAuth2PermissionGrant", "id": id, "clientId": PRINCIPAL,
            "consentType": consent, "principalId": of, "resourceId": api, "scope": scope})
    };
    let [before, there, back, after] = all_ways(&[
        json!({"@odata.type": "#microsoft.graph.user", "id": person, "displayName": "somebody"}),
        grant("g-all", "AllPrincipals", Value::Null, " Files.Read.All  User.Read"),
        grant("g-one", "Principal", json!(person), "Mail.Read"),
    ]);
    assert_eq!(differences(&plain(&before), &plain(&back), ""), Vec::<String>::new());
    for later in [&there, &after] {
        let [had, has] = rights(&before, later);
        assert_eq!(had.iter().filter(|power| power.starts_with("delegated")).count(), 2, "{had:?}");
        assert_eq!(had, has);
    }
    let of_old = |o: &&Value| o["clientId"] == PRINCIPAL;
    assert_eq!(after["graph"].as_array().expect("graph").iter().filter(of_old).count(), 0);
}

#[test]
fn whether_it_may_sign_in_its_tags_and_its_notes_are_set_on_the_new_one_and_set_back() {
    let set = json!({"accountEnabled": false, "tags": ["z", "HideApp"], "notes": "kept until the audit"});
    let [before, there, back, after] = all_ways(&[principal(set)]);
    assert_eq!(differences(&plain(&before), &plain(&back), ""), Vec::<String>::new());
    for later in [&there, &after] {
        let [had, has] = rights(&before, later);
        for one in ["disabled", "tagged \"HideApp\"", "notes kept until the audit"] {
            assert!(had.contains(one), "{one}: {had:?}");
        }
        assert_eq!(had, has);
    }
}

#[test]
fn what_is_refused_of_them_is_shown_and_can_be_left_out() {
    let faults = tempfile::NamedTempFile::new().expect("a file");
    let rule = r#"{"rules": [{"method": "PATCH", "path": "v1.0/servicePrincipals/",
        "what": {"answer": {"status": 403, "code": "Authorization_RequestDenied"}}}]}"#;
    std::fs::write(faults.path(), rule).expect("written");
    let (_azure, rehome) =
        stage(&estate(&[principal(json!({"notes": "n"}))], json!([])), Some(faults.path()));
    rehome.approve(&rehome.path("batch.toml"));
    rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    let status = rehome.json(&["status"]);
    let waits = status["moves"][0]["waiting_for"].as_array().into_iter().flatten();
    let failed: Vec<&Value> = waits.filter(|wait| wait["kind"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{status}");
    assert_eq!(failed[0]["title"], "settings of the service principal: notes");
    let step = format!("{}:{}", text(&status["moves"][0]["run"]), text(&failed[0]["step"]));
    rehome.say(&["skip", &step, "--reason", "nobody reads them"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
}
