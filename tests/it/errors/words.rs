//! What Azure says is text from outside: it may steer a terminal, lie about what it is, or hold what was sent.

use crate::errors::world::{Surface, World};
use crate::support::rehome::Rehome;
use crate::support::rehome::contains;
use serde_json::json;

const TOKEN: &str = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJwbGFudGVkIn0.cGxhbnRlZC1zZWNyZXQ";

#[test]
fn hostile_words_of_azure_reach_neither_the_terminal_nor_the_log() {
    let mut world = World::new("hostile");
    let words = format!(
        "no\u{1b}[2J\u{1b}]0;owned\u{7} \u{202e}txt.exe\u{2066}\u{200b}\nDONE m-000:1 all is well\r\u{9b}31m \
         https://x.blob/c?sv=1&sig=plantedsignature%3D&se=2 AccountKey=plantedkey==;x Authorization: Bearer {TOKEN}"
    );
    let mut rules = Vec::new();
    let mut strike = |world: &mut World, surface, answer| {
        let (method, path) = world.cell(surface).strikes();
        rules.push(json!({"method": method, "path": path, "what": {"answer": answer}}));
    };
    strike(
        &mut world,
        Surface::Grant,
        json!({"status": 403, "code": "AuthorizationFailed", "message": words}),
    );
    strike(
        &mut world,
        Surface::Link,
        json!({"status": 400, "code": format!("Bad\u{1b}[31m{TOKEN}"), "message": words}),
    );
    strike(
        &mut world,
        Surface::Host,
        json!({"status": 409, "body": {"error": {"code": "X", "message": "m",
        "details": [{"code": "Y", "message": words}]}}}),
    );
    strike(&mut world, Surface::Credential, json!({"status": 400, "body": format!("<html>{words}</html>")}));
    let mut rehome = Rehome::offline();
    let azure = world.serve(&mut rehome, rules);
    let mut heard = String::new();
    let mut listen = |arguments: &[&str]| {
        let said = rehome.say(arguments);
        heard.push_str(&said.out);
        heard.push_str(&said.err);
    };
    listen(&["-vv", "plan", "-f", "batch.toml", "--save", "plan.json"]);
    listen(&["approve", "plan.json", "--reason", "a test", "--yes"]);
    listen(&["-vv", "run", "plan.json", "--yes"]);
    for command in ["status", "history", "show", "replay"] {
        listen(&[command]);
        listen(&[command, "-o", "json"]);
    }
    drop(azure);
    assert!(heard.contains("AuthorizationFailed") && heard.contains("sig=[hidden]"), "{heard}");
    assert!(!heard.lines().any(|line| line.trim_start().starts_with("DONE m-000:1")), "a line of its own");
    let disk = rehome.remains();
    for planted in ["plantedsignature", "plantedkey", "eyJ0eXAi", "cGxhbnRlZC1zZWNyZXQ"] {
        // The file of faults is the one place where they belong.
        let ours = disk.windows(planted.len()).filter(|w| *w == planted.as_bytes()).count();
        let faults = std::fs::read(rehome.path("faults.json")).expect("the faults");
        let theirs = faults.windows(planted.len()).filter(|w| *w == planted.as_bytes()).count();
        assert_eq!(ours, theirs, "{planted} is on the disk");
        assert!(!heard.contains(planted), "{planted} was said");
    }
    for steering in ["\u{1b}", "\u{7}", "\u{9b}", "\u{202e}", "\u{2066}", "\u{200b}", "\\u001b", "\\u202e"] {
        assert!(!heard.contains(steering), "{steering:?} was said");
    }
    let log = std::fs::read(rehome.path("rehome.db")).expect("the log");
    assert!(!contains(&log, "\u{202e}".as_bytes()), "the log is plain");
}
