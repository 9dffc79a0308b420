//! Signed approvals: what is signed elsewhere counts here, and nothing else does. Keys are made by OpenSSH's own program.

use crate::cli::schemas::Schema;
use crate::scale::estate::{self, Size};
use crate::support::azure::Azure;
use crate::support::rehome::{Rehome, Said, text};
use rehome_orchestrator::{Approved, Clock, Event, Recorded, RunId, SystemClock, batch_stream};
use rehome_store::{Append, Log, Record, Sequence, SqliteLog, StreamId};
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};

const SIZE: Size = Size { identities: 2, unrelated: 0, together: 1_000, sites: 1 };

/// A batch whose file names these approvers, planned by `tester@contoso.example`; nothing where OpenSSH is not there.
pub(crate) fn planned(approvers: &[&str], rest: &str) -> Option<(Azure, Rehome)> {
    planned_in(approvers, rest, "")
}

/// Makes keys of these people and of a stranger, and the file that names the people; `false` where OpenSSH is not there.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
pub(crate) fn people(rehome: &Rehome, approvers: &[&str], rest: &str) -> bool {
    if Command::new("ssh-keygen").arg("-?").output().is_err() {
        println!("SKIPPED: there is no ssh-keygen, so no approval can be signed");
        return false;
    }
    for name in approvers.iter().chain(&["mallory"]) {
        keygen(rehome, &["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name], "");
    }
    let entries = approvers.iter().map(|name| {
        format!("[[approver]]\nname = \"{name}@contoso.example\"\nkeys = [{:?}]\n", public(rehome, name))
    });
    write(
        rehome,
        "approvers.toml",
        &format!("format_version = \"1.0\"\n{rest}\n{}", entries.collect::<String>()),
    );
    true
}

/// The same in waves, of which the first identity is in `canary`; all at once where no tables say otherwise.
pub(crate) fn planned_in(approvers: &[&str], rest: &str, tables: &str) -> Option<(Azure, Rehome)> {
    let mut rehome = Rehome::offline();
    if !people(&rehome, approvers, rest) {
        return None;
    }
    let settings = json!({"throttling": false, "principal_delay_s": 0, "index_delay_s": 0, "operation_s": 1});
    write(&rehome, "estate.json", &estate::estate(SIZE, &settings).to_string());
    let batch = estate::batch(SIZE).replace("[batch]\n", "[batch]\napprovers = \"approvers.toml\"\n");
    assert!(batch.contains("approvers = "), "{batch}");
    let first =
        if tables.is_empty() { String::new() } else { format!("{tables}[[identity]]\nwave = \"canary\"") };
    let batch = if first.is_empty() { batch } else { batch.replacen("[[identity]]", &first, 1) };
    write(&rehome, "batch.toml", &batch);
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    Some((azure, rehome))
}

pub(crate) fn write(rehome: &Rehome, name: &str, text: &str) {
    std::fs::write(rehome.path(name), text).expect("written");
}

pub(crate) fn read(rehome: &Rehome, name: &str) -> String {
    std::fs::read_to_string(rehome.path(name)).expect("a text")
}

pub(super) fn public(rehome: &Rehome, name: &str) -> String {
    read(rehome, &format!("{name}.pub")).trim().to_owned()
}

/// What OpenSSH's own program does in the folder.
fn keygen(rehome: &Rehome, arguments: &[&str], stdin: &str) -> Output {
    write(rehome, "stdin", stdin);
    let mut command = Command::new("ssh-keygen");
    rehome.dressed(command.args(arguments));
    let stdin = std::fs::File::open(rehome.path("stdin")).expect("a file");
    let output = command.stdin(Stdio::from(stdin)).output().expect("ssh-keygen starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Signs on a machine that has the plan, the keys and nothing else.
pub(crate) fn sign(rehome: &Rehome, name: &str, more: &[&str]) -> Said {
    let (elsewhere, save) = (rehome.copy(), format!("{name}.json"));
    for file in ["rehome.db", "rehome.db-wal", "rehome.db-shm"] {
        drop(std::fs::remove_file(elsewhere.path(file)));
    }
    let arguments =
        ["approve", "plan.json", "--key", name, "--reason", "change 4711", "--save", &save, "--yes"];
    let said = elsewhere.say(&[&arguments[..], more].concat());
    assert!(!elsewhere.path("rehome.db").exists(), "an approver needs no log");
    if said.code == 0 {
        std::fs::copy(elsewhere.path(&save), rehome.path(&save)).expect("handed over");
    }
    said
}

pub(crate) fn import(rehome: &Rehome, name: &str) -> Said {
    rehome.say(&["approve", "--import", &format!("{name}.json")])
}

fn approval(rehome: &Rehome, name: &str) -> Value {
    serde_json::from_str(&read(rehome, &format!("{name}.json"))).expect("JSON")
}

/// Writes an approval that says this, signed by somebody for a namespace.
fn forge(rehome: &Rehome, name: &str, key: &str, namespace: &str, statement: &Value) {
    let statement = statement.to_string();
    let signed = keygen(rehome, &["-q", "-Y", "sign", "-n", namespace, "-f", key], &statement);
    let signature = String::from_utf8(signed.stdout).expect("text");
    let file = json!({"format_version": "1.0", "statement": statement, "signature": signature});
    write(rehome, &format!("{name}.json"), &file.to_string());
}

/// What somebody signed.
fn statement(rehome: &Rehome, name: &str) -> Value {
    serde_json::from_str(text(&approval(rehome, name)["statement"])).expect("JSON")
}

/// How far the moves are: the sum of their steps that are done.
pub(crate) fn steps_done(rehome: &Rehome) -> u64 {
    let status = rehome.json(&["status"]);
    status["moves"].as_array().expect("moves").iter().map(|m| m["done"].as_u64().unwrap_or_default()).sum()
}

/// OpenSSH's own program says that the signature is that person's, of this text.
fn check_by_openssh(rehome: &Rehome, signed: &Value) {
    let all = "jonas@contoso.example ".to_owned() + &public(rehome, "jonas");
    write(rehome, "allowed_signers", &all);
    write(rehome, "signature", text(&signed["signature"]));
    let check =
        ["-Y", "verify", "-f", "allowed_signers", "-I", "jonas@contoso.example", "-n", "approval@rehome"];
    keygen(rehome, &[&check[..], &["-s", "signature"]].concat(), text(&signed["statement"]));
}

#[test]
fn a_wave_begins_and_old_identities_go_when_enough_people_have_signed_each_and_anybody_can_check_that() {
    let Some((_azure, rehome)) = planned(&["jonas", "lena"], "[needed]\nwaves = 2") else { return };
    let show = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(show.contains("made by tester@contoso.example"), "{show}");
    assert!(show.contains("approvals signed: 2 for each wave, 1 for the clean-up"), "{show}");
    let recorded = rehome.say(&["approve", "plan.json", "--reason", "for the record", "--yes"]).expect(0);
    assert!(recorded.out.starts_with("recorded: batch scale, 2 moves"), "{}", recorded.out);
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let status = rehome.json(&["status"]);
    let first = &status["moves"][0];
    assert_eq!((&first["state"], steps_done(&rehome)), (&json!("needs-person"), 0), "{first}");
    let batch = text(&first["batch"]).to_owned();
    let waits = text(&first["waiting_for"][0]["title"]);
    assert!(
        waits.contains("0 of 2") && waits.contains("jonas@contoso.example, lena@contoso.example"),
        "{waits}"
    );
    assert_eq!(
        status["approvals"][&batch]["scopes"][0],
        json!({"scope": "wave:all", "needed": 2, "have": 0, "approved_by": [],
            "missing": ["jonas@contoso.example", "lena@contoso.example"]})
    );

    sign(&rehome, "jonas", &["--ticket", "CHG-1"]).expect(0);
    let signed = approval(&rehome, "jonas");
    check_by_openssh(&rehome, &signed);
    let said = statement(&rehome, "jonas");
    assert_eq!(
        (&said["scope"], &said["ticket"], &said["plan"]),
        (&json!(["waves"]), &json!("CHG-1"), &status_digest(&rehome))
    );

    Schema::of("approval").takes(&signed, "a signed approval");
    Schema::of("status").takes(&status, "the status of what waits for approvals");
    let plan: Value = serde_json::from_str(&read(&rehome, "plan.json")).expect("JSON");
    Schema::of("plan").takes(&plan, "a plan with approvers");
    import(&rehome, "jonas").expect(0);
    let again = import(&rehome, "jonas").expect(0).out;
    assert!(again.contains("approved before"), "{again}");
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    assert_eq!(steps_done(&rehome), 0, "one is not two");
    sign(&rehome, "lena", &["--scope", "wave:all"]).expect(0);
    import(&rehome, "lena").expect(0);
    assert_eq!(rehome.run_with_people(), 0);
    let status = rehome.json(&["status"]);
    assert!(
        status["moves"].as_array().expect("moves").iter().all(|m| m["state"] == "awaiting-cleanup"),
        "{status}"
    );

    let clean_up = ["cleanup", &batch, "--confirm", &batch];
    let said = rehome.say(&clean_up).expect(11).err;
    assert!(said.contains("cleanup is not approved by enough people: 0 of 1"), "{said}");
    sign(&rehome, "lena", &["--scope", "cleanup"]).expect(0);
    import(&rehome, "lena").expect(0);
    rehome.say_with_people(&clean_up).expect(0);
    let verified = rehome.json(&["audit", "verify"]);
    let by = json!(["jonas@contoso.example", "lena@contoso.example"]);
    let approvals = json!({"signed": 3, "by": by, "self_declared": 0, "withheld": 0});
    assert_eq!(verified["approvals"], approvals);
    rehome.say(&["audit", "bundle", "evidence.jsonl"]).expect(0);
    let verified = Rehome::offline().json(&[
        "audit",
        "verify",
        "--bundle",
        &rehome.path("evidence.jsonl").display().to_string(),
    ]);
    assert_eq!(verified["approvals"], approvals);
    let history = rehome.say(&["history"]).expect(0).out;
    assert!(history.contains("waves by jonas@contoso.example (signed) change 4711"), "{history}");
}

/// The digest of the plan, as its file says it.
fn status_digest(rehome: &Rehome) -> Value {
    serde_json::from_str::<Value>(&read(rehome, "plan.json")).expect("JSON")["digest"].clone()
}

/// The file was edited.
fn refuse_edited(rehome: &Rehome, good: &Value) {
    for (from, to) in [
        ("change 4711", "change 4712"),
        ("[\\\"waves\\\"]", "[\\\"cleanup\\\"]"),
        ("\\\"batch\\\":", "\\\"batch\\\": "),
        ("jonas@contoso", "lena@contoso"),
        ("SSH SIGNATURE-----\\n", "SSH SIGNATURE-----\\nAAAA"),
    ] {
        let edited = good.to_string().replacen(from, to, 1);
        assert_ne!(edited, good.to_string(), "{from}");
        write(rehome, "edited.json", &edited);
        import(rehome, "edited").expect(2);
    }
}

/// What was signed, by somebody or for something else: what it is, whose key, the namespace, the statement, how it is refused.
fn forgeries(said: &Value) -> Vec<(&'static str, &'static str, &'static str, Value, i32, &'static str)> {
    let with = |key: &str, value: Value| {
        let mut other = said.clone();
        other[key] = value;
        other
    };
    let other_plan = json!(format!("sha256:{}", "0".repeat(64)));
    const OURS: &str = "approval@rehome";
    vec![
        ("another namespace", "jonas", "file", said.clone(), 2, "it was made for \"file\""),
        ("a stranger", "mallory", OURS, said.clone(), 4, "of none of the plan's approvers"),
        ("another's name", "lena", OURS, said.clone(), 4, "and the key is \"lena@"),
        ("another plan", "jonas", OURS, with("plan", other_plan), 13, "it is for the plan sha256:0000"),
        ("another batch", "jonas", OURS, with("batch", json!("x")), 3, "no plan of a batch called \"x\""),
        ("no such wave", "jonas", OURS, with("scope", json!(["wave:x"])), 2, "the plan has no wave:x"),
        (
            "no such scope",
            "jonas",
            OURS,
            with("scope", json!(["all"])),
            2,
            "no approval that this program knows",
        ),
        ("nothing", "jonas", OURS, with("scope", json!([])), 2, "no approval that this program knows"),
        ("a word more", "jonas", OURS, with("more", json!(1)), 2, "no approval that this program knows"),
        ("expired", "jonas", OURS, with("expires_at_ms", json!(1)), 13, "it expired on 1970-01-01"),
        ("a secret", "jonas", OURS, with("reason", json!("password=hunter2")), 2, "looks like a secret"),
    ]
}

#[test]
fn an_approval_that_was_changed_or_is_of_something_or_somebody_else_does_not_count() {
    let Some((_azure, mut rehome)) = planned(&["jonas", "lena"], "") else { return };
    let none = import(&rehome, "nobody").expect(3).err;
    assert!(none.contains("there is no such approval"), "{none}");
    sign(&rehome, "jonas", &["--valid", "2h"]).expect(0);
    let (good, said) = (approval(&rehome, "jonas"), statement(&rehome, "jonas"));
    let early = import(&rehome, "jonas").expect(3).err;
    assert!(early.contains("there is no log") || early.contains("no plan"), "{early}");
    rehome.say(&["approve", "plan.json", "--reason", "for the record", "--yes"]).expect(0);
    let events = rehome.json(&["status"])["log"]["events"].clone();

    refuse_edited(&rehome, &good);
    for (what, key, namespace, statement, code, why) in forgeries(&said) {
        forge(&rehome, "forged", key, namespace, &statement);
        let refused = import(&rehome, "forged");
        assert_eq!(refused.code, code, "{what}: {}", refused.err);
        assert!(refused.err.contains(why), "{what}: {}", refused.err);
        assert!(!refused.err.contains("hunter2"), "{}", refused.err);
    }
    let late = rehome.say_ahead(3 * 3_600, &["approve", "--import", "jonas.json"]).expect(13).err;
    assert!(late.contains("it expired on"), "{late}");
    assert_eq!(rehome.json(&["status"])["log"]["events"], events, "nothing of it is in the log");

    // One that counts when it is imported does not when the wave would begin.
    import(&rehome, "jonas").expect(0);
    rehome.say_ahead(3 * 3_600, &["run", "plan.json", "--yes"]).expect(11);
    assert_eq!(steps_done(&rehome), 0);
    let stranger = sign(&rehome, "mallory", &[]).expect(4).err;
    assert!(stranger.contains("of none of the plan's approvers"), "{stranger}");
    let unknown = sign(&rehome, "lena", &["--scope", "wave:x"]).expect(2).err;
    assert!(unknown.contains("the plan has no wave:x"), "{unknown}");
}

#[test]
fn the_approvers_are_in_the_digest_and_an_approval_of_the_plan_before_is_none_of_the_next_one() {
    let Some((_azure, rehome)) = planned(&["jonas", "lena"], "") else { return };
    rehome.say(&["approve", "plan.json", "--reason", "for the record", "--yes"]).expect(0);
    sign(&rehome, "jonas", &[]).expect(0);
    import(&rehome, "jonas").expect(0);
    let approvers = read(&rehome, "approvers.toml");
    write(
        &rehome,
        "approvers.toml",
        &approvers.replace(&public(&rehome, "lena"), &public(&rehome, "mallory")),
    );
    sign(&rehome, "mallory", &[]).expect(4);
    let plan = read(&rehome, "plan.json");
    write(
        &rehome,
        "plan.json",
        &plan.replace("\"waves\": 1", "\"waves\": 0").replace("\"waves\":1", "\"waves\":0"),
    );
    assert_ne!(read(&rehome, "plan.json"), plan);
    let forged = sign(&rehome, "lena", &[]).expect(2).err;
    assert!(forged.contains("the plan was changed after it was made"), "{forged}");
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    rehome.say(&["approve", "plan.json", "--reason", "again", "--yes"]).expect(0);
    let replayed = import(&rehome, "jonas").expect(13).err;
    assert!(replayed.contains("it is for the plan sha256:"), "{replayed}");
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    assert_eq!(steps_done(&rehome), 0);
}

#[test]
fn who_made_a_plan_approves_it_only_where_the_policy_says_so() {
    for (rest, code) in [("", 4), ("author_may_approve = true", 0)] {
        let Some((_azure, rehome)) = planned(&["tester", "jonas"], rest) else { return };
        let said = rehome.say(&["approve", "plan.json", "--key", "tester.pub", "--reason", "mine", "--yes"]);
        assert_eq!(said.code, code, "{rest}: {}", said.err);
        let told = "\"tester@contoso.example\" made the plan, and an author's approval does not count";
        assert_eq!(said.err.contains(told), code == 4, "{}", said.err);
        if code == 0 {
            assert_eq!(rehome.json(&["status"])["approvals"]["scale"]["self_declared"], json!(false));
            rehome.say(&["run", "plan.json", "--yes"]).expect(11);
            assert_ne!(steps_done(&rehome), 0);
        }
    }
    let Some((_azure, rehome)) = planned(&["jonas", "lena"], "") else { return };
    let alone = read(&rehome, "approvers.toml").replace("lena@", "tester@") + "[needed]\ncleanup = 2\n";
    write(&rehome, "approvers.toml", &alone);
    let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(2).err;
    assert!(said.contains("2 have to approve, and the approvals of 1 count"), "{said}");
}

/// Writes an event into the log as a program does that knows no law.
fn write_as_another(rehome: &Rehome, stream: &StreamId, kind: &'static str, body: Vec<u8>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let log = SqliteLog::create_or_open(&rehome.path("rehome.db")).expect("a log");
        let events = log.read_stream(stream, Sequence(0), 10_000).await.expect("its events");
        let end = events.last().map_or(Sequence(0), |last| last.sequence);
        let (stream, at_ms) = (stream.clone(), SystemClock.now_ms());
        let expect = vec![(stream.clone(), end)];
        let record = Record { stream, kind: kind.into(), version: 1, at_ms, actor: "ada".into(), body };
        log.append(Append { expect, records: vec![record] }).await.expect("appended");
    });
}

#[test]
fn what_another_program_wrote_without_enough_approvals_is_found_by_whoever_reads_the_log() {
    let Some((_azure, rehome)) = planned(&["jonas", "lena"], "[needed]\ncleanup = 2") else { return };
    rehome.say(&["approve", "plan.json", "--reason", "for the record", "--yes"]).expect(0);
    sign(&rehome, "jonas", &[]).expect(0);
    let mut edited = approval(&rehome, "jonas");
    edited.as_object_mut().map(|members| members.remove("format_version"));
    let edited = edited.to_string().replace("change 4711", "change 4712").into_bytes();
    let batch = batch_stream("scale");
    for (kind, body, why) in [
        ("batch_signed", edited, "the signature does not count"),
        (
            "wave_released",
            json!({"wave": "all"}).to_string().into_bytes(),
            "has not the approvals that it needs",
        ),
    ] {
        let copy = rehome.copy();
        write_as_another(&copy, &batch, kind, body);
        for command in [&["audit", "verify"][..], &["status"]] {
            let said = copy.say(command).expect(15).err;
            assert!(said.contains(why), "{kind}: {said}");
        }
    }
    import(&rehome, "jonas").expect(0);
    assert_eq!(rehome.run_with_people(), 0);
    sign(&rehome, "lena", &["--scope", "cleanup"]).expect(0);
    import(&rehome, "lena").expect(0);
    rehome.say(&["audit", "verify"]).expect(0);
    let run = RunId::new(text(&rehome.json(&["status"])["moves"][0]["run"]));
    let approved = Approved {
        gate: Some("cleanup".to_owned()),
        digest: text(&status_digest(&rehome)).to_owned(),
        reason: "one of two".to_owned(),
        accepts: Vec::new(),
    };
    write_as_another(&rehome, &run.stream(), "approved", Event::Approved(approved).encode());
    for command in [&["audit", "verify"][..], &["run", "plan.json", "--yes"]] {
        let said = rehome.say(command).expect(15).err;
        assert!(said.contains("has not the approvals that its gate needs"), "{said}");
    }
}

#[test]
fn a_key_behind_a_passphrase_signs_and_the_program_never_reads_it() {
    let Some((_azure, rehome)) = planned(&["jonas"], "") else { return };
    keygen(&rehome, &["-q", "-p", "-P", "", "-N", "a passphrase", "-f", "jonas"], "");
    let place = tempfile::tempdir().expect("a folder");
    let askpass = place.path().join("askpass");
    let arguments =
        ["approve", "plan.json", "--key", "jonas", "--reason", "x", "--save", "jonas.json", "--yes"];
    for (says, code) in [("a passphrase", 0), ("another one", 1)] {
        std::fs::write(&askpass, format!("#!/bin/sh\necho {says}\n")).expect("written");
        std::fs::set_permissions(&askpass, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("set");
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
        let command = rehome.dressed(command.args(arguments)).env("SSH_ASKPASS", &askpass);
        let signed = command.env("SSH_ASKPASS_REQUIRE", "force").env_remove("SSH_AUTH_SOCK").output();
        let signed = signed.expect("the program starts");
        let err = String::from_utf8_lossy(&signed.stderr);
        assert_eq!(signed.status.code(), Some(code), "{says}: {err}");
        assert!(code == 0 || err.contains("ssh-keygen did not sign"), "{err}");
    }
    rehome.say(&["approve", "plan.json", "--reason", "for the record", "--yes"]).expect(0);
    import(&rehome, "jonas").expect(0);
}

#[test]
fn a_key_in_an_agent_signs_and_a_plan_without_approvers_says_that_its_approval_is_self_declared() {
    let Some((_azure, rehome)) = planned(&["jonas"], "") else { return };
    let place = tempfile::tempdir().expect("a folder");
    let socket = place.path().join("agent").display().to_string();
    let Ok(mut agent) = Command::new("ssh-agent").args(["-D", "-a", &socket]).stdout(Stdio::null()).spawn()
    else {
        println!("SKIPPED: there is no ssh-agent");
        return;
    };
    let mut added = false;
    for _ in 0..1_000 {
        let mut command = Command::new("ssh-add");
        let output = rehome.dressed(command.args(["-q", "jonas"])).env("SSH_AUTH_SOCK", &socket).output();
        added = output.is_ok_and(|output| output.status.success());
        if added {
            break;
        }
        std::thread::yield_now();
    }
    std::fs::remove_file(rehome.path("jonas")).expect("the private key is in the agent alone");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehome"));
    let arguments =
        ["approve", "plan.json", "--key", "jonas.pub", "--reason", "x", "--save", "jonas.json", "--yes"];
    let signed = rehome.dressed(command.args(arguments)).env("SSH_AUTH_SOCK", &socket).output();
    let ended = agent.kill().and_then(|()| agent.wait());
    let signed = signed.expect("the program starts");
    assert!(added && signed.status.success() && ended.is_ok(), "{}", String::from_utf8_lossy(&signed.stderr));
    rehome.say(&["approve", "plan.json", "--reason", "for the record", "--yes"]).expect(0);
    import(&rehome, "jonas").expect(0);

    let batch = read(&rehome, "batch.toml").replace("approvers = \"approvers.toml\"\n", "");
    write(&rehome, "batch.toml", &batch);
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    let refused = sign(&rehome, "mallory", &[]).expect(2).err;
    assert!(refused.contains("the plan names no approvers"), "{refused}");
    for command in [&["show", "plan.json"][..], &["approve", "plan.json", "--reason", "x", "--yes"]] {
        let said = rehome.say(command).expect(0).out;
        assert!(said.contains("approvals self-declared"), "{said}");
    }
    let said = rehome.say(&["audit", "verify"]).expect(0).out;
    assert!(said.contains("approvals 1 signed") && said.contains("batches self-declared: 1"), "{said}");
}
