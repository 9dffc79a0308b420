//! A whole move through the binary: planned, run, verified, cleaned up, and told from the log afterwards.

use crate::support::azure::{Azure, example};
use crate::support::oracle::{differences, names, plain};
use crate::support::rehome::{Rehome, contains, text};
use crate::support::verdict::{judge, moves};
use serde_json::Value;
use std::path::Path;

fn from_plan_to_clean_up(folder: &Path) {
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let before = azure.estate();
    rehome.approve(&folder.join("batch.toml"));
    let planned = azure.requests();
    assert!(planned.iter().all(|r| r["changed"] == false), "planning changes nothing");
    assert_eq!(rehome.run_with_people(), 0);
    let moved = azure.estate();
    rehome.say(&["verify"]).expect(0);
    let batch = text(&rehome.json(&["status"])["moves"][0]["batch"]).to_owned();
    rehome.say(&["cleanup", &batch, "--confirm", "another name"]).expect(2);
    let cleanup = ["cleanup", &batch, "--confirm", &batch, "--yes"];
    rehome.say_with_people(&cleanup).expect(0);
    judge(&before, &moved, &azure.estate(), &moves(&rehome));
    assert_eq!(azure.outages(), Vec::<String>::new(), "nothing was down for a moment");
    drop(azure);
    // From here on Azure is switched off.
    rehome.say(&["audit", "verify"]).expect(0);
    let replayed = rehome.json(&["replay"]);
    assert!(replayed["moves"].as_array().expect("moves").iter().all(|m| m["state"] == "done"));
    let early = rehome.json(&["replay", "--at", "4"]);
    assert_ne!(replayed, early);
    let remains = rehome.remains();
    assert!(!contains(&remains, b"planted-secret"), "no setting's value is on the disk");
}

#[test]
fn the_smallest_batch_ends_as_planned() {
    from_plan_to_clean_up(&example("minimal"));
}

#[test]
fn the_batch_of_contoso_ends_as_planned() {
    from_plan_to_clean_up(&example("contoso"));
}

#[test]
fn users_inside_databases_are_scripts_with_the_ids_that_azure_gave() {
    let folder = example("contoso");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    rehome.approve(&folder.join("batch.toml"));
    let title = "Azure SQL sql-hr-1: user for NEW, with what the old one has";
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let status = rehome.json(&["status"]);
    let moves = status["moves"].as_array().into_iter().flatten();
    let waiting: Vec<(&Value, &Value)> =
        moves.flat_map(|m| m["waiting_for"].as_array().into_iter().flatten().map(move |w| (m, w))).collect();
    let (of, wait) = waiting.iter().find(|(_, w)| w["title"] == title).expect("somebody is asked");
    let step = format!("{}:{}", text(&of["run"]), text(&wait["step"]));
    let told = rehome.say(&["show", &step]).expect(0).out;
    let estate = azure.estate();
    let (old, new) = moves_of(&rehome, "id-hr-data");
    let (old, new) = (names(&estate, &old).expect("the old one"), names(&estate, &new).expect("the new one"));
    assert!(told.contains(&format!("CAST('{}' AS uniqueidentifier)", old.client)), "{told}");
    assert!(told.contains(&format!("WITH OBJECT_ID = '{}'", new.principal)), "{told}");
    rehome.say(&["ack", &step, "--note", "done in a test"]).expect(0);
    rehome.say(&["rollback", text(&of["batch"]), "--reason", "a test", "--yes"]).expect(11);
    let back = rehome.say(&["show", &step]).expect(0).out;
    assert!(back.contains(&format!("CAST('{}' AS uniqueidentifier)", new.client)), "{back}");
    assert!(back.contains("DROP USER "), "{back}");
}

/// The old and the new id of the identity with this name.
fn moves_of(rehome: &Rehome, name: &str) -> (String, String) {
    let ends = |(old, _): &(String, String)| old.ends_with(&format!("/{name}"));
    moves(rehome).into_iter().find(ends).expect("it is in the batch")
}

#[test]
fn a_rehearsal_ends_with_how_the_workloads_fared() {
    let rehome = Rehome::offline();
    let folder = example("contoso");
    let folder = folder.to_str().expect("a plain path");
    let said = rehome.say(&["rehearse", folder, "--time-scale", "20000"]).expect(0);
    assert!(said.out.contains("workloads: 17 watched, 0 down\n"), "{}", said.out);
}

/// A run that stopped because a machine may not be written, with the estate from before it.
fn refused_half_way() -> (Azure, Rehome, Value) {
    let folder = example("minimal");
    let faults = tempfile::NamedTempFile::new().expect("a file");
    let rule = r#"{"rules": [{"method": "PATCH", "path": "virtualMachines/vm-batch",
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}}]}"#;
    std::fs::write(faults.path(), rule).expect("written");
    let azure = Azure::serve(&folder.join("estate.json"), Some(faults.path()));
    let rehome = Rehome::at(&azure);
    let before = plain(&azure.estate());
    rehome.approve(&folder.join("batch.toml"));
    rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    (azure, rehome, before)
}

#[test]
fn a_step_that_is_refused_half_way_is_shown_and_the_rest_is_taken_back() {
    let (azure, rehome, before) = refused_half_way();
    let status = rehome.say(&["status"]).expect(0);
    assert!(
        status.out.contains("AuthorizationFailed") && status.out.contains("rehome retry"),
        "{}",
        status.out
    );
    rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(0);
    assert_eq!(differences(&before, &plain(&azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn a_refused_step_can_be_left_out_and_the_rest_goes_on_without_it() {
    let (_azure, rehome, _) = refused_half_way();
    let status = rehome.json(&["status"]);
    let failed = status["moves"][0]["waiting_for"].as_array().into_iter().flatten();
    let failed = failed.filter(|w| w["kind"] == "failed").map(|w| text(&w["step"]).to_owned());
    let run = text(&status["moves"][0]["run"]).to_owned();
    for step in failed.collect::<Vec<_>>() {
        let step = format!("{run}:{step}");
        rehome.say(&["skip", &step]).expect(2);
        rehome.say(&["mark-done", &step, "--reason", "somebody said so"]).expect(0);
        // Nobody did it: what is there is believed, not what was said.
        rehome.say(&["run", "plan.json", "--yes"]).expect(10);
        rehome.say(&["skip", &step, "--reason", "the machine stays as it is"]).expect(0);
    }
    assert_eq!(rehome.run_with_people(), 0);
}
