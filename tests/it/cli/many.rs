//! Many moves: what is shown of them fits a screen, a script learns from exit codes where they stand, and what cannot be
//! undone is shown before it is done.

use crate::scale::estate::{self, Size};
use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};
use serde_json::json;

const MANY: u64 = 20;

/// So many identities with a site each, run until people and clocks are needed. One of them may not get its grants.
fn ran() -> (Azure, Rehome) {
    let mut rehome = Rehome::offline();
    let size = Size { identities: MANY, unrelated: 0, together: 1_000, sites: 1 };
    let settings = json!({"throttling": false, "principal_delay_s": 0, "index_delay_s": 0, "operation_s": 1});
    std::fs::write(rehome.path("estate.json"), estate::estate(size, &settings).to_string()).expect("written");
    std::fs::write(rehome.path("batch.toml"), estate::batch(size)).expect("written");
    let azure = Azure::serve_at("20000", &rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    rehome.approve(&rehome.path("batch.toml"));
    rehome.say(&["run", "plan.json", "--yes", "--parallel", "64"]).expect(11);
    (azure, rehome)
}

#[test]
fn the_status_of_many_moves_fits_a_screen_and_its_counts_add_up() {
    let (_azure, rehome) = ran();
    let status = rehome.json(&["status"]);
    let counts = status["counts"].as_object().expect("counts");
    let all: u64 = counts.iter().filter(|(word, _)| *word != "total").filter_map(|(_, n)| n.as_u64()).sum();
    assert_eq!((counts["total"].as_u64(), all), (Some(MANY), MANY));
    let page = rehome.say(&["status"]).expect(0).out;
    assert!(page.lines().count() <= 24, "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    assert!(page.contains(&format!("{MANY} moves")), "{page}");
    let each = rehome.say(&["status", "--all"]).expect(0).out;
    for entry in status["moves"].as_array().expect("moves") {
        assert!(each.contains(text(&entry["run"])), "--all shows each:\n{each}");
    }
    // The command that the page names for the first of each cause works as it stands there.
    let next = page.lines().find_map(|line| line.trim().strip_prefix("next  rehome ")).expect("a command");
    assert!(next.starts_with("ack m-") || next.starts_with("run "), "{next}");
    // What is said alike of many is said once.
    std::fs::create_dir(rehome.path("scale")).expect("a folder that is called as the batch");
    let tried = rehome.say(&["run", "scale", "--yes"]);
    assert!(matches!(tried.code, 10 | 11), "a folder is no plan, and no batch either: {}", tried.err);
    let slip = rehome.say(&["status", "sclae"]).expect(3).err;
    assert!(slip.contains("did you mean scale?"), "{slip}");
    rehome.say(&["pause", "scale", "--reason", "a test"]).expect(0);
    let asked = rehome.say(&["retry", "scale"]).expect(0).out;
    assert!(asked.lines().count() <= 3 && asked.contains(": no step of it is parked"), "{asked}");
}

#[test]
fn a_plan_in_which_nothing_can_go_says_each_cause_once() {
    let mut rehome = Rehome::offline();
    let size = Size { identities: MANY, unrelated: 0, together: 1_000, sites: 0 };
    let settings = json!({"throttling": false, "principal_delay_s": 0, "index_delay_s": 0});
    std::fs::write(rehome.path("estate.json"), estate::estate(size, &settings).to_string()).expect("written");
    let batch = estate::batch(size).replace("to = \"swedencentral\"", "to = \"nowhere\"");
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    let refused = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(12).err;
    assert!(refused.contains(&format!("B115, {MANY} in {MANY} moves, the first in m-")), "{refused}");
    assert!(refused.lines().filter(|line| line.contains("B115")).count() == 1, "{refused}");
}

#[test]
fn several_steps_of_people_are_acknowledged_together_or_not_at_all() {
    let (_azure, rehome) = ran();
    let open =
        rehome.json(&["status", "--query", "moves[].waiting_for[?kind=='by-hand'].[step] | length(@)"]);
    assert!(open.as_u64().is_some_and(|moves| moves > 1), "{open}");
    let status = rehome.json(&["status"]);
    let steps: Vec<String> = status["moves"]
        .as_array()
        .expect("moves")
        .iter()
        .flat_map(|entry| {
            let waits = entry["waiting_for"].as_array().expect("waits").iter();
            let by_hand = waits.filter(|wait| wait["kind"] == "by-hand");
            by_hand.map(|wait| format!("{}:{}", text(&entry["run"]), text(&wait["step"]))).collect::<Vec<_>>()
        })
        .collect();
    let (first, second) = (steps[0].as_str(), steps[steps.len() - 1].as_str());
    let events = || rehome.json(&["history"])["events"].as_array().map_or(0, Vec::len);
    let before = events();
    let no_step = format!("{}:99", text(&status["moves"][0]["run"]));
    rehome.say(&["ack", first, &no_step, "--note", "both done"]).expect(2);
    assert_eq!(events(), before, "nothing is recorded where one of them cannot be");
    rehome.say(&["ack", first, second, "--note", "both done"]).expect(0);
    assert_eq!(events(), before + 2);
}

#[test]
fn a_script_learns_from_exit_codes_where_a_batch_stands_and_a_clean_up_is_shown_before_it_is_done() {
    let folder = example("minimal");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    rehome.approve(&folder.join("batch.toml"));
    rehome.say(&["status", "--exit-code"]).expect(11);
    rehome.say(&["wait", "minimal", "--for", "soaked", "--timeout", "0s"]).expect(11);
    assert_eq!(rehome.run_with_people(), 0);
    rehome.say(&["status", "--exit-code"]).expect(17);
    rehome.say(&["wait", "minimal", "--for", "soaked"]).expect(0);
    let events = || rehome.json(&["history"])["events"].as_array().map_or(0, Vec::len);
    let before = (events(), azure.requests().len());
    let shown = rehome.say(&["cleanup", "minimal", "--dry-run"]).expect(0).out;
    for part in ["1 of 1 move can be cleaned up", "There is no way back", "--confirm minimal"] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    assert_eq!((events(), azure.requests().len()), before, "a preview asks and changes nothing");
    let whole = rehome.say(&["verify"]).expect(0).out;
    let short = rehome.say(&["verify", "--only-differences"]).expect(0).out;
    assert!(whole.contains("  OK ") && !short.contains("  OK "), "{short}");
    assert!(short.contains("facts are as planned, in 1 move"), "{short}");
    rehome.say(&["cleanup", "minimal", "--confirm", "minimal"]).expect(0);
    rehome.say(&["status", "--exit-code"]).expect(0);
    rehome.say(&["wait", "minimal", "--for", "done"]).expect(0);
}
