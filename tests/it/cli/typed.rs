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
    ("explain B103", 0),
    ("pause MOVE --reason test", 0),
    ("resume MOVE", 0),
    ("release minimal --wave none --reason test", 2),
    ("retry MOVE", 0),
    ("mark-done STEP --reason test", 2),
    ("skip STEP --reason test", 0),
    ("ack STEP --note test", 2),
    ("run minimal", 0),
    ("wait minimal --for soaked --timeout 90s", 0),
    ("cleanup minimal --dry-run", 0),
    ("verify minimal --only-differences", 0),
    ("audit head", 0),
    ("audit verify", 0),
    ("audit bundle evidence.jsonl", 0),
    ("audit verify --bundle evidence.jsonl", 0),
    ("db backup copy.db", 0),
    ("db restore copy.db --yes", 0),
    ("db reconcile --reason test --yes", 0),
    ("rollback minimal --reason test --yes", 0),
    ("cleanup minimal --confirm minimal", 0),
    ("rehearse folder", 0),
    ("completion bash", 0),
];

/// Names of commands as the help lists them.
fn listed(help: &str) -> BTreeSet<String> {
    let after = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let names = after
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn every_command_that_the_help_lists_is_typed_here() {
    let rehome = Rehome::offline();
    let words = |command: &str| command.split(' ').map(ToOwned::to_owned).collect::<Vec<String>>();
    let typed: Vec<Vec<String>> = TYPED.iter().map(|(command, _)| words(command)).collect();
    let mut found = 0;
    for name in listed(&rehome.say(&["--help"]).expect(0).out) {
        if name == "sim" {
            // It ends when it is told to; see below.
            continue;
        }
        let below = listed(&rehome.say(&[&name, "--help"]).expect(0).out);
        found += 1;
        assert!(typed.iter().any(|words| words[0] == name), "nobody types {name}");
        for second in below {
            assert!(
                typed.iter().any(|words| words.get(1) == Some(&second) && words[0] == name),
                "{name} {second}"
            );
        }
    }
    assert!(found > 20, "{found} commands are listed");
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
fn a_local_azure_on_a_terminal_says_where_it_is_and_ends_with_ctrl_c() {
    let rehome = Rehome::offline();
    let estate = example("minimal").join("estate.json");
    let mut terminal =
        rehome.open(400, &["sim", "serve", "--estate", estate.to_str().expect("a plain path")]);
    terminal.until(|line| line.contains("\"arm\":"));
    terminal.press("\u{3}");
    terminal.end().expect(0);
}
