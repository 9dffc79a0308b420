//! Approvers who say no, and who take back what they said: it is signed, shown, and held against what would begin.

use super::approvals::{import, planned, planned_in, sign, steps_done};
use crate::cli::schemas::Schema;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

/// The first part of what is approved, as `status` has it.
fn scope(rehome: &Rehome) -> Value {
    rehome.json(&["status"])["approvals"]["scale"]["scopes"][0].clone()
}

/// What the first move waits for, in words.
fn waits(rehome: &Rehome) -> (String, String) {
    let first = rehome.json(&["status"])["moves"][0].clone();
    let title = text(&first["waiting_for"][0]["title"]).to_owned();
    (text(&first["state"]).to_owned(), title)
}

/// Signs elsewhere and brings it here.
fn say(rehome: &Rehome, name: &str, more: &[&str]) -> String {
    sign(rehome, name, more).expect(0);
    import(rehome, name).expect(0).out
}

#[test]
fn one_who_says_no_keeps_a_wave_whoever_approves_it_until_they_say_something_else() {
    let Some((_azure, rehome)) = planned(&["jonas", "lena"], "") else { return };
    let nowhere = ["approve", "plan.json", "--key", "lena", "--reject", "--reason", "no", "--yes"];
    rehome.say(&nowhere).expect(3);
    assert!(!rehome.path("rehome.db").exists(), "who says no records no plan");
    rehome.say(&["approve", "plan.json", "--reason", "for the record", "--yes"]).expect(0);
    say(&rehome, "jonas", &[]);
    let said = say(&rehome, "lena", &["--reject", "--scope", "wave:all"]);
    assert!(
        said.contains("rejected: batch scale: lena@contoso.example: rejects wave:all: change 4711"),
        "{said}"
    );
    let signed: Value =
        serde_json::from_slice(&std::fs::read(rehome.path("lena.json")).expect("a file")).expect("JSON");
    Schema::of("approval").takes(&signed, "a signed rejection");

    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    assert_eq!((scope(&rehome)["have"].clone(), steps_done(&rehome)), (json!(1), 0), "it is rejected");
    assert_eq!(scope(&rehome)["rejected"], json!([{"by": "lena@contoso.example", "reason": "change 4711"}]));
    let status = rehome.json(&["status"]);
    Schema::of("status").takes(&status, "the status of what is rejected");
    let (state, title) = waits(&rehome);
    assert_eq!(state, "needs-person");
    assert!(title.contains("rejected by lena@contoso.example: change 4711"), "{title}");
    let unblock = text(&status["moves"][0]["waiting_for"][0]["unblock_with"][0]).to_owned();
    assert!(unblock.contains("approve --withdraw"), "{unblock}");

    let said = say(&rehome, "lena", &["--withdraw"]);
    assert!(said.contains("withdrawn: "), "{said}");
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let before = steps_done(&rehome);
    assert_ne!(before, 0, "nobody rejects it any more");

    // What is let loose begins nothing more.
    say(&rehome, "lena", &["--reject"]);
    while rehome.acknowledge() {}
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let (_, title) = waits(&rehome);
    assert!(title.contains("an approver rejected it"), "{title}");
    say(&rehome, "lena", &["--scope", "waves"]);
    assert_eq!(rehome.run_with_people(), 0);
    let verified = rehome.json(&["audit", "verify"]);
    let counts = &verified["approvals"];
    let of = |key: &str| counts[key].clone();
    assert_eq!((of("signed"), of("rejected"), of("withdrawn")), (json!(2), json!(2), json!(1)), "{counts}");
    let history = rehome.say(&["history"]).expect(0).out;
    assert!(history.contains("rejected: wave:all by lena@contoso.example (signed) change 4711"), "{history}");
}

#[test]
fn a_clean_up_that_lacks_approvals_or_is_rejected_is_told_to_people_and_does_not_begin() {
    let tables =
        "[[wave]]\nname = \"canary\"\n[hooks]\ncommand = [\"/bin/sh\", \"-c\", \"cat >> told.jsonl\"]\n";
    let Some((_azure, rehome)) = planned_in(&["jonas", "lena"], "", tables) else { return };
    rehome.say(&["approve", "plan.json", "--reason", "for the record", "--yes"]).expect(0);
    say(&rehome, "jonas", &["--scope", "waves"]);
    assert_eq!(rehome.run_with_people(), 0);
    let told = |part: &str| {
        rehome.say(&["notify", "scale"]).expect(0);
        let all = std::fs::read_to_string(rehome.path("told.jsonl")).expect("somebody was told");
        let messages = all.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        let is = |of: &Value| of["type"] == "needs_person" && text(&of["data"]["what"]).contains(part);
        messages.filter(is).count()
    };
    assert_eq!(told("the clean-up waits for 0 of 1 approvals"), 1, "once, however many moves soak");
    say(&rehome, "jonas", &["--scope", "cleanup"]);
    say(&rehome, "lena", &["--reject", "--scope", "cleanup"]);
    assert_eq!(told("lena@contoso.example rejects cleanup: change 4711"), 1);
    let clean_up = ["cleanup", "scale", "--confirm", "scale", "--yes"];
    let said = rehome.say(&clean_up).expect(11).err;
    assert!(said.contains("cleanup is rejected by lena@contoso.example: change 4711"), "{said}");
    say(&rehome, "lena", &["--withdraw", "--scope", "cleanup"]);
    rehome.say_with_people(&clean_up).expect(0);
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_canary_that_is_rehearsed_needs_approvals_for_both_and_is_made_taken_back_and_made_again() {
    let tables = "[[wave]]\nname = \"canary\"\nrehearse_undo = true\n[[wave]]\nname = \"rest\"\n";
    let Some((_azure, rehome)) = planned_in(&["jonas", "lena"], "", tables) else { return };
    rehome.say(&["approve", "plan.json", "--reason", "for the record", "--yes"]).expect(0);
    let scopes = rehome.json(&["status"])["approvals"]["scale"]["scopes"].clone();
    let names: Vec<&str> = scopes.as_array().expect("scopes").iter().map(|of| text(&of["scope"])).collect();
    assert_eq!(names, ["wave:canary-rehearsal", "wave:canary", "wave:rest", "cleanup"]);
    say(&rehome, "jonas", &["--scope", "wave:canary"]);
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    assert_eq!(steps_done(&rehome), 0, "the rehearsal is not approved");
    say(&rehome, "lena", &["--scope", "wave:canary-rehearsal"]);
    assert_eq!(rehome.run_with_people(), 11);
    let states = |rehome: &Rehome| -> Vec<String> {
        let status = rehome.json(&["status"]);
        status["moves"].as_array().expect("moves").iter().map(|m| text(&m["state"]).to_owned()).collect()
    };
    let mut canary = states(&rehome);
    canary.sort();
    assert_eq!(canary, ["awaiting-cleanup", "needs-person", "rolled-back"], "the rest is not approved");
    say(&rehome, "lena", &["--scope", "wave:rest"]);
    assert_eq!(rehome.run_with_people(), 0);
    let mut all = states(&rehome);
    all.sort();
    assert_eq!(all, ["awaiting-cleanup", "awaiting-cleanup", "rolled-back"]);
    rehome.say(&["audit", "verify"]).expect(0);
}
