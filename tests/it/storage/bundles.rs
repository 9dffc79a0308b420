//! A bundle leaves the house: it is verified and read where neither log nor cloud is.

use crate::support::azure::{Azure, example};
use crate::support::estates::approved;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};

const NAME: &str = "J\u{fc}rgen O'Hara";

/// A batch that went its whole way, with a person's name in what another person did.
fn moved(folder: &str) -> (Azure, Rehome) {
    let azure = Azure::serve(&example(folder).join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    rehome.approve(&example(folder).join("batch.toml"));
    rehome.run_with_people();
    (azure, rehome)
}

/// Somebody else's machine: neither a log nor a cloud is there.
fn elsewhere(from: &Rehome, bundle: &str) -> Rehome {
    let other = Rehome::offline();
    std::fs::copy(from.path(bundle), other.path(bundle)).expect("handed over");
    other
}

fn read(rehome: &Rehome, bundle: &str) -> String {
    std::fs::read_to_string(rehome.path(bundle)).expect("a bundle is text")
}

fn head(rehome: &Rehome) -> String {
    rehome.say(&["audit", "head"]).expect(0).out.trim().to_owned()
}

fn runs(rehome: &Rehome) -> Vec<String> {
    let status = rehome.json(&["status"]);
    status["moves"].as_array().expect("moves").iter().map(|m| text(&m["run"]).to_owned()).collect()
}

/// A history without the marks of what a bundle tells and does not prove.
fn plain(mut history: Value) -> Value {
    for event in history["events"].as_array_mut().expect("events") {
        event.as_object_mut().expect("an event").remove("withheld");
    }
    history
}

#[test]
fn a_bundle_is_verified_and_read_elsewhere_as_the_log_is_at_home() {
    let (_azure, rehome) = moved("minimal");
    let made = rehome.json(&["audit", "bundle", "all.jsonl"]);
    assert_eq!(made["withheld"]["not_selected"], 0);
    let kept = head(&rehome);
    let other = elsewhere(&rehome, "all.jsonl");
    let bundle = ["--bundle", "all.jsonl"];
    let verified = other.json(&["audit", "verify", "--anchor", &kept, "--bundle", "all.jsonl"]);
    assert_eq!(
        (&verified["anchored"], &verified["moves"], &verified["plans"]),
        (&json!(true), &json!(1), &json!(1))
    );
    assert_eq!(verified["events"], made["events"]);
    let run = runs(&rehome).remove(0);
    for command in [
        &["audit", "head"][..],
        &["history"],
        &["history", &run],
        &["history", "minimal"],
        &["replay"],
        &["replay", &run, "--at", "9"],
        &["show", &run],
        &["show", "minimal"],
        &["show", &format!("{run}:02")],
        &["status"],
    ] {
        let (here, there) = (rehome.say(command), other.say(&[command, &bundle].concat()));
        assert_eq!((there.code, there.out), (here.code, here.out), "{command:?}");
        let as_json = [command, &["-o", "json"]].concat();
        let (here, there) = (rehome.say(&as_json).expect(0), other.say(&[&as_json[..], &bundle].concat()));
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        let (mut here, mut there) = (value(&here.out), value(&there.expect(0).out));
        // Who is at work stands beside the log and not in it.
        here.as_object_mut().map(|members| members.remove("runner"));
        there.as_object_mut().map(|members| members.remove("runner"));
        if there["events"].is_array() {
            there = plain(there);
        }
        assert_eq!(there, here, "{command:?}");
    }
    let told = other.say(&["audit", "verify", "--bundle", "all.jsonl"]).expect(0).out;
    assert!(told.contains("can have") && told.contains("made up all of it"), "{told}");
    assert!(!other.path("rehome.db").exists(), "nothing was made there");
}

#[test]
fn an_address_that_is_polled_is_in_no_bundle() {
    let (_azure, rehome) = moved("contoso");
    let log = rusqlite::Connection::open(rehome.path("rehome.db")).expect("the log");
    let mut accepted = log.prepare("SELECT body FROM event WHERE kind = 'accepted'").expect("a query");
    let bodies: Vec<Vec<u8>> =
        accepted.query_map([], |row| row.get(0)).expect("rows").map(|row| row.expect("a body")).collect();
    assert!(!bodies.is_empty(), "some answers came later");
    rehome.say(&["audit", "bundle", "all.jsonl"]).expect(0);
    let bundle = read(&rehome, "all.jsonl");
    for body in &bodies {
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let address = text(&body["operation"]["address"]);
        assert!(address.starts_with("sealed:") && !bundle.contains(address), "{address}");
    }
    let verified = elsewhere(&rehome, "all.jsonl").json(&["audit", "verify", "--bundle", "all.jsonl"]);
    let told = verified["withheld"]["masked"].as_array().expect("positions").len();
    assert_eq!((told, &verified["moves_withheld"]), (bodies.len(), &json!(0)));
    for secret in ["planted-secret", "eyJ"] {
        assert!(!bundle.contains(secret), "{secret}");
    }
}

#[test]
fn a_bundle_of_one_move_withholds_what_the_others_say_and_the_chain_still_holds() {
    let (_azure, rehome) = moved("contoso");
    let (kept, all) = (head(&rehome), runs(&rehome));
    let batch = text(&rehome.json(&["status"])["moves"][0]["batch"]).to_owned();
    let one = &all[1];
    rehome.say(&["audit", "bundle", "one.jsonl", one]).expect(0);
    let other = elsewhere(&rehome, "one.jsonl");
    let verified = other.json(&["audit", "verify", "--anchor", &kept, "--bundle", "one.jsonl"]);
    assert_eq!((&verified["moves"], &verified["moves_withheld"]), (&json!(1), &json!(all.len() - 1)));
    assert_eq!(verified["plans_withheld"], 1);
    let history =
        |rehome: &Rehome, more: &[&str]| plain(rehome.json(&[&["history", one.as_str()], more].concat()));
    assert_eq!(history(&other, &["--bundle", "one.jsonl"]), history(&rehome, &[]));
    let bundle = read(&other, "one.jsonl");
    let whole = rehome.json(&["history"]);
    let stream = format!("run/{one}");
    let mut withheld = 0;
    for (event, line) in whole["events"].as_array().expect("events").iter().zip(bundle.lines().skip(1)) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["hash"], event["hash"]);
        let (mine, whole) = (event["stream"] == stream.as_str(), line["withheld"] != "not_selected");
        assert_eq!(whole, mine, "{line}");
        assert!(
            whole || line["body"].is_null() && line["salt"].is_null() && line["told"].is_null(),
            "{line}"
        );
        withheld += usize::from(!whole);
    }
    assert_eq!(verified["withheld"]["not_selected"].as_array().expect("positions").len(), withheld);
    for command in [&["show", &all[0]][..], &["replay", &all[0]], &["status", &all[0]], &["show", &batch]] {
        let said = other.say(&[command, &["--bundle", "one.jsonl"]].concat()).expect(3);
        assert!(said.err.contains("withholds") && said.err.contains("not selected"), "{}", said.err);
    }
    let status = other.say(&["status", "--bundle", "one.jsonl"]).expect(0);
    assert!(status.out.contains(one.as_str()) && !status.out.contains(&all[0]), "{}", status.out);
    assert!(status.err.contains("11 of 12"), "{}", status.err);
    let told = other.say(&["history", "--bundle", "one.jsonl"]).expect(0).out;
    assert_eq!(told.matches("(withheld: not selected)").count(), withheld, "{told}");
}

#[test]
fn a_persons_name_is_nowhere_in_a_bundle_that_leaves_it_out_and_the_chain_still_holds() {
    let (_azure, rehome) = moved("minimal");
    let run = runs(&rehome).remove(0);
    rehome.say(&["pause", "minimal", "--reason", &format!("{NAME} is on leave")]).expect(0);
    rehome.say(&["resume", &run, "--reason", "j\u{dc}rgen o'hara is back"]).expect(0);
    let kept = head(&rehome);
    rehome.say(&["audit", "bundle", "named.jsonl"]).expect(0);
    assert!(read(&rehome, "named.jsonl").contains(NAME));
    let made = rehome.json(&["audit", "bundle", "redacted.jsonl", "--redact", NAME]);
    assert_eq!(made["redacted"], json!([{"text": NAME, "events": 2}]));
    let found = Command::new("grep").args(["-i", "-c", "hara"]).arg(rehome.path("redacted.jsonl")).output();
    assert_eq!(String::from_utf8_lossy(&found.expect("grep").stdout).trim(), "0");
    let other = elsewhere(&rehome, "redacted.jsonl");
    let verified = other.json(&["audit", "verify", "--anchor", &kept, "--bundle", "redacted.jsonl"]);
    assert_eq!(verified["withheld"]["redacted"].as_array().expect("positions").len(), 2);
    let told = other.say(&["history", "--bundle", "redacted.jsonl"]).expect(0).out;
    assert_eq!(told.matches("(withheld: redacted)").count(), 2, "{told}");
    let said = other.say(&["show", &run, "--bundle", "redacted.jsonl"]).expect(3);
    assert!(said.err.contains("redacted"), "{}", said.err);
    // Before that event, the move can be read.
    let at = (verified["events"].as_u64().expect("a count") - 2).to_string();
    other.say(&["replay", &run, "--at", &at, "--bundle", "redacted.jsonl"]).expect(0);
    // Who acted stands in the chain itself.
    let said = rehome.say(&["audit", "bundle", "x.jsonl", "--redact", "Tester@contoso"]).expect(2);
    assert!(
        said.err.contains("actor of event 1") && said.err.contains("no bundle was written"),
        "{}",
        said.err
    );
    let said = rehome.say(&["audit", "bundle", "x.jsonl", "minimal", "--redact", "MINIMAL"]).expect(2);
    assert!(said.err.contains("in the name"), "{}", said.err);
    rehome.say(&["audit", "bundle", "x.jsonl", "--redact", " "]).expect(2);
    assert!(!rehome.path("x.jsonl").exists(), "half a bundle is none");
    let said = rehome.say(&["audit", "bundle", "y.jsonl", "--redact", "nobody"]).expect(0);
    assert!(said.err.contains("no event that was selected says"), "{}", said.err);
}

#[test]
fn a_doctored_bundle_names_the_event_and_an_older_or_made_up_one_the_end_that_was_kept() {
    let (_azure, rehome) = moved("minimal");
    rehome.say(&["audit", "bundle", "early.jsonl"]).expect(0);
    rehome.say(&["pause", "minimal", "--reason", "a test"]).expect(0);
    rehome.say(&["audit", "bundle", "late.jsonl"]).expect(0);
    let kept = head(&rehome);
    let (early, late) = (read(&rehome, "early.jsonl"), read(&rehome, "late.jsonl"));
    let lines: Vec<&str> = late.lines().collect();
    let without = |n: usize| [&lines[..n], &lines[n + 1..]].concat().join("\n") + "\n";
    let other = Rehome::offline();
    for (what, text, place) in [
        ("an actor", late.replacen("tester@contoso", "nobody@contoso", 1), 1),
        ("what it says", late.replace("a test\\\"}", "a rest\\\"}"), 2),
        ("a removed event", without(7), 7),
        ("the last one removed", without(lines.len() - 1), lines.len() - 1),
        ("a cut", late[..late.len() - 1].to_owned(), lines.len() - 1),
    ] {
        std::fs::write(other.path("doctored.jsonl"), text).expect("written");
        let at = format!("position {place}");
        for command in [&["audit", "verify"][..], &["history"], &["status"], &["show", "minimal"]] {
            let said = other.say(&[command, &["--bundle", "doctored.jsonl"]].concat()).expect(15);
            assert!(said.err.contains(&at) && said.out.is_empty(), "{what}: {}", said.err);
        }
    }
    std::fs::write(other.path("early.jsonl"), early).expect("written");
    std::fs::write(other.path("late.jsonl"), &late).expect("written");
    other.say(&["audit", "verify", "--bundle", "early.jsonl"]).expect(0);
    let said = other.say(&["audit", "verify", "--bundle", "early.jsonl", "--anchor", &kept]).expect(15);
    assert!(said.err.contains("it is older"), "{}", said.err);
    let (place, _) = kept.split_once(':').expect("an end");
    let forged = format!("{place}:{}", "ab".repeat(32));
    let said = other.say(&["audit", "verify", "--bundle", "late.jsonl", "--anchor", &forged]).expect(15);
    assert!(said.err.contains("made up") && said.err.contains(place), "{}", said.err);
}

#[test]
fn what_is_no_bundle_is_refused_with_its_place_and_a_bundle_replaces_no_file() {
    let (_azure, rehome) = moved("minimal");
    std::fs::write(rehome.path("notes.txt"), "not a bundle").expect("written");
    let said = rehome.say(&["audit", "bundle", "notes.txt"]).expect(2);
    assert!(said.err.contains("never replaces") && said.err.contains("notes.txt"), "{}", said.err);
    assert_eq!(read(&rehome, "notes.txt"), "not a bundle");
    rehome.say(&["audit", "bundle", "none/x.jsonl"]).expect(1);
    rehome.say(&["audit", "bundle", "x.jsonl", "nothing"]).expect(3);
    assert!(!rehome.path("x.jsonl").exists());
    rehome.say(&["audit", "bundle", "all.jsonl"]).expect(0);
    let newer = read(&rehome, "all.jsonl").replacen("\"rehome_bundle\":1", "\"rehome_bundle\":7", 1);
    std::fs::write(rehome.path("newer.jsonl"), newer).expect("written");
    for (file, code, words) in [
        ("notes.txt", 2, "not a bundle"),
        ("rehome.db", 2, "not a bundle"),
        ("plan.json", 2, "not a bundle"),
        ("/dev/zero", 2, "not a bundle"),
        ("none.jsonl", 3, "no such bundle"),
        ("newer.jsonl", 1, "format 7"),
    ] {
        let said = rehome.say(&["history", "--bundle", file]).expect(code);
        assert!(said.err.contains(words) && said.err.contains("next"), "{file}: {}", said.err);
    }
    let log = rusqlite::Connection::open(rehome.path("rehome.db")).expect("the log");
    log.execute_batch("DROP TRIGGER event_is_never_changed").expect("what an attacker can do");
    log.execute("UPDATE event SET actor = 'x' WHERE position = 5", []).expect("changed");
    drop(log);
    let said = rehome.say(&["audit", "bundle", "x.jsonl"]).expect(15);
    assert!(said.err.contains("position 5"), "{}", said.err);
    assert!(!rehome.path("x.jsonl").exists(), "no bundle is made of a broken log");
}

#[test]
fn bundles_beside_a_working_runner_end_where_they_say_and_each_goes_on_from_the_one_before() {
    let (_azure, rehome) = approved();
    let mut runner = rehome.start(&["run", "plan.json", "--yes"]);
    let mut ends: Vec<String> = Vec::new();
    while runner.try_wait().expect("it can be asked").is_none() || ends.len() < 2 {
        let name = format!("{}.jsonl", ends.len());
        let made = rehome.json(&["audit", "bundle", &name]);
        for end in &ends {
            rehome.say(&["audit", "verify", "--bundle", &name, "--anchor", end]).expect(0);
        }
        ends.push(format!("{}:{}", made["events"], text(&made["head"])));
    }
    assert_eq!(rehome.run_with_people(), 0);
    for end in &ends {
        rehome.say(&["audit", "verify", "--anchor", end]).expect(0);
    }
}

#[test]
fn the_recipe_for_checking_a_bundle_with_other_tools_agrees_with_this_program() {
    if !Command::new("python3").arg("-V").stdout(Stdio::null()).status().is_ok_and(|s| s.success()) {
        crate::support::kills::say("SKIPPED: there is no python3 here");
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = |name: &str| std::fs::read_to_string(root.join("docs").join(name)).expect("a page");
    let (recipe, rest) = ("python3 store/verify_bundle.py", " FILE POSITION:HASH");
    for name in ["threats.md", "auditing.md"] {
        assert!(page(name).contains(&format!("`{recipe}{rest}`")), "{name} has the recipe");
    }
    let threats = page("threats.md");
    let printed =
        threats.split_once("```python\n").expect("a recipe").1.split_once("```").expect("its end").0;
    let file = std::fs::read_to_string(root.join("store/verify_bundle.py")).expect("the verifier");
    assert_eq!(printed, file, "it is printed as it is");
    let verifier = root.join(recipe.split_once(' ').expect("a file").1);
    let (_azure, rehome) = moved("minimal");
    rehome.say(&["pause", "minimal", "--reason", NAME]).expect(0);
    rehome.say(&["audit", "bundle", "whole.jsonl", "--redact", NAME]).expect(0);
    let check = |file: &str| {
        let mut command = Command::new("python3");
        command.arg(&verifier).arg(file).current_dir(rehome.path("."));
        let done = command.output().expect("python3");
        (done.status.success(), String::from_utf8_lossy(&done.stdout).trim().to_owned())
    };
    assert_eq!(check("whole.jsonl"), (true, head(&rehome)));
    let whole = read(&rehome, "whole.jsonl");
    rehome.say(&["audit", "bundle", "withheld.jsonl", "--redact", "a test"]).expect(0);
    let withheld = read(&rehome, "withheld.jsonl");
    for doctored in [whole.replacen("tester@", "nobody@", 1), forged_beside_its_digest(&whole, &withheld)] {
        assert_ne!(doctored, whole);
        std::fs::write(rehome.path("doctored.jsonl"), doctored).expect("written");
        assert_eq!(check("doctored.jsonl"), (false, String::new()));
        rehome.say(&["audit", "verify", "--bundle", "doctored.jsonl"]).expect(15);
    }
    let told = "\"withheld\":\"masked\",\"told\":\"{}\",";
    let told = withheld.replacen("\"withheld\":\"redacted\",", told, 1);
    std::fs::write(rehome.path("told.jsonl"), told).expect("written");
    rehome.say(&["audit", "verify", "--bundle", "told.jsonl"]).expect(15);
    assert_eq!(check("told.jsonl"), (false, String::new()));
}

/// An approval with other words, and beside them the digest of the true ones, which fits the chain.
fn forged_beside_its_digest(bundle: &str, withheld: &str) -> String {
    let forge = |(line, withheld): (&str, &str)| {
        let mut event: Value = serde_json::from_str(line).expect("JSON");
        let digest = serde_json::from_str::<Value>(withheld).expect("JSON")["digest"].clone();
        if event["kind"] == "approved" && digest.is_string() {
            event["body"] = json!(text(&event["body"]).replace("a test", "approved by the CISO"));
            event["digest"] = digest;
        }
        event.to_string() + "\n"
    };
    bundle.lines().zip(withheld.lines()).map(forge).collect()
}
