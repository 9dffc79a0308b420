//! A plan file is a program under a title: one that says something else than this program plans is neither shown, nor
//! approved, nor run, and facts that are not so are found before the first write.

use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};
use rehome_activities::relocate::{Facts, Params, plan};
use rehome_orchestrator::{Document, SystemClock, digest};
use rehome_store::{Anchor, Backend, Log, SqliteLog};
use serde_json::{Value, json};
use std::sync::Arc;

const FORGED: &str = "forged.json";
const DAY_MS: i64 = 86_400_000;

/// A local Azure, and a plan of the smallest batch for it.
fn planned() -> (Azure, Rehome) {
    let folder = example("minimal");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    std::fs::copy(folder.join("batch.toml"), rehome.path("batch.toml")).expect("copied");
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    (azure, rehome)
}

/// The plan with something else in it, under a digest of its own.
fn forge(rehome: &Rehome, change: impl FnOnce(&mut Value)) -> Value {
    let text = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    let mut document: Value = serde_json::from_str(&text).expect("JSON");
    document.as_object_mut().expect("an object").remove("digest");
    change(&mut document);
    let whole = document.clone();
    document["digest"] = Value::from(digest(&whole));
    std::fs::write(rehome.path(FORGED), document.to_string()).expect("written");
    whole
}

fn nothing_was_changed(azure: &Azure) {
    assert!(azure.requests().iter().all(|r| r["changed"] == false));
}

/// The step whose title has these words.
fn step<'a>(document: &'a mut Value, words: &str) -> &'a mut Value {
    let steps = document["moves"][0]["plan"]["steps"].as_array_mut().expect("steps");
    steps.iter_mut().find(|step| text(&step["title"]).contains(words)).expect("there is one")
}

/// The deletion says that it can be taken back, and what stood before it waits for nobody.
fn without_a_gate(document: &mut Value) {
    for step in document["moves"][0]["plan"]["steps"].as_array_mut().expect("steps") {
        let kind = step["node"].as_object().and_then(|node| node.keys().next()).expect("a kind").clone();
        if ["gate", "by_hand", "soak"].contains(&kind.as_str()) {
            step["node"] = json!({"pause": {"for_ms": 0, "back_ms": 0}});
        }
        if step["node"]["act"]["activity"] == "identity.delete/1" {
            step["node"]["act"]["reversibility"] = json!("reversible");
        }
    }
}

type Forgery = (&'static str, fn(&mut Value));

const FORGERIES: [Forgery; 24] = [
    ("no gate", without_a_gate),
    ("a title that lies", |d| step(d, "POINT OF NO RETURN")["title"] = json!("Reader on rg-shop")),
    ("a title that lies about a role", |d| step(d, " on ")["title"] = json!("Reader on nothing much")),
    ("a way back that lies", |d| step(d, "identity")["undo"] = json!("nothing was done")),
    ("another role", |d| {
        let owner = "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
        step(d, " on ")["node"]["act"]["input"]["object"]["role_definition_id"] = json!({"known": owner});
    }),
    ("another principal", |d| {
        let stranger = "0a1b2c3d-9999-4000-8000-000000000bad";
        step(d, " on ")["node"]["act"]["input"]["object"]["principal_id"] = json!({"known": stranger});
    }),
    ("no time to settle", |d| step(d, " on ")["node"]["act"]["settling_ms"] = json!(0)),
    ("other retries", |d| step(d, " on ")["node"]["act"]["retry"]["attempts_max"] = json!(1)),
    ("can be taken back", |d| step(d, "NO RETURN")["node"]["act"]["reversibility"] = json!("compensable")),
    ("another group", |d| step(d, "NO RETURN")["group"] = json!("CHECK")),
    ("earlier than it may be", |d| step(d, " on ")["needs"] = json!([])),
    ("a step less", |d| drop(d["moves"][0]["plan"]["steps"].as_array_mut().expect("steps").pop())),
    ("a step more", |d| {
        let steps = d["moves"][0]["plan"]["steps"].as_array_mut().expect("steps");
        let mut more = steps[0].clone();
        more["id"] = json!("99");
        steps.push(more);
    }),
    ("something else on failure", |d| d["moves"][0]["plan"]["on_failure"] = json!("roll_back")),
    ("a warning less", |d| d["moves"][0]["about"]["warnings"] = json!([])),
    ("a gap less", |d| d["moves"][0]["about"]["cannot_see"] = json!([])),
    ("another identity in its head", |d| d["moves"][0]["about"]["identity"] = json!("/x")),
    ("good for ten years", |d| d["about"]["expires_at_ms"] = json!(i64::MAX)),
    ("made next year", |d| {
        let made = d["about"]["created_at_ms"].as_i64().expect("a date") + 365 * DAY_MS;
        d["about"]["created_at_ms"] = json!(made);
        d["about"]["expires_at_ms"] = json!(made + 3 * DAY_MS);
    }),
    ("another name of its move", |d| d["moves"][0]["run"] = json!("m-000000")),
    ("a name with a line of its own", |d| d["moves"][0]["run"] = json!("m-1\nDONE m-2")),
    ("another name of its batch", |d| d["batch"] = json!("minimal/../other")),
    ("facts of another place", |d| d["moves"][0]["facts"]["target"]["id"] = json!("/subscriptions/x")),
    ("a stranger who moves too", |d| {
        d["moves"][0]["facts"]["moving"] = json!([{"from": "/a", "to": "/b", "principal_id": "p"}]);
    }),
];

#[test]
fn a_plan_that_says_anything_else_than_this_program_plans_is_neither_shown_nor_approved() {
    let (azure, rehome) = planned();
    rehome.say(&["show", "plan.json"]).expect(0);
    for (name, change) in FORGERIES {
        forge(&rehome, change);
        for command in [&["show", FORGED][..], &["approve", FORGED, "--reason", "x", "--yes"]] {
            let said = rehome.say(command);
            assert_eq!(said.code, 2, "{name}: {command:?}\n{}\n{}", said.out, said.err);
            assert!(said.out.is_empty() && said.err.contains("next    rehome plan"), "{name}: {}", said.err);
        }
        assert!(!rehome.path("rehome.db").exists(), "{name}: nothing is recorded");
    }
    nothing_was_changed(&azure);
}

#[test]
fn a_plan_of_another_version_is_planned_again() {
    let (_azure, rehome) = planned();
    forge(&rehome, |document| document["about"]["program"] = json!("rehome 0.0.1"));
    for command in [&["show", FORGED][..], &["approve", FORGED, "--reason", "x", "--yes"]] {
        let said = rehome.say(command).expect(13);
        assert!(
            said.err.contains("made by rehome 0.0.1") && said.err.contains("rehome plan"),
            "{}",
            said.err
        );
    }
}

/// Puts a document into a log as a program did that believed whatever it said.
fn approved_by_another(rehome: &Rehome, document: &Value) {
    let document: Document = serde_json::from_value(document.clone()).expect("a document");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let log = SqliteLog::create_or_open(&rehome.path("rehome.db")).expect("a log");
        let now = rehome_orchestrator::Clock::now_ms(&SystemClock);
        document.approve(&log, &Arc::from("ada"), now, "believed").await.expect("recorded");
        let head = log.head().await.expect("its end");
        log.beside().set_anchor(&Anchor::of(log.id(), head)).expect("an anchor");
    });
}

#[test]
fn what_another_program_approved_is_planned_again_before_it_begins_by_file_and_by_name() {
    let (azure, rehome) = planned();
    let document = forge(&rehome, without_a_gate);
    approved_by_another(&rehome, &document);
    for what in [FORGED, "minimal"] {
        let said = rehome.say(&["run", what, "--yes"]).expect(2);
        assert!(said.err.contains("not what this program plans"), "{}", said.err);
    }
    nothing_was_changed(&azure);
}

#[test]
fn facts_that_are_not_so_are_shown_as_what_they_do_and_found_before_the_first_write() {
    let (azure, rehome) = planned();
    // Everything fits together, and nothing of it is true.
    let document = forge(&rehome, |document| {
        let entry = &mut document["moves"][0];
        let scope = "/subscriptions/0a1b2c3d-0000-4000-8000-00000000dead";
        let role = &mut entry["facts"]["assignments_of"][0];
        role["scope"] = json!(scope);
        role["role_definition_id"] =
            json!("/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635");
        let params: Params = serde_json::from_value(entry["params"].clone()).expect("parameters");
        let facts: Facts = serde_json::from_value(entry["facts"].clone()).expect("facts");
        entry["plan"] = serde_json::to_value(plan(&params, &facts).expect("a plan")).expect("JSON");
    });
    let shown = rehome.say(&["show", FORGED]).expect(0).out;
    for part in
        ["/subscriptions/0a1b2c3d-0000-4000-8000-00000000dead", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    approved_by_another(&rehome, &document);
    rehome.say(&["run", FORGED, "--yes"]).expect(13);
    nothing_was_changed(&azure);
}
