//! A log held against what Azure kept: each write is there under the hash of its intent, and what one side lacks is found.

use crate::support::azure::Azure;
use crate::support::estates::{minimal, signed_in_to};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const SUBSCRIPTION: &str = "5b0c6d1e-0000-4000-8000-000000000001";

/// A move of which everything is done but the clean-up, and what Azure kept of it.
fn through() -> (Azure, Rehome) {
    let (azure, rehome) = signed_in_to(&minimal());
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    (azure, rehome)
}

/// What somebody else did a day later: by then everything before it is in the log.
fn a_day_later(entry: &Value) -> Value {
    let at = |of: &Value| text(of).parse::<chrono::DateTime<chrono::Utc>>().expect("a date");
    let mut later = entry.clone();
    let name = if later["eventTimestamp"].is_string() { "eventTimestamp" } else { "activityDateTime" };
    later[name] = json!((at(&entry[name]) + chrono::TimeDelta::days(1)).to_rfc3339());
    later["caller"] = json!("somebody@else.example");
    later["claims"] = json!({});
    later["initiatedBy"] =
        json!({"user": {"id": "u", "userPrincipalName": "somebody@else.example"}, "app": null});
    later["correlationId"] = json!("11111111-0000-4000-8000-000000000000");
    later["httpRequest"] = json!(null);
    later["resourceGroupName"] = json!("rg-of-others");
    later
}

pub(crate) fn export(rehome: &Rehome, name: &str, entries: &[Value]) {
    std::fs::write(rehome.path(name), json!(entries).to_string()).expect("written");
}

/// Exports the activity log, newest first, with what came a day later.
pub(crate) fn activity_log(azure: &Azure) -> Vec<Value> {
    let entries = azure.activity_log(SUBSCRIPTION);
    std::iter::once(a_day_later(&entries[0])).chain(entries).collect()
}

/// What is found, and the code that it ends with.
fn found(rehome: &Rehome, arguments: &[&str], code: i32) -> Value {
    let all = [&["audit", "reconcile"], arguments, &["-o", "json"]].concat();
    serde_json::from_str(&rehome.say(&all).expect(code).out).expect("JSON")
}

const ACTIVITY: &[&str] = &["--activity-log", "activity.json"];

/// The ids that the intents of the log have, worked out from their hashes as anybody can.
fn ids_of_intents(rehome: &Rehome) -> Vec<String> {
    let history = rehome.json(&["history"]);
    let began = history["events"].as_array().expect("events").iter().filter(|event| event["kind"] == "began");
    began
        .map(|event| {
            let hash = text(&event["hash"]);
            let variant =
                "89ab".as_bytes()[usize::from_str_radix(&hash[16..17], 16).expect("hex") % 4] as char;
            let parts = [
                &hash[..8],
                &hash[8..12],
                &format!("8{}", &hash[13..16]),
                &format!("{variant}{}", &hash[17..20]),
                &hash[20..32],
            ];
            parts.join("-")
        })
        .collect()
}

#[test]
fn every_write_is_in_azures_own_log_under_the_hash_of_its_intent_and_a_bundle_can_be_held_against_it_too() {
    let (azure, rehome) = through();
    export(&rehome, "activity.json", &activity_log(&azure));
    let mut audits = azure.directory_audits();
    let later = a_day_later(&audits["value"][0]);
    audits["value"].as_array_mut().expect("entries").insert(0, later);
    std::fs::write(rehome.path("audits.json"), audits.to_string()).expect("written");
    let both = [ACTIVITY, &["--directory-audits", "audits.json"]].concat();
    let all = found(&rehome, &both, 0);
    assert_eq!((&all["agrees"], &all["approved_before"]), (&json!(true), &json!(1)), "{all}");
    let ids = ids_of_intents(&rehome);
    for (side, least) in [("activity_log", 5), ("directory_audits", 1)] {
        let seen = &all[side]["seen_by_intent"];
        assert!(seen.as_u64().expect("a number") >= least && all[side]["seen_by_request"] == 0, "{all}");
        assert_eq!((&all[side]["unseen"], &all[side]["not_in_the_log"]), (&json!([]), &json!([])), "{all}");
    }
    let kept =
        azure.activity_log(SUBSCRIPTION).into_iter().chain(audits["value"].as_array().expect("list").clone());
    let kept: Vec<String> = kept.map(|entry| text(&entry["correlationId"]).to_owned()).collect();
    let many = ids.iter().filter(|id| kept.contains(id)).count();
    assert!(many >= 6, "{many} of {ids:?} in {kept:?}");
    let said = rehome.say(&[&["audit", "reconcile"], &both[..]].concat()).expect(0).out;
    assert!(said.contains("PROVES") && said.contains(SUBSCRIPTION), "{said}");
    // What is withheld is known by its hash all the same: nobody takes it for somebody else's.
    rehome.say(&["audit", "bundle", "some.jsonl", "--redact", "vm-batch"]).expect(0);
    let some = found(&rehome, &[&both[..], &["--bundle", "some.jsonl"]].concat(), 0);
    assert_eq!(some["activity_log"]["not_in_the_log"], json!([]), "{some}");
}

#[test]
fn a_write_that_azure_never_saw_and_one_under_the_same_sign_in_that_the_log_lacks_are_named() {
    let (azure, rehome) = through();
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shop-weu?api-version=2021-04-01");
    azure.write("PATCH", &group, &json!({"tags": {"by": "somebody who uses the same sign-in"}}));
    let entries = activity_log(&azure);
    let ids = ids_of_intents(&rehome);
    let own: Vec<&Value> =
        entries.iter().filter(|entry| ids.iter().any(|id| entry["correlationId"] == id.as_str())).collect();
    let gone = own[own.len() / 2]["correlationId"].clone();
    let rest: Vec<Value> = entries.iter().filter(|entry| entry["correlationId"] != gone).cloned().collect();
    export(&rehome, "activity.json", &rest);
    let all = found(&rehome, ACTIVITY, 14);
    let unseen = all["activity_log"]["unseen"].as_array().expect("a list");
    assert_eq!(unseen.len(), 1, "{all}");
    assert_eq!(unseen[0]["correlation_id"], gone);
    let foreign = all["activity_log"]["not_in_the_log"].as_array().expect("a list");
    assert_eq!(foreign.len(), 1, "{all}");
    assert_eq!(foreign[0]["operation"], "Microsoft.Resources/subscriptions/resourceGroups/write");
    let said = rehome.say(&[&["audit", "reconcile"], ACTIVITY].concat()).expect(14).out;
    let step = text(&unseen[0]["step"]);
    assert!(said.contains(&format!("NEVER SEEN {step}")) && said.contains("NOT OURS"), "{said}");
    assert!(!said.contains("somebody@else.example"), "what others did is their business: {said}");
}

#[test]
fn what_the_export_does_not_reach_is_never_called_unseen() {
    let (azure, rehome) = through();
    let entries = activity_log(&azure);
    let half = entries.len() / 2;
    let other = entries[..1].iter().map(|entry| {
        let mut other = entry.clone();
        other["subscriptionId"] = json!("99999999-0000-4000-8000-000000000000");
        other
    });
    let in_group = |entry: &&Value| text(&entry["resourceGroupName"]).eq_ignore_ascii_case("rg-shop-sdc");
    let cases: [(&str, Vec<Value>); 4] = [
        ("the newer half", entries[..half].to_vec()),
        ("the older half", entries[half..].to_vec()),
        ("another subscription", other.collect()),
        ("one resource group", entries.iter().filter(in_group).cloned().collect()),
    ];
    for (what, some) in cases {
        export(&rehome, "activity.json", &some);
        let all = found(&rehome, ACTIVITY, 0);
        let side = &all["activity_log"];
        assert_eq!(side["unseen"], json!([]), "{what}: {all}");
        let many: u64 =
            side["not_covered"].as_object().expect("reasons").values().filter_map(Value::as_u64).sum();
        assert!(many > 0, "{what}: {all}");
    }
    export(&rehome, "activity.json", &[]);
    let none = found(&rehome, ACTIVITY, 0);
    assert_eq!((&none["activity_log"]["covers"], &none["activity_log"]["unseen"]), (&json!([]), &json!([])));
}

#[test]
fn writes_of_an_older_program_are_found_by_their_request_ids_and_a_change_before_its_approval_is_told() {
    let (azure, rehome) = through();
    let mut entries = activity_log(&azure);
    for entry in &mut entries {
        entry["correlationId"] = json!("22222222-0000-4000-8000-000000000000");
    }
    export(&rehome, "activity.json", &entries);
    let all = found(&rehome, ACTIVITY, 0);
    let side = &all["activity_log"];
    assert!(side["seen_by_intent"] == 0 && side["seen_by_request"].as_u64().expect("a number") >= 5, "{all}");
    for entry in &mut entries {
        let at = text(&entry["eventTimestamp"]).parse::<chrono::DateTime<chrono::Utc>>().expect("a date");
        entry["eventTimestamp"] = json!((at - chrono::TimeDelta::days(60)).to_rfc3339());
    }
    export(&rehome, "activity.json", &entries);
    let all = found(&rehome, ACTIVITY, 14);
    let late = &all["approved_late"][0];
    assert!(all["approved_late"].as_array().expect("a list").len() == 1 && late["run"].is_string(), "{all}");
    assert!(text(&late["first_change"]) < text(&late["approved"]), "{all}");
}

#[test]
fn a_file_that_is_no_export_is_refused_and_says_how_one_is_made() {
    let (_azure, rehome) = through();
    std::fs::write(rehome.path("activity.json"), "{\"value\": [{}]}").expect("written");
    let said = rehome.say(&[&["audit", "reconcile"], ACTIVITY].concat()).expect(2);
    assert!(said.err.contains("az monitor activity-log list"), "{}", said.err);
    rehome.say(&["audit", "reconcile"]).expect(2);
    let said = rehome.say(&["audit", "reconcile", "--directory-audits", "none.json"]).expect(3);
    assert!(said.err.contains("none.json"), "{}", said.err);
}
