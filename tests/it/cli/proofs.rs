//! The moves of one team, handed out alone: each event with its proof against a signed end, checked by Python and openssl alone.

use crate::cli::waves::in_waves;
use crate::support::azure::Azure;
use crate::support::handed_out::{self, edited};
use crate::support::rehome::{Rehome, text};
use std::path::Path;
use std::process::Command;

fn have(program: &str) -> bool {
    Command::new(program).arg("--help").output().is_ok()
}

/// The moves of one of two teams as they were handed out, in the folder `team`.
struct HandedOut {
    _azure: Azure,
    rehome: Rehome,
    /// The move, and the one of the other team.
    own: String,
    others: String,
    key: String,
    /// A key of another log.
    other_key: String,
}

fn handed_out() -> HandedOut {
    let (azure, rehome) = in_waves(&["first", "rest"], "");
    rehome.say(&["run", "plan.json", "--yes"]);
    let status = rehome.json(&["status"]);
    let batch = text(&status["moves"][0]["batch"]).to_owned();
    let [own, others] = ["first", "rest"].map(|wave| {
        let of = rehome.json(&["status", &format!("{batch}/wave:{wave}")]);
        text(&of["moves"][0]["run"]).to_owned()
    });
    let note = rehome.json(&["audit", "checkpoint"]);
    std::fs::write(rehome.path("kept.txt"), text(&note["checkpoint"])).expect("written");
    rehome.say(&["note", &batch, "--text", "later"]).expect(0);
    rehome.say(&["audit", "bundle", "team", &own, "--proofs", "--checkpoint", "kept.txt"]).expect(0);
    let (_other_azure, other) = in_waves(&["first", "rest"], "");
    other.say(&["run", "plan.json", "--yes"]);
    let other_key = text(&other.json(&["audit", "checkpoint"])["key"]).to_owned();
    HandedOut { _azure: azure, rehome, own, others, key: text(&note["key"]).to_owned(), other_key }
}

fn verified(rehome: &Rehome, change: impl FnOnce(&Path), arguments: &[&str]) -> (Option<i32>, String) {
    handed_out::verified(&rehome.path("team"), "verify_proofs.py", change, arguments)
}

#[test]
fn a_sample_of_the_moves_is_drawn_again_by_its_seed() {
    let (_azure, rehome) = in_waves(&["first", "rest"], "");
    let sampled = |seed: &str| {
        let events = rehome.json(&["history", "--sample", "1", "--seed", seed])["events"].clone();
        let streams =
            events.as_array().expect("events").iter().map(|event| text(&event["stream"]).to_owned());
        streams.collect::<std::collections::BTreeSet<_>>()
    };
    assert!(sampled("7").len() == 1 && sampled("7") == sampled("7"));
    assert!((0..40).any(|seed| sampled(&seed.to_string()) != sampled("7")), "another seed draws another");
}

#[test]
fn one_team_gets_its_moves_alone_each_event_with_its_proof_against_an_end_that_it_has_already() {
    let HandedOut { rehome, own, others, key, other_key, .. } = &handed_out();
    let proofs = std::fs::read_to_string(rehome.path("team/proofs.jsonl")).expect("proofs");
    assert!(proofs.contains(own) && !proofs.contains(others), "nothing of another team is in it");
    // By the key that was noted down, and by none.
    let verify = ["audit", "verify", "--proofs", "team/proofs.jsonl", "--signed-by", key];
    let found = rehome.json(&verify);
    let stream = format!("run/{own}");
    assert!(found["intact"] == true && found["proven"][0]["stream"] == *stream, "{found}");
    rehome.say(&verify[..4]).expect(0);
    rehome.say(&["audit", "bundle", "late", own, "--proofs"]).expect(0);
    edited("proofs.jsonl", "tester@contoso.example", "somebody@contoso.example")(&rehome.path("late"));
    rehome.say(&["audit", "verify", "--proofs", "late/proofs.jsonl"]).expect(15);
    rehome.say(&["audit", "verify", "--proofs", "team/proofs.jsonl", "--signed-by", other_key]).expect(15);
    rehome.say(&["audit", "bundle", "team", own, "--proofs"]).expect(2);
    rehome.say(&["audit", "bundle", "more", "--proofs"]).expect(2);
    rehome.say(&["audit", "bundle", "more", "nobody", "--proofs"]).expect(3);
    assert!(!rehome.path("more").exists(), "nothing is left of what failed");
}

#[test]
fn python_and_openssl_alone_check_the_moves_of_one_team_and_find_what_was_changed() {
    if !have("python3") || !have("openssl") {
        println!("SKIPPED: python3 or openssl is not here, so what is handed out was not run");
        return;
    }
    let HandedOut { rehome, own, key, other_key, .. } = &handed_out();
    let proofs = std::fs::read_to_string(rehome.path("team/proofs.jsonl")).expect("proofs");
    let line = proofs.lines().nth(3).expect("an event").to_owned();
    let kept = rehome.path("kept.txt");
    let kept = kept.to_str().expect("a plain path");
    let (code, said) = verified(rehome, |_| {}, &[key, kept]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains(&format!("run/{own}: events 1 to ")) && said.contains("the one that you kept"),
        "{said}"
    );
    assert_eq!(verified(rehome, |_| {}, &[]).0, Some(0));
    let refused = |what: &str, arguments: &[&str], change: &dyn Fn(&Path), says: &str| {
        let (code, said) = verified(rehome, |folder| change(folder), arguments);
        assert!(code == Some(1) && said.contains(says), "{what}: {code:?} {said}");
    };
    let edit =
        |from: &'static str, to: &'static str| move |folder: &Path| edited("proofs.jsonl", from, to)(folder);
    refused(
        "another actor",
        &[],
        &edit("tester@contoso.example", "somebody@contoso.example"),
        "it was changed",
    );
    let without = |folder: &Path| edited("proofs.jsonl", &format!("{line}\n"), "")(folder);
    refused("an event less", &[], &without, "is missing");
    refused("another key", &[other_key], &|_| {}, "no good signature");
    refused("a proof that is none", &[], &edit("\"proof\":[\"", "\"proof\":[\"00"), "NOT AS IT WAS WRITTEN");
    let shorter = |folder: &Path| {
        let path = folder.join("proofs.jsonl");
        let was = std::fs::read_to_string(&path).expect("a text");
        let at = was.rfind("\"proof\":[").expect("a proof") + "\"proof\":[".len();
        let end = was[at..].find(']').expect("an end") + at;
        std::fs::write(path, format!("{}{}", &was[..at], &was[end..])).expect("written");
    };
    refused("a proof less", &[], &shorter, "its proof is too short");
    let newer = rehome.path("newer.txt");
    std::fs::write(&newer, rehome.say(&["audit", "checkpoint"]).expect(0).out).expect("written");
    refused("another end", &[key, newer.to_str().expect("a plain path")], &|_| {}, "another checkpoint");
}
