//! The JSON Schemas that the program prints: what it takes and writes fits them, and what it refuses does not.

use crate::support::azure::{Azure, example};
use crate::support::rehome::Rehome;
use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A schema as the program prints it.
pub(crate) struct Schema(Schemas, SchemaIndex);

impl Schema {
    pub(crate) fn of(what: &str) -> Self {
        let printed = Rehome::offline().json(&["schema", what]);
        assert_eq!(printed["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource("mem:///schema.json", printed).expect("a schema");
        let index = compiler.compile("mem:///schema.json", &mut schemas).expect("a legal schema");
        Self(schemas, index)
    }

    fn says(&self, value: &Value) -> Result<(), String> {
        self.0.validate(value, self.1).map_err(|e| e.to_string())
    }

    pub(crate) fn takes(&self, value: &Value, what: &str) {
        if let Err(why) = self.says(value) {
            panic!("{what} does not fit its schema: {why}");
        }
    }
}

fn from_toml(text: &str) -> Value {
    let table: toml::Table = text.parse().expect("TOML");
    serde_json::to_value(table).expect("texts, numbers, lists and tables")
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a text")
}

/// Every batch file that the documentation shows, and every one among the examples.
fn shown() -> Vec<(String, String)> {
    let mut shown = Vec::new();
    for page in ["README.md", "docs/operating.md"] {
        let text = read(&root(page));
        let blocks = text
            .split("\n```toml\n")
            .skip(1)
            .filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block));
        shown.extend(blocks.map(|block| (page.to_owned(), block.to_owned())));
    }
    assert!(shown.len() >= 2, "the manual shows batch files");
    for file in ["every_option.toml", "minimal/batch.toml", "contoso/batch.toml", "contoso/collision.toml"] {
        shown.push((file.to_owned(), read(&root("examples").join(file))));
    }
    shown
}

#[test]
fn every_batch_file_that_is_shown_fits_the_schema_and_is_taken_by_the_program() {
    let schema = Schema::of("batch");
    for (place, text) in shown() {
        schema.takes(&from_toml(&text), &place);
        let rehome = Rehome::offline();
        std::fs::write(rehome.path("batch.toml"), &text).expect("written");
        // Without a sign-in it comes as far as the cloud, which a file with mistakes does not.
        let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]);
        assert!(!said.err.contains("mistake") && said.err.contains("cloud"), "{place}: {}", said.err);
    }
}

#[test]
fn a_file_of_approvers_fits_its_schema_and_what_the_program_refuses_by_its_form_does_not() {
    let (schema, good) = (Schema::of("approvers"), read(&root("examples/approvers.toml")));
    schema.takes(&from_toml(&good), "the example");
    let batch = read(&example("minimal").join("batch.toml"))
        .replace("[batch]\n", "[batch]\napprovers = \"a.toml\"\n");
    for (from, to) in [
        ("", ""),
        ("cleanup =", "clean_up ="),
        ("waves = 1", "waves = 0"),
        ("keys = [\"ssh-ed25519 ", "keys = [\"ssh-rsa "),
        ("name = \"jonas", "nom = \"jonas"),
        ("author_may_approve = false", "author_may_approve = \"no\""),
        ("[[approver]]", "[[approvers]]"),
    ] {
        let other = good.replace(from, to);
        let rehome = Rehome::offline();
        std::fs::write(rehome.path("batch.toml"), &batch).expect("written");
        std::fs::write(rehome.path("a.toml"), &other).expect("written");
        let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]);
        assert_eq!(said.err.contains("mistake"), !from.is_empty(), "{to}: {}", said.err);
        assert_eq!(schema.says(&from_toml(&other)).is_err(), !from.is_empty(), "{to}");
        assert!(from.is_empty() || said.err.contains("a.toml, line "), "{to}: {}", said.err);
    }
}

#[test]
fn what_the_program_refuses_by_its_form_does_not_fit_the_schema() {
    let schema = Schema::of("batch");
    let good = read(&example("minimal").join("batch.toml"));
    schema.takes(&from_toml(&good), "the smallest");
    for (from, to) in [
        ("soak =", "soke ="),
        ("\"1h\"", "\"soon\""),
        ("\"1h\"", "1"),
        ("\"minimal\"", "\"a b\""),
        ("\"1.0\"", "\"2.0\""),
        ("\"swedencentral\"", "\"sweden/central\""),
        ("\"rg-shop-sdc\"", "\"rg/shop\""),
        ("name = \"minimal\"\n", ""),
        ("soak = \"1h\"", "on_failure = \"stopp\""),
        ("soak = \"1h\"", "expect = 0"),
        ("soak = \"1h\"", "lift_locks = \"yes\""),
        ("soak = \"1h\"", "rows = \"rows.txt\""),
        ("[[identity]]", "[[identitty]]"),
        ("id = \"/subscriptions/", "id = \"/"),
        ("target_resource_group", "target_name = \"a.b\"\ntarget_resource_group"),
        ("[[identity]]", "[waits]\ngrants = \"x\"\n[[identity]]"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from}");
        let rehome = Rehome::offline();
        std::fs::write(rehome.path("batch.toml"), &bad).expect("written");
        let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(2);
        assert!(said.err.contains("mistake"), "{to}: {}", said.err);
        assert!(schema.says(&from_toml(&bad)).is_err(), "{to} fits the schema, and the program refuses it");
    }
}

#[test]
fn what_the_program_writes_fits_its_schemas() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let folder = example("minimal");
    // One identity goes and one is not there, so that the plan says as much as it can.
    let row = "[[identity]]\nid = \"/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers/\
        Microsoft.ManagedIdentity/userAssignedIdentities/id-nobody\"\ntarget_resource_group = \"rg-shop-sdc\"\n";
    let batch =
        read(&folder.join("batch.toml")).replace("soak = \"1h\"", "soak = \"0s\"\nvalid = \"4d\"") + row;
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(10);
    let (status, event) = (Schema::of("status"), Schema::of("event"));
    let plan: Value = serde_json::from_str(&read(&rehome.path("plan.json"))).expect("JSON");
    Schema::of("plan").takes(&plan, "the plan file");
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    status.takes(&rehome.json(&["status"]), "the status of what is approved");
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    status.takes(&rehome.json(&["status"]), "the status of what waits");
    std::fs::write(rehome.path("a.tf"), "client_id = \"0a1b2c3d-1111-4000-8000-00000000c1d1\"\n")
        .expect("written");
    let scan = rehome.say(&["scan", ".", "-o", "json", "--save", "scan.json"]).expect(14);
    let scan: Value = serde_json::from_str(&scan.out).expect("JSON");
    Schema::of("scan").takes(&scan, "a scan");
    assert!(scan["found"].as_array().is_some_and(|found| !found.is_empty()));
    let saved: Value = serde_json::from_str(&read(&rehome.path("scan.json"))).expect("JSON");
    assert_eq!(saved, scan);
    rehome.run_with_people();
    rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal"]).expect(10);
    status.takes(&rehome.json(&["status", "minimal"]), "the status of what is done");
    let report = rehome.json(&["report", "minimal"]);
    Schema::of("report").takes(&report, "a report");
    assert!(!report["report"]["access"].as_array().expect("rows").is_empty(), "{report}");
    let history = rehome.json(&["history"]);
    let events = history["events"].as_array().expect("events");
    assert!(events.len() > 20);
    for one in events {
        event.takes(one, "an event");
    }
    for (of, value) in
        [("plan", &history), ("status", &plan), ("event", &plan), ("scan", &plan), ("report", &plan)]
    {
        assert!(Schema::of(of).says(value).is_err(), "{of}: anything would fit");
    }
}

#[test]
fn a_new_batch_file_is_one_that_plan_takes_once_it_is_mended_and_nothing_is_ever_replaced() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let said = rehome.say(&["init", "new"]).expect(0);
    assert!(said.err.contains("rehome plan -f new/batch.toml --save plan.json"), "{}", said.err);
    let nowhere = Rehome::offline().say(&["init"]).expect(0).err;
    assert!(nowhere.contains("--cloud azure --save plan.json"), "{nowhere}");
    let (batch, schema) = (rehome.path("new/batch.toml"), rehome.path("new/batch.schema.json"));
    let text = read(&batch);
    assert!(text.starts_with("#:schema ./batch.schema.json\n"), "editors find the schema");
    let beside: Value = serde_json::from_str(&read(&schema)).expect("JSON");
    assert_eq!(beside, rehome.json(&["schema", "batch"]));
    Schema::of("batch").takes(&from_toml(&text), "a new file");
    // As it is, it has no mistake, and names an identity that nobody has.
    let plan = ["plan", "-f", "new/batch.toml", "--save", "plan.json"];
    let said = rehome.say(&plan).expect(1).err;
    assert!(said.contains("id-app") && !said.contains("mistake"), "{said}");
    // What is commented out is no mistake either, once it is said.
    let aloud: String = text
        .lines()
        .map(|line| {
            match line
                .strip_prefix("# ")
                .filter(|rest| rest.starts_with('[') || rest.split(' ').nth(1) == Some("="))
            {
                Some(rest) if !["rows", "expect", "approvers"].iter().any(|key| rest.starts_with(key)) => {
                    format!("{rest}\n")
                }
                _ => format!("{line}\n"),
            }
        })
        .collect();
    assert!(aloud.contains("\n[select]\n") && aloud.contains("\nvalid = "), "{aloud}");
    Schema::of("batch").takes(&from_toml(&aloud), "a new file with everything said");
    let mended = text
        .replace(
            "00000000-0000-0000-0000-000000000000/resourceGroups/rg-app-weu",
            "5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu",
        )
        .replace("userAssignedIdentities/id-app\"", "userAssignedIdentities/id-shop\"")
        .replace("\"rg-app-sdc\"", "\"rg-shop-sdc\"");
    std::fs::write(&batch, &mended).expect("written");
    rehome.say(&plan).expect(0);
    for there in [&batch, &schema] {
        std::fs::remove_file(if there == &batch { &schema } else { &batch }).expect("it was there");
        let before = read(there);
        let said = rehome.say(&["init", "new"]).expect(2);
        assert!(said.err.contains("is there already"), "{}", said.err);
        assert_eq!(read(there), before);
        assert_eq!(
            std::fs::read_dir(rehome.path("new")).expect("the folder").count(),
            1,
            "nothing was written beside it"
        );
        std::fs::remove_file(there).expect("it was there");
        rehome.say(&["init", "new"]).expect(0);
    }
}
