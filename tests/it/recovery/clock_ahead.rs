//! A clock that is set ends no soak: the cloud's counts.

use crate::support::azure::{Azure, example};
use crate::support::preload::library;
use crate::support::rehome::{Rehome, Said, text};
use std::process::Command;

/// A command on a machine whose clock is so many seconds ahead.
pub(crate) fn ahead(rehome: &Rehome, seconds: i64, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
    rehome.dressed(command.args(arguments));
    command.env("LD_PRELOAD", library("clock_ahead")).env("CLOCK_AHEAD_S", seconds.to_string());
    let output = command.output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// What the move waits for.
fn waits_for(rehome: &Rehome) -> String {
    text(&rehome.json(&["status"])["moves"][0]["waiting_for"][0]["kind"]).to_owned()
}

#[test]
fn a_clock_that_is_set_forward_ends_no_soak_and_one_that_is_set_back_keeps_none() {
    let azure = Azure::serve_at("1000", &example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = std::fs::read_to_string(example("minimal").join("batch.toml")).expect("a batch");
    // Forty seconds at this scale: longer than a run without a terminal waits for.
    std::fs::write(rehome.path("batch.toml"), batch.replace("\"1h\"", "\"40000s\"")).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 11);
    assert_eq!(waits_for(&rehome), "soak");
    const RUN: [&str; 3] = ["run", "plan.json", "--yes"];
    let month = 30 * 86_400;
    ahead(&rehome, month, &RUN).expect(11);
    assert_eq!(waits_for(&rehome), "soak", "a month ahead");
    ahead(&rehome, month, &["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(11);
    assert!(
        azure.estate().to_string().contains("userAssignedIdentities/id-shop\""),
        "the old identity is there"
    );
    rehome.say(&["audit", "verify"]).expect(0);
    // With the clock a month back nobody waits a month: this run comes to the soak's last seconds by itself.
    let gone = std::time::Instant::now();
    while waits_for(&rehome) == "soak" {
        ahead(&rehome, -month, &RUN);
        assert!(gone.elapsed().as_secs() < 300, "the soak does not end");
    }
    let history = rehome.json(&["history"]);
    let events = history["events"].as_array().expect("events");
    let of = |kind: &str| {
        let found = events.iter().rfind(|e| e["kind"] == kind && e["body"]["elsewhere_ms"].is_i64());
        found.and_then(|e| e["body"]["elsewhere_ms"].as_i64()).expect(kind)
    };
    assert!(of("reached") - of("timed") >= 40_000_000, "by the cloud's clock it was long enough");
    rehome.say(&["audit", "verify"]).expect(0);
}
