//! What a person is told while moves go on, and after: who carries them on, since when, of which identity, and how far.

use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

/// The smallest batch, approved and carried out as far as it goes without people.
fn begun() -> (Azure, Rehome, String) {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    std::fs::copy(example("minimal").join("batch.toml"), rehome.path("batch.toml")).expect("copied");
    rehome.approve(&rehome.path("batch.toml"));
    let said = rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    (azure, rehome, said.err)
}

fn first(rehome: &Rehome) -> Value {
    rehome.json(&["status"])["moves"][0].clone()
}

#[test]
fn nobody_at_work_is_said_on_every_screen_with_the_command_that_carries_the_work_on() {
    let (_azure, rehome, _) = begun();
    let run = text(&first(&rehome)["run"]).to_owned();
    let waits = first(&rehome)["waiting_for"].clone();
    let step = waits.as_array().and_then(|w| w.iter().find(|w| w["kind"] == "by-hand")).expect("one");
    let step = format!("{run}:{}", text(&step["step"]));
    for command in [
        &["status"][..],
        &["verify"],
        &["show", "minimal"],
        &["show", &run],
        &["show", &step],
        &["show", "plan.json"],
        &["history"],
        &["replay"],
        &["handoff"],
        &["audit", "verify"],
        &["audit", "head"],
        &["audit", "bundle", "all.jsonl"],
        &["db", "backup", "copy.db"],
        &["discover", "-f", "batch.toml"],
        &["pause", "minimal", "--reason", "x"],
        &["resume", "minimal"],
        &["retry", "minimal"],
    ] {
        let said = rehome.say(command);
        assert!([0, 14].contains(&said.code), "{command:?}: {}", said.err);
        if command[0] == "retry" {
            // Nothing was parked, so nothing was asked of anybody.
            continue;
        }
        let all = said.out + &said.err;
        let line = all.lines().find(|line| line.starts_with("NO RUNNER since "));
        let line = line.unwrap_or_else(|| panic!("{command:?} does not say so:\n{all}"));
        let (time, next) = line["NO RUNNER since ".len()..].split_once("; next: ").expect("both");
        assert!(
            time.len() == 6 && time.ends_with('Z') && next == "rehome run minimal",
            "{command:?}: {line}"
        );
    }
    // A bundle is nobody's log, and whoever is quiet is told nothing.
    let elsewhere = rehome.say(&["history", "--bundle", "all.jsonl"]).expect(0);
    assert!(!elsewhere.err.contains("RUNNER"), "{}", elsewhere.err);
    assert!(rehome.say(&["history", "-q"]).expect(0).err.is_empty());
    assert_eq!(rehome.run_with_people(), 0);
    assert!(!rehome.say(&["history"]).expect(0).err.contains("RUNNER"), "nobody has to carry it on");
}

#[test]
fn a_step_by_hand_waits_since_its_turn_came_and_each_line_names_the_identity() {
    let (_azure, rehome, told) = begun();
    let seen = first(&rehome);
    let waits = seen["waiting_for"].as_array().expect("waits");
    let by_hand = waits.iter().find(|w| w["kind"] == "by-hand").expect("one by hand");
    let history = rehome.json(&["history"]);
    let at = |event: &Value| {
        chrono::DateTime::parse_from_rfc3339(text(&event["at"])).expect("a date").timestamp_millis()
    };
    let events = history["events"].as_array().expect("events");
    let (begin, end) = (at(&events[0]), at(events.last().expect("one")));
    let since = by_hand["since_ms"].as_i64().expect("a date");
    assert!((begin..=end).contains(&since) && since > begin, "{since} is not in {begin}..{end}");
    let done: Vec<&str> = told.lines().filter(|line| line.starts_with("DONE ")).collect();
    assert!(done.len() > 5 && done.iter().all(|line| line.contains(" id-shop: ")), "{done:?}");
}

#[test]
fn a_step_that_is_acknowledged_counts_at_once() {
    let azure = Azure::serve(&example("contoso").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    rehome.approve(&example("contoso").join("batch.toml"));
    let mut terminal = rehome.open(200, &["run", "plan.json", "--yes"]);
    let counts = |line: &str| {
        let counted = line.split("] ").nth(1)?.split(' ').next()?;
        counted
            .split_once('/')
            .and_then(|(done, all)| Some((done.parse::<u32>().ok()?, all.parse::<u32>().ok()?)))
    };
    // Every move stands before a person or the clean-up.
    let still = |line: &str| {
        line.contains("by hand since") && !line.contains("at work") && !line.contains("comparing")
    };
    let line = terminal.until(|line| still(line) && !line.contains("soaking"));
    let (before, all) = counts(&line).expect("counts");
    let status = rehome.json(&["status"]);
    let waits = status["moves"].as_array().into_iter().flatten().flat_map(|entry| {
        entry["waiting_for"].as_array().into_iter().flatten().map(move |wait| (text(&entry["run"]), wait))
    });
    let (run, wait) = waits.into_iter().find(|(_, wait)| wait["kind"] == "by-hand").expect("one by hand");
    rehome.say(&["ack", &format!("{run}:{}", text(&wait["step"])), "--note", "a test"]).expect(0);
    let line = terminal.until(|line| counts(line).is_some_and(|(done, _)| done > before));
    assert_eq!(counts(&line).map(|(_, of)| of), Some(all), "{line}");
}

#[test]
fn done_is_a_move_whose_old_identity_is_gone_and_no_other() {
    let (azure, rehome, _) = begun();
    assert_eq!(rehome.run_with_people(), 0);
    let there = || {
        azure
            .estate()
            .to_string()
            .contains("rg-shop-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop\"")
    };
    assert_eq!((text(&first(&rehome)["state"]), there()), ("awaiting-cleanup", true));
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).expect(0);
    assert_eq!((text(&first(&rehome)["state"]), there()), ("done", false));
}

#[test]
fn what_was_taken_back_is_not_said_to_be_as_planned() {
    let (_azure, rehome, _) = begun();
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    let said = rehome.say(&["verify"]).expect(3);
    assert!(said.out.contains("nothing to compare: the move is rolled-back"), "{}", said.out);
    assert!(!said.out.contains("as planned"), "{}", said.out);
}

#[test]
fn a_plan_is_good_for_72_hours_which_it_says_and_a_later_one_is_planned_again() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let mut rehome = Rehome::at(&azure);
    std::fs::copy(example("minimal").join("batch.toml"), rehome.path("batch.toml")).expect("copied");
    let planned = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    assert!(planned.out.contains("72 hours after it was made"), "{}", planned.out);
    let (hour, approve) = (3_600, ["approve", "plan.json", "--reason", "x", "--yes"]);
    let late = rehome.say_ahead(73 * hour, &approve).expect(13);
    let again = "next    rehome plan -f batch.toml --save plan.json";
    assert!(late.err.contains("72 hours after it was made") && late.err.contains(again), "{}", late.err);
    rehome.say_ahead(71 * hour, &approve).expect(0);
    let late = rehome.say_ahead(73 * hour, &["run", "plan.json", "--yes"]).expect(13);
    assert!(late.err.contains(again), "{}", late.err);
    assert!(azure.requests().iter().all(|r| r["changed"] == false));
    // What has begun is finished later too.
    assert_eq!(rehome.run_with_people(), 0);
    rehome.say_ahead(99 * hour, &["run", "plan.json", "--yes"]).expect(0);
}

/// A batch file of one identity of the larger example, in this folder.
fn one_of_contoso(rehome: &Rehome, name: &str, identity: &str) -> String {
    let all = std::fs::read_to_string(example("contoso").join("batch.toml")).expect("a batch");
    let entry =
        all.split("[[identity]]").find(|entry| entry.contains(&format!("/{identity}\""))).expect("one");
    let head = "format_version = \"1.0\"\n[batch]\nto = \"swedencentral\"\nsoak = \"24h\"\n";
    std::fs::write(
        rehome.path(&format!("{name}.toml")),
        format!("{head}name = \"{name}\"\n[[identity]]{entry}"),
    )
    .expect("written");
    rehome.say(&["plan", "-f", &format!("{name}.toml"), "--save", &format!("{name}.json")]).expect(0);
    rehome.say(&["approve", &format!("{name}.json"), "--reason", "a test", "--yes"]).expect(0);
    format!("{name}.json")
}

fn state(rehome: &Rehome, batch: &str) -> String {
    text(&rehome.json(&["status", batch])["moves"][0]["state"]).to_owned()
}

#[test]
fn a_soak_that_has_ended_goes_on_beside_another_batch_that_waits_for_people() {
    let azure = Azure::serve(&example("contoso").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let first = one_of_contoso(&rehome, "w1", "id-pay-batch");
    let mut terminal = rehome.open(200, &["run", &first, "--yes"]);
    terminal.until(|line| line.contains("soaking until"));
    terminal.press("\u{3}");
    terminal.end().expect(130);
    assert_eq!(state(&rehome, "w1"), "soaking");
    let second = one_of_contoso(&rehome, "w2", "id-hr-data");
    let mut terminal = rehome.open(200, &["run", &second, "--yes"]);
    terminal.until(|line| line.contains("by hand since"));
    while state(&rehome, "w1") == "soaking" {}
    assert_eq!(
        (state(&rehome, "w1"), state(&rehome, "w2")),
        ("awaiting-cleanup".into(), "needs-person".into())
    );
    let line = terminal.until(|line| line.contains("w2 + w1: "));
    assert!(line.contains("by hand since"), "it waits still, for w2: {line}");
    terminal.press("\u{3}");
    let stopped = terminal.end().expect(130);
    assert!(stopped.out.contains("next: rehome run w2"), "{}", stopped.out);
}

#[test]
fn whoever_follows_a_batch_that_cannot_be_compared_is_told_and_does_not_wait_for_ever() {
    const READ: &str = "id-pay-batch/federatedIdentityCredentials";
    let reads = reads_of_a_plan("contoso", READ, |rehome| drop(one_of_contoso(rehome, "w1", "id-pay-batch")));
    let faults = tempfile::NamedTempFile::new().expect("a file");
    // It is read for the plan, and refused so often after that that the runner gives up, and whoever follows does.
    let rule = json!({"rules": [{"method": "GET", "path": READ, "from": reads + 1, "times": 60 * reads,
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]});
    std::fs::write(faults.path(), rule.to_string()).expect("written");
    let azure = Azure::serve(&example("contoso").join("estate.json"), Some(faults.path()));
    let rehome = Rehome::at(&azure);
    let second = one_of_contoso(&rehome, "w2", "id-hr-data");
    let mut terminal = rehome.open(200, &["run", &second, "--yes"]);
    terminal.until(|line| line.contains("by hand since"));
    let first = one_of_contoso(&rehome, "w1", "id-pay-batch");
    let said = rehome.say(&["run", &first, "--yes"]).expect(1);
    for part in [
        "cannot be compared with Azure",
        "AuthorizationFailed",
        "the runner goes on",
        "next    rehome run w1.json --yes",
    ] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    terminal.until(|line| line.contains("UNREAD") && line.contains("AuthorizationFailed"));
    // Others are refused as well, until nobody is any more.
    while rehome.say(&["discover", "-f", "w1.toml"]).out.contains("AuthorizationFailed") {}
    // Whoever follows then finds that it can be read again, and has the runner look.
    let followed = rehome.say(&["run", "w1", "--yes"]).expect(0);
    assert!(followed.out.contains("awaiting-cleanup"), "{}{}", followed.out, followed.err);
}

/// How often a plan reads this.
fn reads_of_a_plan(of: &str, path: &str, plan: impl Fn(&Rehome)) -> usize {
    let azure = Azure::serve(&example(of).join("estate.json"), None);
    plan(&Rehome::at(&azure));
    let reads = azure.requests().iter().filter(|r| text(&r["path"]).contains(path)).count();
    assert!(reads > 0, "a plan reads it");
    reads
}

#[test]
fn a_move_that_cannot_be_compared_says_what_could_not_be_read_and_what_goes_on() {
    let faults = tempfile::NamedTempFile::new().expect("a file");
    const READ: &str = "id-shop/federatedIdentityCredentials";
    let batch = example("minimal").join("batch.toml");
    let reads = reads_of_a_plan("minimal", READ, |rehome| rehome.approve(&batch));
    let rule = json!({"rules": [{"method": "GET", "path": READ, "from": reads + 1,
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]});
    std::fs::write(faults.path(), rule.to_string()).expect("written");
    let azure = Azure::serve(&example("minimal").join("estate.json"), Some(faults.path()));
    let rehome = Rehome::at(&azure);
    rehome.approve(&example("minimal").join("batch.toml"));
    let said = rehome.say(&["run", "plan.json", "--yes"]).expect(1);
    for part in ["UNREAD", "cannot be read", "AuthorizationFailed", "nothing was begun"] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert!(said.err.contains("next: rehome run minimal"), "{}", said.err);
    assert!(azure.requests().iter().all(|r| r["changed"] == false));
}

/// Texts of a source, and what its errors say.
fn texts(folder: &std::path::Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            texts(&entry.path(), into);
        } else if entry.path().extension().is_some_and(|e| e == "rs") {
            let source = std::fs::read_to_string(entry.path()).expect("text");
            let code = source.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            let told = code.lines().map(|line| line.trim_start());
            let told = told.filter(|line| !line.starts_with("//") || line.starts_with("///"));
            // Of the engine only its errors reach people; its own word is another.
            let cli = entry.path().components().any(|part| part.as_os_str() == "cli");
            let told = told.filter(|line| {
                if cli {
                    !line.starts_with("///") || entry.path().ends_with("args.rs")
                } else {
                    line.starts_with("#[error")
                }
            });
            into.extend(told.map(ToOwned::to_owned));
        }
    }
}

#[test]
fn what_is_moved_is_a_move_in_every_message_and_to_run_is_only_what_a_command_does() {
    let mut all = Vec::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for room in ["cli", "orchestrator/src"] {
        texts(&root.join(room), &mut all);
    }
    let said: Vec<&String> =
        all.iter().filter(|line| line.starts_with("///") || line.contains('"')).collect();
    assert!(said.len() > 500, "{} lines say something", said.len());
    for line in said {
        let quoted: String = match line.starts_with("///") {
            true => line.clone(),
            false => line.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" "),
        };
        for noun in [
            " a run ",
            " a run:",
            " the run ",
            " the runs",
            " of a run",
            " this run ",
            " each run ",
            " no run ",
            " its runs",
        ] {
            assert!(!format!(" {quoted} ").contains(noun), "a move is called a run: {line}");
        }
    }
}
