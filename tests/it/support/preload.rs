//! Small libraries that stand between the program and its C library, to let happen what a test cannot wait for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One of them, by the name of its source in this folder; compiled once.
pub(crate) fn library(name: &'static str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<&str, (tempfile::TempDir, PathBuf)>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.entry(name).or_insert_with(|| build(name)).1.clone()
}

fn build(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let library = folder.path().join(format!("{name}.so"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/support/{name}.c"));
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut command = Command::new(&compiler);
    command.args(["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]).args([&library, &source]);
    let done = command.args(["-ldl", "-lpthread"]).status();
    assert!(done.is_ok_and(|status| status.success()), "{compiler} could not build {name}");
    (folder, library)
}
