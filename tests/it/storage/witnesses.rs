//! Signed ends that leave the machine by themselves: to whom, what they find later, and what becomes of one that is not there.

use super::azure_logs::{activity_log, export};
use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::receiver::{Mood, Receiver};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// The smallest batch with these witnesses, approved.
fn approved(witness: &str, prepare: impl FnOnce(&Rehome)) -> (Azure, Rehome) {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    prepare(&rehome);
    let batch = format!("{}\n[witness]\n{witness}", minimal_without_soak());
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    (azure, rehome)
}

fn git(folder: &Path, words: &[&str]) -> String {
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let out = git.arg("-C").arg(folder).args(words).output().expect("git runs");
    assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// The names of the checkpoints in a folder, in their order.
fn names(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok);
    let mut names: Vec<String> = all.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".checkpoint"));
    names.sort();
    names
}

fn level(verified: &Value, level: &str) -> Value {
    let all = verified["levels"].as_array().expect("levels");
    all.iter().find(|rung| rung["level"] == level).expect("it is there").clone()
}

const CLEAN_UP: [&str; 4] = ["cleanup", "minimal", "--confirm", "minimal"];

#[test]
fn every_end_that_is_anchored_is_signed_and_whoever_is_named_has_it_without_being_asked() {
    let receiver = Receiver::with(&[]);
    let witness = format!(
        "folder = \"kept\"\ngit = \"audit\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> told.txt\"]\nurl = \"{}\"\n",
        receiver.url()
    );
    let (_azure, rehome) = approved(&witness, |rehome| {
        std::fs::create_dir(rehome.path("kept")).expect("a folder");
        git(&rehome.path("."), &["init", "--quiet", "--bare", "outside.git"]);
        git(&rehome.path("."), &["clone", "--quiet", "outside.git", "audit"]);
        let audit = rehome.path("audit");
        git(
            &audit,
            &[
                "-c",
                "user.name=x",
                "-c",
                "user.email=x@y",
                "commit",
                "--quiet",
                "--allow-empty",
                "-m",
                "begin",
            ],
        );
        git(&audit, &["push", "--quiet", "-u", "origin", "HEAD"]);
        // What the tree would run by itself is not run.
        for hook in ["pre-commit", "post-commit", "pre-push"] {
            let path = audit.join(".git/hooks").join(hook);
            std::fs::write(&path, "#!/bin/sh\nenv > \"$(dirname \"$0\")/ran\"\nexit 1\n").expect("written");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).expect("set");
        }
    });
    let shown = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(shown.contains("the folder kept and the Git work tree audit"), "who is told is shown: {shown}");
    rehome.run_with_people();
    let before = names(&rehome.path("kept"));
    assert!(!before.is_empty(), "the runner handed over");
    rehome.say(&CLEAN_UP);
    let after = names(&rehome.path("kept"));
    assert!(
        after.len() > before.len() + 1,
        "the end is signed before what nothing brings back, too: {after:?}"
    );
    // All of them have the same, and the last is the end of the log.
    let newest =
        std::fs::read_to_string(rehome.path("kept").join(after.last().expect("one"))).expect("a note");
    assert_eq!(std::fs::read_to_string(rehome.path("rehome.db.checkpoint")).expect("a note"), newest);
    assert!(std::fs::read_to_string(rehome.path("told.txt")).expect("called").ends_with(&newest));
    assert_eq!(receiver.heard().last().expect("it was told").body, newest);
    assert_eq!(names(&rehome.path("audit")).last(), after.last());
    assert!(!rehome.path("audit/.git/hooks/ran").exists(), "a hook of the tree was run");
    let pushed = git(&rehome.path("outside.git"), &["ls-tree", "-r", "--name-only", "HEAD"]);
    assert_eq!(pushed.lines().rfind(|name| name.ends_with(".checkpoint")), after.last().map(String::as_str));
    let head = rehome.json(&["audit", "head"])["position"].clone();
    assert_eq!(newest.lines().nth(1), Some(head.to_string().as_str()));
}

#[test]
fn what_is_verified_says_which_level_is_reached_and_what_is_not_proven() {
    let make = |rehome: &Rehome| std::fs::create_dir(rehome.path("kept")).expect("a folder");
    let (azure, rehome) = approved("folder = \"kept\"\n", make);
    // Before the first runner there is no key, and that is said.
    let early = rehome.json(&["audit", "verify"]);
    assert_eq!(
        (&early["level"], &level(&early, "signed")["reached"]),
        (&json!("chain"), &json!(false)),
        "{early}"
    );
    rehome.run_with_people();
    let head = rehome.json(&["audit", "head"])["position"].clone();
    let verified = rehome.json(&["audit", "verify"]);
    assert_eq!(
        (&verified["level"], &level(&verified, "signed")["up_to"]),
        (&json!("signed"), &head),
        "{verified}"
    );
    assert!(text(&level(&verified, "witnessed")["words"]).contains("the folder kept"), "{verified}");
    assert!(text(&verified["not_proven"][0]).contains("written anew"), "{verified}");
    rehome.say(&["pause", "minimal", "--reason", "x"]);
    let verified = rehome.json(&["audit", "verify", "--witness", "kept"]);
    assert_eq!(verified["level"], "witnessed", "{verified}");
    export(&rehome, "activity.json", &activity_log(&azure));
    let all = ["audit", "verify", "--witness", "kept", "--activity-log", "activity.json"];
    assert_eq!(rehome.json(&all)["level"], "azure");
    let said = rehome.say(&all).expect(0).out;
    assert!(
        said.contains("level  azure")
            && said.contains("not proven")
            && said.contains("that a workload works"),
        "{said}"
    );
    let doctor = rehome.say(&["doctor", "-o", "json"]).out;
    let doctor: Value = serde_json::from_str(&doctor).expect("JSON");
    let checks = doctor["checks"].as_array().expect("checks");
    let signing = checks.iter().find(|check| check["check"] == "signing").expect("it is looked at");
    assert!(signing["verdict"] == "ok" && text(&signing["found"]).contains("the folder kept"), "{signing}");
}

/// The files of the log, as whoever put an old copy back would have them.
fn copied(rehome: &Rehome, from: &str, to: &str) {
    for part in ["", "-wal", "-shm", ".anchor", ".checkpoint", ".tree", ".key", ".runner"] {
        let (from, to) = (rehome.path(&format!("{from}{part}")), rehome.path(&format!("{to}{part}")));
        drop(std::fs::remove_file(&to));
        if from.exists() {
            std::fs::copy(from, to).expect("copied");
        }
    }
}

#[test]
fn an_old_copy_with_everything_beside_it_is_found_by_whoever_kept_a_checkpoint_and_when_it_goes_on_it_is_said()
 {
    let make = |rehome: &Rehome| std::fs::create_dir(rehome.path("kept")).expect("a folder");
    let (_azure, rehome) = approved("folder = \"kept\"\n", make);
    rehome.say(&["run", "plan.json", "--yes"]);
    copied(&rehome, "rehome.db", "old");
    for act in ["pause", "resume"] {
        rehome.say(&[act, "minimal", "--reason", "as it was"]).expect(0);
    }
    let verify = ["audit", "verify", "--witness", "kept"];
    rehome.say(&verify).expect(0);
    let key = text(&rehome.json(&["audit", "checkpoint"])["key"]).to_owned();
    copied(&rehome, "old", "rehome.db");
    // By itself it is as it was written, and signed.
    assert_eq!(rehome.json(&["audit", "verify"])["level"], "signed");
    let said = rehome.say(&verify).expect(15).err;
    assert!(said.contains("an old copy was put back") && said.contains(".checkpoint"), "{said}");
    // It goes on, and the witness has another end of that size.
    let said = rehome.say(&["pause", "minimal", "--reason", "another past"]).expect(0).err;
    assert!(said.contains("WITNESS") && said.contains("ANOTHER checkpoint"), "{said}");
    rehome.say(&["resume", "minimal", "--reason", "another past"]).expect(0);
    let said = rehome.say(&verify).expect(15).err;
    assert!(said.contains("went its own way"), "{said}");
    // A bundle of it is found out anywhere, and a key that did not sign is believed nothing.
    rehome.say(&["audit", "bundle", "all.jsonl"]).expect(0);
    let bundled = ["audit", "verify", "--bundle", "all.jsonl", "--witness", "kept", "--signed-by", &key];
    rehome.say(&bundled).expect(15);
    rehome.say(&bundled[..6]).expect(2);
    rehome.say(&["audit", "verify", "--witness", "."]).expect(3);
}

#[test]
fn what_a_person_says_is_lost_is_no_forgery_and_stays_in_sight() {
    let make = |rehome: &Rehome| std::fs::create_dir(rehome.path("kept")).expect("a folder");
    let (_azure, rehome) = approved("folder = \"kept\"\n", make);
    rehome.say(&["run", "plan.json", "--yes"]);
    rehome.say(&["db", "backup", "early.db"]).expect(0);
    rehome.say(&["pause", "minimal", "--reason", "as it was"]).expect(0);
    rehome.say(&["db", "restore", "early.db", "--yes"]).expect(0);
    rehome.say(&["db", "reconcile", "--reason", "the disk is gone", "--yes"]).expect(0);
    let verified = rehome.json(&["audit", "verify", "--witness", "kept"]);
    let words = text(&level(&verified, "witnessed")["words"]).to_owned();
    assert!(verified["level"] == "witnessed" && words.contains("lost, as the log says"), "{verified}");
}

#[test]
fn a_witness_that_cannot_be_reached_is_named_once_and_the_work_goes_on() {
    let gone = Receiver::with(&[Mood::Answer(503); 40]);
    let witness = format!(
        "folder = \"nowhere\"\ngit = \"plain\"\ncommand = [\"./no-such-program\"]\nurl = \"{}\"\n",
        gone.url()
    );
    let (_azure, rehome) = approved(&witness, |rehome| {
        std::fs::create_dir(rehome.path("plain")).expect("a folder");
    });
    let said = rehome.say_with_people(&["run", "plan.json", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for place in
        ["the folder nowhere", "the Git work tree plain", "the program ./no-such-program", "the webhook"]
    {
        let told = said.err.lines().filter(|line| line.contains("WITNESS") && line.contains(place)).count();
        assert_eq!(told, 1, "{place}: {}", said.err);
    }
    let doctor = rehome.say(&["doctor"]).out;
    assert!(doctor.contains("WARN") && doctor.contains("nowhere"), "{doctor}");
    assert_eq!(rehome.json(&["audit", "verify"])["level"], "signed");
}

#[test]
fn a_witness_that_hangs_keeps_no_runner() {
    let hangs = Receiver::with(&[Mood::Hang]);
    let (_azure, rehome) = approved(&format!("url = \"{}\"\n", hangs.url()), |_| {});
    let mut runner = rehome.start(&["run", "plan.json", "--yes", "--stay"]);
    hangs.wait(|heard| !heard.is_empty());
    while rehome.json(&["status"])["moves"][0]["state"] != "awaiting-cleanup" {
        assert!(runner.try_wait().expect("it can be asked").is_none(), "the runner is at work");
        rehome.acknowledge();
    }
    drop(runner.kill());
    drop(runner.wait());
}

#[test]
fn a_rehearsal_tells_no_witness() {
    let told = Receiver::with(&[]);
    let rehome = Rehome::offline();
    std::fs::create_dir(rehome.path("world")).expect("a folder");
    std::fs::create_dir(rehome.path("kept")).expect("a folder");
    std::fs::copy(example("minimal").join("estate.json"), rehome.path("world/estate.json")).expect("copied");
    let batch =
        format!("{}\n[witness]\nfolder = \"kept\"\nurl = \"{}\"\n", minimal_without_soak(), told.url());
    std::fs::write(rehome.path("world/batch.toml"), batch).expect("written");
    rehome.say(&["rehearse", "world"]).expect(0);
    assert!(told.heard().is_empty() && names(&rehome.path("kept")).is_empty());
}
