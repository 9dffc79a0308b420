//! A scan finds every id of what moves in every kind of file, says what it has not seen, and shows nothing else of a file.

use crate::code::{CLIENT, OLD, SECRET, Sample, found_in, git, put, repository, samples};
use crate::support::azure::example;
use crate::support::estates::signed_in;
use crate::support::rehome::{Rehome, text};
use serde_json::Value;
use std::process::Command;

/// Whoever has planned the smallest batch: from here on nobody needs the cloud.
pub(crate) fn planned() -> Rehome {
    let (_azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    rehome
}

fn scan(rehome: &Rehome, code: i32) -> Value {
    let said = rehome.say(&["scan", "shop", "--plan", "plan.json", "-o", "json"]).expect(code);
    assert!(!(said.out.clone() + &said.err).contains(SECRET), "{}", said.out);
    serde_json::from_str(&said.out).expect("JSON")
}

#[test]
fn each_kind_of_file_gives_its_places_with_line_column_key_and_owner_and_no_text_around() {
    let rehome = planned();
    repository(&rehome, "shop");
    let found = scan(&rehome, 0);
    for Sample(path, _, wanted) in samples() {
        assert_eq!(found_in(&found, "shop", path), wanted, "{path}");
    }
    let one = |file: &str| {
        found["found"].as_array().expect("a list").iter().find(|one| one["file"] == file).expect("one")
    };
    assert_eq!(text(&one("infra/main.tf")["owner"]), "@contoso/platform");
    assert_eq!(text(&one(".env")["owner"]), "@contoso/shop");
    assert_eq!(text(&one("k8s/account.yaml")["key"]), "azure.workload.identity/client-id");
    assert!(text(&one("infra/identity.tf")["by_hand"]).contains("declares the identity"));
    assert!(text(&one("infra/terraform.tfstate")["by_hand"]).contains("state"));
    let said = rehome.say(&["scan", "shop", "--plan", "plan.json"]).expect(0);
    assert!(
        said.out.contains("infra/identity.tf:2:26  DECLARED, Terraform, name  @contoso/platform"),
        "{}",
        said.out
    );
    assert!(!said.out.contains(SECRET));
}

#[test]
fn the_ids_of_a_batch_file_are_read_from_the_cloud_and_of_one_that_is_not_there_nothing_is_concluded() {
    let (_azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    put(&rehome.path("shop"), "a.env", format!("ID={CLIENT}\n").as_bytes());
    let found: Value = rehome.json(&["scan", "shop", "-f", "batch.toml"]);
    assert_eq!(found_in(&found, "shop", "a.env"), ["1:4 client_id whole environment_file"]);
    let batch = std::fs::read_to_string(rehome.path("batch.toml")).expect("the batch");
    std::fs::write(rehome.path("batch.toml"), batch.replace("id-shop", "id-nobody")).expect("written");
    rehome.say(&["scan", "shop", "-f", "batch.toml"]).expect(3);
    rehome.say(&["scan", "nowhere", "-f", "batch.toml"]).expect(3);
}

#[test]
fn what_windows_writes_and_what_lies_in_another_repository_is_searched_and_named_as_it_is() {
    let rehome = planned();
    let root = repository(&rehome, "shop");
    let utf16 = |text: &str| {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect::<Vec<u8>>()
    };
    put(&root, "deploy/ids.txt", &utf16(&format!("first\r\nid {CLIENT}\r\n")));
    put(&root, "deploy/latin.txt", &[b"caf\xe9 ".as_slice(), CLIENT.as_bytes(), b"\n"].concat());
    put(&root, "deploy/long.json", format!("{}\"{CLIENT}\"", "{\"x\":1},".repeat(300_000)).as_bytes());
    put(&root, "deploy/ü and\n\u{1b}[2Kforged.tf", format!("x = \"{CLIENT}\"\n").as_bytes());
    put(&root, "apps/own/main.tf", format!("id = \"{OLD}\"\n").as_bytes());
    git(&root.join("apps/own"), &["init", "-q"]);
    put(&root, ".git/description", CLIENT.as_bytes());
    let found = scan(&rehome, 0);
    assert_eq!(found_in(&found, "shop", "deploy/ids.txt"), ["2:4 client_id whole document"]);
    assert_eq!(found_in(&found, "shop", "deploy/latin.txt"), ["1:6 client_id whole document"]);
    assert_eq!(found_in(&found, "shop", "deploy/long.json"), ["1:2400002 client_id whole configuration"]);
    assert_eq!(found_in(&found, "own", "main.tf"), ["1:7 resource_id whole terraform"]);
    assert!(found_in(&found, "shop", ".git/description").is_empty());
    let said = rehome.say(&["scan", "shop", "--plan", "plan.json"]).expect(0);
    assert!(said.out.contains(r"ü and\n\x1b[2Kforged.tf:1:6"), "{}", said.out);
}

#[cfg(unix)]
#[test]
fn what_is_not_searched_is_said_and_what_cannot_be_read_is_never_called_empty() {
    let rehome = planned();
    let root = repository(&rehome, "shop");
    put(&root, "logo.png", b"\x89PNG\0\0");
    put(&rehome.path("elsewhere"), "a.env", CLIENT.as_bytes());
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, root.join(name)).expect("a link");
    link("../elsewhere", "out");
    link("nobody", "dangling");
    link("infra", "inside");
    std::fs::copy(rehome.path("plan.json"), root.join("plan.json")).expect("copied");
    std::fs::copy(rehome.path("batch.toml"), root.join("batch.toml")).expect("copied");
    let huge = std::fs::File::create(root.join("huge.log")).expect("made");
    huge.set_len((64 << 20) + 1).expect("sized");
    assert!(Command::new("mkfifo").arg(root.join("pipe")).status().expect("mkfifo starts").success());
    let found = scan(&rehome, 0);
    let skipped: Vec<(String, &str)> = found["skipped"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (text(&one["path"]).rsplit('/').next().unwrap_or_default().to_owned(), text(&one["why"])))
        .collect();
    for (name, why) in [
        ("logo.png", "binary"),
        ("out", "a link that leads elsewhere"),
        ("dangling", "a link that leads nowhere"),
        ("huge.log", "larger than 64 MB"),
        ("pipe", "no plain file"),
        ("plan.json", "written by this program, or for it"),
        ("batch.toml", "written by this program, or for it"),
    ] {
        assert!(skipped.contains(&(name.to_owned(), why)), "{name}: {skipped:?}");
    }
    assert_eq!(skipped.len(), 7, "{skipped:?}");
    assert_eq!((&found["complete"], found["unread"].as_array().map(Vec::len)), (&Value::from(true), Some(0)));
    // No rights keep an administrator out; a path that is longer than the system takes does.
    let deep = "d=$(printf 'd%.0s' $(seq 200)); for i in $(seq 25); do mkdir $d && cd -P $d || exit 1; done";
    assert!(Command::new("sh").args(["-c", deep]).current_dir(&root).status().expect("sh starts").success());
    let found = scan(&rehome, 10);
    assert_eq!(
        (&found["complete"], found["unread"].as_array().map(Vec::len)),
        (&Value::from(false), Some(1))
    );
    assert_eq!(found["repositories"][0]["unread"], 1);
    let said = rehome.say(&["scan", "shop", "--plan", "plan.json"]).expect(10);
    assert!(said.out.contains("NOT READ  1 place: nobody knows what is there"), "{}", said.out);
    assert!(said.out.contains("skipped   1 file (binary)"), "{}", said.out);
}
