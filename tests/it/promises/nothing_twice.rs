//! Promise 3: nothing is done twice by guess. A call without an answer is never repeated blind: Azure is read first.

use crate::support::azure::example;
use crate::support::estates::signed_in;
use crate::support::oracle::{differences, plain};
use crate::support::rehome::text;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The first answer to each write of every kind is lost; the write has its effect.
fn lost_answers() -> Value {
    let lost =
        |host: &str, method: &str| json!({"host": host, "method": method, "nth": 1, "what": "cut_after"});
    let mut link = lost("graph", "POST");
    link["path"] = json!("/members/$ref");
    let arm = ["PUT", "PATCH", "DELETE"].map(|method| lost("arm", method));
    json!({"rules": arm.into_iter().chain([link, lost("graph", "DELETE")]).collect::<Vec<_>>()})
}

/// Moves the smallest example there and back; how often each write had an effect.
fn there_and_back(faults: &Value) -> BTreeMap<String, usize> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), faults.to_string()).expect("written");
    let (azure, rehome) = signed_in(&example("minimal").join("estate.json"), Some(file.path()));
    let before = plain(&azure.estate());
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
    rehome.say(&["verify"]).expect(0);
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(differences(&before, &plain(&azure.estate()), ""), Vec::<String>::new());
    let mut effects = BTreeMap::new();
    for request in azure.requests().iter().filter(|r| r["changed"] == true) {
        let write = format!("{} {}", text(&request["method"]), text(&request["path"]));
        *effects.entry(write).or_default() += 1;
    }
    effects
}

#[test]
fn where_every_answer_to_a_write_is_lost_azure_is_read_and_nothing_is_sent_a_second_time() {
    let effects = there_and_back(&json!({"rules": []}));
    assert!(effects.len() > 10, "{effects:?}");
    assert_eq!(there_and_back(&lost_answers()), effects);
}
