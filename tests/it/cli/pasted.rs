//! Every command that the program recommends, pasted as it stands.

use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, Said};
use serde_json::json;
use std::collections::BTreeSet;

pub(crate) const WIDE: usize = 400;

/// What a screen recommends: after `next`, in brackets in the line that ticks, or as a line of its own.
pub(crate) fn recommended(said: &Said) -> Vec<String> {
    let mut all = Vec::new();
    for line in said.out.lines().chain(said.err.lines()) {
        let line = line.trim_end_matches('\r');
        let after = [line.split_once("next: "), line.trim_start().split_once("next    ")];
        for (before, command) in after.into_iter().flatten() {
            if before.trim().is_empty() || before.starts_with("NO RUNNER") {
                all.push(command.trim().to_owned());
            }
        }
        let inside = line.split("(rehome ").skip(1).filter_map(|rest| rest.split_once(')'));
        all.extend(inside.map(|(command, _)| format!("rehome {command}")));
        all.push(line.trim().to_owned());
    }
    all.retain(|line| line.starts_with("rehome "));
    let unique: BTreeSet<String> = all.iter().cloned().collect();
    all.retain({
        let mut left = unique;
        move |line| left.remove(line)
    });
    all
}

/// The one that begins so.
pub(crate) fn the(said: &Said, begins: &str) -> String {
    let all = recommended(said);
    let found = all.iter().find(|line| line.starts_with(begins));
    found
        .unwrap_or_else(|| panic!("nothing begins with {begins:?} in {all:?}:\n{}{}", said.out, said.err))
        .clone()
}

/// Pastes a command and says yes to what it asks.
pub(crate) fn paste(rehome: &Rehome, line: &str) -> Said {
    let mut terminal = rehome.paste(WIDE, line);
    terminal.press("y\n");
    terminal.end()
}

/// The files of the log as they are now, for commands that only write to it.
pub(crate) fn keep(rehome: &Rehome, to_copy: bool) {
    for part in ["", "-wal", "-shm", ".anchor", ".key", ".runner"] {
        let (log, copy) = (rehome.path(&format!("my log.db{part}")), rehome.path(&format!("kept{part}")));
        let (from, to) = if to_copy { (log, copy) } else { (copy, log) };
        drop(std::fs::remove_file(&to));
        drop(std::fs::copy(from, to));
    }
}

/// A stage on which log and cloud are named by flags alone.
pub(crate) fn stage(faults: &str) -> (Azure, Rehome, String) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), faults).expect("written");
    let azure = Azure::serve(&example("minimal").join("estate.json"), Some(file.path()));
    let mut rehome = Rehome::at(&azure);
    rehome.forget("REHOME_CLOUD");
    std::fs::copy(example("minimal").join("batch.toml"), rehome.path("my batch.toml")).expect("copied");
    let cloud = azure.text("arm").to_owned();
    (azure, rehome, cloud)
}

#[test]
fn whoever_pastes_what_is_recommended_comes_from_the_first_look_to_the_clean_up() {
    let (_azure, rehome, cloud) = stage(r#"{"rules": []}"#);
    let discover = ["discover", "-f", "my batch.toml", "--cloud", &cloud, "--db", "my log.db"];
    let planned = paste(&rehome, &the(&rehome.say(&discover).expect(0), "rehome plan")).expect(0);
    // From here on the plan and the log know the cloud.
    let approved = paste(&rehome, &the(&planned, "rehome approve")).expect(0);
    let mut running = rehome.paste(WIDE, &the(&approved, "rehome run"));
    running.press("y\n");
    running.until(|line| line.contains("by hand since"));
    running.press("\u{3}");
    let stopped = running.end().expect(130);
    let status = rehome.say(&["status", "--db", "my log.db"]).expect(0);
    assert!(recommended(&stopped).contains(&the(&status, "rehome run")), "{}", stopped.out);
    let acked = paste(&rehome, &the(&status, "rehome ack")).expect(0);
    let mut said = paste(&rehome, &the(&acked, "rehome run")).expect(0);
    said = paste(&rehome, &the(&said, "rehome cleanup"));
    for _ in 0..9 {
        if said.code == 0 {
            break;
        }
        said = paste(&rehome, &the(&said.expect(11), "rehome ack")).expect(0);
        said = paste(&rehome, &the(&said, "rehome run"));
    }
    let over = rehome.say(&["status", "--db", "my log.db"]).expect(0);
    assert!(over.out.contains(" done ") && recommended(&over).is_empty(), "{}", over.out);
}

#[test]
fn each_way_on_from_a_step_that_failed_is_a_command_that_works() {
    let rule = json!({"rules": [{"method": "PATCH", "path": "virtualMachines/vm-batch",
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]});
    let (_azure, rehome, cloud) = stage(&rule.to_string());
    let log = ["--db", "my log.db"];
    let plan = ["plan", "-f", "my batch.toml", "--save", "plan.json", "--cloud", &cloud];
    rehome.say(&[&plan[..], &log].concat()).expect(0);
    rehome.say(&[&["approve", "plan.json", "--reason", "x", "--yes"][..], &log].concat()).expect(0);
    let failed = rehome.say(&[&["run", "plan.json", "--yes"][..], &log].concat()).expect(10);
    let all = recommended(&failed);
    for begins in ["rehome retry", "rehome skip", "rehome mark-done", "rehome rollback", "rehome ack"] {
        assert!(all.iter().any(|line| line.starts_with(begins)), "no {begins}: {all:?}");
    }
    keep(&rehome, true);
    for line in
        all.iter().filter(|line| !line.starts_with("rehome rollback") && !line.starts_with("rehome run"))
    {
        let said = paste(&rehome, line).expect(0);
        let next = recommended(&said);
        assert!(next.iter().any(|line| line.starts_with("rehome run ")), "{line}: {next:?}");
        keep(&rehome, false);
    }
    // Somebody who asks twice is told so, and not by the law of the record.
    let ack = the(&failed, "rehome ack");
    paste(&rehome, &ack).expect(0);
    let twice = paste(&rehome, &ack).expect(2);
    assert!(twice.out.contains("is done already") && !twice.out.contains("legal"), "{}", twice.out);
    let back = paste(&rehome, &the(&failed, "rehome rollback"));
    assert!([0, 11].contains(&back.code), "{}", back.out);
}
