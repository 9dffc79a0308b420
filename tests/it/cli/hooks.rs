//! What a batch tells while nobody looks: to a program, to a webhook, whatever these do, and whenever this program dies.

use crate::cli::schemas::Schema;
use crate::cli::waves::in_waves;
use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::receiver::{Heard, Mood, Receiver};
use crate::support::rehome::{Rehome, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;

/// The key of the webhook, as the receiver has it too.
const KEY: &[u8] = b"a key of thirty-two bytes, whole";

/// A batch that tells what is due, approved at an Azure.
fn approved(hooks: &str) -> (Azure, Rehome) {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = format!("{}\n[hooks]\n{hooks}", minimal_without_soak());
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    std::fs::write(rehome.path("hook.key"), format!("whsec_{}\n", STANDARD.encode(KEY))).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    (azure, rehome)
}

fn webhook(receiver: &Receiver) -> String {
    format!("url = \"{}\"\nsecret_file = \"hook.key\"\n", receiver.url())
}

/// Whether a request is signed as Standard Webhooks has it, worked out here from its words.
fn is_signed(heard: &Heard) -> bool {
    let signed =
        format!("{}.{}.{}", heard.header("webhook-id"), heard.header("webhook-timestamp"), heard.body);
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("a key");
    mac.update(signed.as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    heard.header("webhook-signature") == signature
}

/// How often each message was heard, by its id.
fn times(heard: &[Heard]) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for one in heard {
        assert!(is_signed(one), "{one:?}");
        assert_eq!(text(&one.json()["id"]), one.header("webhook-id"));
        *times.entry(one.header("webhook-id").to_owned()).or_default() += 1;
    }
    times
}

/// Tells what is due until nothing is.
fn tell_all(rehome: &Rehome) {
    let mut told = (0..20).map(|_| rehome.say(&["notify", "minimal"]));
    assert!(told.any(|said| said.code == 0), "a receiver that takes everything has it after a while");
}

fn words(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn a_receiver_that_fails_first_has_every_message_in_the_end_and_none_is_forgotten_or_told_for_ever() {
    let receiver = Receiver::with(&[Mood::Answer(503), Mood::Answer(429), Mood::Answer(500)]);
    let command = "command = [\"/bin/sh\", \"-c\", \"cat >> told.jsonl\"]\n";
    let (azure, rehome) = approved(&format!("{command}{}", webhook(&receiver)));
    let shown = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(shown.contains(&receiver.url()) && shown.contains("told.jsonl"), "who is told is shown: {shown}");
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    tell_all(&rehome);
    assert_eq!(rehome.run_with_people(), 0);
    rehome.say(&["cleanup", "minimal", "--confirm", "minimal"]);
    tell_all(&rehome);
    let heard = receiver.heard();
    let taken: Vec<Heard> = heard.iter().filter(|one| one.mood == Mood::Answer(200)).cloned().collect();
    assert!(heard.len() >= taken.len() + 3, "it failed three times first");
    assert!(times(&taken).values().all(|times| *times == 1), "{:?}", times(&heard));
    assert!(times(&heard).len() == times(&taken).len(), "what it did not take was told again under its id");
    let types: Vec<String> = taken.iter().map(|one| text(&one.json()["type"]).to_owned()).collect();
    assert!(types.contains(&"needs_person".to_owned()), "{types:?}");
    let written = std::fs::read_to_string(rehome.path("told.jsonl")).expect("the program was called");
    let by_command: Vec<Value> = words(&written);
    assert_eq!(by_command, taken.iter().map(Heard::json).collect::<Vec<_>>(), "both are told the same");
    let schema = Schema::of("hook");
    by_command.iter().for_each(|message| schema.takes(message, "a message"));
    let first = &by_command[0];
    assert_eq!((text(&first["type"]), text(&first["data"]["batch"])), ("needs_person", "minimal"));
    let next = text(&first["data"]["next"][0]);
    assert!(next.starts_with("rehome ack ") && !first["data"]["steps"][0]["title"].is_null(), "{first}");
    let told = heard.len();
    tell_all(&rehome);
    assert_eq!(receiver.heard().len(), told, "what was told is not told again");
    rehome.say(&["audit", "verify"]).expect(0);
    let secret = azure.text("client_secret").to_owned();
    let all = format!("{written}{}", heard.iter().map(|one| one.body.as_str()).collect::<String>());
    let log = String::from_utf8_lossy(&rehome.remains()).into_owned();
    assert!(!all.contains(&secret) && heard.iter().all(|one| one.path == "/told"));
    assert!(log.matches(&STANDARD.encode(KEY)).count() == 1, "the key stands in its own file alone");
}

#[test]
fn a_receiver_that_hangs_keeps_nobody_and_what_a_killed_runner_had_not_told_is_told_by_whoever_looks() {
    let receiver = Receiver::with(&[Mood::Hang]);
    let (_azure, rehome) = approved(&webhook(&receiver));
    let mut runner = rehome.start(&["run", "plan.json", "--yes", "--stay"]);
    receiver.wait(|heard| !heard.is_empty());
    // The receiver has not answered, and the work goes on to its end.
    while rehome.json(&["status"])["moves"][0]["state"] != "awaiting-cleanup" {
        assert!(runner.try_wait().expect("it can be asked").is_none(), "the runner is at work");
        rehome.acknowledge();
    }
    drop(runner.kill());
    drop(runner.wait());
    let hung = receiver.heard();
    let before = times(&hung);
    rehome.say(&["notify", "minimal"]).expect(0);
    let after = receiver.heard();
    assert!(after.len() > hung.len(), "what was due is told by whoever is next");
    let again = times(&after);
    assert!(before.keys().all(|id| again[id] == before[id] + 1), "{before:?} {again:?}");
    assert!(again.values().all(|times| *times <= 2), "no more often than once for each process: {again:?}");
    rehome.say(&["notify", "minimal"]).expect(0);
    assert_eq!(receiver.heard().len(), after.len(), "and not again");
}

#[test]
fn whoever_looks_tells_once_that_the_runner_is_gone_and_again_only_after_another_one() {
    let receiver = Receiver::with(&[]);
    let (_azure, rehome) = approved(&format!("events = [\"runner_gone\"]\n{}", webhook(&receiver)));
    let look = ["notify", "minimal", "--gone-after", "0s"];
    rehome.say(&look).expect(0);
    assert!(receiver.heard().is_empty(), "there was none yet");
    for gone in 1..=2 {
        rehome.say(&["run", "plan.json", "--yes"]).expect(11);
        rehome.say(&["notify", "minimal"]).expect(0);
        assert_eq!(receiver.heard().len(), gone - 1, "one that went a moment ago is not gone");
        rehome.say(&look).expect(0);
        rehome.say(&look).expect(0);
        let heard = receiver.heard();
        assert_eq!(heard.len(), gone, "{heard:?}");
        let message = heard[gone - 1].json();
        assert_eq!(message["type"], "runner_gone");
        assert_eq!(text(&message["data"]["next"][0]), "rehome run minimal");
    }
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn what_a_receiver_refuses_for_good_is_recorded_and_keeps_nothing_that_comes_after_it() {
    let receiver = Receiver::with(&[Mood::Answer(400)]);
    let (_azure, rehome) = approved(&webhook(&receiver));
    assert_eq!(rehome.run_with_people(), 0);
    tell_all(&rehome);
    let heard = receiver.heard();
    assert!(times(&heard).values().all(|times| *times == 1), "{:?}", times(&heard));
    let history = rehome.json(&["history"]);
    let events = history["events"].as_array().expect("events").iter();
    let told: Vec<&Value> = events.filter(|event| event["kind"] == "told").collect();
    assert_eq!(told.len(), heard.len());
    assert!(text(&told[0]["body"]["refused"]).contains("400"), "{}", told[0]);
}

#[test]
fn whoever_is_told_nothing_because_the_key_is_missing_is_named_and_the_work_goes_on() {
    let (_azure, rehome) = approved("url = \"https://127.0.0.1:9/\"\nsecret_env = \"NO_SUCH_KEY\"\n");
    let said = rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    assert!(said.err.contains("NO_SUCH_KEY"), "{}", said.err);
    rehome.say(&["notify", "minimal"]).expect(10);
}

#[test]
fn a_wave_that_is_through_is_told_and_that_the_next_one_waits_for_somebody() {
    let hooks = "after = \"1h\"\nrelease = \"by-hand\"\n[hooks]\nevents = [\"wave_clean\", \"needs_person\"]\n\
        command = [\"/bin/sh\", \"-c\", \"cat >> told.jsonl\"]\n";
    let (_azure, rehome) = in_waves(&["first", "rest"], hooks);
    assert_eq!(rehome.run_with_people(), 11);
    let batch = text(&rehome.json(&["status"])["moves"][0]["batch"]).to_owned();
    rehome.say(&["notify", &batch]).expect(0);
    let told = words(&std::fs::read_to_string(rehome.path("told.jsonl")).expect("the program was called"));
    let schema = Schema::of("hook");
    told.iter().for_each(|message| schema.takes(message, "a message"));
    let of = |kind: &str, wave: &str| -> Vec<&Value> {
        told.iter().filter(|message| message["type"] == kind && message["data"]["wave"] == wave).collect()
    };
    let (clean, waits) = (of("wave_clean", "first"), of("needs_person", "rest"));
    assert_eq!((clean.len(), waits.len()), (1, 1), "{told:?}");
    let release = text(&waits[0]["data"]["next"][0]).replace("TEXT", "told");
    let release: Vec<&str> = release.split_whitespace().skip(1).collect();
    rehome.say(&release).expect(0);
}

#[test]
fn a_move_that_fails_a_budget_that_is_spent_and_a_soak_that_ends_are_told_with_what_goes_on() {
    let rule = json!({"rules": [{"method": "PATCH", "path": "virtualMachines/vm-batch", "times": 1,
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]});
    let faults = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(faults.path(), rule.to_string()).expect("written");
    let azure = Azure::serve(&example("minimal").join("estate.json"), Some(faults.path()));
    let rehome = Rehome::at(&azure);
    let batch = std::fs::read_to_string(example("minimal").join("batch.toml")).expect("a batch");
    let rest = "[[wave]]\nname = \"all\"\n[budget]\nwave = 1\n[hooks]\n\
        command = [\"/bin/sh\", \"-c\", \"cat >> told.jsonl\"]\n";
    std::fs::write(rehome.path("batch.toml"), format!("{batch}\n{rest}")).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 10);
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    rehome.say(&["retry", &run]).expect(0);
    rehome.say(&["resume", "minimal"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0);
    tell_all(&rehome);
    let told = words(&std::fs::read_to_string(rehome.path("told.jsonl")).expect("the program was called"));
    let schema = Schema::of("hook");
    told.iter().for_each(|message| schema.takes(message, "a message"));
    for (kind, next) in [
        ("move_failed", "rehome retry "),
        ("budget_spent", "rehome resume "),
        ("soak_ends", "rehome cleanup "),
    ] {
        let of: Vec<&Value> = told.iter().filter(|message| message["type"] == kind).collect();
        assert_eq!(of.len(), 1, "{kind} is told once: {told:?}");
        assert!(text(&of[0]["data"]["next"][0]).starts_with(next), "{}", of[0]);
    }
}

#[test]
fn a_rehearsal_tells_nobody() {
    let receiver = Receiver::with(&[]);
    let (_azure, rehome) = approved(&webhook(&receiver));
    let estate = example("minimal").join("estate.json");
    let estate = estate.to_str().expect("a plain path");
    rehome.say(&["rehearse", "batch.toml", "--estate", estate, "--db", "rehearsal.db"]).expect(0);
    assert!(receiver.heard().is_empty());
}

#[test]
fn what_a_batch_file_says_of_hooks_is_checked_like_the_rest() {
    let rehome = Rehome::offline();
    let hooks =
        "[hooks]\nevents = [\"move_fialed\"]\ncomand = [\"x\"]\nurl = \"http://hooks.contoso.example/\"\n";
    std::fs::write(rehome.path("batch.toml"), format!("{}\n{hooks}", minimal_without_soak()))
        .expect("written");
    let plan = ["plan", "-f", "batch.toml", "--save", "plan.json", "--cloud", "http://127.0.0.1:9"];
    let said = rehome.say(&plan).expect(2);
    for expected in [
        "did you mean move_failed?",
        "did you mean command?",
        "url needs a secret",
        "everybody on the way could read it",
    ] {
        assert!(said.err.contains(expected), "{expected}: {}", said.err);
    }
}
