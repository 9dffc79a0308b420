//! What is read of one Azure is an estate: a rehearsal on it plans the same and ends as planned.

use crate::azure::{Azure, example};
use crate::rehome::{Rehome, text};
use crate::whole_way::contains;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Reads an Azure into a file.
fn snapshot(rehome: &Rehome, batch: &Path, name: &str) -> PathBuf {
    let to = rehome.path(name);
    let batch = batch.to_str().expect("a plain path");
    rehome.say(&["discover", "-f", batch, "--snapshot", to.to_str().expect("a plain path")]).expect(0);
    to
}

/// The plan of a batch, without what is named after the hour, and without digests of what was masked.
fn plan(rehome: &Rehome, batch: &Path) -> Value {
    rehome.say(&["plan", "-f", batch.to_str().expect("a plain path"), "--save", "plan.json"]);
    let plan = std::fs::read_to_string(rehome.path("plan.json")).expect("a plan");
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    let about = |m: &Value| {
        let (mut facts, mut about) = (m["facts"].clone(), m["about"].clone());
        for host in facts["hosts"].as_array_mut().into_iter().flatten() {
            host["rest"] = Value::Null;
        }
        for gaps in [&mut facts["gaps"], &mut about["gaps"]] {
            for gap in gaps.as_array_mut().into_iter().flatten() {
                // The two clouds say no in words of their own.
                gap["why"] = json!(text(&gap["why"]).split(" (").next());
            }
        }
        json!({"plan": m["plan"], "facts": facts, "about": about})
    };
    Value::from(plan["moves"].as_array().expect("moves").iter().map(about).collect::<Vec<_>>())
}

fn round_trip(estate: &Path, batch: &Path, faults: Option<&Path>) -> Value {
    let azure = Azure::serve(estate, faults);
    let rehome = Rehome::at(&azure);
    let first = snapshot(&rehome, batch, "first.json");
    assert!(azure.requests().iter().all(|r| r["changed"] == false), "a snapshot changes nothing");
    let planned = plan(&rehome, batch);
    drop(azure);
    let copy = Azure::serve(&first, None);
    let mut rehome = rehome;
    rehome.turn_to(&copy);
    let second = snapshot(&rehome, batch, "second.json");
    let read = |path: &Path| std::fs::read_to_string(path).expect("a snapshot");
    let left = crate::oracle::differences(&json_of(&first), &json_of(&second), "");
    assert_eq!(left, Vec::<String>::new(), "a snapshot of a snapshot");
    assert_eq!(read(&first), read(&second));
    let again = plan(&rehome, batch);
    assert_eq!(crate::oracle::differences(&planned, &again, ""), Vec::<String>::new(), "the same plan");
    assert!(!contains(read(&first).as_bytes(), b"planted-secret"), "no secret is in it");
    json_of(&first)
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON")
}

#[test]
fn a_snapshot_of_contoso_plans_the_same_and_a_rehearsal_on_it_ends_as_planned() {
    let folder = example("contoso");
    let batch = folder.join("batch.toml");
    let estate = round_trip(&folder.join("estate.json"), &batch, None);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), estate.to_string()).expect("written");
    let rehome = Rehome::offline();
    let path = file.path().to_str().expect("a plain path");
    let batch = batch.to_str().expect("a plain path");
    let said = rehome.say(&["rehearse", batch, "--estate", path]).expect(0);
    assert!(said.err.contains("== clean up"), "{}", said.err);
}
