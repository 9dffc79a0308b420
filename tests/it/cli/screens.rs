//! Commands as a person types them, on a terminal: each ends, and says the right thing last.

use crate::support::azure::{Azure, example};
use crate::support::estates::approved;
use crate::support::kills::is_night;
use crate::support::rehome::{Rehome, text};
use std::path::{Path, PathBuf};

/// A page has at most this many lines: two screens.
const TWO_SCREENS: usize = 48;

fn lines_of(out: &str) -> usize {
    out.trim_end().lines().count()
}

#[test]
fn a_rehearsal_on_a_terminal_plays_the_people_and_ends_with_a_page_of_two_screens() {
    let folder = example("contoso");
    for columns in if is_night() { vec![80, 200] } else { vec![80] } {
        let rehome = Rehome::offline();
        let said = rehome.type_in(columns, &["rehearse", folder.to_str().expect("a plain path")]).expect(0);
        assert!(lines_of(&said.out) <= TWO_SCREENS, "{} lines:\n{}", lines_of(&said.out), said.out);
        for part in ["MOVED", "BY HAND", "workloads: 17 watched, 0 down", "RECORD", "rehome history --db"] {
            assert!(said.out.contains(part), "no {part}:\n{}", said.out);
        }
        assert!(said.out.contains("12 of 12 moves done"), "{}", said.out);
        // The commands that the page names read the record that it names.
        let record = said.out.lines().filter_map(|line| line.trim().strip_prefix("rehome status --db "));
        let db = record.flat_map(|rest| rest.split_whitespace().next()).next().expect("a command").to_owned();
        let status = rehome.say(&["status", "--db", &db]).expect(0);
        assert_eq!(status.out.matches(" done ").count(), 12, "{}", status.out);
        rehome.say(&["audit", "verify", "--db", &db]).expect(0);
    }
}

#[test]
fn a_rehearsal_writes_its_record_to_the_log_that_is_named_and_never_into_another_one() {
    let rehome = Rehome::offline();
    let folder = example("minimal");
    let rehearse = ["rehearse", folder.to_str().expect("a plain path"), "--db", "my log.db"];
    let said = rehome.say(&rehearse).expect(0);
    assert!(said.out.contains("rehome status --db 'my log.db'"), "{}", said.out);
    let events = rehome.json(&["history", "--db", "my log.db"])["events"].as_array().map_or(0, Vec::len);
    assert!(events > 10, "{events} events");
    let again = rehome.say(&rehearse).expect(2);
    assert!(again.err.contains(&format!("{events} events already")), "{}", again.err);
    let after = rehome.json(&["history", "--db", "my log.db"])["events"].as_array().map_or(0, Vec::len);
    assert_eq!(after, events, "nothing was added");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rehome"));
    rehome.dressed(command.args(&rehearse[..2])).env("REHOME_DB", "named.db");
    assert!(command.output().expect("the program starts").status.success());
    assert!(rehome.path("named.db").exists());
    // A log whose file is gone is not begun anew.
    std::fs::remove_file(rehome.path("named.db")).expect("removed");
    rehome.say(&["rehearse", rehearse[1], "--db", "named.db"]).expect(15);
}

/// The smallest batch, approved, on its Azure.
fn has(parts: &'static [&'static str]) -> impl Fn(&str) -> bool {
    move |line| parts.iter().all(|part| line.contains(part))
}

/// Ends a process as the machine would.
fn send(signal: &str, process: u32) {
    let done = std::process::Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(done.expect("`kill` starts").success(), "{signal} {process}");
}

#[test]
fn a_waiting_terminal_says_what_brings_it_on_and_ctrl_c_ends_with_the_command_that_goes_on() {
    let (_azure, rehome) = approved();
    let mut terminal = rehome.open(200, &["run", "plan.json", "--yes"]);
    let line = terminal.until(has(&["by hand since", "(rehome ack m-"]));
    assert!(line.contains("minimal: "), "it names what it runs: {line}");
    let status = rehome.say(&["status"]).expect(0);
    assert!(status.out.contains("runner alive: tester@contoso.example"), "{}", status.out);
    terminal.press("\u{3}");
    let said = terminal.end().expect(130);
    let last = said.out.trim_end().lines().rev().take(4).collect::<Vec<_>>().join("\n");
    assert!(last.contains("next: rehome run minimal"), "{}", said.out);
    let status = rehome.say(&["status"]).expect(0);
    assert!(status.out.contains("NO RUNNER since") && status.out.contains("next: rehome run minimal"));
    for command in [&["show", "minimal"][..], &["history"], &["replay"]] {
        let said = rehome.say(command).expect(0);
        assert!(said.err.contains("NO RUNNER since"), "{command:?}: {}", said.err);
    }
    let resumed = rehome.open(80, &["run", "minimal"]);
    let (mut terminal, acked) = (resumed, rehome.acknowledge());
    assert!(acked, "somebody does what is to be done while it waits");
    terminal.until(has(&["minimal: "]));
    terminal.end().expect(0);
}

#[test]
fn a_runner_that_was_killed_or_stopped_is_not_alive_on_any_screen() {
    let (_azure, rehome) = approved();
    let mut terminal = rehome.open(80, &["run", "plan.json", "--yes"]);
    terminal.until(has(&["by hand since"]));
    let program = terminal.program();
    send("-STOP", program);
    let lock = std::fs::File::options().append(true).open(rehome.path("rehome.db.runner")).expect("its file");
    let hour = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    lock.set_modified(hour).expect("what an hour without a heartbeat leaves");
    let stopped = rehome.say(&["status"]).expect(0);
    assert!(stopped.out.contains("runner not answering since"), "{}", stopped.out);
    assert!(stopped.out.contains(&format!("kill -CONT {program}")), "{}", stopped.out);
    send("-KILL", program);
    drop(terminal);
    // The machine may be slow to bury it.
    while Path::new(&format!("/proc/{program}")).exists() {}
    let status = rehome.json(&["status"]);
    assert_eq!(status["runner"]["alive"], false);
    let killed = rehome.say(&["status"]).expect(0);
    assert!(killed.out.contains("NO RUNNER since") && !killed.out.contains(" running "), "{}", killed.out);
    assert_eq!(rehome.run_with_people(), 0);
    let over = rehome.say(&["status"]).expect(0);
    assert!(!over.out.contains("NO RUNNER"), "nobody has to carry it on: {}", over.out);
}

#[test]
fn a_runner_that_waits_for_a_cloud_that_does_not_answer_ends_soon_when_it_is_told_to() {
    let faults = tempfile::NamedTempFile::new().expect("a file");
    // Two minutes, at the speed of the test.
    let rule = r#"{"rules": [{"method": "PATCH", "path": "virtualMachines/vm-batch", "what": {"latency_ms": 2400000000}}]}"#;
    std::fs::write(faults.path(), rule).expect("written");
    let azure = Azure::serve(&example("minimal").join("estate.json"), Some(faults.path()));
    let rehome = Rehome::at(&azure);
    rehome.approve(&example("minimal").join("batch.toml"));
    let mut terminal = rehome.open(200, &["run", "plan.json", "--yes"]);
    terminal.until(has(&["at work: ", "vm-batch"]));
    let asked = std::time::Instant::now();
    send("-TERM", terminal.program());
    let said = terminal.end().expect(143);
    assert!(asked.elapsed().as_secs() < 60, "{:?}", asked.elapsed());
    assert!(said.out.contains("next: rehome run minimal"), "{}", said.out);
}

/// A batch file of one identity of the larger example.
fn one_of_contoso(rehome: &Rehome, name: &str, identity: &str) -> String {
    let all = std::fs::read_to_string(example("contoso").join("batch.toml")).expect("a batch");
    let entry =
        all.split("[[identity]]").find(|entry| entry.contains(&format!("/{identity}\""))).expect("one");
    let head = "format_version = \"1.0\"\n[batch]\nto = \"swedencentral\"\nsoak = \"24h\"\n";
    let file = format!("{head}name = \"{name}\"\n[[identity]]{entry}");
    std::fs::write(rehome.path(&format!("{name}.toml")), file).expect("written");
    format!("{name}.json")
}

fn approve(rehome: &Rehome, name: &str, plan: &str) {
    rehome.say(&["plan", "-f", &format!("{name}.toml"), "--save", plan]).expect(0);
    rehome.say(&["approve", plan, "--reason", "a test", "--yes"]).expect(0);
}

#[test]
fn one_runner_serves_every_batch_of_its_log_and_cleans_up_what_is_asked_beside_it() {
    let azure = Azure::serve(&example("contoso").join("estate.json"), None);
    let mut rehome = Rehome::at(&azure);
    let (first, second) =
        (one_of_contoso(&rehome, "w1", "id-pay-batch"), one_of_contoso(&rehome, "w2", "id-hr-data"));
    approve(&rehome, "w2", &second);
    let mut terminal = rehome.open(200, &["run", &second, "--yes"]);
    terminal.until(has(&["w2: ", "by hand since"]));
    approve(&rehome, "w1", &first);
    // Somebody who would work on another cloud is refused, and told why.
    let elsewhere = Azure::serve(&example("contoso").join("estate.json"), None);
    rehome.turn_to(&elsewhere);
    let refused = rehome.say(&["run", &first, "--yes"]).expect(16);
    assert!(refused.err.contains("cloud") && refused.err.contains("nothing was asked"), "{}", refused.err);
    rehome.turn_to(&azure);
    let said = rehome.say(&["run", &first, "--yes"]).expect(0);
    assert!(said.err.contains("it carries the batch out"), "{}", said.err);
    terminal.until(has(&["SERVING", "w1"]));
    terminal.until(has(&["w2 + w1: "]));
    let said = rehome.say(&["cleanup", "w1", "--confirm", "w1", "--yes"]).expect(0);
    assert!(said.err.contains("it cleans up"), "{}", said.err);
    let estate = azure.estate().to_string();
    assert!(
        !estate
            .contains("rg-pay-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pay-batch\"")
    );
    assert!(rehome.acknowledge(), "what w2 waits for");
    terminal.end().expect(0);
    let status = rehome.json(&["status", "w2"]);
    assert_eq!(text(&status["moves"][0]["state"]), "awaiting-cleanup");
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_quiet_command_tells_nothing_but_its_result_on_a_terminal_too() {
    let (_azure, rehome) = approved();
    let mut terminal = rehome.open(80, &["run", "plan.json", "--yes", "-q"]);
    while !rehome.acknowledge() {}
    terminal.until(has(&["awaiting-cleanup"]));
    let said = terminal.end().expect(0);
    assert!(!said.err.contains("DONE") && !said.err.contains('['), "{}", said.err);
}

/// The program where others may run it: a folder in memory may be one of which nothing is run.
fn for_others() -> (tempfile::TempDir, PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("changed");
    let program = folder.path().join("rehome");
    std::fs::copy(env!("CARGO_BIN_EXE_rehome"), &program).expect("copied");
    (folder, program)
}

/// A command as somebody who may only read what is here; a plain user is that by the rights of the files alone.
fn as_colleague(program: &Path, rehome: &Rehome, arguments: &[&str]) -> crate::support::rehome::Said {
    let root = std::process::Command::new("id").arg("-u").output().expect("`id` starts").stdout == b"0\n";
    let mut command = match root {
        true => {
            let mut command = std::process::Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            command.arg(program);
            command
        }
        false => std::process::Command::new(program),
    };
    let output = rehome.dressed(command.args(arguments)).output().expect("the program starts");
    crate::support::rehome::Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[cfg(unix)]
#[test]
fn who_may_only_read_the_files_of_a_log_reads_it_beside_a_runner_and_without_one() {
    use std::os::unix::fs::PermissionsExt;
    let (_azure, rehome) = approved();
    let (_folder, program) = for_others();
    let mode = |name: &str, mode: u32| {
        let rights = std::fs::Permissions::from_mode(mode);
        if rehome.path(name).exists() {
            std::fs::set_permissions(rehome.path(name), rights).expect("changed");
        }
    };
    let shut = |open: bool| {
        for part in ["", "-wal", "-shm", ".anchor", ".key", ".runner"] {
            mode(&format!("rehome.db{part}"), if open { 0o644 } else { 0o444 });
        }
        mode(".", if open { 0o755 } else { 0o555 });
    };
    let reads = |when: &str| {
        for command in [
            &["status"][..],
            &["show", "minimal"],
            &["history"],
            &["replay"],
            &["handoff"],
            &["audit", "verify"],
        ] {
            let said = as_colleague(&program, &rehome, command);
            assert_eq!(said.code, 0, "{when}: {command:?}: {}{}", said.out, said.err);
        }
        let verified = as_colleague(&program, &rehome, &["verify"]);
        assert!([0, 3, 14].contains(&verified.code), "{when}: {}{}", verified.out, verified.err);
        assert!(!verified.err.contains("read-only"), "{when}: {}", verified.err);
    };
    let mut terminal = rehome.open(80, &["run", "plan.json", "--yes"]);
    terminal.until(has(&["by hand since"]));
    mode(".", 0o755);
    for part in ["", "-wal", "-shm", ".anchor", ".key", ".runner"] {
        mode(&format!("rehome.db{part}"), 0o644);
    }
    reads("beside a runner");
    terminal.press("\u{3}");
    terminal.end().expect(130);
    shut(false);
    reads("without a runner");
    let status = as_colleague(&program, &rehome, &["status"]).expect(0);
    assert!(status.out.contains("NO RUNNER since"), "{}", status.out);
    shut(true);
    assert_eq!(rehome.run_with_people(), 0);
}
