//! The log's files in trouble: what a person sees, what they do, and that nothing is lost.

use crate::support::azure::Azure;
use crate::support::estates::approved;
use crate::support::kills::{Dice, kill_once};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use std::process::Command;

const RECONCILE: [&str; 5] = ["db", "reconcile", "--reason", "a test", "--yes"];

fn writes(azure: &Azure) -> usize {
    azure.requests().iter().filter(|r| r["changed"] == true).count()
}

fn copy(rehome: &Rehome, from: &str, to: &str) {
    std::fs::copy(rehome.path(from), rehome.path(to)).expect("copied");
}

#[test]
fn a_backup_beside_a_working_runner_is_whole_and_can_be_put_back() {
    let (_azure, rehome) = approved();
    let mut runner = rehome.start(&["run", "plan.json", "--yes"]);
    let mut copies = 0;
    while runner.try_wait().expect("it can be asked").is_none() || copies == 0 {
        let name = format!("copy-{copies}.db");
        rehome.say(&["db", "backup", &name]).expect(0);
        rehome.say(&["audit", "verify", "--db", &name]).expect(0);
        copies += 1;
    }
    rehome.say(&["db", "backup", "last.db"]).expect(0);
    let said = rehome.say(&["db", "backup", "last.db"]).expect(2);
    assert!(said.err.contains("never replaces"), "{}", said.err);
    let head = rehome.say(&["audit", "head"]).expect(0).out;
    let restored = rehome.json(&["db", "restore", "last.db", "--yes"]);
    assert_eq!(restored["confirmed"], true, "it is the newest");
    assert_eq!(rehome.say(&["audit", "head"]).expect(0).out, head);
    let kept = text(&restored["kept"]).to_owned();
    rehome.say(&["audit", "verify", "--db", &kept]).expect(0);
    assert_eq!(rehome.run_with_people(), 0);
}

#[test]
fn what_is_no_backup_of_this_log_is_not_put_in_its_place() {
    let (_azure, rehome) = approved();
    let (_other_azure, other) = approved();
    other.say(&["db", "backup", "other.db"]).expect(0);
    std::fs::copy(other.path("other.db"), rehome.path("other.db")).expect("copied");
    rehome.say(&["db", "backup", "mine.db"]).expect(0);
    let log = rusqlite::Connection::open(rehome.path("mine.db")).expect("the backup");
    log.execute_batch("DROP TRIGGER event_is_never_changed").expect("what an attacker can do");
    log.execute("UPDATE event SET actor = 'x' WHERE position = 2", []).expect("changed");
    drop(log);
    std::fs::write(rehome.path("notes.db"), "not a database").expect("written");
    let head = rehome.say(&["audit", "head"]).expect(0).out;
    for (backup, code, words) in [
        ("other.db", 2, "another log"),
        ("mine.db", 15, "position 2"),
        ("notes.db", 2, "not"),
        ("none.db", 3, "none.db"),
    ] {
        let said = rehome.say(&["db", "restore", backup, "--yes"]).expect(code);
        assert!(said.err.contains(words) && said.err.contains("next"), "{backup}: {}", said.err);
    }
    let lock = std::fs::File::create(rehome.path("rehome.db.runner")).expect("the lock file");
    lock.lock().expect("held here");
    rehome.say(&["db", "restore", "other.db", "--yes"]).expect(16);
    rehome.say(&RECONCILE).expect(16);
    drop(lock);
    assert_eq!(rehome.say(&["audit", "head"]).expect(0).out, head, "the log is as it was");
}

#[test]
fn an_anchor_that_is_missing_or_wrong_is_said_and_nothing_is_written_until_a_person_decides() {
    let (azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let done = writes(&azure);
    let anchor = std::fs::read_to_string(rehome.path("rehome.db.anchor")).expect("the anchor");
    let read: Value = serde_json::from_str(&anchor).expect("JSON");
    let mut other = read.clone();
    other["log"] = json!("00000000000000000000000000000000");
    let mut forged = read.clone();
    forged["hash"] = json!("ab".repeat(32));
    for (wrong, words) in [
        (None, "missing"),
        (Some(other.to_string()), "another log"),
        (Some(forged.to_string()), "another one"),
        (Some("{".to_owned()), "failed to read"),
    ] {
        match wrong {
            None => std::fs::remove_file(rehome.path("rehome.db.anchor")).expect("removed"),
            Some(wrong) => std::fs::write(rehome.path("rehome.db.anchor"), wrong).expect("written"),
        }
        for command in [&["run", "plan.json", "--yes"][..], &["pause", "minimal", "--reason", "x"]] {
            let said = rehome.say(command).expect(15);
            assert!(
                said.err.contains(words) && said.err.contains("rehome db reconcile"),
                "{words}: {}",
                said.err
            );
        }
        rehome.say(&["status"]).expect(0);
        std::fs::write(rehome.path("rehome.db.anchor"), &anchor).expect("written");
    }
    assert_eq!(writes(&azure), done);
    std::fs::remove_file(rehome.path("rehome.db.anchor")).expect("removed");
    rehome.say(&RECONCILE).expect(0);
    assert_eq!(rehome.run_with_people(), 0);
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_write_ahead_log_that_was_deleted_is_noticed_by_the_anchor() {
    let (_azure, rehome) = approved();
    let mut dice = Dice::seeded();
    // Killed, so that nobody folds the write-ahead log into the file.
    let approved: Value = rehome.json(&["audit", "head"]);
    let ahead = || {
        let anchor = std::fs::read_to_string(rehome.path("rehome.db.anchor")).unwrap_or_default();
        let anchor: Value = serde_json::from_str(&anchor).unwrap_or_default();
        anchor["position"].as_u64() > approved["position"].as_u64() && rehome.path("rehome.db-wal").exists()
    };
    while !ahead() {
        kill_once(&rehome, &["run", "plan.json", "--yes"], &mut dice, &mut 600);
    }
    std::fs::remove_file(rehome.path("rehome.db-wal")).expect("removed");
    let said = rehome.say(&["run", "plan.json", "--yes"]).expect(15);
    assert!(said.err.contains("cut off") && said.err.contains("rehome db reconcile"), "{}", said.err);
    rehome.say(&["audit", "verify"]).expect(15);
    rehome.say(&RECONCILE).expect(0);
    assert_eq!(rehome.run_with_people(), 0);
}

#[test]
fn an_end_that_was_noted_down_elsewhere_finds_a_log_that_was_rewritten_with_its_anchor() {
    let (_azure, rehome) = approved();
    rehome.say(&["db", "backup", "early.db"]).expect(0);
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let noted = rehome.say(&["audit", "head"]).expect(0).out.trim().to_owned();
    copy(&rehome, "rehome.db.anchor", "elsewhere");
    rehome.say(&["audit", "verify", "--anchor", &noted]).expect(0);
    rehome.say(&["audit", "verify", "--anchor", "elsewhere"]).expect(0);
    rehome.say(&["audit", "verify", "--anchor", "12:short"]).expect(2);
    // Who can write all files puts old ones in place: beside the log nothing shows it.
    rehome.say(&["db", "restore", "early.db", "--yes"]).expect(0);
    for file in ["rehome.db.anchor", "rehome.db.runner"] {
        std::fs::remove_file(rehome.path(file)).expect("removed");
    }
    let said = rehome.say(&["audit", "verify"]).expect(15);
    assert!(said.err.contains("rehome.db.checkpoint"), "the signed end is one of them: {}", said.err);
    std::fs::remove_file(rehome.path("rehome.db.checkpoint")).expect("removed");
    rehome.say(&["audit", "verify"]).expect(0);
    for kept in [noted.as_str(), "elsewhere"] {
        let said = rehome.say(&["audit", "verify", "--anchor", kept]).expect(15);
        assert!(said.err.contains("old copy"), "{}", said.err);
    }
}

#[test]
fn a_file_or_a_folder_that_cannot_be_written_to_is_said_with_a_remedy() {
    let (azure, rehome) = approved();
    let isolated = ["--map-root-user", "--mount"];
    if !Command::new("unshare").args(isolated).arg("true").status().is_ok_and(|s| s.success()) {
        crate::support::kills::say("SKIPPED: this machine does not let a test mount anything of its own");
        return;
    }
    for (what, before) in [("rehome.db", "touch rehome.db-wal rehome.db-shm"), (".", "true")] {
        let script = format!(
            "{before}; mount --bind {what} {what} && mount -o remount,ro,bind {what} && cd $PWD || exit 99
             $REHOME run plan.json --yes; echo code $?; $REHOME status > seen 2>&1; echo status $?"
        );
        let mut command = Command::new("unshare");
        command.args(isolated).args(["sh", "-c", &script]).env("REHOME", env!("CARGO_BIN_EXE_rehome"));
        let output = rehome.dressed(&mut command).output().expect("a shell");
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("code 1\n") && said.contains("is read-only"), "{what}: {said}");
        assert!(said.contains("make the file and its folder writable"), "{what}: {said}");
    }
    assert_eq!(writes(&azure), 0);
    rehome.say(&["audit", "verify"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0);
}

#[test]
fn a_log_that_is_missing_or_emptied_is_not_taken_for_a_new_one_nor_for_none() {
    let (azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    rehome.say(&["db", "backup", "copy.db"]).expect(0);
    let (log, done) = (rehome.path("rehome.db"), writes(&azure));
    std::fs::rename(rehome.path("rehome.db.anchor"), rehome.path("anchor")).expect("renamed");
    for (emptied, says) in [(false, "the log is missing"), (true, "the log is empty (0 bytes)")] {
        for (anchored, knows) in [(true, "knows of event"), (false, "a runner was at work")] {
            match anchored {
                true => copy(&rehome, "anchor", "rehome.db.anchor"),
                false => std::fs::remove_file(rehome.path("rehome.db.anchor")).expect("removed"),
            }
            match emptied {
                true => std::fs::write(&log, "").expect("emptied"),
                false => drop(std::fs::remove_file(&log)),
            }
            for command in [
                &["approve", "plan.json", "--reason", "x", "--yes"][..],
                &["run", "plan.json", "--yes"],
                &["run", "minimal", "--yes"],
                &["pause", "minimal", "--reason", "x"],
                &["rollback", "minimal", "--reason", "x", "--yes"],
                &["cleanup", "minimal", "--confirm", "minimal", "--yes"],
                &["status"],
                &["verify"],
                &["audit", "verify"],
                &["audit", "head"],
                &["audit", "bundle", "x.jsonl"],
                &["db", "backup", "x.db"],
                &RECONCILE,
            ] {
                let said = rehome.say(command).expect(15);
                let all = [says, knows, "rehome db restore", "--db FILE"];
                assert!(all.iter().all(|says| said.err.contains(says)), "{command:?}: {}", said.err);
                let left = std::fs::read(&log).map(|bytes| bytes.len()).ok();
                assert_eq!(left, emptied.then_some(0), "{command:?} made nothing");
            }
        }
    }
    assert_eq!(writes(&azure), done);
    copy(&rehome, "anchor", "rehome.db.anchor");
    assert_eq!(rehome.json(&["db", "restore", "copy.db", "--yes"])["confirmed"], true);
    assert_eq!(rehome.run_with_people(), 0);
    // Where nothing says that there was one, there is none.
    let said = Rehome::offline().say(&["status"]).expect(3);
    assert!(said.err.contains("there is no log here"), "{}", said.err);
}

#[test]
fn what_was_dropped_from_the_file_or_added_to_it_is_named_before_anything_is_written() {
    let (azure, rehome) = approved();
    rehome.say(&["db", "backup", "copy.db"]).expect(0);
    let swallow = "CREATE TRIGGER mine BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END";
    for (sql, named) in [
        ("DROP TRIGGER event_is_never_removed", "event_is_never_removed"),
        ("CREATE VIEW mine AS SELECT 1", "mine"),
        ("CREATE TABLE mine(x)", "mine"),
        (swallow, "mine"),
    ] {
        let log = rusqlite::Connection::open(rehome.path("rehome.db")).expect("the log");
        log.execute_batch(sql).expect("what an attacker can do");
        drop(log);
        for command in
            [&["audit", "verify"][..], &["run", "plan.json", "--yes"], &["pause", "minimal", "--reason", "x"]]
        {
            let said = rehome.say(command).expect(15);
            assert!(said.err.contains(named) && said.err.contains("next"), "{sql}: {}", said.err);
        }
        rehome.say(&["status"]).expect(0);
        assert_eq!(rehome.json(&["db", "restore", "copy.db", "--yes"])["confirmed"], true);
        rehome.say(&["audit", "verify"]).expect(0);
    }
    assert_eq!(writes(&azure), 0);
    assert_eq!(rehome.run_with_people(), 0);
}

#[test]
fn a_copy_is_one_file_with_its_key_and_nothing_else_is_left_beside_it() {
    let (_azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let begin = |with: &str| -> Vec<String> {
        let files =
            std::fs::read_dir(rehome.path(".")).expect("the folder").map(|f| f.expect("a file").file_name());
        let mut names: Vec<_> = files.map(|name| name.to_string_lossy().into_owned()).collect();
        names.retain(|name| name.starts_with(with));
        names.sort();
        names
    };
    rehome.say(&["db", "backup", "copy.db"]).expect(0);
    rehome.say(&["audit", "verify", "--db", "copy.db"]).expect(0);
    rehome.say(&["db", "restore", "copy.db", "--yes"]).expect(0);
    rehome.say(&["status"]).expect(0);
    assert_eq!(begin("copy.db"), ["copy.db", "copy.db.key"]);
    assert_eq!(begin("rehome.db.restoring"), Vec::<String>::new());
    assert_eq!(rehome.run_with_people(), 0);
    rehome.say(&["audit", "verify"]).expect(0);
}
