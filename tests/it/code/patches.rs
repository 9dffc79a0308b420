//! Patches: what can be replaced by ids that are known, as Git takes it, and nothing else.

use crate::code::scans::planned;
use crate::code::{CLIENT, NEW, OLD, PRINCIPAL, SECRET, git, put, repository};
use crate::support::azure::example;
use crate::support::estates::signed_in;
use crate::support::rehome::text;

#[test]
fn before_the_new_identity_is_made_only_its_resource_id_is_written() {
    let rehome = planned();
    let root = repository(&rehome, "shop");
    rehome.say(&["scan", "shop", "--plan", "plan.json", "--patch", "patches"]).expect(2);
    std::fs::create_dir(rehome.path("patches")).expect("made");
    let found = rehome.json(&["scan", "shop", "--plan", "plan.json", "--patch", "patches"]);
    let patch = std::fs::read_to_string(rehome.path("patches/shop.patch")).expect("a patch");
    let changed: Vec<&str> = patch
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.contains("infra/main.tf"))
        .collect();
    let line = |id: &str| format!("  identity_ids = [\"{id}\"]");
    assert_eq!(changed, [format!("-{}", line(OLD)), format!("+{}", line(NEW))]);
    let waits = found["found"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| text(&one["by_hand"]).contains("not known yet"));
    assert!(waits.count() >= 6, "{found}");
    git(&root, &["apply", "--check", rehome.path("patches/shop.patch").to_str().expect("a plain path")]);
}

#[test]
fn after_the_move_a_patch_for_each_repository_takes_every_plain_place_and_the_rest_is_named() {
    let (_azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    let root = repository(&rehome, "shop");
    put(&root, "a name/ü\t\".tfvars", format!("x = \"{}\"", CLIENT.to_uppercase()).as_bytes());
    put(&root, "crlf.yaml", format!("a: 1\r\nb: 2\r\nid: {CLIENT} # {PRINCIPAL}\r\n").as_bytes());
    put(&root, "apps/own/main.tf", format!("id = \"{}\"\n", OLD.replace('/', "%2F")).as_bytes());
    git(&root.join("apps/own"), &["init", "-q"]);
    std::fs::create_dir(rehome.path("patches")).expect("made");
    let scan = ["scan", "shop", "--patch", "patches", "-o", "json"];
    rehome.say(&scan).expect(14);
    let patches: Vec<String> = ["shop", "own"].map(|name| format!("patches/{name}.patch")).into();
    for (patch, folder) in patches.iter().zip(["shop", "shop/apps/own"]) {
        let bytes = std::fs::read(rehome.path(patch)).expect("a patch");
        let shown = String::from_utf8_lossy(&bytes);
        assert!(!shown.contains(SECRET), "{shown}");
        let patch = rehome.path(patch);
        git(&rehome.path(folder), &["apply", "--check", patch.to_str().expect("a plain path")]);
        git(&rehome.path(folder), &["apply", patch.to_str().expect("a plain path")]);
    }
    let handed = rehome.json(&["handoff"]);
    let new = &handed["moves"][0]["new"];
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("text");
    let (client, principal) = (text(&new["client_id"]), text(&new["principal_id"]));
    assert_eq!(read("crlf.yaml"), format!("a: 1\r\nb: 2\r\nid: {client} # {principal}\r\n"));
    assert_eq!(read("a name/ü\t\".tfvars"), format!("x = \"{client}\""));
    assert_eq!(
        read("apps/own/main.tf"),
        format!("id = \"{}\"\n", text(&new["resource_id"]).replace('/', "%2F"))
    );
    assert!(
        read("infra/main.tf").contains(text(&new["resource_id"]))
            && read("infra/main.tf").contains(principal)
    );
    assert!(read("src/Program.cs").contains(CLIENT) && read(".env").contains(CLIENT));
    // What is left is for people, and each says why.
    let said = rehome.say(&scan).expect(14);
    let left: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let reasons: Vec<&str> =
        left["found"].as_array().expect("a list").iter().map(|one| text(&one["by_hand"])).collect();
    assert!(reasons.iter().all(|why| !why.is_empty()), "{reasons:?}");
    for wanted in ["declares", "state", "apart", "export", "compare", "secret"] {
        assert!(reasons.iter().any(|why| why.contains(wanted)), "{wanted}: {reasons:?}");
    }
}
