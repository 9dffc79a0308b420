//! Locks against deletion where a move makes something: it can be made there, and is taken away again only where locks
//! may be lifted; they are put back. Without that the plan says so, and the way back says what it had to leave.

use crate::support::azure::{Azure, minimal_without_soak};
use crate::support::estates::{at, estate, signed_in};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const SUB: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const REDIS: &str = "Microsoft.Cache/redis/redis-shop";
const STORE: &str = "Microsoft.Storage/storageAccounts/stshop";
const TIMED: &str = "Microsoft.Storage/storageAccounts/sttimed";
const ROLLBACK: [&str; 5] = ["rollback", "minimal", "--reason", "a test", "--yes"];
const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];

fn object(rest: &str, properties: Value) -> Value {
    let parts: Vec<&str> = rest.split('/').collect();
    let kind = std::iter::once(parts[0]).chain(parts[1..].iter().step_by(2).copied());
    json!({"id": at(rest), "name": parts.last(), "location": "westeurope",
        "type": kind.collect::<Vec<_>>().join("/"), "properties": properties})
}

fn lock(scope: &str) -> Value {
    json!({"id": format!("{scope}/providers/Microsoft.Authorization/locks/keep"), "name": "keep",
        "type": "Microsoft.Authorization/locks", "properties": {"level": "CanNotDelete", "notes": "ask the owner"}})
}

/// A grant inside a service, and one that ends.
fn more() -> Vec<Value> {
    let mut all = vec![
        object(REDIS, json!({"redisConfiguration": {"aad-enabled": "true"}})),
        object(&format!("{REDIS}/accessPolicies/orders"), json!({"permissions": "+get", "type": "Custom"})),
        object(
            &format!("{REDIS}/accessPolicyAssignments/shop"),
            json!({"objectId": PRINCIPAL, "objectIdAlias": "id-shop", "accessPolicyName": "orders"}),
        ),
        object(TIMED, json!({"provisioningState": "Succeeded"})),
    ];
    let scope = at(TIMED);
    let name = "71000000-0000-4000-8000-000000000009";
    for kind in ["roleAssignments", "roleAssignmentSchedules", "roleAssignmentScheduleInstances"] {
        let mut one = json!({"id": format!("{scope}/providers/Microsoft.Authorization/{kind}/{name}"), "name": name,
            "type": format!("Microsoft.Authorization/{kind}"), "properties": {"scope": scope, "principalId": PRINCIPAL,
                "roleDefinitionId": format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/{READER}"),
                "principalType": "ServicePrincipal", "createdOn": "2025-03-01T08:00:00.0000000Z"}});
        if kind != "roleAssignments" {
            one["properties"]["endDateTime"] = json!("2098-12-31T23:00:00Z");
        }
        all.push(one);
    }
    all
}

/// Where the undo of each kind deletes: of a grant, one that ends, one inside a service, and of the identity with its
/// credential and what it gives.
fn locked() -> [String; 4] {
    let target = format!("{SUB}/resourceGroups/rg-shop-sdc");
    [at(STORE), at(TIMED), at(REDIS), target]
}

fn stage(lifts: bool) -> (Azure, Rehome) {
    let all = [more(), locked().iter().map(|scope| lock(scope)).collect()].concat();
    let (azure, rehome) = signed_in(estate(&all).path(), None);
    let lifts = if lifts { "lift_locks = true\n[[identity]]" } else { "[[identity]]" };
    let batch = minimal_without_soak().replace("[[identity]]", lifts);
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    (azure, rehome)
}

/// The estate without what Azure keeps of time-bound requests for good.
fn settled(estate: &Value) -> Value {
    let kept = |o: &&Value| !text(&o["id"]).to_lowercase().contains("/roleassignmentschedulerequests/");
    let arm: Vec<&Value> = estate["arm"].as_array().expect("arm").iter().filter(kept).collect();
    plain(&json!({"arm": arm, "graph": estate["graph"]}))
}

fn locks(estate: &Value) -> usize {
    estate["arm"].as_array().expect("arm").iter().filter(|o| text(&o["id"]).ends_with("/locks/keep")).count()
}

#[test]
fn with_leave_to_lift_locks_every_undo_that_deletes_lifts_them_and_they_are_put_back() {
    let (azure, rehome) = stage(true);
    let before = azure.estate();
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    assert_eq!(locks(&azure.estate()), 4, "none was lifted on the way there");
    let said = rehome.say_with_people(&ROLLBACK);
    assert_eq!(said.code, 0, "{}{}{}", said.out, said.err, rehome.say(&["status"]).out);
    assert_eq!(locks(&azure.estate()), 4, "all were put back");
    assert_eq!(differences(&settled(&before), &settled(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn without_it_the_plan_says_what_cannot_be_taken_back_and_the_way_back_says_what_it_left() {
    let (azure, rehome) = stage(false);
    let plan = rehome.say(&PLAN).expect(0).out;
    for part in ["stshop", "sttimed", "redis-shop", "rg-shop-sdc"] {
        let told = |line: &&str| line.contains("lock") && line.contains(part) && line.contains("keep");
        assert!(plan.lines().any(|line| told(&line)), "{part}: {plan}");
    }
    let refused = plan.lines().filter(|line| line.contains("lock keep refuses it")).count();
    assert!(refused >= 5, "each step whose undo deletes says it: {refused}\n{plan}");
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    let said = rehome.say_with_people(&ROLLBACK).expect(10);
    let all = said.out + &said.err + &rehome.say(&["status"]).out;
    assert!(all.contains("ScopeLocked"), "{all}");
    assert_eq!(locks(&azure.estate()), 4, "nobody lifted any");
}
