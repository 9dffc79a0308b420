//! Role assignments that end: of the identity and on it. A copy ends when the old one does, on every way; what cannot
//! be told from a permanent one blocks the plan, and so does an identity that is gone.

use crate::support::azure::Azure;
use crate::support::estates::{at, estate, signed_in};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use std::path::Path;

const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const PIPELINE: &str = "0a1b2c3d-3333-4000-8000-0000000000aa";
const END: &str = "2098-12-31T23:00:00Z";

fn scopes() -> [(String, &'static str, &'static str); 2] {
    [
        (at("Microsoft.Storage/storageAccounts/stshop"), READER, PRINCIPAL),
        (at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop"), READER, PIPELINE),
    ]
}

/// What Azure keeps for one: the assignment, its schedule, and the instance of that.
fn bound() -> Vec<Value> {
    let mut all = Vec::new();
    for (nth, (scope, role, principal)) in scopes().into_iter().enumerate() {
        let name = format!("71000000-0000-4000-8000-00000000000{nth}");
        let properties = json!({"roleDefinitionId": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "principalId": principal, "principalType": "ServicePrincipal", "scope": scope, "endDateTime": END,
            "createdOn": "2025-03-01T08:00:00.0000000Z", "updatedOn": "2025-03-01T08:00:00.0000000Z"});
        for kind in ["roleAssignments", "roleAssignmentSchedules", "roleAssignmentScheduleInstances"] {
            let mut properties = properties.clone();
            if kind == "roleAssignments" {
                properties.as_object_mut().expect("an object").remove("endDateTime");
            }
            all.push(
                json!({"id": format!("{scope}/providers/Microsoft.Authorization/{kind}/{name}"), "name": name,
                "type": format!("Microsoft.Authorization/{kind}"), "properties": properties}),
            );
        }
    }
    all
}

/// A local Azure with this in it too, and a batch that does not soak.
fn stage(more: &[Value], faults: Option<&Path>) -> (Azure, Rehome) {
    signed_in(estate(more).path(), faults)
}

/// Scope, role, principal and end of each assignment that is bound, and of each that is not and could be one.
fn held(estate: &Value, principals: &[&str]) -> Vec<(String, String)> {
    let all = estate["arm"].as_array().expect("arm").iter();
    let of = |o: &&Value| principals.contains(&text(&o["properties"]["principalId"]));
    let has = |o: &Value, kind: &str| text(&o["id"]).to_lowercase().contains(kind);
    let role = |o: &Value| text(&o["properties"]["roleDefinitionId"]).ends_with(READER);
    let scheduled: Vec<&Value> =
        all.clone().filter(of).filter(|o| has(o, "/roleassignmentschedules/")).collect();
    let plain = all.filter(of).filter(|o| has(o, "/roleassignments/") && role(o));
    let mut out = Vec::new();
    for one in plain {
        let same = |s: &&&Value| {
            let is = |n: &str| text(&s["properties"][n]).eq_ignore_ascii_case(text(&one["properties"][n]));
            is("scope") && is("principalId")
        };
        let end = scheduled.iter().find(same).map_or("never", |s| text(&s["properties"]["endDateTime"]));
        out.push((text(&one["properties"]["scope"]).to_lowercase(), end.to_owned()));
    }
    out.sort();
    out
}

/// The estate without the requests that Azure keeps for good.
fn settled(estate: &Value) -> Value {
    let kept = |o: &&Value| {
        let id = text(&o["id"]).to_lowercase();
        !["roleassignmentschedule", "/roleassignments/"].iter().any(|kind| id.contains(kind))
    };
    let arm: Vec<&Value> = estate["arm"].as_array().expect("arm").iter().filter(kept).collect();
    plain(&json!({"arm": arm, "graph": estate["graph"]}))
}

/// The id and the principal of the new identity.
fn new_one(moved: &Value) -> (String, &str) {
    let new = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop").replace("weu", "sdc");
    let arm = moved["arm"].as_array().expect("arm");
    let found = arm.iter().find(|o| text(&o["id"]).eq_ignore_ascii_case(&new)).expect("the new one");
    (new, text(&found["properties"]["principalId"]))
}

/// A move that was carried out and verified, with the estates from before and after it.
fn moved(more: &[Value]) -> (Azure, Rehome, [Value; 2]) {
    let (azure, rehome) = stage(more, None);
    let before = azure.estate();
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
    let after = azure.estate();
    (azure, rehome, [before, after])
}

const ROLLBACK: [&str; 5] = ["rollback", "minimal", "--reason", "a test", "--yes"];

#[test]
fn a_copy_of_a_time_bound_assignment_ends_when_the_old_one_does_and_is_taken_back() {
    let (azure, rehome, [before, moved]) = moved(&bound());
    let (new, principal) = new_one(&moved);
    let ends = |estate: &Value, of: &[&str], at: &str| -> Vec<String> {
        held(estate, of)
            .into_iter()
            .filter(|(scope, _)| *scope == at.to_lowercase())
            .map(|(_, end)| end.chars().take(19).collect())
            .collect()
    };
    let [(storage, ..), (identity, ..)] = scopes();
    assert_eq!(ends(&moved, &[principal], &storage), ["2098-12-31T23:00:00"], "of it");
    assert_eq!(ends(&moved, &[PIPELINE], &new), ["2098-12-31T23:00:00"], "on it");
    assert_eq!(rehome.say_with_people(&ROLLBACK).code, 0, "{}", rehome.say(&["status"]).out);
    let after = azure.estate();
    assert_eq!(held(&after, &[PRINCIPAL, PIPELINE, principal]), held(&before, &[PRINCIPAL, PIPELINE]));
    assert_eq!(differences(&settled(&before), &settled(&after), ""), Vec::<String>::new());
    assert_eq!(ends(&after, &[PIPELINE], &identity), ["2098-12-31T23:00:00"]);
}

#[test]
fn what_ends_is_ended_in_the_clean_up_and_given_again_only_until_then() {
    let (azure, rehome) = stage(&bound(), None);
    let before = azure.estate();
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    // The last step of the clean-up cannot be done, so all before it is there to be taken back.
    let lock = format!("{}/providers/Microsoft.Authorization/locks/keep", scopes()[1].0);
    let body = json!({"properties": {"level": "CanNotDelete"}});
    azure.write("PUT", &format!("{lock}?api-version=2020-05-01"), &body);
    assert_ne!(rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).code, 0);
    let storage = scopes()[0].0.to_lowercase();
    assert!(!held(&azure.estate(), &[PRINCIPAL]).iter().any(|(scope, _)| *scope == storage), "it was ended");
    azure.write("DELETE", &format!("{lock}?api-version=2020-05-01"), &json!({}));
    assert_eq!(rehome.say_with_people(&ROLLBACK).code, 0, "{}", rehome.say(&["status"]).out);
    let ends = |estate: &Value| -> Vec<(String, String)> {
        held(estate, &[PRINCIPAL, PIPELINE])
            .into_iter()
            .map(|(scope, end)| (scope, end.chars().take(5).collect()))
            .collect()
    };
    assert_eq!(ends(&azure.estate()), ends(&before), "nothing became permanent");
}

#[test]
fn a_plan_is_blocked_where_nobody_can_tell_whether_assignments_end() {
    let faults = tempfile::NamedTempFile::new().expect("a file");
    let rule = r#"{"rules": [{"method": "GET", "path": "providers/Microsoft.Authorization/roleAssignmentSchedules",
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]}"#;
    std::fs::write(faults.path(), rule).expect("written");
    let (azure, rehome) = stage(&bound(), Some(faults.path()));
    let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(12).out;
    assert!(said.contains("B121") && said.contains("copies would be permanent"), "{said}");
    assert!(azure.requests().iter().all(|r| r["changed"] == false), "nothing was done");
}

#[test]
fn a_host_that_carries_an_identity_that_is_gone_blocks_the_plan_with_what_takes_it_out() {
    let own = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    let gone = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-gone");
    let account = at("Microsoft.Storage/storageAccounts/stboth");
    let host = json!({"id": account, "name": "stboth", "type": "Microsoft.Storage/storageAccounts", "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {own: {}, &gone: {}}}, "properties": {}});
    let (_azure, rehome) = stage(&[host], None);
    let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(12).out;
    assert!(said.contains("B124") && said.contains(&format!("\"{gone}\":null")), "{said}");
}

const START: &str = "2097-06-30T22:00:00Z";

/// What Azure keeps of an assignment that has not begun: its schedule, and the request for that.
fn ahead(scope: &str, name: &str, principal: &str, end: Option<&str>) -> Vec<Value> {
    let request = format!("{scope}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/{name}");
    let mut properties = json!({"roleDefinitionId": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER}"),
        "principalId": principal, "principalType": "ServicePrincipal", "scope": scope, "startDateTime": START,
        "status": "Provisioned", "memberType": "Direct", "roleAssignmentScheduleRequestId": request,
        "createdOn": "2025-03-01T08:00:00.0000000Z", "updatedOn": "2025-03-01T08:00:00.0000000Z"});
    properties["endDateTime"] = end.map_or(Value::Null, Value::from);
    let object = |kind: &str| {
        json!({"id": format!("{scope}/providers/Microsoft.Authorization/{kind}/{name}"), "name": name,
            "type": format!("Microsoft.Authorization/{kind}"), "properties": properties})
    };
    vec![object("roleAssignmentSchedules"), object("roleAssignmentScheduleRequests")]
}

/// Everything that is still to begin: of the identity, with an end and without, and on it.
fn all_ahead() -> Vec<Value> {
    let [(storage, ..), (identity, ..)] = scopes();
    let mut all = ahead(&storage, "72000000-0000-4000-8000-000000000001", PRINCIPAL, Some(END));
    all.extend(ahead(SUB, "72000000-0000-4000-8000-000000000002", PRINCIPAL, None));
    all.extend(ahead(&identity, "72000000-0000-4000-8000-000000000003", PIPELINE, Some(END)));
    all
}

/// Scope, start and end of each schedule of these principals; a date without its fractions.
fn scheduled(estate: &Value, principals: &[&str]) -> Vec<(String, String, String)> {
    let all = estate["arm"].as_array().expect("arm").iter();
    let wanted = all.filter(|o| {
        text(&o["id"]).to_lowercase().contains("/roleassignmentschedules/")
            && principals.contains(&text(&o["properties"]["principalId"]))
    });
    let date = |o: &Value, name: &str| text(&o["properties"][name]).chars().take(19).collect::<String>();
    let mut out: Vec<_> = wanted
        .map(|o| {
            (text(&o["properties"]["scope"]).to_lowercase(), date(o, "startDateTime"), date(o, "endDateTime"))
        })
        .collect();
    out.sort();
    out
}

/// The scopes at which these may read now.
fn readers(estate: &Value, principals: &[&str]) -> Vec<String> {
    held(estate, principals).into_iter().map(|(scope, _)| scope).collect()
}

#[test]
fn what_has_not_begun_is_carried_over_with_its_own_start_and_taken_back() {
    let (azure, rehome, [before, moved]) = moved(&all_ahead());
    let (new, principal) = new_one(&moved);
    assert_eq!(scheduled(&moved, &[principal]), scheduled(&before, &[PRINCIPAL]), "of it");
    assert_eq!(scheduled(&moved, &[principal]).len(), 2);
    let on_new: Vec<_> =
        scheduled(&moved, &[PIPELINE]).into_iter().filter(|(s, ..)| *s == new.to_lowercase()).collect();
    assert_eq!(
        on_new,
        [(new.to_lowercase(), "2097-06-30T22:00:00".into(), "2098-12-31T23:00:00".into())],
        "on it"
    );
    let storage = scopes()[0].0.to_lowercase();
    assert!(!readers(&moved, &[principal]).contains(&storage), "nobody may anything before it begins");
    assert_eq!(rehome.say_with_people(&ROLLBACK).code, 0, "{}", rehome.say(&["status"]).out);
    let after = azure.estate();
    let all = [PRINCIPAL, PIPELINE, principal];
    assert_eq!(scheduled(&after, &all), scheduled(&before, &all));
    assert_eq!(differences(&settled(&before), &settled(&after), ""), Vec::<String>::new());
}

#[test]
fn what_has_not_begun_is_called_off_for_the_old_identity_in_the_clean_up() {
    let (azure, rehome) = stage(&all_ahead(), None);
    rehome.approve(&rehome.path("batch.toml"));
    let plan = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(plan.contains(&format!("from {START}")) && plan.contains(&format!("begins {START}")), "{plan}");
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(0);
    let after = azure.estate();
    assert_eq!(scheduled(&after, &[PRINCIPAL]), []);
    assert_eq!(scheduled(&after, &[PIPELINE]).len(), 1, "only on the new one");
}
