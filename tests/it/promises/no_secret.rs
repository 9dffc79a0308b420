//! Promise 7: no secret reaches the log, the terminal or a report: neither one that people type, nor one that Azure says
//! back in whatever form, nor an address that is a credential.

use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::rehome::contains;
use crate::support::rehome::{Rehome, text};
use rusqlite::Connection;
use serde_json::{Value, json};

const SAID: &str = r#"key=PLNTkeyequals001 | "primaryKey":"PLNTprimary00001" | "secret": "PLNTspaced000001" | password = PLNTpwspaced0001 | \"password\":\"PLNTescaped00001\" | x-functions-key: PLNTfunctions001 | <password>PLNTelement00001</password> | --password PLNTargument0001 | https://x/?code=PLNTcode00000001 | Authorization: Basic PLNTbasic0000001 | q83vEjRWeJq83vPLNTNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mg=="#;

/// A local Azure with rules, and somebody who signed in to it, with the smallest batch.
fn serve(rules: &Value) -> (Azure, Rehome) {
    let mut rehome = Rehome::offline();
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak()).expect("written");
    let faults = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(faults.path(), json!({ "rules": rules }).to_string()).expect("written");
    let azure = Azure::serve(&example("minimal").join("estate.json"), Some(faults.path()));
    rehome.turn_to(&azure);
    (azure, rehome)
}

/// What the log says, event by event; nothing, where there is none yet.
fn bodies(rehome: &Rehome) -> String {
    let read = || -> rusqlite::Result<String> {
        let log = Connection::open(rehome.path("rehome.db"))?;
        let mut query = log.prepare("SELECT CAST(body AS TEXT) FROM event")?;
        let rows = query.query_map([], |row| row.get::<_, String>(0))?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.join("\n"))
    };
    read().unwrap_or_default()
}

#[test]
fn a_secret_that_an_answer_says_back_in_any_form_is_neither_recorded_nor_said() {
    let answer = json!({"status": 400, "headers": {"x-ms-correlation-request-id": "sig=PLNTheader000001"},
        "body": {"error": {"code": "BadRequest", "message": SAID}}});
    let path = "/roleAssignments/";
    let (_azure, rehome) = serve(&json!([{"method": "PUT", "path": path, "what": {"answer": answer}}]));
    let mut heard = String::new();
    let mut listen = |arguments: &[&str]| {
        let said = rehome.say(arguments);
        heard.push_str(&(said.out + &said.err));
    };
    listen(&["plan", "-f", "batch.toml", "--save", "plan.json"]);
    listen(&["approve", "plan.json", "--reason", &format!("told {SAID}"), "--yes"]);
    listen(&["run", "plan.json", "--yes"]);
    for command in ["status", "history", "show", "replay"] {
        listen(&[command]);
        listen(&[command, "-o", "json"]);
    }
    assert!(heard.contains("BadRequest") && heard.contains("key=[hidden]"), "{heard}");
    assert!(!heard.contains("PLNT"), "{heard}");
    assert!(!contains(&rehome.remains(), b"PLNT"), "{}", bodies(&rehome));
}

/// Starts a run, and kills it while it waits for an operation and does nothing else: of a setting that was being
/// written nobody could tell without the key.
fn killed_while_it_waits(rehome: &Rehome) {
    let mut process = rehome.start(&["run", "plan.json", "--yes", "--parallel", "1"]);
    while !bodies(rehome).contains(SEALED) {
        assert!(process.try_wait().expect("it can be asked").is_none(), "it ended without an operation");
        std::thread::yield_now();
    }
    process.kill().expect("killed");
    process.wait().expect("it is over");
}

const SEALED: &str = r#""address":"sealed:1:"#;

#[test]
fn the_address_of_an_operation_is_sealed_in_the_log_and_asked_again_after_a_restart_with_or_without_its_key()
{
    for key in [true, false] {
        let going = json!({"status": 200, "body": {"status": "InProgress"}, "retry_after_s": 1});
        let rule = json!({"method": "GET", "path": "/locations/local/operations", "times": 4, "what": {"answer": going}});
        let (azure, rehome) = serve(&json!([rule]));
        rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
        rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
        killed_while_it_waits(&rehome);
        assert!(
            !bodies(&rehome).contains(&format!(r#""address":"{}"#, azure.text("arm"))),
            "{}",
            bodies(&rehome)
        );
        if !key {
            std::fs::remove_file(rehome.path("rehome.db.key")).expect("there was one");
            rehome.say(&["run", "plan.json", "--yes"]).expect(15);
            rehome.say(&["db", "reconcile", "--new-key", "--reason", "it is gone", "--yes"]).expect(0);
        }
        let polls = |azure: &Azure| {
            azure.requests().iter().filter(|r| r["path"].to_string().contains("/operations/")).count()
        };
        let before = polls(&azure);
        assert_eq!(rehome.run_with_people(), 0, "{}", rehome.say(&["status"]).out);
        assert!(
            !key || polls(&azure) > before,
            "the operation is asked after; without the key the thing itself is"
        );
        rehome.say(&["verify"]).expect(0);
        rehome.say(&["audit", "verify"]).expect(0);
    }
}

#[test]
fn a_secret_in_a_reason_or_a_note_is_masked_before_it_is_recorded_and_the_person_is_told() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = example("minimal").join("batch.toml");
    rehome.say(&["plan", "-f", batch.to_str().expect("a path"), "--save", "plan.json"]).expect(0);
    let jwt = "eyJhbGciOiJub25lIn0.eyJwbGFudGVkIjoxfQ.cGxhbnRlZDE";
    let mut heard = String::new();
    let mut listen = |arguments: &[&str], secret: &str| {
        let said = rehome.say(arguments).expect(0);
        assert!(
            said.err.contains("masked") && said.err.contains(arguments[2]),
            "{arguments:?}: {}",
            said.err
        );
        assert!(!contains(&rehome.remains(), secret.as_bytes()), "{secret} is on the disk");
        heard.push_str(&(said.out + &said.err));
    };
    listen(&["approve", "plan.json", "--reason", "as told, password=planted2, go", "--yes"], "planted2");
    listen(&["pause", "minimal", "--reason", "AccountKey=plantedK3y==;x"], "plantedK3y");
    listen(&["resume", "minimal", "--reason", &format!("Authorization: Bearer {jwt}")], jwt);
    listen(&["pause", "minimal", "--reason", "https://me:planted3@git.example/x"], "planted3");
    listen(
        &["resume", "minimal", "--reason", "it was abc8Q~planted6789abcdefABCDEF0123456789~_."],
        "planted6789abcdef",
    );
    rehome.say(&["run", "plan.json", "--yes"]);
    let status = rehome.json(&["status"]);
    let run = text(&status["moves"][0]["run"]);
    let waits = status["moves"][0]["waiting_for"].as_array().expect("waits");
    let step = waits.iter().find(|w| w["kind"] == "by-hand").expect("one by hand");
    let step = format!("{run}:{}", text(&step["step"]));
    listen(
        &["ack", &step, "--note", "used\n-----BEGIN PRIVATE KEY-----\nplanted5\n-----END PRIVATE KEY-----"],
        "planted5",
    );
    heard.push_str(&rehome.say(&["history"]).expect(0).out);
    assert!(heard.contains("as told, password=[hidden], go"), "the words around it stay: {heard}");
    assert!(!heard.contains("planted"), "{heard}");
    rehome.say(&["audit", "verify"]).expect(0);
}

#[test]
fn a_cloud_with_a_password_in_it_is_refused_and_the_password_is_not_said() {
    let rehome = Rehome::offline();
    let batch = example("minimal").join("batch.toml");
    let batch = batch.to_str().expect("a path");
    let cloud = ["--cloud", "http://me:planted@127.0.0.1:9"];
    let said = rehome.say(&[&["plan", "-f", batch, "--save", "p.json"], &cloud[..]].concat()).expect(2);
    assert!(said.err.contains("no password") && said.err.contains("next"), "{}", said.err);
    assert!(!said.err.contains("planted"), "{}", said.err);
}

#[test]
fn no_secret_is_in_the_output_or_in_the_debug_log() {
    let folder = example("contoso");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = folder.join("batch.toml");
    let mut heard = String::new();
    let plan = ["-vv", "plan", "-f", batch.to_str().expect("a path"), "--save", "plan.json"];
    let approve = ["-vv", "approve", "plan.json", "--reason", "x", "--yes"];
    for arguments in [&plan[..], &approve, &["-vv", "run", "plan.json", "--yes"], &["history", "-o", "json"]]
    {
        let said = rehome.say(arguments);
        heard.push_str(&said.out);
        heard.push_str(&said.err);
    }
    assert!(heard.contains("exchange"), "the debug log was on");
    for secret in ["planted-secret", azure.text("client_secret"), "eyJ"] {
        assert!(!heard.contains(secret), "{secret} was said");
    }
}
