//! CLI: what every code and every word means that this program prints, and what can be done. Pure.

mod exits;
mod faults;
mod waits;

use crate::error::Exit;
use crate::view::State;
use crate::wait::WaitKind;
use rehome_activities::azure::errors::{Row, TABLE};
use rehome_activities::relocate::cannot_see;
use rehome_activities::relocate::facts::GapCode;
use rehome_activities::relocate::preflight::NoticeCode;
use rehome_orchestrator::FaultKind;
use serde::Serialize;
use std::collections::BTreeMap;

/// What one code means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Explained {
    /// As it is printed.
    pub(crate) code: String,
    /// What sort of code it is, in a word: `blocker`, `warning`, `error`, `exit code`.
    #[serde(rename = "severity")]
    pub(crate) sort: &'static str,
    pub(crate) meaning: String,
    /// What can be done.
    pub(crate) remedy: String,
}

impl Explained {
    fn new(code: impl Into<String>, sort: &'static str, (meaning, remedy): (&str, &str)) -> Self {
        Self { code: code.into(), sort, meaning: meaning.to_owned(), remedy: remedy.to_owned() }
    }
}

/// Everything that can be explained.
pub(crate) fn all() -> Vec<Explained> {
    let notice = |code: &NoticeCode| {
        Explained::new(code.code(), code.severity().word(), (code.meaning(), code.remedy()))
    };
    let mut all: Vec<Explained> = NoticeCode::ALL.iter().map(notice).collect();
    all.extend(
        cannot_see::MEANINGS.iter().map(|(code, what)| Explained::new(*code, "not seen", (what, UNSEEN))),
    );
    all.extend(GapCode::ALL.iter().map(|gap| Explained::new(gap.word(), "gap", (gap.meaning(), GAP))));
    all.extend(
        Exit::ALL.iter().map(|exit| Explained::new((*exit as u8).to_string(), "exit code", exits::of(*exit))),
    );
    all.extend(State::ALL.iter().map(|state| Explained::new(state.word(), "state", waits::of_state(*state))));
    all.extend(WaitKind::ALL.iter().map(|kind| Explained::new(kind.word(), "wait", waits::of(*kind))));
    all.extend(
        waits::STEPS.iter().map(|(word, meaning, next)| Explained::new(*word, "step", (meaning, next))),
    );
    all.extend(
        faults::OWN.iter().map(|(code, meaning, next)| Explained::new(*code, "error", (meaning, next))),
    );
    all.extend(azure());
    all
}

/// Whatever is called so, however it is spelt.
pub(crate) fn find(code: &str) -> Vec<Explained> {
    let folded = |text: &str| text.to_lowercase().replace(['_', ' '], "-");
    all().into_iter().filter(|one| folded(&one.code) == folded(code)).collect()
}

const UNSEEN: &str = "look there before the clean-up: whoever approves it answers for it";

const GAP: &str =
    "get the right to read it and plan again, or look there and answer for it by name: accept_unseen";

/// Azure's own codes, with everything that the table says of each.
fn azure() -> Vec<Explained> {
    let mut rows: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in TABLE.iter().filter(|row| row.code != "*") {
        rows.entry(row.code).or_default().push(row);
    }
    let one = |(code, rows): (&&str, &Vec<&Row>)| {
        let mut advice: Vec<&str> = rows.iter().map(|row| row.advice).collect();
        advice.dedup();
        let kind = rows.first().map_or(FaultKind::Invalid, |row| row.kind);
        Explained::new(*code, "error of Azure", (sort(kind), &advice.join("; or ")))
    };
    rows.iter().map(one).collect()
}

/// What sort of trouble it is.
fn sort(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Throttled => "Azure was asked too often",
        FaultKind::Unavailable => "the service is out of order for now",
        FaultKind::NotReady => "something that was made is not known everywhere yet",
        FaultKind::Denied => "you lack a right, or are not signed in",
        FaultKind::Blocked => "a lock, a policy or a limit forbids it",
        FaultKind::Conflict => "somebody else works on the same thing, or it is there already",
        FaultKind::Invalid => "the request was refused",
        FaultKind::Missing => "something that was named is not there",
        FaultKind::Broken => "no answer came, or half of one",
        FaultKind::GaveUp => "a limit for trying again was reached",
        FaultKind::Differs => "Azure is not as expected",
        FaultKind::Bug => "a fault of this program",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The sources of the program below a folder, without their tests.
    fn sources(folder: &Path, into: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let tests = ["tests", "tests.rs", "testing.rs", "harness", "fuzz.rs", "golden.rs"];
            if tests.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                sources(&path, into);
            } else if name.ends_with(".rs") {
                let text = std::fs::read_to_string(&path).expect("text");
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
                into.push((path.display().to_string(), code));
            }
        }
    }

    /// Codes that stand in a text right behind the kind of a fault, and constants that stand there.
    fn codes(text: &str) -> Vec<String> {
        let behind = text.split("FaultKind::").skip(1).filter_map(|rest| rest.split_once(','));
        let plain = behind.filter(|(kind, _)| kind.chars().all(|c| c.is_alphanumeric()));
        plain
            .filter_map(|(_, rest)| rest.trim_start().strip_prefix('"')?.split('"').next())
            .filter(|code| code.starts_with(|c: char| c.is_ascii_uppercase()))
            .map(ToOwned::to_owned)
            .collect()
    }

    #[test]
    fn every_code_that_a_fault_of_this_program_has_is_explained() {
        let mut all = Vec::new();
        for room in ["activities/src", "orchestrator/src", "cli"] {
            sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(room), &mut all);
        }
        let mut found = 0;
        for (file, text) in &all {
            for code in codes(text) {
                found += 1;
                assert!(!find(&code).is_empty(), "{file}: nothing explains {code}");
            }
        }
        assert!(found > 40, "{found} codes were found");
    }

    #[test]
    fn every_exit_code_of_the_manual_and_every_code_of_azures_table_is_explained() {
        let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operating.md");
        let manual = std::fs::read_to_string(manual).expect("the manual");
        let exits = manual.split("\n## Exit codes").nth(1).expect("its part").split("\n## ").next();
        let rows =
            exits.unwrap_or_default().lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
        let codes: Vec<&str> =
            rows.flat_map(|cell| cell.split(", ")).filter(|code| code.parse::<u8>().is_ok()).collect();
        assert_eq!(codes.len(), Exit::ALL.len(), "{codes:?}");
        let known = TABLE.iter().map(|row| row.code).filter(|code| *code != "*");
        for code in codes.into_iter().chain(known) {
            assert!(!find(code).is_empty(), "nothing explains {code}");
        }
    }

    #[test]
    fn every_text_says_something_and_each_code_of_a_sort_stands_once() {
        let all = all();
        assert!(all.len() > 200, "{} codes", all.len());
        for one in &all {
            assert!(one.meaning.len() > 8 && one.remedy.len() > 8, "{one:?}");
            let same = |other: &&Explained| (&other.code, other.sort) == (&one.code, one.sort);
            assert_eq!(all.iter().filter(same).count(), 1, "{one:?}");
        }
        assert_eq!(find("by-hand"), find("BY_HAND"));
        assert_eq!(find("in doubt").len(), 1);
    }
}
