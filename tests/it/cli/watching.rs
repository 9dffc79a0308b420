//! Whoever watches sees what is done without touching it: on a terminal, in a pipe, and event by event.

use crate::support::estates::approved;
use crate::support::rehome::{Rehome, text};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

fn has(parts: &'static [&'static str]) -> impl Fn(&str) -> bool {
    move |line| parts.iter().all(|part| line.contains(part))
}

/// A command whose results are read as they come.
struct Piped(Child, std::io::Lines<BufReader<std::process::ChildStdout>>);

impl Piped {
    fn open(rehome: &Rehome, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
        let command = rehome.dressed(command.args(arguments)).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the program starts");
        let out = process.stdout.take().expect("a pipe");
        Self(process, BufReader::new(out).lines())
    }

    fn line(&mut self) -> Option<String> {
        self.1.next().map(|line| line.expect("text"))
    }

    fn json(&mut self) -> Value {
        serde_json::from_str(&self.line().expect("a line")).expect("a line of JSON")
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.0.id().to_string()]).status();
        assert!(done.expect("`kill` starts").success());
    }

    fn end(mut self) -> Option<i32> {
        while self.line().is_some() {}
        self.0.wait().expect("it has ended").code()
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn who_watches_a_terminal_sees_the_work_and_the_runner_and_leaves_it_alone() {
    let (_azure, rehome) = approved();
    let mut watching = rehome.open(80, &["watch"]);
    watching.until(has(&["q leaves, the work goes on"]));
    watching.until(has(&["NO RUNNER; next: rehome run minimal"]));
    let mut runner = rehome.open(200, &["run", "plan.json", "--yes"]);
    watching.until(has(&["runner alive: tester@contoso.example", "seen ", " s ago"]));
    watching.until(has(&["BY-HAND"]));
    watching.press("q");
    let said = watching.end().expect(0);
    assert!(said.out.contains("needs-person"), "what was seen last stays: {}", said.out);
    assert!(!said.out.contains("q leaves"), "{}", said.out);
    // `status -w` is the same, and Ctrl-C ends only it.
    let mut second = rehome.open(80, &["status", "minimal", "-w"]);
    second.until(has(&["needs-person"]));
    second.press("\u{3}");
    second.end().expect(130);
    assert!(rehome.acknowledge(), "the work goes on, and waits for people");
    runner.until(has(&["awaiting-cleanup"]));
    runner.end().expect(0);
    let mut third = rehome.open(80, &["watch", "minimal"]);
    third.until(has(&["awaiting-cleanup"]));
    rehome.say(&["cleanup", "minimal", "--confirm", "minimal"]).expect(0);
    let said = third.end().expect(0);
    assert!(said.out.contains(" done "), "it ends by itself: {}", said.out);
}

#[test]
fn in_a_pipe_the_status_comes_each_time_that_something_has_changed() {
    let (_azure, rehome) = approved();
    let mut watching = Piped::open(&rehome, &["watch", "-o", "jsonl"]);
    let first = watching.json();
    assert_eq!(text(&first["moves"][0]["state"]), "waiting");
    rehome.say(&["pause", "minimal", "--reason", "a test"]).expect(0);
    let second = watching.json();
    assert_eq!(text(&second["moves"][0]["state"]), "paused");
    assert!(second["log"]["events"].as_u64() > first["log"]["events"].as_u64());
    watching.signal("-INT");
    assert_eq!(watching.end(), Some(130));
    for format in ["json", "tsv", "csv"] {
        let said = rehome.say(&["watch", "-o", format]).expect(2);
        assert!(said.err.contains("watch -o jsonl"), "{}", said.err);
    }
    rehome.say(&["resume", "minimal"]).expect(0);
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    let over = rehome.say(&["watch"]).expect(0);
    assert_eq!(over.out.matches("rolled-back").count(), 1, "what is over is told once: {}", over.out);
}

#[test]
fn the_history_is_followed_event_by_event_and_nothing_comes_twice() {
    let (_azure, rehome) = approved();
    let mut following = Piped::open(&rehome, &["history", "--follow", "-o", "jsonl"]);
    let before = rehome.json(&["history"])["events"].as_array().map_or(0, Vec::len);
    let seen: Vec<Value> = (0..before).map(|_| following.json()).collect();
    assert_eq!(seen.iter().filter(|event| event["kind"] == "approved").count(), 1, "{seen:?}");
    rehome.say(&["pause", "minimal", "--reason", "seen by who follows"]).expect(0);
    let next = following.json();
    assert_eq!(next["position"].as_u64(), Some(before as u64 + 1));
    assert!(next["body"].to_string().contains("seen by who follows"), "{next}");
    following.signal("-TERM");
    assert_eq!(following.end(), Some(143));
    rehome.say(&["history", "--follow", "-o", "json"]).expect(2);
    // Who has seen enough ends it: a line is written to nobody.
    let mut left = Piped::open(&rehome, &["history", "--follow", "-o", "tsv"]);
    assert_eq!(left.line().as_deref().and_then(|line| line.split('\t').next()), Some("position"));
    left.1 = BufReader::new(empty()).lines();
    rehome.say(&["resume", "minimal"]).expect(0);
    rehome.say(&["pause", "minimal", "--reason", "a test"]).expect(0);
    assert_eq!(left.end(), Some(0));
}

/// The results of a command that has none.
fn empty() -> std::process::ChildStdout {
    let mut none = Command::new("true").stdout(Stdio::piped()).spawn().expect("`true` starts");
    none.wait().expect("it ends");
    none.stdout.take().expect("a pipe")
}
