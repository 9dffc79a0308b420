//! No target: writes what each target starts from, made of the tree's own examples, golden logs and code, into
//! folders below `REHOME_FUZZ_SEEDS`.
#![no_main]

include!("shared/plan_file.rs");

use rehome_orchestrator::{
    Document, Event, FORMAT_VERSION, Json, Plan, Planned, PlannedRun, Recorded, RunId, mask,
};
use rehome_store::{
    Anchor, BUNDLE_FORMAT, Backend, BundleWriter, Disclosure, Header, LeaseHolder, Log, MemoryLog, Position,
    SqliteLog, conformance,
};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

libfuzzer_sys::fuzz_target!(init: write(), |_data: &[u8]| {});

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Rows of a batch, as a spreadsheet and as a program write them.
const ROWS_CSV: &str = "id,target_name,tags,lift_locks\r\n\
    /subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/n,\"new\",a=1; b=2,true\r\n";
const ROWS_JSON: &str = r#"[{"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/n",
    "target_name": "new", "tags": {"a": "1"}, "pinned": ["/x"]}]"#;

struct Seeds(PathBuf);

impl Seeds {
    fn add(&self, target: &str, seed: impl AsRef<[u8]>) {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder).expect("a folder");
        let count = fs::read_dir(&folder).expect("the folder").count();
        fs::write(folder.join(format!("{count:04}")), seed).expect("a file");
    }
}

fn write() {
    let Some(place) = std::env::var_os("REHOME_FUZZ_SEEDS") else { return };
    let seeds = Seeds(place.into());
    log(&seeds);
    engine(&seeds);
    for (name, rows) in [("r.csv", ROWS_CSV), ("r.json", ROWS_JSON)] {
        let head = "format_version = \"1.0\"\n[batch]\nname = \"b\"\nto = \"swedencentral\"\n";
        seeds.add("batches", format!("{head}rows = \"{name}\"\n=====\n{rows}"));
    }
    for example in ["contoso", "minimal"] {
        let folder = Path::new(ROOT).join("examples").join(example);
        for file in fs::read_dir(&folder).expect("an example").filter_map(Result::ok) {
            let text = fs::read_to_string(file.path()).expect("text");
            match file.path().extension().and_then(|e| e.to_str()) {
                Some("toml") => seeds.add("batches", text),
                Some("json") => estate(&seeds, &serde_json::from_str(&text).expect("JSON")),
                _ => {}
            }
        }
    }
    words(&seeds);
}

fn log(seeds: &Seeds) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("log.db");
    let log = SqliteLog::create_or_open(&path).expect("a new log");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for nth in 0..5 {
        let append = conformance::append("a", nth, &["{\"x\":1}"]);
        runtime.block_on(log.append(append)).expect("appended");
    }
    let head = runtime.block_on(log.head()).expect("a head");
    seeds.add("sidecars", serde_json::to_vec(&Anchor::of(log.id(), head)).expect("JSON"));
    let holder = LeaseHolder { host: "desk".to_owned(), pid: 7, actor: "ada".to_owned(), since_ms: 3 };
    seeds.add("sidecars", serde_json::to_vec(&holder).expect("JSON"));
    let whole = folder.path().join("whole.db");
    log.backup(&whole).expect("a copy");
    let mut bytes = fs::read(whole).expect("the copy");
    seeds.add("logs", &bytes);
    // The same without a second file beside it: bytes 18 and 19 of SQLite's header.
    bytes[18..20].copy_from_slice(&[1, 1]);
    seeds.add("logs", &bytes);
}

fn engine(seeds: &Seeds) {
    let golden = Path::new(ROOT).join("orchestrator/tests/golden/events-1.tsv");
    let golden = fs::read_to_string(golden).expect("a golden log");
    let lines: Vec<&str> = golden.lines().collect();
    for end in 1..=lines.len() {
        seeds.add("events", lines[end - 1]);
        seeds.add("events", lines[..end].join("\n"));
    }
    let body = lines[0].splitn(3, '\t').nth(2).expect("a body");
    let Ok(Event::Planned(planned)) = Event::decode("planned", 1, body.as_bytes()) else { return };
    let plan = Plan::clone(&planned.plan);
    bundles(seeds, planned, &lines);
    for length in 1..=plan.steps.len() {
        plan_of(seeds, Plan { steps: plan.steps[..length].to_vec(), ..plan.clone() });
    }
    for tale in [
        &[0, 0, 0, 1, 0, 2, 0, 4, 0, 0x12, 0, 0x14, 0, 0x28, 0, 0x37, 0, 0x38, 0, 0x4c, 4, 0x59, 0][..],
        &[1, 0, 0, 1, 0, 2, 0, 4, 2, 11, 4, 13, 0, 14, 1],
        &[0, 0, 0, 1, 0, 2, 0, 3, 1, 6, 4, 5, 2, 10, 0, 12, 0, 12, 7, 0x82, 0, 0x84, 0, 0x85, 2],
    ] {
        seeds.add("folds", tale);
    }
}

/// Bundles of a batch and of the beginning of its one run, ever longer, whole and with events withheld.
fn bundles(seeds: &Seeds, mut planned: Planned, rows: &[&str]) {
    planned.plan = Arc::new(Plan { steps: planned.plan.steps[..1].to_vec(), ..Plan::clone(&planned.plan) });
    let batch = |kind, body: Value| ("batch/b", kind, body.to_string());
    let mut events = vec![
        batch("batch_planned", json!({"digest": "d", "format_version": "1.0", "about": null, "runs": ["m"]})),
        batch("batch_approved", json!({"digest": "d", "reason": "r"})),
        ("run/m", "planned", String::from_utf8_lossy(&Event::Planned(planned).encode()).into_owned()),
    ];
    for row in &rows[1..8] {
        let cells: Vec<&str> = row.splitn(3, '\t').collect();
        events.push(("run/m", cells[0], cells[2].to_owned()));
    }
    for length in 1..=events.len() {
        for withhold in [0, 2, 3, 5] {
            seeds.add("bundles", a_bundle(&events[..length], withhold));
        }
    }
}

/// A bundle that withholds one event in so many, if any.
fn a_bundle(events: &[(&'static str, &str, String)], withhold: u64) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let log = MemoryLog::default();
    for (stream, kind, body) in events {
        let there = runtime.block_on(log.streams(stream)).expect("streams");
        let mut append = conformance::append(stream, there.first().map_or(0, |(_, head)| head.0), &[body]);
        append.records[0].kind = (*kind).to_owned().into();
        runtime.block_on(log.append(append)).expect("appended");
    }
    let head = runtime.block_on(log.head()).expect("a head");
    let (program, end) = ("rehome".to_owned(), Anchor::of("log", head));
    let (anchor, selected) = (Some(end.clone()), None);
    let header = Header { rehome_bundle: BUNDLE_FORMAT, program, head: end, anchor, selected };
    let mut writer = BundleWriter::begin(Vec::new(), &header, head).expect("begun");
    for event in runtime.block_on(log.read_all(Position(0), usize::MAX)).expect("all") {
        let shown = match mask(&event).expect("understood") {
            Some(told) => Disclosure::Masked(told),
            None if event.position.0.checked_rem(withhold) == Some(1) => Disclosure::Redacted,
            None => Disclosure::Whole,
        };
        writer.put(event, shown).expect("written");
    }
    writer.end().expect("ended")
}

fn plan_of(seeds: &Seeds, plan: Plan) {
    let null = || Json::of(&());
    let one = PlannedRun { run: RunId::new("m"), about: null(), params: null(), facts: null(), plan };
    let document = Document {
        format_version: FORMAT_VERSION.to_owned(),
        batch: "b".to_owned(),
        about: json!({"expires_at_ms": 1}),
        runs: vec![one],
        rollout: None,
        approval: None,
    };
    let mut file = Vec::new();
    plan_file::write(&document, &document.digest(), &mut file).expect("a plan");
    let saved: Value = serde_json::from_slice(&file).expect("JSON");
    seeds.add("plans", saved.to_string());
}

fn estate(seeds: &Seeds, estate: &Value) {
    let all = |list: &str| estate[list].as_array().cloned().unwrap_or_default();
    let identities: Vec<String> = all("arm")
        .iter()
        .filter(|o| o["type"] == "Microsoft.ManagedIdentity/userAssignedIdentities")
        .filter_map(|o| Some(o["id"].as_str()?.to_owned()))
        .collect();
    for (list, object) in
        all("arm").into_iter().map(|o| ("arm", o)).chain(all("graph").into_iter().map(|o| ("graph", o)))
    {
        let text = object.to_string();
        seeds.add("resources", &text);
        seeds.add("resources", json!({"value": [object]}).to_string());
        let (arm, graph) =
            if list == "arm" { (vec![object.clone()], vec![]) } else { (vec![], vec![object.clone()]) };
        seeds.add("estates", json!({"arm": arm, "graph": graph}).to_string());
        if let Some(id) = object["id"].as_str() {
            seeds.add("links", id);
        }
        // One identity of the example takes the place of the one that the target knows.
        if let Some(identity) = identities.iter().find(|id| text.contains(*id)) {
            let named = text.replace(identity, "\u{1}");
            seeds.add("rewrites", format!("3{named}"));
            seeds.add("resources", text.replace(identity, rehome_activities::fuzz::OLD));
        }
    }
    let workloads = all("workloads");
    seeds.add("estates", json!({"arm": [], "graph": [], "workloads": workloads, "settings": {}}).to_string());
}

fn words(seeds: &Seeds) {
    for line in include_str!("../seeds.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some((target, text)) = line.split_once('\t') {
            let text = text
                .replace("\\n", "\n")
                .replace("\\0", "\0")
                .replace("\\1", "\u{1}")
                .replace("\\6", "\u{6}");
            seeds.add(target, text);
        }
    }
}
