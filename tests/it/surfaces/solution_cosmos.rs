//! A move of a whole solution with accounts of Cosmos DB for graphs, tables, Cassandra and MongoDB: what a grant holds
//! in must be in the counterpart too.

use crate::support::oracle::{differences, names, plain};
use crate::support::rehome::{Rehome, text};
use crate::surfaces::solution_services::{PRINCIPAL, SDC, WEU, group_map, notices, object, stage};
use serde_json::{Value, json};

/// A kind of account: its name, the list of its grants, its databases, what is in them.
struct Kind {
    account: &'static str,
    grants: &'static str,
    database: Option<&'static str>,
    part: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        account: "graphs",
        grants: "gremlinRoleAssignments",
        database: Some("gremlinDatabases/d"),
        part: "gremlinDatabases/d/graphs/p",
    },
    Kind {
        account: "wide",
        grants: "cassandraRoleAssignments",
        database: Some("cassandraKeyspaces/d"),
        part: "cassandraKeyspaces/d/tables/p",
    },
    Kind {
        account: "documents",
        grants: "mongoMIRoleAssignments",
        database: Some("mongodbDatabases/d"),
        part: "mongodbDatabases/d/collections/p",
    },
    Kind { account: "rows", grants: "tableRoleAssignments", database: None, part: "tables/p" },
];

fn account(kind: &Kind) -> String {
    format!("Microsoft.DocumentDB/databaseAccounts/{}", kind.account)
}

/// The accounts in a region with what is in them.
fn accounts(group: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for kind in &KINDS {
        let of = account(kind);
        all.push(object(group, &of, json!({"provisioningState": "Succeeded"})));
        let inside = kind.database.into_iter().chain([kind.part]);
        all.extend(
            inside.map(|rest| object(group, &format!("{of}/{rest}"), json!({"resource": {"id": "d"}}))),
        );
    }
    all
}

/// What the old identity holds: each in one part of one account.
fn held() -> Vec<Value> {
    let grant = |kind: &Kind| {
        let of = format!("{WEU}/providers/{}", account(kind));
        let role = kind.grants.replace("Assignments", "Definitions");
        object(
            WEU,
            &format!("{}/{}/c05a0000-0000-4000-8000-0000000000a5", account(kind), kind.grants),
            json!({"roleDefinitionId": format!("{of}/{role}/00000000-0000-0000-0000-000000000002"),
                "scope": format!("{of}/dbs/d/colls/p"), "principalId": PRINCIPAL}),
        )
    };
    KINDS.iter().map(grant).collect()
}

fn solution() -> Vec<Value> {
    let mut all = accounts(WEU);
    all.extend(held());
    all.extend(accounts(SDC));
    for (kind, name) in [
        ("Microsoft.Storage/storageAccounts", "stshop"),
        ("Microsoft.Web/sites", "app-shop"),
        ("Microsoft.Compute/virtualMachines", "vm-batch"),
    ] {
        all.push(object(SDC, &format!("{kind}/{name}"), json!({"provisioningState": "Succeeded"})));
    }
    all
}

fn blockers(rehome: &Rehome, code: i32) -> Vec<(String, String, String)> {
    let batch = rehome.path("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    let said = rehome.say(&["plan", "-f", batch, "--save", "plan.json", "-o", "json"]).expect(code);
    notices(&serde_json::from_str(&said.out).expect("JSON"), "blockers")
}

#[test]
fn what_a_counterpart_of_any_kind_lacks_blocks_the_plan_and_is_named() {
    for kind in &KINDS {
        let missing = |rest: &str| {
            let gone = format!("{SDC}/providers/{}/{rest}", account(kind));
            let kept = |o: &&Value| text(&o["id"]) != gone;
            let all: Vec<Value> = solution().iter().filter(kept).cloned().collect();
            let (azure, rehome) = stage(&all, &group_map());
            let found = blockers(&rehome, 12);
            assert!(azure.requests().iter().all(|r| r["changed"] == false), "planning changes nothing");
            let [(code, target, said)] = &found[..] else { panic!("one blocker: {found:?}") };
            assert!(code == "B120" && target.contains(kind.grants), "{found:?}");
            let mut parts = rest.rsplit('/');
            let (name, list) = (parts.next().expect("a name"), parts.next().expect("a list"));
            assert!(said.contains(&format!("{list} {name}")), "{found:?}");
        };
        missing(kind.part);
        if let Some(database) = kind.database {
            missing(database);
        }
    }
}

#[test]
fn where_nothing_is_missing_each_grant_is_made_in_the_counterpart_too_and_taken_back() {
    let (azure, rehome) = stage(&solution(), &group_map());
    let before = azure.estate();
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    let moved = azure.estate();
    let new = format!("{SDC}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    let new = names(&moved, &new).expect("it is there");
    for kind in &KINDS {
        let list = format!("{SDC}/providers/{}/{}/", account(kind), kind.grants);
        let all = moved["arm"].as_array().expect("arm").iter();
        let made = all.clone().find(|o| text(&o["id"]).starts_with(&list)).expect("a grant");
        assert_eq!(text(&made["properties"]["principalId"]), new.principal);
        let scope = format!("{SDC}/providers/{}/dbs/d/colls/p", account(kind));
        assert_eq!(text(&made["properties"]["scope"]), scope);
    }
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(differences(&plain(&before), &plain(&azure.estate()), ""), Vec::<String>::new());
}
