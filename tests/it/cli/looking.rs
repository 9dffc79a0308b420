//! What an operator looks things up with: the machine, the settings, the manual, codes, names, and what unblocks a step.

use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::estates::approved;
use crate::support::rehome::{Rehome, text};
use serde_json::Value;
use std::collections::BTreeMap;

fn verdicts(rehome: &Rehome, code: i32) -> BTreeMap<String, String> {
    let said = rehome.say(&["doctor", "-o", "json"]).expect(code);
    let value: Value = serde_json::from_str(&said.out).expect("JSON");
    let checks = value["checks"].as_array().expect("checks").iter();
    checks.map(|check| (text(&check["check"]).to_owned(), text(&check["verdict"]).to_owned())).collect()
}

#[test]
fn the_doctor_looks_at_everything_and_says_what_is_wrong_with_its_exit_code() {
    let (azure, mut rehome) = approved();
    let sound = verdicts(&rehome, 0);
    let names: Vec<&str> = sound.keys().map(String::as_str).collect();
    assert_eq!(names, ["clock", "disk", "entra", "log", "rights", "runner", "sign-in", "signing", "version"]);
    for check in ["clock", "entra", "log", "rights", "sign-in", "signing", "version"] {
        assert_eq!(sound[check], "ok", "{check}");
    }
    assert!(azure.requests().iter().all(|r| r["changed"] == false), "it changes nothing");
    // The cloud is the one of the plan, where none is named.
    rehome.forget("REHOME_CLOUD");
    assert_eq!(verdicts(&rehome, 0)["sign-in"], "ok");
    rehome.turn_to(&azure);
    let refused = rehome.say(&["doctor", "--cloud", "http://127.0.0.1:9"]).expect(1).out;
    assert!(refused.contains("FAIL  sign-in") && refused.contains("next     "), "{refused}");
    rehome.turn_to(&azure);
    rehome.run_with_people();
    std::fs::remove_file(rehome.path("rehome.db.anchor")).expect("removed");
    let lost = rehome.say(&["doctor"]).expect(15).out;
    assert!(lost.contains("FAIL  log") && lost.contains("rehome db reconcile"), "{lost}");
    // Without a log and a cloud there is little to look at, and nothing is wrong.
    let nowhere = Rehome::offline().say(&["doctor"]).expect(0).out;
    assert!(nowhere.contains("none yet at") && nowhere.contains("WARN  sign-in"), "{nowhere}");
}

#[test]
fn each_setting_is_shown_with_where_it_comes_from_and_no_secret_is() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let said = rehome.say(&["config", "-o", "jsonl", "--actor", "ada"]).expect(0).out;
    let all: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |name: &str| all.iter().find(|one| text(&one["setting"]) == name).expect("it is there").clone();
    for (name, value, origin) in [
        ("--db", "rehome.db", "default"),
        ("--output", "jsonl", "flag"),
        ("--actor", "ada", "flag"),
        ("--cloud", azure.text("arm"), "REHOME_CLOUD"),
        ("AZURE_CLIENT_SECRET", "(set)", "AZURE_CLIENT_SECRET"),
    ] {
        assert_eq!((text(&of(name)["value"]), text(&of(name)["origin"])), (value, origin), "{name}");
    }
    assert!(!said.contains(azure.text("client_secret")), "{said}");
}

#[test]
fn what_holds_of_a_batch_is_a_setting_too_whoever_said_so_last() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = minimal_without_soak().replace("soak =", "parallel = 8\nsoak =");
    std::fs::write(rehome.path("batch.toml"), format!("{batch}\n[limits]\nshare = \"50%\"\n"))
        .expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    let of = |name: &str| {
        let all = rehome.json(&["config", "list", "--origin"])["settings"].clone();
        let mut all = all.as_array().expect("settings").clone().into_iter();
        let one = all.find(|one| text(&one["setting"]) == name).expect("it is there");
        (text(&one["value"]).to_owned(), text(&one["origin"]).to_owned())
    };
    let planned = |value: &str| (value.to_owned(), "plan".to_owned());
    assert_eq!((of("minimal: parallel"), of("minimal: share")), (planned("8"), planned("50%")));
    rehome.say(&["throttle", "minimal", "--share", "30%", "--reason", "a test"]).expect(0);
    let (value, origin) = of("minimal: share");
    assert_eq!(value, "30%");
    assert!(origin.starts_with("throttle, tester@contoso.example at 20"), "{origin}");
    rehome.say(&["throttle", "minimal", "--withdraw", "--reason", "a test"]).expect(0);
    assert_eq!((of("minimal: parallel"), of("minimal: share")), (planned("8"), planned("50%")));
    let shown = rehome.say(&["config"]).expect(0).out;
    assert!(shown.contains("minimal: share") && shown.contains("50%   (plan)"), "{shown}");
}

#[test]
fn there_is_a_page_of_the_manual_for_each_command() {
    let rehome = Rehome::offline();
    let said = rehome.json(&["man", "--save", "man1"]);
    let pages: Vec<&str> = said["pages"].as_array().expect("pages").iter().map(text).collect();
    assert!(pages.len() > 35 && pages.contains(&"rehome-audit-verify.1"), "{pages:?}");
    for page in &pages {
        let page = std::fs::read_to_string(rehome.path(&format!("man1/{page}"))).expect("a page");
        assert!(page.contains(".TH ") && page.contains(".SH SYNOPSIS"), "{page}");
    }
    let status = std::fs::read_to_string(rehome.path("man1/rehome-status.1")).expect("a page");
    assert!(status.contains("\\-\\-exit\\-code"), "{status}");
}

#[test]
fn a_shell_completes_the_names_that_are_in_the_log() {
    let (_azure, rehome) = approved();
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    let script = rehome.say(&["completion", "bash"]).expect(0).out;
    std::fs::write(rehome.path("completion.bash"), script).expect("written");
    let completed = |words: &str, at: usize| {
        let program = env!("CARGO_BIN_EXE_rehome");
        let line = format!(
            "shopt -s extglob; source completion.bash; COMP_WORDS=({program} {words}); COMP_CWORD={at}; \
             _rehome_named rehome '{}' x; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.rsplit(' ').next().unwrap_or_default()
        );
        let mut command = std::process::Command::new("bash");
        let output = rehome.dressed(command.args(["-c", &line])).output().expect("bash starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let found = completed("status m", 2);
    assert!(found.lines().any(|line| line == run) && found.lines().any(|line| line == "minimal"), "{found}");
    assert!(!completed("schema m", 2).contains(&run));
    assert_eq!(Rehome::offline().say(&["names"]).expect(0).out, "");
}

#[test]
fn a_code_is_explained_whatever_sort_it_is_of() {
    let rehome = Rehome::offline();
    for (code, part) in [
        ("b103", "choose another name"),
        ("AuthorizationFailed", "get a role"),
        ("Foreign", "somebody else"),
        ("17", "somebody is needed"),
        ("needs-person", "by-hand step"),
        ("soak", "dashboards"),
        ("in doubt", "no answer came"),
        ("C2", "client id"),
    ] {
        let said = rehome.say(&["explain", code]).expect(0).out;
        assert!(said.contains(part) && said.contains("what can be done"), "{code}: {said}");
    }
    let unknown = rehome.say(&["explain", "Q999"]).expect(3).err;
    assert!(unknown.contains("all of them: rehome explain"), "{unknown}");
    assert!(rehome.json(&["explain"])["codes"].as_array().is_some_and(|all| all.len() > 200));
}

#[test]
fn everything_unfinished_says_since_when_and_what_unblocks_it_and_how_soon_it_can_be_over() {
    let folder = example("minimal");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = std::fs::read_to_string(folder.join("batch.toml")).expect("a batch");
    std::fs::write(rehome.path("batch.toml"), batch.replace("soak = \"1h\"", "soak = \"360d\""))
        .expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    let before = rehome.json(&["status"])["not_before_ms"]["minimal"].as_i64().expect("a date");
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    let shown = rehome.say(&["show", &run]).expect(0).out;
    let at = shown.lines().position(|line| line.contains("BY-HAND")).expect("a by-hand step");
    let lines: Vec<&str> = shown.lines().skip(at).take(3).map(str::trim).collect();
    assert!(lines[1].starts_with("since  20") && lines[2].starts_with("next   rehome ack "), "{shown}");
    let step = lines[0].split_whitespace().next().expect("its name");
    let one = rehome.say(&["show", &format!("{run}:{step}")]).expect(0).out;
    assert!(one.contains("  since   20") && one.contains("  next    rehome ack "), "{one}");
    assert!(shown.contains("(behind "), "{shown}");
    assert_eq!(rehome.run_with_people(), 11, "the soak is left");
    let status = rehome.json(&["status"]);
    let (end, soak) = (status["not_before_ms"]["minimal"].as_i64(), &status["moves"][0]["waiting_for"][0]);
    assert_eq!(
        (text(&soak["kind"]), soak["next_check_ms"].as_i64()),
        ("soak", end),
        "the end is that of the soak"
    );
    assert!(end >= Some(before), "nothing is over earlier than it was said: {end:?} {before}");
    let page = rehome.say(&["status"]).expect(0).out;
    assert!(page.contains("clean-up not before "), "{page}");
}

#[test]
fn nothing_is_coloured_where_nobody_wants_colours_or_there_is_no_terminal() {
    let (_azure, rehome) = approved();
    for command in [&["--help"][..], &["status", "--help"], &["status"], &["show", "minimal"]] {
        assert!(!rehome.say(command).expect(0).out.contains('\u{1b}'), "{command:?} in a pipe");
    }
    for (line, coloured) in [("env NO_COLOR=1 rehome --help", false), ("rehome status", false)] {
        let said = rehome.paste(80, line).end().expect(0);
        assert_eq!(said.err.contains("\u{1b}["), coloured, "{line}: {}", said.err);
    }
}
