//! Batches of many identities: rows in a file of their own, a selection by what identities are, and rules of where they go.

use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;

const HEAD: &str = "format_version = \"1.0\"\n[batch]\nname = \"exit-weu\"\nto = \"swedencentral\"\n";

/// All of `rg-…-weu` but what the example leaves alone, each into `rg-…-sdc`.
const SELECTED: &str = "[select]\nresource_group = [\"rg-*-weu\"]\nlocation = [\"West Europe\"]\n\
    exclude = [\"*/*/id-stays\", \"*/rg-pay-weu/id-pay-api2\"]\n\
    [[map]]\nwhen.tag = { team = \"nobody\" }\nresource_group = \"rg-nobody\"\n\
    [[map]]\nwhen.resource_group = \"rg-{app}-weu\"\nresource_group = \"rg-{app}-sdc\"\n";

/// A rehearsal estate, and somebody who signed in there.
fn contoso() -> (Azure, Rehome) {
    let azure = Azure::serve(&example("contoso").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    (azure, rehome)
}

fn write(rehome: &Rehome, name: &str, text: &str) {
    std::fs::write(rehome.path(name), text).expect("written");
}

const PLAN: [&str; 5] = ["plan", "-f", "batch.toml", "--save", "plan.json"];

fn plan_of(rehome: &Rehome) -> Value {
    let said = rehome.say(&PLAN).expect(0);
    assert!(said.out.contains("asked for in batch.toml sha256:"), "{}", said.out);
    serde_json::from_slice(&std::fs::read(rehome.path("plan.json")).expect("a plan")).expect("JSON")
}

/// The old and the new id of every move, in the order of the ids.
fn moves(plan: &Value) -> Vec<(String, String)> {
    let of = |entry: &Value| {
        (text(&entry["about"]["identity"]).to_lowercase(), text(&entry["about"]["target"]).to_lowercase())
    };
    let mut moves: Vec<_> = plan["moves"].as_array().expect("moves").iter().map(of).collect();
    moves.sort();
    moves
}

/// What the example's own batch file asks for.
fn wanted() -> (Vec<(String, String)>, String) {
    let file: toml::Table = std::fs::read_to_string(example("contoso").join("batch.toml"))
        .expect("a batch")
        .parse()
        .expect("TOML");
    let (mut moves, mut csv) = (Vec::new(), "id,target_resource_group\r\n".to_owned());
    for row in file["identity"].as_array().expect("identities") {
        let (id, group) =
            (row["id"].as_str().expect("an id"), row["target_resource_group"].as_str().expect("a group"));
        let mut parts: Vec<&str> = id.split('/').collect();
        parts[4] = group;
        moves.push((id.to_lowercase(), parts.join("/").to_lowercase()));
        write!(csv, "{id},{group}\r\n").expect("a String takes it");
    }
    moves.sort();
    (moves, csv)
}

#[test]
fn rows_of_a_spreadsheet_are_planned_and_the_plan_names_them_by_line_and_their_file_by_its_digest() {
    let (azure, rehome) = contoso();
    let (wanted, csv) = wanted();
    let head = format!("{HEAD}expect = {}\nrows = \"identities.csv\"\nvalid = \"14d\"\n", wanted.len());
    write(&rehome, "batch.toml", &head);
    write(&rehome, "identities.csv", &csv);
    let plan = plan_of(&rehome);
    assert_eq!(moves(&plan), wanted);
    let sha256 =
        Sha256::digest(csv.as_bytes()).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert_eq!(plan["about"]["files"][1], json!({"name": "identities.csv", "sha256": sha256}));
    assert_eq!(plan["moves"][2]["about"]["origin"], json!({"identity": "identities.csv, line 4"}));
    let shown = rehome.say(&["show", "plan.json", text(&plan["moves"][2]["run"])]).expect(0).out;
    assert!(shown.contains("said  identities.csv, line 4"), "{shown}");
    // What a plan is good for is shown wherever it matters.
    let said = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(said.contains("14 days after it was made"), "{said}");
    let created = plan["about"]["created_at_ms"].as_i64().expect("a date");
    assert_eq!(plan["about"]["expires_at_ms"].as_i64(), Some(created + 14 * 86_400_000));
    assert!(azure.requests().iter().all(|r| r["changed"] == false));
}

#[test]
fn a_plan_that_is_good_for_two_weeks_is_begun_in_the_second_and_not_in_the_third() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let mut rehome = Rehome::at(&azure);
    let batch = std::fs::read_to_string(example("minimal").join("batch.toml")).expect("a batch");
    write(&rehome, "batch.toml", &batch.replace("soak = \"1h\"", "soak = \"1h\"\nvalid = \"14d\""));
    rehome.say(&PLAN).expect(0);
    let approve = ["approve", "plan.json", "--reason", "a test", "--yes"];
    let late = rehome.say_ahead(15 * 86_400, &approve).expect(13);
    assert!(late.err.contains("14 days after it was made"), "{}", late.err);
    rehome.say_ahead(10 * 86_400, &approve).expect(0);
    let late = rehome.say_ahead(15 * 86_400, &["run", "plan.json", "--yes"]).expect(13);
    assert!(late.err.contains("14 days after it was made"), "{}", late.err);
}

#[test]
fn a_batch_is_selected_by_what_identities_are_and_the_rule_of_each_is_named_in_the_plan() {
    let (azure, rehome) = contoso();
    let (wanted, _) = wanted();
    write(&rehome, "batch.toml", &format!("{HEAD}expect = {}\n{SELECTED}", wanted.len()));
    let plan = plan_of(&rehome);
    assert_eq!(moves(&plan), wanted);
    for entry in plan["moves"].as_array().expect("moves") {
        let origin = &entry["about"]["origin"];
        assert_eq!(origin["identity"], "[select], batch.toml, line 6", "{origin}");
        assert_eq!(origin["rule"], "[[map]] 2, batch.toml, line 13", "{origin}");
    }
    let shown = rehome.say(&["show", "plan.json"]).expect(0).out;
    assert!(
        shown.contains("[select], batch.toml, line 6; goes by [[map]] 2, batch.toml, line 13"),
        "{shown}"
    );
    let found = rehome.json(&["discover", "-f", "batch.toml"]);
    assert_eq!(found["identities"].as_array().map(Vec::len), Some(wanted.len()));
    // The plan is one that can be approved: it is derived again from what it says.
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert!(azure.requests().iter().all(|r| r["changed"] == false));
}

#[test]
fn a_row_beats_a_rule_and_a_tag_chooses_one() {
    let (_azure, rehome) = contoso();
    let pay = "/subscriptions/8f4cf463-df2c-525f-a7ea-a4f1756244cb/resourceGroups/rg-pay-weu/providers/\
        Microsoft.ManagedIdentity/userAssignedIdentities/id-pay";
    let rules = "[select]\ntag = { Team = \"pa*\" }\nname = [\"id-pay\", \"id-pay-{x}\"]\nexclude = [\"*2\"]\n\
        [[map]]\nwhen.tag = { team = \"pay\" }\nresource_group = \"rg-{tag:team}-sdc\"\nname = \"{name}-new\"\n";
    let row = format!("[[identity]]\nid = \"{pay}\"\ntarget_name = \"id-chosen\"\n");
    write(&rehome, "batch.toml", &format!("{HEAD}{rules}{row}"));
    let plan = plan_of(&rehome);
    let targets: Vec<String> = moves(&plan)
        .into_iter()
        .map(|(_, to)| {
            to.rsplit_once("/resourcegroups/")
                .expect("a group")
                .1
                .replace("/providers/microsoft.managedidentity/userassignedidentities", "")
        })
        .collect();
    assert_eq!(
        targets,
        [
            "rg-pay-sdc/id-chosen",
            "rg-pay-sdc/id-pay-api-new",
            "rg-pay-sdc/id-pay-batch-new",
            "rg-pay-sdc/id-pay-jobs-new"
        ]
    );
    assert_eq!(plan["moves"][0]["about"]["origin"]["identity"], "batch.toml, line 14");
}

#[test]
fn another_number_than_expected_and_a_target_for_two_are_refused_with_what_was_found() {
    let (azure, rehome) = contoso();
    write(&rehome, "batch.toml", &format!("{HEAD}expect = 300\n{SELECTED}"));
    let said = rehome.say(&PLAN).expect(12);
    assert!(said.err.contains("expect is 300, and the batch has 12 identities"), "{}", said.err);
    assert!(said.err.contains("4 in 8f4cf463-df2c-525f-a7ea-a4f1756244cb/rg-pay-weu"), "{}", said.err);
    write(&rehome, "batch.toml", &format!("{HEAD}[select]\nname = [\"id-nobody\"]\n"));
    assert!(rehome.say(&PLAN).expect(3).err.contains("no identity is selected"));
    let one = "[select]\nresource_group = [\"rg-hr-weu\"]\n[[map]]\nresource_group = \"rg-hr-sdc\"\nname = \"id-one\"\n";
    write(&rehome, "batch.toml", &format!("{HEAD}{one}"));
    let said = rehome.say(&PLAN).expect(2);
    for part in
        ["the batch file has 3 mistakes", "two identities would become", "id-hr-data", "id-hr-flow", "line 5"]
    {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    assert!(!rehome.path("plan.json").exists());
    assert!(azure.requests().iter().all(|r| r["changed"] == false));
}

#[test]
fn a_selection_that_azure_does_not_answer_for_whole_is_refused() {
    let refused = json!({"status": 403, "code": "AuthorizationFailed"});
    let partial = json!({"status": 200, "body": {"totalRecords": 300, "count": 1, "resultTruncated": "false",
        "data": [{"id": "/subscriptions/s/resourceGroups/rg-a-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/abc",
            "location": "westeurope", "tags": null}]}});
    for (path, answer, part) in [
        ("Microsoft.ResourceGraph/resources", refused.clone(), "AuthorizationFailed"),
        ("Microsoft.ResourceGraph/resources", partial, "which identities there are could not be read"),
        (
            "/subscriptions/3f15707d-52e7-5b46-a3d8-7b5824e19c98",
            refused,
            "3f15707d-52e7-5b46-a3d8-7b5824e19c98",
        ),
    ] {
        let faults = tempfile::NamedTempFile::new().expect("a file");
        let rules = json!({"rules": [{"host": "arm", "path": path, "exact": path.starts_with('/'), "what": {"answer": answer}}]});
        std::fs::write(faults.path(), rules.to_string()).expect("written");
        let azure = Azure::serve(&example("contoso").join("estate.json"), Some(faults.path()));
        let rehome = Rehome::at(&azure);
        let select = SELECTED
            .replace("[select]\n", "[select]\nsubscription = [\"3f15707d-52e7-5b46-a3d8-7b5824e19c98\"]\n");
        write(&rehome, "batch.toml", &format!("{HEAD}{select}"));
        let said = rehome.say(&PLAN).expect(1);
        assert!(said.err.contains(part), "{part}: {}", said.err);
        assert!(!rehome.path("plan.json").exists());
    }
}

#[test]
fn files_of_rows_that_are_missing_too_large_or_wrong_are_mistakes_of_the_batch_file() {
    let rehome = Rehome::offline();
    write(&rehome, "batch.toml", &format!("{HEAD}rows = \"none.csv\"\n"));
    let said = rehome.say(&PLAN).expect(2);
    assert!(
        said.err.contains("batch.toml, line 5, column 8: there is no such file of rows: none.csv"),
        "{}",
        said.err
    );
    write(&rehome, "none.csv", &"id,\n".repeat((16 << 20) / 4 + 1));
    assert!(rehome.say(&PLAN).expect(2).err.contains("too large to be a file of rows"));
    write(&rehome, "none.csv", "id,target\n/x,\u{9b}2J\n");
    let said = rehome.say(&PLAN).expect(2);
    for part in [
        "the batch file has 2 mistakes",
        "none.csv, line 1, column 4: there is no column",
        "none.csv, line 2, column 1",
    ] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    assert!(!said.err.contains('\u{9b}'), "{}", said.err);
}

/// A batch of three, of which one is not there and one has a name that is taken.
fn three() -> String {
    let id = |name: &str| {
        format!(
            "/subscriptions/8f4cf463-df2c-525f-a7ea-a4f1756244cb/resourceGroups/rg-pay-weu/providers/\
             Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
        )
    };
    let row = |name: &str, target: &str| {
        format!(
            "[[identity]]\nid = \"{}\"\ntarget_resource_group = \"rg-pay-sdc\"\ntarget_name = \"{target}\"\n",
            id(name)
        )
    };
    let rows = [row("id-pay-api", "id-pay-api"), row("id-pay", "id-taken"), row("id-pya", "id-pya")].concat();
    format!("{HEAD}soak = \"0s\"\n{rows}")
}

#[test]
fn a_blocked_identity_and_one_that_is_not_there_are_left_out_and_the_others_go() {
    let (azure, rehome) = contoso();
    write(&rehome, "batch.toml", &three());
    let said = rehome.say(&PLAN).expect(10);
    for part in ["Left out (2)", "B103", "id-taken", "B100", "id-pya", "Plan: 1 move,"] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert!(said.err.contains("left out  ") && said.err.contains("rehome approve plan.json"), "{}", said.err);
    let plan: Value =
        serde_json::from_slice(&std::fs::read(rehome.path("plan.json")).expect("a plan")).expect("JSON");
    assert_eq!(plan["moves"].as_array().map(Vec::len), Some(1));
    let left = plan["about"]["left_out"].as_array().expect("two that are left out");
    let codes: Vec<&str> = left.iter().map(|one| text(&one["blockers"][0]["code"])).collect();
    assert_eq!(codes, ["B100", "B103"]);
    assert_eq!(left[0]["origin"]["identity"], "batch.toml, line 15");
    // What is left out stands in what is approved: without it the digest is another one.
    let mut cut = plan.clone();
    cut["about"].as_object_mut().expect("an object").remove("left_out");
    write(&rehome, "cut.json", &cut.to_string());
    let refused = rehome.say(&["approve", "cut.json", "--reason", "x", "--yes"]).expect(2);
    assert!(refused.err.contains("changed after it was made"), "{}", refused.err);
    let approved = rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    assert!(approved.out.contains("1 move, 2 left out"), "{}", approved.out);
    let ended = rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(10);
    assert!(ended.err.contains("id-pya: B100") && ended.err.contains("id-pay: B103"), "{}", ended.err);
    let status = rehome.json(&["status"]);
    assert_eq!(status["left_out"]["exit-weu"].as_array().map(Vec::len), Some(2), "{status}");
    assert!(rehome.say(&["status"]).expect(0).err.contains("rehome show exit-weu"));
    rehome.say(&["verify"]).expect(0);
    let ended = rehome.say_with_people(&["cleanup", "exit-weu", "--confirm", "exit-weu"]).expect(10);
    assert!(ended.err.contains("left out"), "{}", ended.err);
    let written: Vec<String> = azure
        .requests()
        .iter()
        .filter(|r| r["changed"] == true)
        .map(|r| text(&r["path"]).split('?').next().unwrap_or_default().to_lowercase())
        .collect();
    let gone =
        |name: &str| written.iter().any(|path| path.ends_with(&format!("userassignedidentities/{name}")));
    assert!(gone("id-pay-api") && !gone("id-pay") && !gone("id-taken") && !gone("id-pya"), "{written:#?}");
}

#[test]
fn a_plan_that_moves_what_it_says_it_leaves_out_is_refused_and_one_in_which_nothing_can_go_is_blocked() {
    let (_azure, rehome) = contoso();
    write(&rehome, "batch.toml", &three());
    rehome.say(&PLAN).expect(10);
    let mut plan: Value =
        serde_json::from_slice(&std::fs::read(rehome.path("plan.json")).expect("a plan")).expect("JSON");
    plan.as_object_mut().expect("an object").remove("digest");
    plan["about"]["left_out"][0]["identity"] = plan["moves"][0]["about"]["identity"].clone();
    plan["digest"] = rehome_orchestrator::digest(&plan).into();
    write(&rehome, "forged.json", &plan.to_string());
    let refused = rehome.say(&["approve", "forged.json", "--reason", "x", "--yes"]).expect(2);
    assert!(refused.err.contains("and says that it leaves it out"), "{}", refused.err);
    let none = three().replace("id-pay-api\"", "id-pay-ipa\"");
    write(&rehome, "batch.toml", &none);
    let said = rehome.say(&PLAN).expect(12);
    assert!(said.err.contains("id-taken") && said.out.contains("id-pya"), "{} {}", said.out, said.err);
    rehome.say(&["approve", "plan.json", "--reason", "x", "--yes"]).expect(12);
}

#[test]
fn a_selection_is_rehearsed_on_a_snapshot_of_what_it_selected() {
    let (azure, rehome) = contoso();
    let selected = "soak = \"0s\"\nexpect = 4\n[select]\nresource_group = [\"rg-*-weu\"]\ntag = { team = \"hr\" }\n\
        [[map]]\nwhen.resource_group = \"rg-{app}-weu\"\nresource_group = \"rg-{app}-sdc\"\n";
    write(&rehome, "batch.toml", &format!("{HEAD}{selected}"));
    rehome.say(&["discover", "-f", "batch.toml", "--snapshot", "estate.json"]).expect(0);
    drop(azure);
    let said = rehome.say(&["rehearse", ".", "--keep-old"]).expect(0);
    assert!(said.out.contains("4 of 4 moves done"), "{}", said.out);
}
