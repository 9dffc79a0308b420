//! What stands beside a log: its owner's alone, new, never through a link, and never a reason to wait; and the one lock
//! that a log has under all its names.

use crate::support::azure::{Azure, example};
use crate::support::estates::approved;
use crate::support::rehome::{Rehome, Said};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

const RUN: [&str; 3] = ["run", "plan.json", "--yes"];
const PAUSE: [&str; 4] = ["pause", "minimal", "--reason", "x"];

/// A command that must come to an end by itself.
fn ends(rehome: &Rehome, arguments: &[&str]) -> Said {
    let mut command = Command::new("timeout");
    command.args(["120", env!("CARGO_BIN_EXE_rehome")]).args(arguments);
    let output = rehome.dressed(&mut command).output().expect("timeout(1)");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    let said = Said { code, out: text(&output.stdout), err: text(&output.stderr) };
    assert_ne!(said.code, 124, "{arguments:?} does not end");
    said
}

/// The files and folders below a folder that others than their owner may read.
fn open_to_others(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        // What the database makes while it is open may be gone by now.
        let Ok(about) = entry.metadata() else { continue };
        if about.permissions().mode() & 0o077 != 0 {
            found.push(format!("{} {:o}", entry.path().display(), about.permissions().mode()));
        }
        if about.is_dir() {
            found.extend(open_to_others(&entry.path()));
        }
    }
    found
}

#[test]
fn every_file_that_is_made_is_its_owners_alone_and_has_a_name_that_nobody_foresees_until_it_is_whole() {
    let (_azure, rehome) = approved();
    rehome.say(&RUN).expect(11);
    rehome.say(&["db", "backup", "copy.db"]).expect(0);
    rehome.say(&["audit", "bundle", "all.jsonl"]).expect(0);
    rehome.say(&["db", "restore", "copy.db", "--yes"]).expect(0);
    rehome.say(&["status"]).expect(0);
    // While it is at work, the database has two more.
    let mut runner = rehome.start(&RUN);
    while runner.try_wait().expect("it can be asked").is_none() {
        assert_eq!(open_to_others(&rehome.path(".")), Vec::<String>::new());
    }
    std::fs::create_dir(rehome.path("tmp")).expect("a folder");
    std::fs::set_permissions(rehome.path("tmp"), PermissionsExt::from_mode(0o700)).expect("set");
    let folder = example("minimal");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
    command.args(["rehearse", folder.to_str().expect("a path"), "--keep-old"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let child = rehome.dressed(&mut command).env("TMPDIR", rehome.path("tmp")).spawn().expect("it starts");
    let foreseen = format!("rehome-rehearsal-{}", child.id());
    child.wait_with_output().expect("it ends");
    let made =
        std::fs::read_dir(rehome.path("tmp")).expect("a folder").next().expect("a folder").expect("one");
    assert_ne!(made.file_name().to_string_lossy(), foreseen);
    assert!(made.path().join("rehome.db").exists());
    assert_eq!(open_to_others(&rehome.path(".")), Vec::<String>::new());
}

#[test]
fn what_a_local_azure_leaves_for_its_clients_is_new_and_its_owners_alone() {
    let tmp = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
    command.args(["sim", "serve", "--tls", "--estate"]).arg(example("minimal").join("estate.json"));
    command.env("TMPDIR", tmp.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut sim = command.spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(sim.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let (foreseen, left) = (sim.id().to_string(), open_to_others(tmp.path()));
    drop(sim.kill());
    drop(sim.wait());
    let ready: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let ca = Path::new(crate::support::rehome::text(&ready["ca"]));
    assert!(ca.starts_with(tmp.path()) && ca.exists(), "{line}");
    let name = ca.file_name().expect("a name").to_string_lossy();
    assert!(!name.contains(&format!("-{foreseen}.")) && left.is_empty(), "{name} {left:?}");
}

#[test]
fn a_link_a_pipe_or_a_folder_in_the_place_of_a_file_beside_the_log_is_refused_and_nobody_waits_for_it() {
    let (azure, rehome) = approved();
    rehome.say(&RUN).expect(11);
    let requests = azure.requests().len();
    std::fs::write(rehome.path("victim"), "kept").expect("written");
    for part in [".anchor", ".runner", ".key", "-wal", "-shm", "-journal"] {
        let place = rehome.path(&format!("rehome.db{part}"));
        let away = rehome.path("away");
        let was_there = std::fs::rename(&place, &away).is_ok();
        for what in ["link", "dangling", "pipe", "folder"] {
            match what {
                "link" => symlink(rehome.path("victim"), &place).expect("a link"),
                "dangling" => symlink(rehome.path("nowhere"), &place).expect("a link"),
                "pipe" => assert!(Command::new("mkfifo").arg(&place).status().expect("mkfifo").success()),
                _ => std::fs::create_dir(&place).expect("a folder"),
            }
            for command in [&RUN[..], &PAUSE, &["approve", "plan.json", "--reason", "x", "--yes"]] {
                let said = ends(&rehome, command);
                let named = said.err.contains("rehome.db") && said.err.contains("where");
                assert!(matches!(said.code, 1 | 15) && named, "{part} {what}: {} {}", said.code, said.err);
            }
            for command in [&["status"][..], &["audit", "verify"], &["audit", "bundle", "x.jsonl"]] {
                ends(&rehome, command);
                drop(std::fs::remove_file(rehome.path("x.jsonl")));
            }
            match what {
                "folder" => std::fs::remove_dir(&place).expect("it is as it was"),
                _ => std::fs::remove_file(&place).expect("it is as it was"),
            }
            assert_eq!(std::fs::read(rehome.path("victim")).expect("readable"), b"kept", "{part} {what}");
            assert!(!rehome.path("nowhere").exists(), "{part} {what}: a file was made behind a link");
        }
        if was_there {
            std::fs::rename(&away, &place).expect("put back");
        }
    }
    let writes = |azure: &Azure| azure.requests()[requests..].iter().any(|r| r["changed"] == true);
    assert!(!writes(&azure), "nothing was sent");
    // What was asked while its anchor could not be moved on is in the log, as was said.
    rehome.say(&["resume", "minimal", "--reason", "x"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0);
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_file_that_is_handed_out_is_never_written_through_a_link() {
    let (_azure, rehome) = approved();
    for (name, command) in
        [("copy.db", &["db", "backup", "copy.db"][..]), ("x.jsonl", &["audit", "bundle", "x.jsonl"])]
    {
        symlink(rehome.path("elsewhere"), rehome.path(name)).expect("a link");
        let said = rehome.say(command);
        assert_ne!(said.code, 0, "{command:?}");
        assert!(!rehome.path("elsewhere").exists(), "{command:?}");
    }
    symlink(rehome.path("elsewhere"), rehome.path("copy2.db.key")).expect("a link");
    rehome.say(&RUN).expect(11);
    assert_ne!(rehome.say(&["db", "backup", "copy2.db"]).code, 0);
    assert!(!rehome.path("elsewhere").exists());
}

#[test]
fn a_log_has_one_runner_under_all_its_names_and_also_when_its_lock_file_is_removed() {
    let (azure, rehome) = approved();
    std::fs::create_dir(rehome.path("o")).expect("a folder");
    symlink("../rehome.db", rehome.path("o/link.db")).expect("a link");
    let held = rehome_store::Lease::hold(&rehome_store::Sidecars::of(&rehome.path("rehome.db")))
        .expect("nobody is at work");
    let pid = std::process::id().to_string();
    let refused = |db: &str| {
        let said = rehome.say(&["run", "plan.json", "--yes", "--db", db]).expect(16);
        assert!(said.err.contains(&pid), "{db}: {}", said.err);
    };
    refused("o/link.db");
    std::fs::remove_file(rehome.path("rehome.db.runner")).expect("removed");
    refused("rehome.db");
    refused("o/link.db");
    drop(held);
    std::fs::hard_link(rehome.path("rehome.db"), rehome.path("o/second.db")).expect("a second name");
    for db in ["rehome.db", "o/second.db"] {
        let said = rehome.say(&["run", "plan.json", "--yes", "--db", db]).expect(2);
        assert!(said.err.contains("another name") && said.err.contains("next"), "{}", said.err);
    }
    std::fs::remove_file(rehome.path("o/second.db")).expect("removed");
    assert!(azure.requests().iter().all(|r| r["changed"] != true), "nobody was at work");
    rehome.say(&["run", "plan.json", "--yes", "--db", "o/link.db"]).expect(11);
    let beside: Vec<_> = std::fs::read_dir(rehome.path("o")).expect("a folder").collect();
    assert_eq!(beside.len(), 1, "everything is beside the log itself: {beside:?}");
    assert_eq!(rehome.run_with_people(), 0);
}

#[test]
fn what_was_asked_and_could_not_be_anchored_is_said_and_who_keeps_everybody_away_is_named() {
    let (_azure, rehome) = approved();
    let pid = std::process::id().to_string();
    drop(std::fs::File::open(rehome.path("rehome.db.runner")).expect("the lock file"));
    for held in ["rehome.db.runner", "rehome.db"] {
        let stranger = std::fs::File::open(rehome.path(held)).expect("the file");
        stranger.lock_shared().expect("a shared lock");
        let said = ends(&rehome, &PAUSE).expect(16);
        let all = ["anchor", "cannot be moved on", pid.as_str(), "what you asked is in the log"];
        assert!(all.iter().all(|says| said.err.contains(says)), "{held}: {}", said.err);
        let said = ends(&rehome, &RUN).expect(16);
        assert!(said.err.contains(&pid) && said.err.contains("shared"), "{held}: {}", said.err);
        rehome.say(&["status"]).expect(0);
        stranger.unlock().expect("given back");
        // Whoever has it for themselves may be the runner, who moves the anchor on; until then that is said.
        stranger.lock().expect("a lock");
        let said = ends(&rehome, &["resume", "minimal", "--reason", "x"]).expect(0);
        assert!(said.err.contains("nothing outside the log confirms"), "{held}: {}", said.err);
        let said = ends(&rehome, &RUN).expect(16);
        assert!(said.err.contains(&pid), "{held}: {}", said.err);
    }
    rehome.say(&RUN).expect(11);
}
