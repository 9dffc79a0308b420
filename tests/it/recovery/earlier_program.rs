//! What the program of before the house was rebuilt has written (commit 50a5c4d): a plan, and a log whose runner was
//! killed while a machine was being written, with the local Azure as it stood then. This program reads both, and
//! carries both to the end.
//!
//! Both are of the smallest example without its soak, planned at the clouds `127.0.0.1:29471` and `127.0.0.1:29481`. A
//! plan is good for 72 hours, so whoever approves it does so on a machine whose clock is set back. The write of the
//! machine never came to the Azure: the local one let it wait for ever.

use crate::support::azure::{Azure, SCALE};
use crate::support::estates::at;
use crate::support::rehome::{Rehome, text};
use crate::support::verdict::judge;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/recovery/fixtures").join(name)
}

fn estate(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixture(name)).expect("a fixture")).expect("JSON")
}

/// The cloud that was planned at, and somebody with these files who signs in there.
fn stage(port: u16, estate: &str, files: &[(&str, &str)]) -> (Azure, Rehome) {
    let mut rehome = Rehome::offline();
    for (from, to) in files {
        std::fs::copy(fixture(from), rehome.path(to)).expect("a fixture");
    }
    std::fs::write(rehome.path("faults.json"), r#"{"rules": []}"#).expect("written");
    let azure = Azure::serve_on(port, SCALE, &fixture(estate), &rehome.path("faults.json"));
    rehome.turn_to(&azure);
    (azure, rehome)
}

/// Verifies what was moved, cleans up, and asks the oracle.
fn to_the_end(azure: &Azure, rehome: &Rehome) {
    rehome.say(&["verify"]).expect(0);
    let moved = azure.estate();
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(0);
    let old = at("Microsoft.ManagedIdentity/userAssignedIdentities/id-shop");
    let new = old.replace("rg-shop-weu", "rg-shop-sdc");
    judge(&estate("estate.json"), &moved, &azure.estate(), &[(old, new)]);
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_log_of_the_program_of_before_is_read_and_its_move_comes_to_the_end_that_was_planned() {
    let (log, anchor, key) = ("log/rehome.sqlite", "log/rehome.sqlite.anchor", "log/rehome.sqlite.key");
    let files = [(log, "rehome.db"), (anchor, "rehome.db.anchor"), (key, "rehome.db.key")];
    let (azure, rehome) = stage(29481, "log/estate.json", &files);
    rehome.say(&["audit", "verify"]).expect(0);
    let history = rehome.json(&["history"]);
    let events = history["events"].as_array().expect("events");
    assert_eq!(events.len(), 30);
    let count = |kind: &str| events.iter().filter(|e| e["kind"] == kind).count();
    assert_eq!(count("began") - count("ended"), 1, "one write was under way: {history:#}");
    let status = rehome.json(&["status"]);
    assert_eq!(text(&status["moves"][0]["identity"]).rsplit('/').next(), Some("id-shop"), "{status:#}");
    assert_eq!(rehome.json(&["replay"])["moves"], rehome.json(&["replay", "--at", "30"])["moves"]);
    assert_eq!(
        rehome.say_with_people(&["run", "minimal", "--yes"]).code,
        0,
        "{}",
        rehome.say(&["status"]).out
    );
    to_the_end(&azure, &rehome);
}

#[test]
fn a_plan_of_the_program_of_before_means_the_same_and_is_approved_and_run_to_its_end() {
    let (azure, mut rehome) = stage(29471, "estate.json", &[("plan/plan.json", "plan.json")]);
    let plan = estate("plan/plan.json");
    let digest = text(&plan["digest"]);
    assert!(rehome.say(&["show", "plan.json"]).expect(0).out.contains(&digest[..16]));
    let made = plan["about"]["created_at_ms"].as_i64().expect("a date") / 1_000;
    rehome.set_clock(made + 60 - chrono::Utc::now().timestamp());
    rehome.say(&["approve", "plan.json", "--reason", "change 4711", "--yes"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    to_the_end(&azure, &rehome);
}
