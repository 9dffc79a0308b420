use crate::support::azure::{Azure, example};
use crate::support::estates::approved;
use crate::support::rehome::Rehome;

#[test]
fn bad_input_is_refused_with_its_place_and_changes_nothing() {
    let folder = example("minimal");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let good = std::fs::read_to_string(folder.join("batch.toml")).expect("a batch");
    let file = |name: &str, text: &str| {
        let path = rehome.path(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a plain path").to_owned()
    };
    let typo = file("typo.toml", &good.replace("soak =", "soke ="));
    let said = rehome.say(&["plan", "-f", &typo, "--save", "plan.json"]).expect(2);
    assert!(said.err.contains("soke") && said.err.contains("line"), "{}", said.err);
    let nobody = file("nobody.toml", &good.replace("/id-shop\"", "/id-nobody\""));
    let said = rehome.say(&["plan", "-f", &nobody, "--save", "plan.json"]).expect(3);
    assert!(said.err.contains("id-nobody"), "{}", said.err);
    for (file, code) in [("missing.toml", 3), (".", 2)] {
        let said = rehome.say(&["plan", "-f", file, "--save", "plan.json"]).expect(code);
        assert!(said.err.contains("next    name a batch file"), "{}", said.err);
    }
    rehome.say(&["frobnicate"]).expect(2);
    rehome.say(&["status"]).expect(3);
    let notes = file("notes.db", &"not a database, ".repeat(200));
    let said = rehome.say(&["status", "--db", &notes]).expect(2);
    assert!(said.err.contains("--db"), "{}", said.err);
    assert!(azure.requests().iter().all(|r| r["changed"] == false));
    assert!(!rehome.path("plan.json").exists());
}

#[test]
fn a_plan_that_was_edited_or_not_approved_is_not_run() {
    let folder = example("minimal");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = folder.join("batch.toml");
    rehome.say(&["plan", "-f", batch.to_str().expect("a path"), "--save", "plan.json"]).expect(0);
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let text = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    std::fs::write(rehome.path("plan.json"), text.replace("swedencentral", "norwayeast")).expect("written");
    let said = rehome.say(&["approve", "plan.json", "--reason", "x", "--yes"]).expect(2);
    assert!(said.err.contains("changed after it was made"), "{}", said.err);
    assert!(azure.requests().iter().all(|r| r["changed"] == false));
}

#[test]
fn a_step_may_be_named_without_its_zero_and_what_comes_next_names_the_batch() {
    let (_azure, rehome) = approved();
    let run = rehome.json(&["status"])["moves"][0]["run"].as_str().expect("a move").to_owned();
    let (short, long) = (format!("{run}:1"), format!("{run}:01"));
    assert_eq!(rehome.json(&["show", &short]), rehome.json(&["show", &long]));
    let said = rehome.say(&["pause", &run, "--reason", "a test"]).expect(0);
    assert!(said.err.contains("next: rehome run minimal"), "{}", said.err);
    rehome.say(&["resume", &run]).expect(0);
    rehome.say(&["run", "plan.json", "--yes"]);
    let status = rehome.json(&["status"]);
    let waits = status["moves"][0]["waiting_for"].as_array().expect("waits");
    let by_hand = waits.iter().find(|w| w["kind"] == "by-hand").expect("one by hand");
    let step = by_hand["step"].as_str().expect("a step");
    let said = rehome.say(&["ack", &format!("{run}:0{step}"), "--note", "a test"]).expect(0);
    assert!(said.out.contains(&format!("step {step}")), "{}", said.out);
}

#[test]
fn a_name_that_is_taken_blocks_the_plan_before_anything_is_written() {
    let folder = example("contoso");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = folder.join("collision.toml");
    let plan = ["plan", "-f", batch.to_str().expect("a path"), "--save", "plan.json"];
    let said = rehome.say(&plan).expect(12);
    assert!(said.err.contains("id-taken"), "{}", said.err);
    rehome.say(&["approve", "plan.json", "--reason", "x", "--yes"]).expect(12);
    assert!(azure.requests().iter().all(|r| r["changed"] == false));
}

#[test]
fn an_estate_that_is_not_json_is_refused_with_its_place() {
    let rehome = Rehome::offline();
    std::fs::write(rehome.path("estate.json"), "{\"arm\": [}").expect("written");
    let said = rehome.say(&["sim", "serve", "--estate", "estate.json"]).expect(2);
    assert!(said.err.contains("line 1"), "{}", said.err);
    rehome.say(&["sim", "serve", "--estate", "none.json"]).expect(3);
}

#[test]
fn a_log_of_a_newer_program_is_shown_and_not_written_to() {
    let (azure, rehome) = approved();
    let log = rusqlite::Connection::open(rehome.path("rehome.db")).expect("the log");
    log.pragma_update(None, "user_version", 99).expect("aged");
    drop(log);
    rehome.say(&["status"]).expect(0);
    let said = rehome.say(&["run", "plan.json", "--yes"]).expect(1);
    assert!(said.err.contains("format 99"), "{}", said.err);
    assert!(azure.requests().iter().all(|r| r["changed"] == false));
}

#[test]
fn every_mistake_of_a_batch_file_is_said_at_once_for_people_and_for_programs() {
    let rehome = Rehome::offline();
    let text = std::fs::read_to_string(example("minimal").join("batch.toml")).expect("a batch");
    let text =
        text.replace("soak = \"1h\"", "soke = \"1h\"\nlift_locks = \"\u{9b}2J\"\non_failure = \"retry\"");
    std::fs::write(rehome.path("batch.toml"), text.replace("rg-shop-sdc", "rg/shop")).expect("written");
    for command in [&["plan", "-f", "batch.toml", "--save", "p.json"][..], &["discover", "-f", "batch.toml"]]
    {
        let said = rehome.say(command).expect(2);
        let places: Vec<&str> =
            said.err.lines().filter(|line| line.starts_with("  batch.toml, line ")).collect();
        assert_eq!(places.len(), 4, "{}", said.err);
        assert!(said.err.contains("error: the batch file has 4 mistakes"), "{}", said.err);
        assert!(said.err.contains("did you mean soak?"), "{}", said.err);
        assert!(said.err.contains("\\x9b2J") && !said.err.contains('\u{9b}'), "{}", said.err);
        assert!(said.err.contains("nothing was changed"), "{}", said.err);
        let json = rehome.say(&[command, &["-o", "json"]].concat()).expect(2).err;
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON on stderr");
        assert_eq!((&json["message_type"], &json["code"]), (&"exit_error".into(), &2.into()));
        let found: Vec<(u64, u64)> = json["mistakes"]
            .as_array()
            .expect("mistakes")
            .iter()
            .map(|one| (one["line"].as_u64().unwrap_or(0), one["column"].as_u64().unwrap_or(0)))
            .collect();
        assert_eq!(found, [(6, 1), (7, 14), (8, 14), (12, 25)], "{json}");
        assert_eq!(json["mistakes"][0]["text"], "soke = \"1h\"");
        assert_eq!(json["mistakes"][0]["remedy"], "did you mean soak?");
    }
}
