//! A process that dies between any two things that it does to the files beside the log: the log stays usable, with the
//! same commands, and no loss is said that never was.

use crate::support::azure::{Azure, example};
use crate::support::estates::approved;
use crate::support::preload::library;
use crate::support::rehome::Rehome;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

/// How a command ended that dies before its n-th act on a file beside the log; none when it was killed.
fn dies_at(rehome: &Rehome, nth: usize, arguments: &[&str]) -> Option<i32> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
    rehome.dressed(command.args(arguments));
    command.env("LD_PRELOAD", library("kill_at")).env("KILL_AT", nth.to_string());
    let status = command.output().expect("the program starts").status;
    assert!(status.signal().is_none_or(|signal| signal == 9), "{arguments:?} at {nth}: {status}");
    status.code()
}

fn forget(rehome: &Rehome) {
    for entry in std::fs::read_dir(rehome.path(".")).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rehome.db")) {
            std::fs::remove_file(path).expect("removed");
        }
    }
}

const APPROVE: [&str; 5] = ["approve", "plan.json", "--reason", "x", "--yes"];
const RUN: [&str; 3] = ["run", "plan.json", "--yes"];

#[test]
fn an_approval_that_dies_anywhere_leaves_a_log_that_can_be_approved_and_run() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = example("minimal").join("batch.toml");
    rehome.say(&["plan", "-f", batch.to_str().expect("a path"), "--save", "plan.json"]).expect(0);
    let mut killed = 0;
    for nth in 1.. {
        forget(&rehome);
        if dies_at(&rehome, nth, &APPROVE).is_some() {
            break;
        }
        killed += 1;
        // Without a cloud a run takes the right to act, and gets no further.
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
        rehome.dressed(command.args(RUN)).env("REHOME_CLOUD", "http://127.0.0.1:9");
        command.env_remove("AZURE_CLIENT_SECRET");
        for _ in 0..2 {
            let ran = command.output().expect("the program starts");
            let said = String::from_utf8_lossy(&ran.stderr).into_owned();
            assert!(!matches!(ran.status.code(), Some(15 | 0)), "killed at {nth}: {said}");
        }
        rehome.say(&APPROVE).expect(0);
        let verified = rehome.json(&["audit", "verify"]);
        assert_eq!(verified["anchored"], true, "killed at {nth}");
    }
    assert!(killed >= 5, "it was killed only {killed} times");
    assert_eq!(rehome.run_with_people(), 0);
    assert_eq!(rehome.json(&["audit", "verify"])["anchored"], true);
}

#[test]
fn a_runner_that_dies_anywhere_beside_the_log_is_started_again_and_comes_to_the_end() {
    let (_azure, rehome) = approved();
    let (mut killed, mut step) = (0, 1);
    while let None | Some(11) = {
        let ended = dies_at(&rehome, step, &RUN);
        killed += usize::from(ended.is_none());
        ended
    } {
        step += 1;
        for command in [
            &["audit", "verify"][..],
            &["status"],
            &["pause", "minimal", "--reason", "x"],
            &["resume", "minimal", "--reason", "x"],
        ] {
            let said = rehome.say(command);
            assert_eq!(said.code, 0, "killed before {step}: {command:?}: {}", said.err);
        }
        if step > 30 {
            break;
        }
    }
    assert!(killed >= 10, "it was killed only {killed} times");
    assert_eq!(rehome.run_with_people(), 0);
    let mut cleanup = ["cleanup", "minimal", "--confirm", "minimal", "--yes"].to_vec();
    for nth in (2..40).step_by(5) {
        let ended = dies_at(&rehome, nth, &cleanup);
        assert!(matches!(ended, None | Some(0 | 11)), "at {nth}: {ended:?}");
    }
    cleanup.push("--quiet");
    rehome.say_with_people(&cleanup).expect(0);
    assert_eq!(rehome.json(&["audit", "verify"])["anchored"], true);
}
