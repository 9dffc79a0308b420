//! What is handed out to a stranger, as a stranger checks it: in a folder of their own, with programs of their own.

use std::path::Path;
use std::process::Command;

/// What a verifier in a folder says in a copy of it, with nothing of this machine but the path of its programs; `change` is made to the
/// copy first.
pub(crate) fn verified(
    folder: &Path,
    verifier: &str,
    change: impl FnOnce(&Path),
    arguments: &[&str],
) -> (Option<i32>, String) {
    let copy = tempfile::tempdir().expect("a folder");
    for file in std::fs::read_dir(folder).expect("the folder") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), copy.path().join(file.file_name())).expect("copied");
    }
    change(copy.path());
    let mut python = Command::new("python3");
    python.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(copy.path());
    let out = python.arg(verifier).args(arguments).output().expect("it runs");
    (out.status.code(), String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
}

/// Changes one text in a file to another one.
pub(crate) fn edited<'a>(file: &'a str, from: &'a str, to: &'a str) -> impl FnOnce(&Path) + 'a {
    move |folder| {
        let path = folder.join(file);
        let was = std::fs::read_to_string(&path).expect("a text");
        assert!(was.contains(from), "{file} has no {from}");
        std::fs::write(path, was.replacen(from, to, 1)).expect("written");
    }
}
