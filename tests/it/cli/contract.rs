//! What other people's scripts build on: names, files, exit codes, JSON.

use crate::support::azure::{Azure, example};
use crate::support::estates::approved;
use crate::support::rehome::{Rehome, text};
use serde_json::Value;

fn files(rehome: &Rehome) -> Vec<String> {
    let found = std::fs::read_dir(rehome.path(".")).expect("the folder");
    let mut names: Vec<String> =
        found.map(|f| f.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn discovering_and_planning_change_nothing_and_planning_writes_only_its_file() {
    let azure = Azure::serve(&example("contoso").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = example("contoso").join("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    let found = rehome.json(&["discover", "-f", batch]);
    assert_eq!(found["identities"].as_array().expect("identities").len(), 12);
    let all = found["identities"].as_array().into_iter().flatten();
    let counted = |i: &Value| {
        i["assignment_counts"].as_object().is_some_and(|c| c.values().all(|n| n.as_u64() > Some(0)))
    };
    assert!(all.clone().any(|i| i["assignment_counts"].as_object().is_some_and(|c| !c.is_empty())));
    assert!(all.clone().all(counted), "assignments are counted where more will be made");
    let asked = all.flat_map(|i| i["rights"].as_array().into_iter().flatten()).map(|r| text(&r["action"]));
    assert!(asked.into_iter().any(|action| action == "GroupMember.ReadWrite.All"));
    assert_eq!(files(&rehome), Vec::<String>::new());
    let said = rehome.say(&["discover", "-f", batch]).expect(0);
    for title in ["may do", "others may do with it", "used by", "federated credentials", "member of"] {
        assert!(said.out.contains(title), "{title} is shown");
    }
    rehome.say(&["plan", "-f", batch, "--save", "plan.json"]).expect(0);
    assert_eq!(files(&rehome), ["plan.json"]);
    assert!(azure.requests().iter().all(|r| r["changed"] == false));
}

#[test]
fn every_command_answers_in_json_and_a_query_picks_from_it() {
    let (_azure, rehome) = approved();
    let run = rehome.say(&["run", "plan.json", "--yes", "-o", "json"]);
    let run: Value = serde_json::from_str(&run.out).expect("JSON on stdout");
    assert_eq!(run["format_version"], "1.0");
    let name = text(&run["moves"][0]["run"]).to_owned();
    for command in [
        &["status"][..],
        &["history"],
        &["show", "minimal"],
        &["show", &name],
        &["replay"],
        &["audit", "verify"],
    ] {
        assert!(rehome.json(command).is_object() || rehome.json(command).is_array(), "{command:?}");
    }
    let picked = rehome.say(&["status", "--query", "moves[0].run"]).expect(0);
    assert_eq!(picked.out.trim(), format!("{name:?}"));
    rehome.say(&["status", "--query", "moves[["]).expect(2);
}

#[test]
fn every_list_has_the_columns_that_the_manual_names_and_every_form_says_the_same() {
    let (_azure, rehome) = approved();
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    let batch = example("minimal").join("batch.toml");
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operating.md"));
    let manual = manual.expect("the manual");
    let columns: Vec<&str> =
        manual.lines().filter(|line| line.starts_with("| `") && line.contains(" | `")).collect();
    for command in [
        &["status"][..],
        &["history"],
        &["show", "plan.json"],
        &["show", &run],
        &["graph", &run],
        &["graph", &run, "--access"],
        &["timeline", &run],
        &["timeline", "minimal"],
        &["verify"],
        &["explain"],
        &["handoff"],
        &["replay"],
        &["discover", "-f", batch.to_str().expect("a plain path")],
        &["cleanup", "minimal", "--dry-run"],
        &["pause", "minimal", "--reason", "a test"],
    ] {
        let said = |format: &str| {
            let said = rehome.say(&[command, &["-o", format]].concat());
            assert!([0, 11].contains(&said.code), "{command:?} -o {format}: {}", said.err);
            said.out
        };
        let tsv = said("tsv");
        let header = tsv.lines().next().expect("a header").replace('\t', "`, `");
        assert!(
            columns.iter().any(|row| row.contains(&format!("| `{header}` |"))),
            "{command:?}: `{header}`"
        );
        let width = tsv.lines().next().map(|line| line.split('\t').count());
        assert!(tsv.lines().all(|line| Some(line.split('\t').count()) == width), "{command:?}:\n{tsv}");
        let lines = said("jsonl");
        let rows: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        assert!(
            rows.len() + 1 == tsv.lines().count() && rows.len() + 1 == said("csv").lines().count(),
            "{command:?}"
        );
        assert!(rows.iter().all(Value::is_object), "{command:?}");
        assert_eq!(said("none"), "", "{command:?}");
    }
    let picked = rehome.say(&["status", "--query", "moves[].[run, state]", "-o", "tsv"]).expect(0);
    assert_eq!(picked.out, format!("{run}\tpaused\n"));
    let refused = rehome.say(&["status", "nothing", "-o", "jsonl"]).expect(3);
    assert!(refused.err.starts_with("{\"message_type\""), "{}", refused.err);
    assert!(rehome.say(&["status", "nothing", "-o", "csv"]).expect(3).err.starts_with("error: "));
}

#[test]
fn clean_up_waits_for_its_soak_and_for_its_name() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    // A soak that outlasts the test, however much time is shortened.
    let batch = std::fs::read_to_string(example("minimal").join("batch.toml")).expect("a batch");
    std::fs::write(rehome.path("batch.toml"), batch.replace("soak = \"1h\"", "soak = \"360d\""))
        .expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 11, "the soak is left");
    rehome.say(&["cleanup", "minimal"]).expect(2);
    rehome.say(&["cleanup", "minimal", "--yes"]).expect(2);
    let said = rehome.say(&["cleanup", "minimal", "--confirm", "minimal"]).expect(11);
    assert!(said.err.contains("soaks until"), "{}", said.err);
    let gone =
        |id: &str| azure.requests().iter().any(|r| r["method"] == "DELETE" && text(&r["path"]).ends_with(id));
    assert!(!gone("/id-shop"), "the old identity is there");
}
