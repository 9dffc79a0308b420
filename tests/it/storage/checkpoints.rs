//! Signed ends of a log: whoever kept one, and the key, finds a log that was cut, written anew or went its own way.

use crate::support::estates::approved;
use crate::support::rehome::Rehome;
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// Signs the end, keeps it in a file of this name; the key.
fn keep(rehome: &Rehome, name: &str) -> String {
    let signed = rehome.json(&["audit", "checkpoint"]);
    std::fs::write(rehome.path(name), signed["checkpoint"].as_str().expect("a note")).expect("written");
    let printed = rehome.say(&["audit", "checkpoint"]).expect(0).out;
    assert_eq!(
        printed,
        signed["checkpoint"].as_str().expect("a note"),
        "what is printed can be kept as it is"
    );
    signed["key"].as_str().expect("a key").to_owned()
}

#[test]
fn a_log_that_went_on_is_confirmed_by_an_old_checkpoint_and_one_that_was_written_anew_is_found() {
    let (_azure, rehome) = approved();
    rehome.say(&["audit", "checkpoint"]).expect(3);
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    rehome.say(&["db", "backup", "early.db"]).expect(0);
    rehome.say(&["pause", "minimal", "--reason", "as it was"]).expect(0);
    let key = keep(&rehome, "end.txt");
    let size = rehome.json(&["audit", "head"])["position"].clone();
    let verify = ["audit", "verify", "--anchor", "end.txt", "--signed-by", &key];
    assert_eq!(rehome.json(&verify)["anchored"], true);
    rehome.say(&["resume", "minimal", "--reason", "later"]).expect(0);
    for verify in [&verify[..], &verify[..4]] {
        let found = rehome.json(verify);
        assert_eq!((&found["anchored"], &found["anchored_at"]), (&json!(false), &size), "{verify:?}");
    }
    rehome.say(&["audit", "bundle", "all.jsonl"]).expect(0);
    let bundled = [&verify[..], &["--bundle", "all.jsonl"]].concat();
    assert_eq!(rehome.json(&bundled)["anchored_at"], size);
    let said = rehome.say(&[&verify[..4], &["--bundle", "all.jsonl"]].concat()).expect(2);
    assert!(said.err.contains("--signed-by"), "{}", said.err);

    // An older copy takes its place, and its anchor goes with it.
    rehome.say(&["db", "restore", "early.db", "--yes"]).expect(0);
    rehome.say(&["db", "reconcile", "--reason", "a test", "--yes"]).expect(0);
    let said = rehome.say(&verify).expect(15);
    assert!(said.err.contains("not those") || said.err.contains("cut-off tail"), "{}", said.err);
    for nth in 0..3 {
        rehome.say(&[["pause", "resume"][nth % 2], "minimal", "--reason", "something else"]).expect(0);
    }
    rehome.say(&["audit", "verify"]).expect(0);
    let said = rehome.say(&verify).expect(15);
    assert!(said.err.contains("not those that the checkpoint was signed for"), "{}", said.err);
}

#[test]
fn a_checkpoint_is_believed_only_as_it_was_signed_by_the_key_that_is_named_and_of_this_log() {
    let (_azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let key = keep(&rehome, "end.txt");
    let note = std::fs::read_to_string(rehome.path("end.txt")).expect("written");
    let (_other_azure, other) = approved();
    other.say(&["run", "plan.json", "--yes"]).expect(11);
    let other_key = keep(&other, "end.txt");
    std::fs::copy(other.path("end.txt"), rehome.path("other.txt")).expect("copied");
    let lines: Vec<&str> = note.lines().collect();
    let size: u64 = lines[1].parse().expect("a number");
    let shorter = note.replacen(lines[1], &(size - 1).to_string(), 1);
    std::fs::write(rehome.path("edited.txt"), shorter).expect("written");
    std::fs::write(rehome.path("unsigned.txt"), format!("{}\n\n", lines[..3].join("\n"))).expect("written");
    let refused = |file: &str, key: &str, code: i32, says: &str| {
        let said = rehome.say(&["audit", "verify", "--anchor", file, "--signed-by", key]).expect(code);
        assert!(said.err.contains(says) && said.err.contains("next"), "{file}: {}", said.err);
    };
    refused("edited.txt", &key, 15, "made up");
    refused("end.txt", &other_key, 15, "no signature by this key");
    refused("other.txt", &other_key, 15, "another log");
    refused("unsigned.txt", &key, 2, "POSITION:HASH");
    refused("end.txt", "rehome+1+2", 2, "no key");
    let head = rehome.say(&["audit", "head"]).expect(0).out.trim().to_owned();
    refused(&head, &key, 2, "no signature");
}

#[test]
fn whoever_has_a_bundle_a_checkpoint_and_the_key_needs_python_and_openssl_alone() {
    let have = |program: &str| Command::new(program).arg("--help").output().is_ok();
    if !have("python3") || !have("openssl") {
        println!("SKIPPED: python3 or openssl is not here, so the verifier that is handed out was not run");
        return;
    }
    let (_azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let key = keep(&rehome, "end.txt");
    rehome.say(&["pause", "minimal", "--reason", "later"]).expect(0);
    rehome.say(&["audit", "bundle", "all.jsonl"]).expect(0);
    let verifier = Path::new(env!("CARGO_MANIFEST_DIR")).join("store/verify_checkpoint.py");
    let verify = |bundle: &str, note: &str, key: &str| {
        let mut python = Command::new("python3");
        let (bundle, note) = (rehome.path(bundle), rehome.path(note));
        let out =
            python.env("PYTHONDONTWRITEBYTECODE", "1").arg(&verifier).args([bundle, note]).arg(key).output();
        let out = out.expect("it runs");
        (out.status.code(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
    };
    let (code, said) = verify("all.jsonl", "end.txt", &key);
    assert_eq!(code, Some(0), "{said}");
    let note = std::fs::read_to_string(rehome.path("end.txt")).expect("written");
    let size = note.lines().nth(1).expect("a size");
    assert!(said.contains(&format!("events 1 to {size} ")), "{said}");
    let (_other_azure, other) = approved();
    other.say(&["run", "plan.json", "--yes"]).expect(11);
    let other_key = keep(&other, "end.txt");
    std::fs::copy(other.path("end.txt"), rehome.path("other.txt")).expect("copied");
    let line = note.lines().nth(2).expect("a root");
    let other_root = note.replacen(line, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1);
    std::fs::write(rehome.path("edited.txt"), other_root).expect("written");
    for (note, key, says) in [
        ("end.txt", &other_key, "no good signature"),
        ("edited.txt", &key, "no good signature"),
        ("other.txt", &other_key, "another log"),
    ] {
        let (code, said) = verify("all.jsonl", note, key);
        assert!(code == Some(1) && said.contains(says), "{note}: {said}");
    }
}

#[test]
fn whoever_has_two_checkpoints_checks_without_the_log_that_one_goes_on_from_the_other() {
    let have = |program: &str| Command::new(program).arg("--help").output().is_ok();
    let (_azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let mut kept = Vec::new();
    for nth in 0..4 {
        let name = format!("end-{nth}.txt");
        keep(&rehome, &name);
        kept.push(name);
        rehome.say(&[["pause", "resume"][nth % 2], "minimal", "--reason", "later"]).expect(0);
    }
    let key = keep(&rehome, "last.txt");
    kept.push("last.txt".to_owned());
    let verifier = Path::new(env!("CARGO_MANIFEST_DIR")).join("store/verify_checkpoint.py");
    let verify = |old: &str, newer: &str| {
        let mut python = Command::new("python3");
        python.env("PYTHONDONTWRITEBYTECODE", "1").arg(&verifier).arg("--since");
        let out = python.args([rehome.path(old), rehome.path(newer)]).arg(&key).output().expect("it runs");
        (out.status.code(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
    };
    for old in &kept {
        let said = rehome.say(&["audit", "checkpoint", "--since", old]).expect(0).out;
        std::fs::write(rehome.path("newer.txt"), &said).expect("written");
        if !have("python3") || !have("openssl") {
            println!("SKIPPED: python3 or openssl is not here, so the proof was not checked");
            continue;
        }
        let (code, out) = verify(old, "newer.txt");
        assert_eq!(code, Some(0), "{old}: {out}");
        // The proof is for this one and no other, and every line of it counts.
        for other in kept.iter().filter(|other| *other != old) {
            assert_eq!(verify(other, "newer.txt").0, Some(1), "{old} {other}");
        }
        let proof = said.lines().skip(1).take_while(|line| !line.is_empty()).count();
        for left_out in 1..=proof {
            let less: Vec<&str> =
                said.lines().enumerate().filter(|(nth, _)| *nth != left_out).map(|(_, line)| line).collect();
            std::fs::write(rehome.path("less.txt"), less.join("\n") + "\n").expect("written");
            assert_eq!(verify(old, "less.txt").0, Some(1), "{old} without line {left_out}");
        }
    }
    let (_other_azure, other) = approved();
    other.say(&["run", "plan.json", "--yes"]).expect(11);
    keep(&other, "end.txt");
    std::fs::copy(other.path("end.txt"), rehome.path("other.txt")).expect("copied");
    rehome.say(&["audit", "checkpoint", "--since", "other.txt"]).expect(15);
}
