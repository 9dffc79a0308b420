//! A folder of evidence: whoever has it, Python, openssl and ssh-keygen finds everything that was changed in it.

use super::approvals::{import, planned, public, read, sign, write};
use crate::support::handed_out::{self, edited};
use crate::support::rehome::{Rehome, text};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Two moves that two people signed for, worked on as far as they go by themselves, and the folder.
fn handed_out() -> Option<(crate::support::azure::Azure, Rehome)> {
    let (azure, rehome) = planned(&["jonas", "lena"], "[needed]\nwaves = 2")?;
    rehome.say(&["approve", "plan.json", "--reason", "change 4711", "--yes"]).expect(0);
    for name in ["jonas", "lena"] {
        sign(&rehome, name, &["--ticket", "CHG0041237"]).expect(0);
        import(&rehome, name).expect(0);
    }
    rehome.say(&["run", "plan.json", "--yes"]);
    let status = rehome.json(&["status"]);
    let batch = text(&status["moves"][0]["batch"]).to_owned();
    rehome.say(&["audit", "bundle", "evidence", &batch, "--report"]).expect(0);
    Some((azure, rehome))
}

fn verified(rehome: &Rehome, change: impl FnOnce(&Path), arguments: &[&str]) -> (Option<i32>, String) {
    handed_out::verified(&rehome.path("evidence"), "verify.py", change, arguments)
}

#[test]
fn a_folder_of_evidence_is_checked_with_python_openssl_and_ssh_keygen_alone_and_a_doctored_one_fails() {
    let have = |program: &str| Command::new(program).arg("--help").output().is_ok();
    if !have("python3") || !have("openssl") {
        println!("SKIPPED: python3 or openssl is not here, so what is handed out was not run");
        return;
    }
    let Some((_azure, rehome)) = handed_out() else { return };
    let (code, said) = verified(&rehome, |_| {}, &[]);
    assert_eq!(code, Some(0), "{said}");
    for word in [
        "chain",
        "checkpoint",
        "report      8 files",
        "2 signed, every signature good, by jonas@contoso.example, lena@contoso.example",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    // With what was kept elsewhere: the key, the reviewed approvers, an end.
    let kept = |name: &str| read(&rehome, &format!("evidence/{name}"));
    let key = kept("key.txt").trim().to_owned();
    let signers =
        ["jonas", "lena"].map(|name| format!("{name}@contoso.example {}\n", public(&rehome, name))).concat();
    write(&rehome, "signers", &signers);
    write(&rehome, "others", &signers.replace("lena@", "anna@"));
    let (signers, others) = (rehome.path("signers"), rehome.path("others"));
    let [signers, others] = [&signers, &others].map(|path| path.to_str().expect("a plain path").to_owned());
    let end = said.lines().find_map(|line| line.split("ends with ").nth(1)).expect("an end").to_owned();
    let (code, said) = verified(&rehome, |_| {}, &[&key, &signers, &end]);
    assert!(code == Some(0) && said.contains("up to the end that you kept"), "{said}");
    let other_end = format!("{}{}", &end[..end.len() - 1], if end.ends_with('0') { '1' } else { '0' });
    let refused = |what: &str, arguments: &[&str], change: &dyn Fn(&Path), says: &str| {
        let (code, said) = verified(&rehome, |folder| change(folder), arguments);
        assert!(code == Some(1) && said.contains(says), "{what}: {code:?} {said}");
    };
    refused("other approvers", &["-", &others], &|_| {}, "signature is not good");
    refused("another end", &["-", "-", &other_end], &|_| {}, "NOT AS IT WAS WRITTEN");
    let edit = |file: &'static str, from: &'static str, to: &'static str| {
        move |folder: &Path| edited(file, from, to)(folder)
    };
    refused("the record", &[], &edit("events.jsonl", "change 4711", "change 4712"), "event ");
    refused("the page", &[], &edit("report.html", "Report: batch", "Report: Batch"), "report.html");
    refused("a table", &[], &edit("approvals.csv", "CHG0041237", "CHG0041238"), "approvals.csv");
    refused("the checkpoint", &[], &edit("checkpoint.txt", "\n\n", "\nmore\n\n"), "no good signature");
    let shorter = |folder: &Path| {
        let path = folder.join("events.jsonl");
        let was = std::fs::read_to_string(&path).expect("a text");
        let lines: Vec<&str> = was.lines().collect();
        std::fs::write(path, format!("{}\n", lines[..lines.len() - 1].join("\n"))).expect("written");
    };
    refused("the end cut off", &[], &shorter, "NOT AS IT WAS WRITTEN");
    let resigned = |folder: &Path| {
        let path = folder.join("statement.dsse.json");
        let was = std::fs::read_to_string(&path).expect("a text");
        let mut envelope: Value = serde_json::from_str(&was).expect("JSON");
        let sig = text(&envelope["signatures"][0]["sig"]).to_owned();
        let first = if sig.starts_with('A') { "B" } else { "A" };
        envelope["signatures"][0]["sig"] = Value::from(format!("{first}{}", &sig[1..]));
        std::fs::write(path, envelope.to_string()).expect("written");
    };
    refused("the signature", &[], &resigned, "no good signature by that key");
    // Nothing replaces evidence, and none is made of what would be withheld.
    let batch = text(&rehome.json(&["status"])["moves"][0]["batch"]).to_owned();
    rehome.say(&["audit", "bundle", "evidence", &batch, "--report"]).expect(2);
    rehome.say(&["audit", "bundle", "more", &batch, "--report", "--redact", "x"]).expect(2);
    rehome.say(&["audit", "bundle", "more", "nobody", "--report"]).expect(3);
    assert!(!rehome.path("more").exists(), "nothing is left of what failed");
    let own = rehome.json(&["report", &batch]);
    let held: Vec<&str> =
        own["report"]["duties"].as_array().expect("rows").iter().map(|duty| text(&duty["held"])).collect();
    assert_eq!(held[..4], ["yes", "yes", "yes", "yes"], "{}", own["report"]["duties"]);
}
