//! Every command that a person types, on a pseudo-terminal: it ends, with its code, and leaves no line that ticks behind.

use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};
use std::collections::BTreeSet;

const COLUMNS: usize = 100;

/// Commands as they are typed one after the other, and the code with which each ends; `MOVE` and `STEP` are filled in.
const TYPED: &[(&str, i32)] = &[
    ("init new", 0),
    ("schema batch", 0),
    ("discover -f batch.toml --snapshot estate.json", 0),
    ("plan -f batch.toml --save plan.json", 0),
    ("show plan.json", 0),
    ("approve plan.json --reason test --yes", 0),
    ("status", 0),
    ("verify", 3),
    ("run plan.json --yes", 130),
    ("status minimal", 0),
    ("show minimal", 0),
    ("show MOVE", 0),
    ("show STEP", 0),
    ("history", 0),
    ("replay --at 3", 0),
    ("handoff", 0),
    ("graph MOVE", 0),
    ("timeline MOVE", 0),
    ("timeline minimal --format svg", 0),
    ("graph MOVE --access", 0),
    ("graph plan.json --access", 2),
    ("graph MOVE --access --format dot", 2),
    ("graph plan.json --format dot", 0),
    ("scan new --of minimal", 0),
    ("explain B103", 0),
    ("doctor", 0),
    ("config", 0),
    ("man --save man1", 0),
    ("explain 11", 0),
    ("explain", 0),
    ("pause MOVE --reason test", 0),
    ("resume MOVE", 0),
    ("release minimal --wave none --reason test", 3),
    ("hold minimal --cleanup --reason test", 0),
    ("release minimal --cleanup --reason test", 0),
    ("throttle minimal --parallel 4 --reason test", 0),
    ("throttle minimal --withdraw --reason test", 0),
    ("note minimal --text test", 0),
    ("abandon minimal --confirm other --reason test", 2),
    ("adopt STEP --reason test", 2),
    ("retry MOVE", 0),
    ("mark-done STEP --reason test", 2),
    ("skip STEP --reason test", 0),
    ("ack STEP --note test", 2),
    ("run minimal", 0),
    ("wait minimal --for soaked --timeout 90s", 0),
    ("cleanup minimal --dry-run", 0),
    ("verify minimal --only-differences", 0),
    ("audit head", 0),
    ("audit checkpoint", 0),
    ("notify minimal", 2),
    ("report --plan plan.json", 0),
    ("diff plan.json plan.json", 0),
    ("audit verify", 0),
    ("audit bundle evidence.jsonl", 0),
    ("audit verify --bundle evidence.jsonl", 0),
    ("history --sample 1 --seed 7", 0),
    ("audit verify --witness none", 3),
    ("audit bundle team MOVE --proofs", 0),
    ("audit verify --proofs team/proofs.jsonl", 0),
    ("audit reconcile --activity-log none.json", 3),
    ("audit explain STEP", 0),
    ("report minimal", 0),
    ("status --at 3", 0),
    ("db init", 0),
    ("db backup copy.db", 0),
    ("db restore copy.db --yes", 0),
    ("db reconcile --reason test --yes", 0),
    ("rollback minimal --reason test --yes", 0),
    ("cleanup minimal --confirm minimal", 0),
    ("watch", 0),
    ("rehearse folder", 0),
    ("completion bash", 0),
];

/// Names of commands as the help lists them, under its headings.
fn listed(help: &str) -> BTreeSet<String> {
    let page = help.split("\nGlobal options:").next().unwrap_or_default();
    let names = page.lines().filter_map(|line| line.strip_prefix("  ")?.split("  ").next());
    names.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())).map(ToOwned::to_owned).collect()
}

#[test]
fn every_command_that_the_help_lists_is_typed_here() {
    let rehome = Rehome::offline();
    let names = listed(&rehome.say(&["--help"]).expect(0).out);
    assert!(names.len() > 30, "{} commands are listed", names.len());
    // They end when they are told to; see below.
    for name in names.iter().filter(|name| !["sim serve", "serve"].contains(&name.as_str())) {
        let typed = |(command, _): &&(&str, i32)| format!("{command} ").starts_with(&format!("{name} "));
        assert!(TYPED.iter().any(|typing| typed(&typing)), "nobody types {name}");
        let words: Vec<&str> = name.split(' ').chain(["--help"]).collect();
        rehome.say(&words).expect(0);
    }
}

#[test]
fn every_command_ends_on_a_terminal_as_it_should_and_leaves_no_ticking_line_behind() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    std::fs::create_dir(rehome.path("folder")).expect("made");
    for name in ["batch.toml", "estate.json"] {
        std::fs::copy(example("minimal").join(name), rehome.path(&format!("folder/{name}"))).expect("copied");
    }
    std::fs::copy(example("minimal").join("batch.toml"), rehome.path("batch.toml")).expect("copied");
    let (mut run, mut step) = (String::new(), String::new());
    for (command, code) in TYPED {
        let line = command.replace("MOVE", &run).replace("STEP", &step);
        let mut terminal = rehome.open(COLUMNS, &line.split(' ').collect::<Vec<_>>());
        if *code == 130 {
            terminal.until(|line| line.contains("by hand since"));
            terminal.press("\u{3}");
        }
        let said = terminal.end();
        assert_eq!(said.code, *code, "{line}:\n{}", said.out);
        assert!(said.out.lines().count() > 0 && !said.out.contains("panicked"), "{line}:\n{}", said.out);
        let ticking = |line: &str| line.len() > 9 && line.as_bytes()[2] == b':' && line.as_bytes()[5] == b':';
        assert!(!said.out.lines().any(ticking), "{line} leaves a line behind:\n{}", said.out);
        if run.is_empty() && rehome.path("rehome.db").exists() {
            run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
        }
        let waits =
            &rehome.say(&["status", "-o", "json", "--query", "moves[0].waiting_for[?kind=='by-hand'].step"]);
        if step.is_empty() && waits.out.contains('"') {
            step = format!("{run}:{}", waits.out.split('"').nth(1).expect("its name"));
        }
    }
}

#[test]
fn pages_on_a_terminal_say_where_they_are_and_end_with_ctrl_c() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    rehome.approve(&example("minimal").join("batch.toml"));
    let mut terminal = rehome.open(400, &["serve"]);
    terminal.until(|line| line.contains("/in?token="));
    terminal.press("\u{3}");
    let said = terminal.end().expect(0);
    assert!(said.out.contains("works once"), "{}", said.out);
}

#[test]
fn a_local_azure_on_a_terminal_says_where_it_is_and_ends_with_ctrl_c() {
    let rehome = Rehome::offline();
    let estate = example("minimal").join("estate.json");
    let mut terminal =
        rehome.open(400, &["sim", "serve", "--estate", estate.to_str().expect("a plain path")]);
    terminal.until(|line| line.contains("\"arm\":"));
    terminal.press("\u{3}");
    terminal.end().expect(0);
}
