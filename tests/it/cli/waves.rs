//! A batch file with waves, through the program: what begins when, and what is said meanwhile.

use crate::scale::estate::{self, Size};
use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Two identities: the first at once, the second when somebody lets it loose and the first is through for an hour.
fn two_waves() -> (Azure, Rehome) {
    in_waves(&["first", "rest"], "after = \"1h\"\nrelease = \"by-hand\"\n")
}

/// Identities of these waves, with this of when the last one begins.
pub(crate) fn in_waves(waves: &[&str], last: &str) -> (Azure, Rehome) {
    let mut rehome = Rehome::offline();
    let size = Size { identities: waves.len() as u64, unrelated: 0, together: 1_000, sites: 1 };
    let settings = json!({"throttling": false, "principal_delay_s": 0, "index_delay_s": 0, "operation_s": 1});
    std::fs::write(rehome.path("estate.json"), estate::estate(size, &settings).to_string()).expect("written");
    let batch = estate::batch(size);
    let mut parts = batch.split("[[identity]]");
    let head = parts.next().expect("a beginning");
    let said = format!("[[wave]]\nname = \"first\"\n[[wave]]\nname = \"rest\"\n{last}");
    let rows = parts.zip(waves).map(|(row, wave)| format!("[[identity]]\nwave = \"{wave}\"{row}"));
    let batch = format!("{head}{said}{}", rows.collect::<String>());
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    rehome.approve(&rehome.path("batch.toml"));
    (azure, rehome)
}

/// The moves of the two waves, as `status` has them.
fn moves(rehome: &Rehome) -> [Value; 2] {
    let status = rehome.json(&["status"]);
    let of = |name: &str| {
        let mut moves = status["moves"].as_array().expect("moves").iter();
        moves.find(|m| text(&m["identity"]).ends_with(name)).expect("a move").clone()
    };
    let batch = std::fs::read_to_string(rehome.path("batch.toml")).expect("a batch");
    let id = |line: &&str| line.starts_with("id = ");
    let names: Vec<&str> = batch.lines().filter(id).filter_map(|l| l.rsplit('/').next()).collect();
    [names[0], names[1]].map(|name| of(name.trim_matches('"')))
}

#[test]
fn a_wave_begins_after_the_one_before_it_and_when_somebody_lets_it_loose() {
    let (_azure, rehome) = two_waves();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let [first, rest] = moves(&rehome);
    assert_ne!(first["done"], 0, "{first}");
    assert_eq!((&rest["done"], &rest["waiting_for"][0]["kind"]), (&json!(0), &json!("wave")), "{rest}");
    assert_eq!(rehome.run_with_people(), 11);
    let [first, rest] = moves(&rehome);
    assert_eq!(first["state"], "awaiting-cleanup", "{first}");
    assert_eq!((&rest["state"], &rest["done"]), (&json!("needs-person"), &json!(0)), "{rest}");
    let unblock = text(&rest["waiting_for"][0]["unblock_with"][0]);
    assert!(unblock.starts_with("rehome release ") && unblock.contains("--wave rest"), "{unblock}");
    let name = text(&rest["batch"]).to_owned();
    rehome.say(&["wait", &name, "--for", "soaked", "--timeout", "60s"]).expect(17);
    let slip = rehome.say(&["release", &name, "--wave", "rset", "--reason", "a test"]).expect(3).err;
    assert!(slip.contains("/wave:rest?"), "{slip}");
    let neither = rehome.say(&["release", &name, "--reason", "a test"]).expect(2).err;
    assert!(neither.contains("--cleanup"), "{neither}");
    let pasted: Vec<&str> = unblock.split_whitespace().skip(1).collect();
    rehome.say(&pasted).expect(0);
    rehome.run_with_people();
    let [_, rest] = moves(&rehome);
    assert_eq!(rest["state"], "awaiting-cleanup", "{rest}");
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_clean_up_that_somebody_holds_says_who_and_why_and_begins_when_it_is_released() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak()).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    let hold = ["hold", "minimal", "--cleanup", "--reason", "the owners look once more"];
    rehome.say(&hold).expect(0);
    assert!(rehome.say(&hold).expect(2).err.contains("held already"));
    let status = rehome.json(&["status"]);
    let wait = &status["moves"][0]["waiting_for"][0];
    assert_eq!((text(&status["moves"][0]["state"]), text(&wait["kind"])), ("awaiting-cleanup", "approval"));
    let release = text(&wait["unblock_with"][0]).to_owned();
    assert_eq!(release, "rehome release minimal --cleanup --reason TEXT");
    assert_eq!(
        (&status["asked"][0]["request"], &status["asked"][0]["stage"], &status["asked"][0]["withdraw_with"]),
        (&json!("hold"), &json!("in-force"), &json!(release))
    );
    let before = azure.requests().len();
    for (command, place) in [
        (&["cleanup", "minimal", "--confirm", "minimal"][..], "err"),
        (&["cleanup", "minimal", "--dry-run"], "out"),
    ] {
        let said = rehome.say(command).expect(11);
        let said = if place == "err" { said.err } else { said.out };
        for part in ["held by tester@contoso.example", "the owners look once more"] {
            assert!(said.contains(part), "{command:?}: {part} is not in {said}");
        }
    }
    let sent = azure.requests().split_off(before);
    assert!(sent.iter().all(|request| request["changed"] == false), "nothing goes: {sent:?}");
    let release: Vec<&str> = release.split_whitespace().skip(1).collect();
    rehome.say(&release).expect(0);
    assert_eq!(rehome.json(&["status"])["asked"], json!([]));
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal"]).expect(0);
    assert_eq!(rehome.json(&["status"])["moves"][0]["state"], "done");
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_canary_is_one_identity_that_is_rehearsed_and_clean_is_said_in_words_too() {
    let rehome = Rehome::offline();
    let id = |n: usize| {
        format!(
            "[[identity]]\ntarget_resource_group = \"h\"\nid = \"/subscriptions/s/resourceGroups/g/providers/\
             Microsoft.ManagedIdentity/userAssignedIdentities/one-{n}\"\n"
        )
    };
    let ids: String = (0..4).map(id).collect();
    let file = |waves: &str| {
        format!("format_version = \"1.0\"\n[batch]\nname = \"b\"\nto = \"swedencentral\"\n{waves}{ids}")
    };
    let plan = ["plan", "-f", "batch.toml", "--save", "plan.json", "--cloud", "http://127.0.0.1:9"];
    let said = |waves: &str| {
        std::fs::write(rehome.path("batch.toml"), file(waves)).expect("written");
        rehome.say(&plan).err
    };
    let sound =
        said("[[wave]]\nname = \"a\"\ncanary = true\n[[wave]]\nname = \"b\"\nafter = \"24h clean\"\n");
    assert!(!sound.contains("mistake"), "{sound}");
    let wrong = said(
        "[[wave]]\nname = \"a\"\ncanary = \"yes\"\nafter = \"24h dirty\"\n[window]\nzone = \"Europe/Stokholm\"\n",
    );
    for part in ["line 7", "\"24h clean\"", "did you mean Europe/Stockholm?"] {
        assert!(wrong.contains(part), "{part} is not in {wrong}");
    }
}

#[test]
fn a_wave_looks_again_at_its_own_and_once_at_what_its_moves_share() {
    let (azure, rehome) = in_waves(&["first", "first", "rest", "rest", "rest"], "");
    rehome.run_with_people();
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for request in azure.requests() {
        let path = text(&request["path"]).to_lowercase();
        *asked.entry(path.split('?').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let counts = |end: &str| -> Vec<usize> {
        asked.iter().filter(|(path, _)| path.ends_with(end)).map(|(_, count)| *count).collect()
    };
    // For the plan, and as each of two waves began.
    assert_eq!(
        counts("/providers/microsoft.authorization/roledefinitions"),
        [3],
        "what the moves of a wave share"
    );
    // What uses an identity is asked again by whatever deletes it, which nothing does here.
    assert_eq!(counts("/listassociatedresources"), [2; 5], "each for the plan, and as its own wave began");
}

#[test]
fn what_a_batch_file_says_of_waves_is_checked_like_the_rest() {
    let rehome = Rehome::offline();
    let file = "format_version = \"1.0\"\n[batch]\nname = \"b\"\nto = \"swedencentral\"\n\
        [[wave]]\nname = \"first\"\n[[wave]]\nname = \"first\"\n[[identity]]\nwave = \"frist\"\n\
        id = \"/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one\"\n\
        target_resource_group = \"h\"\n[[identity]]\ntarget_resource_group = \"h\"\n\
        id = \"/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/two\"\n";
    std::fs::write(rehome.path("batch.toml"), file).expect("written");
    let said = rehome
        .say(&["plan", "-f", "batch.toml", "--save", "plan.json", "--cloud", "http://127.0.0.1:9"])
        .expect(2);
    for expected in ["two waves are called \"first\"", "did you mean first?"] {
        assert!(said.err.contains(expected), "{expected}: {}", said.err);
    }
}
