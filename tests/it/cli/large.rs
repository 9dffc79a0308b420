//! A batch of three hundred in four waves, whose log is written and of which nothing is moved: what is shown of it fits a
//! screen, its counts add up, and reading it takes no time to speak of.

use crate::cli::schemas::Schema;
use crate::support::rehome::Rehome;
use rehome_orchestrator::{Clock, Document, RunId, SystemClock, batch_stream};
use rehome_store::{Append, Log, Record, Sequence, SqliteLog, StreamId};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const BATCH: &str = "exit-weu";

/// Its waves: how many moves each has.
const WAVES: [(&str, usize); 4] = [("canary", 5), ("internal", 45), ("business", 100), ("critical", 150)];

/// So many lines of so many columns are a screen.
const LINES: usize = 50;
const COLUMNS: usize = 80;

/// The name of the n-th move.
fn run(n: usize) -> String {
    format!("m-{n:04}")
}

/// One act, something that a person does, a soak and a gate.
fn plan() -> Value {
    let retry = json!({"base_ms": 2000, "cap_ms": 60000, "attempts_max": 60, "give_up_after_ms": 600_000});
    let act = json!({"act": {"activity": "site.set/1", "input": {"known": "a"}, "reversibility": "reversible",
        "settling_ms": 1000, "retry": retry}});
    let hand = json!({"by_hand": {"instruction": {"known": "tell the owner"}, "undo": {"known": null}}});
    let step = |id: &str, title: &str, phase: &str, needs: &[&str], node: Value| json!({"id": id, "group": "work", "title": title, "undo": "", "phase": phase, "needs": needs, "node": node});
    json!({"workflow": "relocate/1", "on_failure": "park", "steps": [
        step("1", "app: AZURE_CLIENT_ID old -> NEW", "forward", &[], act),
        step("2", "cluster: annotation client-id", "forward", &["1"], hand),
        step("3", "soak 24h", "forward", &["2"], json!({"soak": {"for_ms": 86_400_000}})),
        step("4", "clean-up needs its own approval", "clean_up", &["3"], json!({"gate": {"name": "cleanup"}})),
    ]})
}

fn document() -> Document {
    let all: usize = WAVES.iter().map(|(_, size)| size).sum();
    let moved = |n: usize| {
        let identity = format!(
            "/subscriptions/s/resourceGroups/rg-{n}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-{n:04}"
        );
        let target =
            json!({"subscription": "s", "resource_group": "g", "name": "n", "location": "swedencentral"});
        let params = json!({"identity": identity, "target": target, "soak_ms": 86_400_000, "on_failure": "park", "options": {}});
        json!({"run": run(n), "about": null, "params": params, "facts": null, "plan": plan()})
    };
    let mut first = 0;
    let wave = |(name, size): &(&str, usize)| {
        let runs: Vec<String> = (first..first + size).map(run).collect();
        first += size;
        let release = if *name == "critical" { "by-hand" } else { "auto" };
        json!({"name": name, "runs": runs, "after_ms": 0, "release": release})
    };
    let waves: Vec<Value> = WAVES.iter().map(wave).collect();
    let rollout = json!({"waves": waves, "on_failure": "pause", "budget": {"wave": 3}});
    let moves: Vec<Value> = (0..all).map(moved).collect();
    let document =
        json!({"format_version": "1.0", "batch": BATCH, "about": {}, "moves": moves, "rollout": rollout});
    serde_json::from_value(document).expect("a document")
}

/// Events that are to be written, each stream with its end.
#[derive(Default)]
struct Writing {
    append: Append,
    ends: BTreeMap<StreamId, u64>,
}

impl Writing {
    fn add(&mut self, stream: &StreamId, kind: &'static str, body: &Value) {
        let at_ms = SystemClock.now_ms();
        // A plan and its approval are there already.
        *self.ends.entry(stream.clone()).or_insert(2) += 1;
        let body = body.to_string().into_bytes();
        let record = Record {
            stream: stream.clone(),
            kind: kind.into(),
            version: 1,
            at_ms,
            actor: "ada".into(),
            body,
        };
        self.append.records.push(record);
    }

    fn of_batch(&mut self, kind: &'static str, body: &Value) {
        self.add(&batch_stream(BATCH), kind, body);
    }

    /// The events of a move, as far as it is.
    fn of_move(&mut self, n: usize, until: &str) {
        let stream = RunId::new(run(n)).stream();
        let id = "a66f7b31-3f81-5c84-8d86-c3027170762a";
        let refused = json!({"kind": "denied", "code": "AuthorizationFailed", "message": "no right"});
        let soak = SystemClock.now_ms() + 86_400_000;
        let end = if until == "failed" { json!({"refused": refused}) } else { json!({"applied": null}) };
        let all = [
            ("compared", json!({"differences": []})),
            ("began", json!({"step": "1", "act": "run", "attempt": 1, "request_id": id, "input": "a"})),
            ("ended", json!({"step": "1", "act": "run", "attempt": 1, "end": end})),
            ("asked", json!({"request": {"acknowledge": "2"}, "reason": "told them"})),
            ("timed", json!({"step": "3", "until_ms": soak})),
            ("reached", json!({"step": "3"})),
        ];
        let many = match until {
            "running" => 2,
            "failed" | "needs-person" => 3,
            "soaking" => 5,
            "awaiting-cleanup" => 6,
            other => panic!("{other} is no state here"),
        };
        all.iter().take(many).for_each(|(kind, body)| self.add(&stream, kind, body));
    }
}

/// A log in which the first wave is through, the second stands still because one of it failed, and the others wait.
fn written() -> Rehome {
    let rehome = Rehome::offline();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let log = SqliteLog::create_or_open(&rehome.path("rehome.db")).expect("a log");
        let now = SystemClock.now_ms();
        document().approve(&log, &"ada".into(), now, "change 4711").await.expect("a sound document");
        let mut writing = Writing::default();
        writing.of_batch(
            "opened",
            &json!({"program": "rehome", "host": "ops-7", "pid": 1, "time_scale": 1.0, "world": {}}),
        );
        writing.of_batch("wave_released", &json!({"wave": "canary"}));
        (0..5).for_each(|n| writing.of_move(n, "awaiting-cleanup"));
        writing.of_batch("wave_passed", &json!({"wave": "canary", "through": 5, "fell_out": 0}));
        writing.of_batch("wave_released", &json!({"wave": "internal"}));
        (5..31).for_each(|n| writing.of_move(n, "soaking"));
        (31..43).for_each(|n| writing.of_move(n, "running"));
        (43..45).for_each(|n| writing.of_move(n, "needs-person"));
        writing.of_move(45, "failed");
        writing.of_batch("run_failed", &json!({"run": run(45)}));
        let expect = |(stream, end): (&StreamId, &u64)| {
            let new = writing.append.records.iter().filter(|record| record.stream == *stream).count() as u64;
            (stream.clone(), Sequence(end - new))
        };
        writing.append.expect = writing.ends.iter().map(expect).collect();
        log.append(writing.append).await.expect("appended");
    });
    rehome
}

/// The rows of the table of waves: the name, and the numbers behind it.
fn rows(screen: &str) -> Vec<(String, Vec<u64>)> {
    let lines = screen.lines().skip_while(|line| !line.trim_start().starts_with("wave ")).skip(1);
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_owned();
        Some((name, words.map_while(|word| word.parse().ok()).collect()))
    };
    lines.map_while(row).filter(|(_, cells): &(String, Vec<u64>)| !cells.is_empty()).collect()
}

#[test]
fn three_hundred_moves_in_four_waves_fit_a_screen_and_every_count_adds_up() {
    let rehome = written();
    rehome.say(&["audit", "verify"]).expect(0);
    let screen = rehome.say(&["status"]).expect(0).out;
    assert!(screen.lines().count() <= LINES, "{} lines:\n{screen}", screen.lines().count());
    // Who runs it and when it may end are sentences, in which the name of the batch stands.
    let mut table = screen.lines().take_while(|line| !line.starts_with("NO RUNNER"));
    assert!(table.all(|line| line.chars().count() <= COLUMNS), "{screen}");
    for part in ["exit-weu: 300 moves", "stopped", "NEEDS A PERSON: FAILED  1 step in 1 move", "id-0045"] {
        assert!(screen.contains(part), "{part} is not in\n{screen}");
    }
    let rows = rows(&screen);
    let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["canary", "internal", "business", "critical", "total"], "{screen}");
    for (name, cells) in &rows {
        assert_eq!(cells[0], cells[1..].iter().sum::<u64>(), "{name} adds up:\n{screen}");
    }
    for column in 0..rows[4].1.len() {
        let sum: u64 = rows[..4].iter().map(|(_, cells)| cells[column]).sum();
        assert_eq!(sum, rows[4].1[column], "column {column} adds up:\n{screen}");
    }
    let sizes: Vec<u64> = rows.iter().map(|(_, cells)| cells[0]).collect();
    assert_eq!(sizes, [5, 45, 100, 150, 300]);

    let status = rehome.json(&["status"]);
    Schema::of("status").takes(&status, "the status of three hundred moves");
    let counts = status["counts"].as_object().expect("counts");
    let all: u64 = counts.iter().filter(|(word, _)| *word != "total").filter_map(|(_, n)| n.as_u64()).sum();
    assert_eq!((counts["total"].as_u64(), all), (Some(300), 300), "{counts:?}");
    let of = |word: &str| counts[word].as_u64();
    assert_eq!(
        (of("awaiting_cleanup"), of("soaking"), of("failed")),
        (Some(5), Some(26), Some(1)),
        "{counts:?}"
    );
    let standing = |nth: usize| status["waves"][BATCH][nth]["standing"].clone();
    let standings: Vec<Value> = (0..4).map(standing).collect();
    assert_eq!(standings, ["through", "stopped", "later", "later"]);
    // One wave alone, and the narrow list of one.
    let one = rehome.json(&["status", "exit-weu/wave:internal"]);
    assert_eq!(one["counts"]["total"], 45);
    let canary = rehome.say(&["status", "exit-weu/wave:canary"]).expect(0).out;
    assert!(canary.contains("id-0004") && !canary.contains("id-0005"), "{canary}");
}
