//! One command makes the tables of resource types anew out of a folder of API descriptions, and says what changed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TABLES: [&str; 3] = ["types.csv", "writes.csv", "computed.csv"];

fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("activities/tools")
}

/// What the command says of tables that are in a folder; `None` where there is no Python.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn made(tables: &Path, more: &[&str]) -> Option<Output> {
    let mut command = Command::new("python3");
    command.arg(tools().join("tables.py")).arg(tools().join("fixture/specification"));
    command.arg("--references").arg(tables).args(more).env("PYTHONDONTWRITEBYTECODE", "1");
    match command.output() {
        Ok(output) => Some(output),
        Err(why) => {
            println!("SKIPPED: python3 does not run ({why}), no table is made anew");
            None
        }
    }
}

/// A copy of the tables as they were before, or as they are afterwards.
fn copy_of(which: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for table in TABLES {
        let from = tools().join("fixture").join(which).join(table);
        std::fs::copy(from, folder.path().join(table)).expect("copied");
    }
    folder
}

fn differing(tables: &Path, which: &str) -> Vec<&'static str> {
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("a table");
    let differs =
        |table: &&str| read(tables.join(table)) != read(tools().join("fixture").join(which).join(table));
    TABLES.into_iter().filter(|table| differs(table)).collect()
}

#[test]
fn tables_are_made_of_a_folder_of_descriptions_and_what_changed_is_said_under_its_day() {
    let tables = copy_of("before");
    let note = tables.path().join("note.md");
    let Some(output) = made(tables.path(), &["--note", note.to_str().expect("text")]) else { return };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(differing(tables.path(), "after"), Vec::<&str>::new());
    let noted = std::fs::read_to_string(&note).expect("a note");
    assert!(noted.starts_with("\n## 20"), "{noted}");
    for part in [
        "Microsoft.Example/widgets: api_version 2024-01-01 -> 2026-02-01",
        // What a newer preview has beside it, and what names who did something, and no identity.
        "+rid:properties.mirrors[].identityResourceId",
        "-oid:properties.owner.objectId",
        "Microsoft.Example/widgets/gadgets: new: - oid:properties.grantedTo.principalId",
        "Microsoft.Example/widgets: all -> only identity properties.pullIdentityClientId properties.size",
    ] {
        assert!(said.contains(part) && noted.contains(part), "{part}\n{said}");
    }
    // Somebody's application in another tenant is none of the identity's names.
    assert!(!said.contains("federatedIdentityClientId"), "{said}");
}

#[test]
fn a_check_writes_nothing_and_tells_tables_that_are_behind_from_those_that_are_not() {
    let tables = copy_of("before");
    let Some(output) = made(tables.path(), &["--check"]) else { return };
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(differing(tables.path(), "before"), Vec::<&str>::new());
    let tables = copy_of("after");
    let output = made(tables.path(), &["--check"]).expect("it ran before");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("types.csv: 0 of 3 rows changed"), "{said}");
}
