//! The documents: they stay short, what they link to and name is there, and each figure says when it was measured and how.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, by its path from the root.
fn below(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && !["target", ".git"].contains(&name.as_str()) {
            below(&path, into);
        } else if let Ok(from_root) = path.strip_prefix(root()) {
            into.insert(from_root.to_string_lossy().into_owned());
        }
    }
}

fn all_files() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    below(root(), &mut all);
    all
}

fn pages(all: &BTreeSet<String>) -> Vec<(PathBuf, String)> {
    let pages = all.iter().filter(|path| path.ends_with(".md")).map(PathBuf::from);
    pages.map(|path| (path.clone(), std::fs::read_to_string(root().join(path)).expect("text"))).collect()
}

/// What a heading is called in a link.
fn slug(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The text outside of blocks of code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

#[test]
fn the_first_pages_stay_short() {
    for (page, bytes) in [("README.md", 8 << 10), ("ARCHITECTURE.md", 9 << 10)] {
        let found = std::fs::read_to_string(root().join(page)).expect("the page").len();
        assert!(found <= bytes, "{page} has {found} bytes, and {bytes} are enough");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let all = all_files();
    let mut links = 0;
    for (page, text) in pages(&all) {
        let prose = prose(&text);
        for link in prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            if link.starts_with("http") {
                continue;
            }
            links += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let to = if file.is_empty() {
                root().join(&page)
            } else {
                root().join(&page).parent().expect("a folder").join(file)
            };
            assert!(to.exists(), "{}: {link} leads nowhere", page.display());
            if !heading.is_empty() {
                let there = std::fs::read_to_string(&to).expect("text");
                let found = there
                    .lines()
                    .filter_map(|l| l.strip_prefix('#'))
                    .any(|l| slug(l.trim_start_matches('#')) == heading);
                assert!(found, "{}: {link} has no such heading", page.display());
            }
        }
    }
    assert!(links > 40, "{links} links were found");
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let all = all_files();
    let is_source = |word: &&str| {
        let ends = [".rs", ".csv", ".py", ".c", ".cjs", ".toml"].iter().any(|end| word.ends_with(end));
        ends && word.contains('/') && word.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c))
    };
    let mut named = 0;
    for (page, text) in pages(&all) {
        for word in
            prose(&text).split('`').skip(1).step_by(2).flat_map(str::split_whitespace).filter(is_source)
        {
            named += 1;
            let there = all.iter().any(|path| path == word || path.ends_with(&format!("/{word}")));
            assert!(there, "{}: there is no {word}", page.display());
        }
    }
    assert!(named > 20, "{named} names were found");
}

#[test]
fn each_part_of_the_benchmarks_says_when_and_with_which_command() {
    let text = std::fs::read_to_string(root().join("docs/benchmarks.md")).expect("the page");
    let parts: Vec<&str> = text.split("\n## ").skip(1).collect();
    assert!(parts.len() >= 4, "{} parts were found", parts.len());
    for part in parts {
        let name = part.lines().next().unwrap_or_default();
        assert!(part.contains("cargo ") || part.contains("tests/"), "{name} has no command");
        let tables = part.split("\n\n").filter(|block| block.starts_with('|'));
        for table in tables {
            let dated = |row: &str| row.starts_with("| 20");
            let (head, rows) = (table.lines().next().unwrap_or_default(), table.lines().skip(2));
            let undated: Vec<&str> = rows.filter(|row| head.contains("date") && !dated(row)).collect();
            assert_eq!(undated, Vec::<&str>::new(), "{name}: these have no date");
            assert!(head.contains("date") || part.contains("on 20"), "{name} has a table without dates");
        }
    }
}

#[test]
fn every_test_that_a_document_runs_is_there() {
    let all = all_files();
    let tests: Vec<(String, String)> = all
        .iter()
        .filter(|path| path.contains("tests/it/") && path.ends_with(".rs"))
        .map(|path| {
            (
                path.trim_end_matches(".rs").to_owned(),
                std::fs::read_to_string(root().join(path)).expect("text"),
            )
        })
        .collect();
    let is_there = |name: &str| {
        let function =
            |text: &str| text.lines().any(|l| l.trim_start().starts_with("fn ") && l.contains(name));
        tests.iter().any(|(path, text)| path.contains(&name.replace("::", "/")) || function(text))
    };
    let mut named = 0;
    for (page, text) in pages(&all) {
        for line in text.lines().filter_map(|line| line.split_once("--test it ")).map(|(_, rest)| rest) {
            let names = line.split(['`', '#']).next().unwrap_or_default().split_whitespace();
            for name in
                names.filter(|word| !word.starts_with('-') && !word.chars().all(|c| c.is_ascii_uppercase()))
            {
                named += 1;
                assert!(is_there(name), "{}: no test is called {name}", page.display());
            }
        }
    }
    assert!(named > 25, "{named} tests were named");
}

/// What the documents type: lines of blocks of code, and words in prose, that begin with the program's name.
fn typed(text: &str) -> Vec<String> {
    let lines = text.split("```").skip(1).step_by(2).flat_map(str::lines);
    let lines =
        lines.map(|line| line.trim_start_matches("$ ").split('#').next().unwrap_or_default().to_owned());
    let prose = prose(text);
    let words = prose.split('`').skip(1).step_by(2).map(ToOwned::to_owned);
    lines.chain(words).filter(|line| line.starts_with("rehome ")).collect()
}

#[test]
fn every_command_and_flag_that_a_document_types_is_there() {
    let mut tried = 0;
    for (page, text) in pages(&all_files()) {
        for line in typed(&text) {
            let words: Vec<&str> = line.split_whitespace().skip(1).collect();
            let is_name = |word: &&&str| {
                word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-')
            };
            let deep = ["audit", "db", "sim"].contains(&words[0]);
            let command: Vec<&str> =
                words.iter().take(if deep { 2 } else { 1 }).take_while(is_name).copied().collect();
            if command.is_empty() {
                continue;
            }
            tried += 1;
            let said = std::process::Command::new(env!("CARGO_BIN_EXE_rehome"))
                .args(&command)
                .arg("--help")
                .output();
            let said = said.expect("the program runs");
            let help = String::from_utf8_lossy(&said.stdout);
            assert!(said.status.success(), "{}: there is no {line:?}", page.display());
            let flags = words.iter().filter(|word| word.starts_with("--"));
            for flag in flags.map(|flag| flag.trim_end_matches(|c: char| !c.is_alphanumeric())) {
                assert!(help.contains(flag), "{}: {command:?} has no {flag}", page.display());
            }
        }
    }
    assert!(tried > 40, "{tried} commands were tried");
}

#[test]
fn every_name_of_code_in_the_glossary_is_in_the_code() {
    let all = all_files();
    let sources = all.iter().filter(|path| path.ends_with(".rs") && !path.contains("/tests/"));
    let code: String =
        sources.map(|path| std::fs::read_to_string(root().join(path)).expect("text")).collect();
    let glossary = std::fs::read_to_string(root().join("docs/glossary.md")).expect("the page");
    let rows = glossary.lines().filter(|line| line.starts_with("| "));
    let names =
        rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let gone: Vec<&str> = names.filter(|name| !name.contains('…') && !code.contains(*name)).collect();
    assert_eq!(gone, Vec::<&str>::new(), "the code has other names");
}

#[test]
fn each_decision_has_a_number_of_its_own() {
    let all = all_files();
    let numbers: Vec<&str> =
        all.iter().filter_map(|path| path.strip_prefix("docs/decisions/")?.get(..3)).collect();
    let once: BTreeSet<&str> = numbers.iter().copied().collect();
    assert_eq!(numbers.len(), once.len(), "{numbers:?}");
}
