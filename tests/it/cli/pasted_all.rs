//! Each command that the sources recommend is recommended here, and pasted: a new one without a case fails.

use crate::cli::pasted::{WIDE, recommended};
use crate::recovery::soak;
use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, Said, text};
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// A recommendation as the sources write it, what makes the program say it, and the codes with which it ends when pasted.
type Case = (&'static str, fn(&Rehome) -> Said, &'static [i32]);

const OF_A_PLAN: &[Case] = &[
    ("rehome plan -f {} --save plan.json", |r| r.say(&["discover", "-f", "batch.toml"]).expect(0), &[0]),
    (
        "rehome rehearse {} --estate {}",
        |r| r.say(&["discover", "-f", "batch.toml", "--snapshot", "my estate.json"]).expect(0),
        &[0],
    ),
    (
        "rehome plan -f {} --save {to}",
        |r| {
            std::fs::write(r.path("my plan.json"), "{\"digest\": \"x\"}").expect("written");
            r.say(&["approve", "my plan.json", "--reason", "x", "--yes"]).expect(2)
        },
        &[2],
    ),
    ("rehome {}", |r| r.say(&["approve", "plan.json", "--reason", "it's \"quoted\""]).expect(2), &[0]),
    (
        "rehome approve {} --reason TEXT",
        |r| r.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0),
        &[0],
    ),
    ("rehome show {}", |r| unprinted(r, "plan -f batch.toml --save plan.json"), &[0]),
    ("rehome show {}", |r| r.say(&["show", "plan.json", "nobody"]).expect(3), &[0]),
    (
        "rehome rehearse {} --estate {}",
        |r| unprinted(r, "discover -f batch.toml --snapshot 'my estate.json'"),
        &[0],
    ),
    (
        "rehome status --db {}",
        |r| {
            std::fs::copy(example("minimal").join("estate.json"), r.path("estate.json")).expect("copied");
            r.say(&["rehearse", ".", "--db", "rehearsed log.db"]).expect(0)
        },
        &[0],
    ),
    ("rehome {command} --db {db}", |r| r.say(&["rehearse", ".", "--db", "second.db"]).expect(0), &[0]),
    ("rehome show {} --db {}", |r| r.say(&["rehearse", ".", "--db", "third.db"]).expect(0), &[0]),
    ("rehome show {} --db {db}", |r| r.say(&["rehearse", ".", "--db", "fourth.db"]).expect(0), &[0]),
];

const OF_MANY: &[Case] = &[
    ("rehome show {} {run}", |r| r.say(&["show", "my plan.json"]).expect(0), &[0]),
    ("rehome show {run}", |r| r.say(&["show", "soak"]).expect(0), &[0]),
];

const OF_NOTHING: &[Case] = &[("rehome explain {meant}", |r| r.say(&["explain", "B1O3"]).expect(3), &[0])];

const OF_AN_APPROVAL: &[Case] = &[
    ("rehome status", |r| unprinted(r, "approve plan.json --reason x --yes"), &[0]),
    ("rehome show {}", replaced, &[0]),
    ("rehome run {}", replaced, &[130]),
];

const OF_A_MOVE: &[Case] = &[
    ("rehome status", |r| r.say(&["show", "nobody"]).expect(3), &[0]),
    ("rehome status", |r| r.say(&["ack", "nobody", "--note", "x"]).expect(2), &[0]),
    ("rehome show {run}", |r| r.say(&["ack", &format!("{}:02", name(r)), "--note", "x"]).expect(2), &[0]),
    ("rehome show {run}", |r| r.say(&["show", &format!("{}:77", name(r))]).expect(3), &[0]),
    ("rehome replay --at {head}", |r| r.say(&["replay", "--at", "100000"]).expect(3), &[0]),
    ("rehome history", |r| r.say(&["status", "--at", "whenever"]).expect(2), &[0]),
    ("rehome audit head", |r| r.say(&["audit", "verify", "--anchor", "12:short"]).expect(2), &[0]),
    (
        "rehome audit verify --bundle {} --anchor {end}",
        |r| r.say(&["audit", "bundle", "all events.jsonl"]).expect(0),
        &[0],
    ),
    (
        "rehome audit verify --proofs {} --signed-by {key}",
        |r| r.say(&["audit", "bundle", "a team", &name(r), "--proofs"]).expect(0),
        &[0],
    ),
    (
        "rehome audit verify --proofs {file}",
        |r| unprinted(r, &format!("audit bundle 'our team' {} --proofs", name(r))),
        &[0],
    ),
    ("rehome audit verify --bundle {}", |r| unprinted(r, "audit bundle more.jsonl"), &[0]),
    ("rehome audit verify --db {}", |r| unprinted(r, "db backup 'my copy.db'"), &[0]),
    ("rehome status {}", |r| unprinted(r, "pause minimal --reason x"), &[0]),
    ("rehome resume {}", on_a_paused_terminal, &[0]),
    ("rehome show {}", |r| unprinted(r, &format!("retry {}", name(r))), &[0]),
    ("rehome status {batch}", |r| another_batch(r, "other"), &[0]),
    ("rehome status {}", |r| another_batch(r, "minimal"), &[0]),
    ("rehome cleanup {} --confirm {}{accepts}", |r| r.say(&["cleanup", "minimal"]).expect(2), &[11]),
    ("rehome run {}", |r| r.say(&["pause", "minimal", "--reason", "x"]).expect(0), &[130]),
    ("rehome run {}", |r| r.say(&["resume", "minimal"]).expect(0), &[130]),
    ("rehome ack {run}:{} --note TEXT", |r| r.say(&["status"]).expect(0), &[0]),
    ("rehome {gate} {select} --confirm {batch}{accepts}", with_a_step_left_out, &[0, 11]),
];

const OF_A_WAY_BACK: &[Case] =
    &[("rehome rollback {run} --reason TEXT", |r| another_batch(r, "other"), &[0, 11])];

const OF_A_FAILURE: &[Case] = &[
    ("rehome retry {run}:{}", |r| r.say(&["status"]).expect(0), &[0]),
    ("rehome skip {run}:{} --reason TEXT", |r| r.say(&["status"]).expect(0), &[0]),
    ("rehome mark-done {run}:{} --reason TEXT", |r| r.say(&["status"]).expect(0), &[0]),
    ("rehome rollback {run} --reason TEXT", |r| r.say(&["status"]).expect(0), &[0, 11]),
];

const OF_A_LOG: &[Case] = &[
    (
        "rehome db reconcile --reason TEXT --yes",
        |r| {
            std::fs::remove_file(r.path("rehome.db.anchor")).expect("removed");
            r.say(&["run", "minimal"]).expect(15)
        },
        &[0],
    ),
    (
        "rehome db reconcile --new-key --reason TEXT --yes",
        |r| {
            std::fs::remove_file(r.path("rehome.db.key")).expect("removed");
            r.say(&["run", "minimal"]).expect(15)
        },
        &[0],
    ),
    ("rehome run {batch}", reconciled, &[130]),
    ("rehome rollback {batch} --reason TEXT", reconciled, &[0, 11]),
    (
        "rehome audit checkpoint",
        |r| {
            let head = r.say(&["audit", "head"]).expect(0).out;
            r.say(&["audit", "verify", "--anchor", head.trim(), "--signed-by", "x"]).expect(2)
        },
        &[0],
    ),
    // It says that the log is damaged, which it is.
    ("rehome audit verify", damaged, &[15]),
];

fn name(rehome: &Rehome) -> String {
    text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned()
}

/// What a command says whose result cannot be printed.
fn unprinted(rehome: &Rehome, arguments: &str) -> Said {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec $REHOME {arguments} > /dev/full")]);
    command.env("REHOME", env!("CARGO_BIN_EXE_rehome"));
    let output = rehome.dressed(&mut command).output().expect("a shell");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    Said { code: output.status.code().unwrap_or(-1), out: String::new(), err }.expect(1)
}

/// The first of two plans of a batch, of which the second is approved.
fn replaced(rehome: &Rehome) -> Said {
    rehome.say(&["plan", "-f", "batch.toml", "--save", "first.json"]).expect(0);
    rehome.say(&["approve", "first.json", "--reason", "x", "--yes"]).expect(0);
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    rehome.say(&["approve", "plan.json", "--reason", "x", "--yes"]).expect(0);
    rehome.say(&["run", "first.json", "--yes"]).expect(13)
}

fn on_a_paused_terminal(rehome: &Rehome) -> Said {
    rehome.say(&["pause", "minimal", "--reason", "x"]).expect(0);
    let mut terminal = rehome.open(WIDE, &["run", "minimal"]);
    let line = terminal.until(|line| line.contains("(rehome resume "));
    terminal.press("\u{3}");
    terminal.end().expect(130);
    Said { code: 0, out: line, err: String::new() }
}

/// What approving another plan of the identity says, as long as it is moved.
fn another_batch(rehome: &Rehome, batch: &str) -> Said {
    let other = std::fs::read_to_string(rehome.path("batch.toml")).expect("a batch");
    let other = other
        .replace("\"minimal\"", &format!("\"{batch}\""))
        .replace("id-shop\"\n", "id-shop\"\ntarget_name = \"id-2\"\n");
    std::fs::write(rehome.path("other.toml"), other).expect("written");
    rehome.say(&["plan", "-f", "other.toml", "--save", "other.json"]).expect(0);
    std::fs::remove_file(rehome.path("other.toml")).expect("removed");
    rehome.say(&["approve", "other.json", "--reason", "x", "--yes"]).expect(1)
}

/// A move that has come to its clean-up, with a step that a person left out.
fn with_a_step_left_out(rehome: &Rehome) -> Said {
    let mut terminal = rehome.open(WIDE, &["run", "minimal"]);
    terminal.until(|line| line.contains("awaiting-cleanup"));
    terminal.end().expect(0);
    let run = name(rehome);
    let show = rehome.say(&["show", &run]).expect(0).out;
    let line =
        show.lines().find(|line| line.contains("old principal from group")).expect("a step of the clean-up");
    let step = format!("{run}:{}", line.split_whitespace().next().expect("its name"));
    rehome.say(&["skip", &step, "--reason", "the group is emptied by its owner"]).expect(0);
    let status = rehome.say(&["status"]).expect(0);
    let all = recommended(&status);
    assert!(all.iter().any(|line| line.ends_with(&format!("--accept {step}"))), "{all:?}");
    status
}

fn reconciled(rehome: &Rehome) -> Said {
    rehome.say(&["db", "reconcile", "--reason", "a test", "--yes"]).expect(0)
}

fn damaged(rehome: &Rehome) -> Said {
    let log = rusqlite::Connection::open(rehome.path("rehome.db")).expect("the log");
    log.execute_batch("DROP TRIGGER event_is_never_changed").expect("what an attacker can do");
    log.execute("UPDATE event SET actor = 'x' WHERE position = 2", []).expect("changed");
    drop(log);
    rehome.say(&["replay"]).expect(15)
}

/// Whether a command is what the sources write, with anything where they fill something in.
fn is(command: &str, template: &str) -> bool {
    let command = command.split("      #").next().unwrap_or_default().trim_end();
    let mut rest = command;
    let mut parts = template.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after));
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    let parts: Vec<&str> = parts.collect();
    for (nth, part) in parts.iter().enumerate() {
        if nth + 1 == parts.len() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

/// Pastes the line as it stands, says yes to what it asks, and where that is expected leaves when people are waited for.
fn pasted(rehome: &Rehome, line: &str, leaves: bool) -> Said {
    let mut terminal = rehome.paste(WIDE, line);
    terminal.press("y\n");
    if leaves && terminal.comes_to(|line| line.contains("by hand since") || line.contains("paused (")) {
        terminal.press("\u{3}");
    }
    terminal.end()
}

fn paste_all(rehome: &Rehome, cases: &[Case]) {
    for (template, made, codes) in cases {
        let said = made(rehome);
        let all = recommended(&said);
        let Some(line) = all.iter().find(|line| is(line, template)) else {
            panic!("{template:?} is not in {all:?}:\n{}{}", said.out, said.err);
        };
        let end = pasted(rehome, line, codes.contains(&130));
        assert!(codes.contains(&end.code), "{line}: {} and not {codes:?}:\n{}", end.code, end.out);
        for wrong in ["unexpected argument", "unrecognized subcommand", "Usage:"] {
            assert!(!end.out.contains(wrong), "{line}:\n{}", end.out);
        }
    }
}

/// The smallest batch, planned in a folder that has its file.
fn planned(faults: Option<&Path>) -> (Azure, Rehome) {
    let azure = Azure::serve(&example("minimal").join("estate.json"), faults);
    let rehome = Rehome::at(&azure);
    std::fs::copy(example("minimal").join("batch.toml"), rehome.path("batch.toml")).expect("copied");
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    (azure, rehome)
}

/// The same, carried out as far as it goes without people.
fn begun(faults: Option<&Path>, code: i32) -> (Azure, Rehome) {
    let (azure, rehome) = planned(faults);
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    rehome.say(&["run", "plan.json", "--yes"]).expect(code);
    (azure, rehome)
}

#[test]
fn what_is_recommended_for_a_code_works_when_it_is_pasted() {
    paste_all(&Rehome::offline(), OF_NOTHING);
}

#[test]
fn what_is_recommended_around_a_plan_works_when_it_is_pasted() {
    let (_azure, rehome) = planned(None);
    paste_all(&rehome, OF_A_PLAN);
}

#[test]
fn what_is_recommended_for_many_moves_works_when_it_is_pasted() {
    let mut rehome = Rehome::offline();
    std::fs::write(rehome.path("estate.json"), soak::estate(13).to_string()).expect("written");
    std::fs::write(rehome.path("batch.toml"), soak::batch(13)).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    rehome.say(&["plan", "-f", "batch.toml", "--save", "my plan.json"]).expect(0);
    rehome.say(&["approve", "my plan.json", "--reason", "a test", "--yes"]).expect(0);
    paste_all(&rehome, OF_MANY);
}

#[test]
fn what_is_recommended_around_an_approval_works_when_it_is_pasted() {
    let (_azure, rehome) = planned(None);
    paste_all(&rehome, OF_AN_APPROVAL);
}

#[test]
fn what_is_recommended_around_a_move_works_when_it_is_pasted() {
    let (_azure, rehome) = begun(None, 11);
    paste_all(&rehome, OF_A_MOVE);
}

#[test]
fn what_is_recommended_on_the_way_back_works_when_it_is_pasted() {
    let (_azure, rehome) = begun(None, 11);
    paste_all(&rehome, OF_A_WAY_BACK);
}

#[test]
fn what_is_recommended_after_a_failure_works_when_it_is_pasted() {
    let rule = json!({"rules": [{"method": "PATCH", "path": "virtualMachines/vm-batch",
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]});
    let faults = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(faults.path(), rule.to_string()).expect("written");
    for case in OF_A_FAILURE {
        let (_azure, rehome) = begun(Some(faults.path()), 10);
        paste_all(&rehome, &[*case]);
    }
}

#[test]
fn what_is_recommended_for_a_log_works_when_it_is_pasted() {
    for case in OF_A_LOG {
        let (_azure, rehome) = begun(None, 11);
        paste_all(&rehome, &[*case]);
    }
}

/// Texts of a source that are not in its tests.
fn texts(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| line.split('"').skip(1).step_by(2)).map(ToOwned::to_owned).collect()
}

fn sources(folder: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            sources(&entry.path(), into);
        } else {
            into.extend(texts(&std::fs::read_to_string(entry.path()).expect("text")));
        }
    }
}

/// Lists and beginnings of commands, by which a line is completed or chosen, and not recommendations.
const LISTED: [&str; 13] = [
    "rehome explain ",
    "rehome init ",
    "rehome schema ",
    "rehome plan ",
    "rehome discover ",
    "rehome rehearse ",
    "rehome sim ",
    "rehome completion ",
    "rehome man ",
    "rehome ",
    "rehome mark-done",
    "rehome skip",
    "rehome mark-done ",
];

/// Recommendations that are pasted where what they need is (`waves`, `rollout`, `approvals`, `hooks`, `eyes`, `held_up`), and the beginning of one
/// that names a page.
const ELSEWHERE: [&str; 34] = [
    "rehome show {by}:{}",
    "rehome abandon {name} --confirm {name} --reason TEXT",
    "rehome abandon {name} --withdraw --reason TEXT",
    "rehome adopt {run}:{} --reason TEXT",
    "rehome release {batch} --wave {wave} --reason TEXT",
    "rehome release {name} --wave {} --reason TEXT",
    "rehome release {} {CLEAN_UP} --reason TEXT",
    "rehome cleanup {name} --dry-run",
    "rehome plan -f {}{cloud} --save plan.json",
    "rehome resume {name}",
    "rehome resume {of} --reason TEXT",
    "rehome skip {run} --withdraw --reason TEXT",
    "rehome throttle {name} --withdraw --reason TEXT",
    "rehome show {name}",
    "rehome approve --import {}",
    "rehome status {name}",
    "rehome run {name}",
    "rehome notify {}",
    "rehome approve plan.json --key KEY --reason TEXT --save approval.json",
    "rehome approve plan.json --reason TEXT",
    "rehome audit bundle evidence.jsonl",
    "rehome cleanup {0} --confirm {0}",
    "rehome cleanup {} --dry-run",
    "rehome graph MOVE --access",
    "rehome graph MOVE --format svg",
    "rehome graph {run} --access --format svg",
    "rehome graph {run} --format svg",
    "rehome history -o jsonl",
    "rehome history",
    "rehome plan -f batch.toml --save plan.json",
    "rehome serve --allow-actions",
    "rehome serve --listen 127.0.0.1:0",
    "rehome timeline MOVE --format svg",
    "rehome timeline {} --format svg",
];

#[test]
fn every_command_that_the_sources_recommend_has_a_case_here() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cli"), &mut all);
    let groups =
        [OF_NOTHING, OF_A_PLAN, OF_MANY, OF_AN_APPROVAL, OF_A_MOVE, OF_A_WAY_BACK, OF_A_FAILURE, OF_A_LOG];
    let cases: Vec<&str> = groups.concat().iter().map(|(template, ..)| *template).collect();
    let (mut found, mut missing) = (0, Vec::new());
    for text in all {
        if LISTED.contains(&text.as_str()) || !text.trim_start().starts_with("rehome ") {
            continue;
        }
        found += 1;
        let template = text.split("      #").next().unwrap_or_default().trim();
        if !cases.contains(&template) && !ELSEWHERE.contains(&template) {
            missing.push(template.to_owned());
        }
    }
    assert!(missing.is_empty(), "nobody pastes {missing:?}");
    assert!(found > 40, "{found} recommendations were found");
}

#[test]
fn a_command_is_told_by_what_is_filled_in() {
    assert!(is("rehome show m-1      # why", "rehome show {run}") && is("rehome status", "rehome status"));
    assert!(is("rehome cleanup b --confirm b", "rehome {gate} {select} --confirm {batch}{accepts}"));
    assert!(!is("rehome status b", "rehome status") && !is("rehome run b", "rehome show {}"));
}
