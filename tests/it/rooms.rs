//! The rooms of the house: who may name whom, and how large a file may grow.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each package may need outside its tests, beside what everybody may.
const MAY: [(&str, &[&str]); 5] = [
    ("rehome-store", &["rusqlite", "tokio-postgres", "tokio-rustls"]),
    ("rehome-orchestrator", &["rehome-store"]),
    ("rehome-activities", &["rehome-orchestrator", "reqwest", "azure_core", "azure_identity"]),
    ("rehome-simulator", &["hyper", "hyper-util", "http-body-util", "tokio-rustls", "rcgen"]),
    (
        "rehome",
        &[
            "rehome-store",
            "rehome-orchestrator",
            "rehome-activities",
            "rehome-simulator",
            "reqwest",
            "hyper",
            "hyper-util",
            "http-body-util",
        ],
    ),
];

/// Dependencies that say something about a room; the others are tools.
const TELLING: [&str; 16] = [
    "rusqlite",
    "tokio-postgres",
    "reqwest",
    "hyper",
    "hyper-util",
    "http-body-util",
    "tokio-rustls",
    "rcgen",
    "azure_core",
    "azure_identity",
    "rehome-store",
    "rehome-orchestrator",
    "rehome-activities",
    "rehome-simulator",
    "openssl",
    "native-tls",
];

#[test]
fn no_arrow_points_back() {
    let root = env!("CARGO_MANIFEST_DIR");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(cargo).args(arguments).current_dir(root).output().expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    for (name, may) in MAY {
        let package = packages.iter().find(|p| p["name"] == name).expect("it is in the workspace");
        let needs = package["dependencies"].as_array().expect("dependencies").iter();
        // Tests may look at everything.
        let needs = needs.filter(|d| d["kind"].is_null()).filter_map(|d| d["name"].as_str());
        let wrong: Vec<&str> = needs.filter(|d| TELLING.contains(d) && !may.contains(d)).collect();
        assert_eq!(wrong, Vec::<&str>::new(), "{name} may not need these");
    }
}

pub(crate) fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn every_file_says_which_room_it_is_and_stays_small() {
    let mut all = Vec::new();
    files(Path::new(env!("CARGO_MANIFEST_DIR")), &mut all);
    assert!(all.len() > 150, "{} files were found", all.len());
    for path in all {
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(text.lines().count() < 500, "{} has grown too large", path.display());
        let tests = path.components().any(|part| part.as_os_str() == "tests");
        assert!(tests || text.starts_with("//! "), "{} does not say what it is", path.display());
    }
}

#[test]
fn one_file_of_the_command_line_knows_what_the_log_is_kept_in() {
    let (root, mut all) = (Path::new(env!("CARGO_MANIFEST_DIR")), Vec::new());
    files(&root.join("cli"), &mut all);
    let names = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("text");
        ["SqliteLog", "Sidecars", "PostgresLog"].iter().any(|word| text.contains(word))
    };
    all.retain(names);
    assert_eq!(all, [root.join("cli/store.rs")]);
}

/// What somebody else writes: answers of Azure, which a snapshot takes as they are, and addresses in the words of libpq.
const OF_OTHERS: [&str; 2] = ["cli/snapshot", "store/src/postgres/address.rs"];

/// The members of JSON that a line reads by their names.
fn members_read(line: &str) -> Vec<&str> {
    let called = [".get(\"", ".get_mut(\"", ".pointer(\"", ".pointer_mut(\""];
    let called =
        called.iter().flat_map(|call| line.split(call).skip(1)).filter_map(|rest| rest.split('"').next());
    let indexed = line.match_indices("[\"").filter_map(|(at, _)| {
        let is_of = line[..at].ends_with(|c: char| c.is_alphanumeric() || [')', ']', '_'].contains(&c));
        let (name, rest) = line[at + 2..].split_once("\"]")?;
        let is_written = rest.trim_start().starts_with('=') && !rest.trim_start().starts_with("==");
        (is_of && !is_written).then_some(name)
    });
    called.chain(indexed).collect()
}

#[test]
fn no_member_of_json_is_read_by_its_name_where_a_type_has_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for room in ["cli", "orchestrator/src", "store/src"] {
        let mut all = Vec::new();
        files(&root.join(room), &mut all);
        all.retain(|path| !OF_OTHERS.iter().any(|others| path.starts_with(root.join(others))));
        assert!(all.len() > 20, "{} files were found in {room}", all.len());
        for path in all {
            let text = std::fs::read_to_string(&path).expect("text");
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let read: Vec<&str> = code.flat_map(members_read).collect();
            assert!(read.is_empty(), "{} reads {read:?} by name", path.display());
        }
    }
    let seen = members_read(r#"let a = body["end"]; value["b"] = 1; x.get("c"); y["d"] == z; ["e"].len()"#);
    assert_eq!(seen, ["c", "end", "d"], "what it looks for is found");
}
