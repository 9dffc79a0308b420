//! Promise 2: nothing happens unrecorded. The intent is durable before the first byte of a write leaves.

use crate::support::azure::Azure;
use crate::support::estates::approved;
use crate::support::rehome::text;
use serde_json::{Value, json};

#[test]
fn the_anchor_knows_of_the_intent_to_delete_before_the_deletion_is_sent() {
    let (azure, mut rehome) = approved();
    assert_eq!(rehome.run_with_people(), 0);
    // The last look before the deletion, which is the second of its kind, takes for ever, so the runner stands between its intent and its act.
    let faults = tempfile::NamedTempFile::new().expect("a file");
    let rule = json!({"rules": [{"method": "POST", "path": "listAssociatedResources", "from": 2,
        "what": {"latency_ms": 4_000_000_000_u64}}]});
    std::fs::write(faults.path(), rule.to_string()).expect("written");
    std::fs::write(rehome.path("later.json"), azure.estate().to_string()).expect("written");
    let later = Azure::serve(&rehome.path("later.json"), Some(faults.path()));
    rehome.turn_to(&later);
    let plan = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    let steps = plan["moves"][0]["plan"]["steps"].as_array().expect("steps");
    let last = steps.iter().find(|s| text(&s["title"]).contains("POINT OF NO RETURN")).expect("the deletion");
    let mut runner = rehome.start(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]);
    let began = loop {
        assert!(runner.try_wait().expect("it can be asked").is_none(), "the runner is at work");
        let history = rehome.json(&["history"]);
        let events = history["events"].as_array().expect("events");
        if let Some(e) = events.iter().find(|e| e["kind"] == "began" && e["body"]["step"] == last["id"]) {
            break e["position"].as_u64();
        }
    };
    let known = || {
        let anchor = std::fs::read_to_string(rehome.path("rehome.db.anchor")).expect("the anchor");
        let anchor: Value = serde_json::from_str(&anchor).expect("JSON");
        anchor["position"].as_u64()
    };
    // It is written between the intent and the first byte that is sent.
    let in_time = (0..200).any(|_| known() >= began || rehome.say(&["status"]).code != 0);
    let standing = runner.try_wait().expect("it can be asked").is_none();
    drop(runner.kill());
    drop(runner.wait());
    assert!(in_time && standing && began.is_some(), "{:?} does not know of {began:?}", known());
}
