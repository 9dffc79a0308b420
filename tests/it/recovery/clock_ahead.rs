//! A clock that is set ends no soak: the cloud's counts.

use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};

/// What the move waits for.
fn waits_for(rehome: &Rehome) -> String {
    text(&rehome.json(&["status"])["moves"][0]["waiting_for"][0]["kind"]).to_owned()
}

#[test]
fn a_clock_that_is_set_forward_ends_no_soak_and_one_that_is_set_back_keeps_none() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let mut rehome = Rehome::at(&azure);
    let batch = std::fs::read_to_string(example("minimal").join("batch.toml")).expect("a batch");
    // Longer than a run without a terminal waits for, and than any machine takes for what is done here meanwhile.
    std::fs::write(rehome.path("batch.toml"), batch.replace("\"1h\"", "\"360d\"")).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 11);
    assert_eq!(waits_for(&rehome), "soak");
    const RUN: [&str; 3] = ["run", "plan.json", "--yes"];
    let (day, years) = (86_400, 3 * 365 * 86_400);
    rehome.set_clock(years);
    rehome.say(&RUN).expect(11);
    assert_eq!(waits_for(&rehome), "soak", "three years ahead");
    rehome.say(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(11);
    rehome.set_clock(0);
    assert!(
        azure.estate().to_string().contains("userAssignedIdentities/id-shop\""),
        "the old identity is there"
    );
    rehome.say(&["audit", "verify"]).expect(0);
    // When it is over by the cloud's clock, one that is three years back keeps nobody.
    azure.advance(360 * day);
    rehome.set_clock(-years);
    rehome.say(&RUN);
    rehome.set_clock(0);
    assert_ne!(waits_for(&rehome), "soak");
    let history = rehome.json(&["history"]);
    let events = history["events"].as_array().expect("events");
    let of = |kind: &str| {
        let found = events.iter().rfind(|e| e["kind"] == kind && e["body"]["elsewhere_ms"].is_i64());
        found.and_then(|e| e["body"]["elsewhere_ms"].as_i64()).expect(kind)
    };
    assert!(
        of("reached") - of("timed") >= 360 * i64::from(day) * 1_000,
        "by the cloud's clock it was long enough"
    );
    rehome.say(&["audit", "verify"]).expect(0);
}
