//! What several runners over one log on a PostgreSQL server share with one another: Azure's limits, and what one of them does for all.
//! `tests/postgres/run` starts the server; without one there is nothing to try.

use crate::cli::drift::grant_of_the_new_one;
use crate::recovery::soak::estate;
use crate::storage::postgres_crew::{Machine, ended, stage_of};
use crate::support::azure::{Azure, example, minimal_without_soak};
use crate::support::kills::say;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How many moves there are: more identities than may be made at once.
const MOVES: usize = 60;

/// How much faster than the wall both sides run: so little that Azure's limits are what a batch waits for.
const SCALE: &str = "5";

/// Nothing else is waited for.
const NO_WAITS: &str = "\n[waits]\ngrants = \"0s\"\nclaims = \"0s\"\n";

#[test]
fn three_runners_share_what_azure_allows_and_are_refused_nothing() {
    let (azure, mut rehome) = stage_of(&estate(MOVES), MOVES, SCALE);
    if !rehome.on_server("share") {
        return;
    }
    let batch = std::fs::read_to_string(rehome.path("batch.toml")).expect("a batch");
    std::fs::write(rehome.path("batch.toml"), batch + NO_WAITS).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    let planned = azure.requests().len();
    let machines: Vec<Machine> = (0..3).filter_map(|_| Machine::new(&azure, "share")).collect();
    let plan = rehome.path("plan.json");
    let mut runners: Vec<_> = machines.iter().map(|machine| machine.start(&plan, MOVES / 3)).collect();
    let within = Duration::from_secs(240);
    let codes: Vec<_> = runners.iter_mut().map(|runner| ended(runner, within)).collect();
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 11))), "{codes:?}");
    assert_eq!(rehome.run_with_people(), 0);
    let requests = azure.requests();
    let refused: Vec<&str> =
        requests[planned..].iter().filter(|r| r["status"] == 429).map(|r| text(&r["path"])).collect();
    say(&format!("{} requests, {} of them refused", requests.len() - planned, refused.len()));
    assert_eq!(refused, Vec::<&str>::new(), "each took its part");
    let history = rehome.json(&["history"]);
    let taken = history["events"].as_array().expect("events").iter().filter(|e| e["kind"] == "taken");
    let who: BTreeSet<&str> = taken.map(|e| text(&e["body"]["runner"])).collect();
    assert!(who.len() >= 3, "all of them had moves: {who:?}");
}

/// What a machine told by its own program, each message by its id with what it is about.
fn told(rehome: &Rehome) -> Vec<(String, String)> {
    let lines = std::fs::read_to_string(rehome.path("told.jsonl")).unwrap_or_default();
    let message = |line: &str| serde_json::from_str::<Value>(line).expect("a line of JSON");
    let one = |message: Value| (text(&message["id"]).to_owned(), text(&message["type"]).to_owned());
    lines.lines().map(message).map(one).collect()
}

/// Looks again and again until it is so; people do what there is for them meanwhile.
fn until(rehome: &Rehome, what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(120), "never: {what}");
        rehome.acknowledge();
    }
}

#[test]
fn what_the_first_runner_does_for_all_the_next_one_does_when_that_is_killed() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let mut rehome = Rehome::at(&azure);
    if !rehome.on_server("first") {
        return;
    }
    let batch = minimal_without_soak().replace("soak = \"0s\"", "soak = \"0s\"\ndrift_check = \"1h\"");
    let hooks = "\n[hooks]\ncommand = [\"/bin/sh\", \"-c\", \"cat >> told.jsonl\"]\n";
    std::fs::write(rehome.path("batch.toml"), batch + hooks).expect("written");
    rehome.approve(&rehome.path("batch.toml"));
    let plan = rehome.path("plan.json");
    let plan = plan.to_str().expect("a plain path");
    let machines: Vec<Machine> = (0..2).filter_map(|_| Machine::new(&azure, "first")).collect();
    let [one, two] = [&machines[0].rehome, &machines[1].rehome];
    let state = || text(&rehome.json(&["status"])["moves"][0]["state"]).to_owned();
    let mut first = one.start(&["run", plan, "--yes", "--stay"]);
    until(&rehome, "the first one tells", || !told(one).is_empty());
    let mut second = two.start(&["run", plan, "--yes", "--stay"]);
    until(&rehome, "the move is through", || state() == "awaiting-cleanup");
    assert_eq!(told(two), [], "one tells for all");
    drop(first.kill());
    drop(first.wait());
    let grant = grant_of_the_new_one(&azure);
    azure.write("DELETE", &format!("{}?api-version=2022-04-01", text(&grant["id"])), &json!({}));
    until(&rehome, "the second one sees what a stranger did", || state() == "failed");
    until(&rehome, "and tells it", || told(two).iter().any(|(_, what)| what.contains("failed")));
    drop(second.kill());
    drop(second.wait());
    rehome.say(&["notify", "minimal"]).expect(0);
    let (before, after) = (told(one), told(two));
    let ids: BTreeSet<&String> = before.iter().chain(&after).map(|(id, _)| id).collect();
    let again = told(&rehome).into_iter().filter(|(id, _)| !ids.contains(id)).collect::<Vec<_>>();
    say(&format!("{} told by the first, {} by the second", before.len(), after.len()));
    assert!(again.iter().all(|(_, what)| what.contains("runner")), "nothing else was forgotten: {again:?}");
}
