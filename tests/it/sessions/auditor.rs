//! The auditor, on a laptop with nothing but a folder of evidence, an end of the log from a ticket and an export of Azure's log.

use super::typed;
use crate::storage::azure_logs::{activity_log, export};
use crate::support::estates::approved;
use crate::support::rehome::{Rehome, text};

#[test]
fn an_auditor_reads_samples_and_checks_a_batch_offline_from_what_was_handed_out() {
    let (azure, operator) = approved();
    operator.say(&["run", "plan.json", "--yes"]).expect(11);
    let ticket = operator.say(&["audit", "head"]).expect(0).out.trim().to_owned();
    operator.acknowledge();
    operator.say(&["pause", "minimal", "--reason", "the auditor comes"]).expect(0);
    operator.say(&["audit", "bundle", "evidence", "minimal", "--report"]).expect(0);
    export(&operator, "activity.json", &activity_log(&azure));
    drop(azure);

    let auditor = Rehome::offline();
    for file in ["activity.json", "evidence/events.jsonl", "evidence/checkpoint.txt", "evidence/key.txt"] {
        let name = file.rsplit('/').next().expect("a name");
        std::fs::copy(operator.path(file), auditor.path(name)).expect("handed out");
    }
    let key = std::fs::read_to_string(auditor.path("key.txt")).expect("a key");
    let bundle = "--bundle events.jsonl";
    typed(
        &auditor,
        &format!("audit verify {bundle} --anchor {ticket}"),
        0,
        &["intact: ", "approvals ", "head "],
    );
    let signed = format!("audit verify {bundle} --anchor checkpoint.txt --signed-by {}", key.trim());
    typed(&auditor, &signed, 0, &["intact: "]);
    typed(
        &auditor,
        &format!("report minimal {bundle} --html report.html"),
        0,
        &[
            "REPORT    batch minimal",
            "WAS IT DONE AS IT SHOULD BE?",
            "NO ",
            "approvals are signed",
            "OUT OF THE ORDINARY",
            "WHAT THIS PROVES",
        ],
    );
    // The population, and a sample of the changes, as a spreadsheet takes them.
    let report = auditor.json(&["report", "minimal", "--bundle", "events.jsonl"]);
    let run = text(&report["report"]["population"][0]["move"]).to_owned();
    let change = &report["report"]["changes"][0];
    let (step, position) = (text(&change["step"]).to_owned(), change["position"].clone());
    typed(
        &auditor,
        &format!("history {run} {bundle} -o csv"),
        0,
        &["position,at,stream", "planned", "approved", "began"],
    );
    typed(&auditor, &format!("show {run} {bundle} --at {position}"), 0, &[&run, "id-shop"]);
    typed(
        &auditor,
        &format!("audit explain {run}:{step} {bundle}"),
        0,
        &["begins", "because", "Azure did it", "now "],
    );
    // Azure's own log has each write under the hash of its intent.
    typed(
        &auditor,
        &format!("audit reconcile {bundle} --activity-log activity.json"),
        0,
        &["Activity Log: ", "by the hash of the intent, 0 by the request id alone", "PROVES "],
    );
    let kept = std::fs::read_to_string(auditor.path("activity.json")).expect("an export");
    assert!(kept.contains(text(&change["correlation_id"])), "{change}");
    // Somebody changed a reason in the folder.
    let events = std::fs::read_to_string(auditor.path("events.jsonl")).expect("a bundle");
    std::fs::write(auditor.path("events.jsonl"), events.replacen("a test", "a lie!", 1)).expect("written");
    typed(&auditor, &format!("audit verify {bundle}"), 15, &["event"]);
}
