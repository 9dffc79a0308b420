//! Store tests: runs this test program again below the recorder, and reads what was recorded. Touches
//! temporary folders, the C compiler and a process.
//!
//! The recorder stands at the C library rather than at SQLite's VFS: a VFS of ours would have to decide
//! when a folder is synced, which is one of the questions; here SQLite's own does.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What a process did to one of the files, in order.
#[derive(Debug)]
pub(crate) enum Op {
    Open {
        id: u32,
        name: String,
        emptied: bool,
    },
    Write {
        id: u32,
        at: u64,
        bytes: Vec<u8>,
    },
    Length {
        id: u32,
        length: u64,
    },
    Sync {
        id: u32,
        failed: bool,
    },
    Unlink(String),
    Rename {
        from: String,
        to: String,
    },
    /// The process was killed; another one takes over what it could see.
    Died,
    /// What the process said at that moment.
    Note(String),
    /// A call was made to fail.
    Fault,
}

/// The recorder, compiled once.
fn library() -> &'static Path {
    static BUILT: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let build = || {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let library = folder.path().join("recorder.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fire/recorder.c");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let built = Command::new(&compiler)
            .args(["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .args(["-ldl", "-lpthread"])
            .status();
        assert!(built.is_ok_and(|status| status.success()), "{compiler} could not build the recorder");
        (folder, library)
    };
    &BUILT.get_or_init(build).1
}

/// A folder in memory where there is one: what happens to it in a power cut is computed, not tried.
pub(crate) fn temporary() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(folder) = tempfile::tempdir_in(memory)
    {
        return folder;
    }
    tempfile::tempdir().expect("a temporary folder")
}

/// Runs one of the hidden tests of this program as a process of its own, over the folder, below the
/// recorder.
pub(crate) fn run(test: &str, folder: &Path, seed: u64) -> Vec<Op> {
    let record = temporary();
    let to = record.path().join("record");
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env("LD_PRELOAD", library())
        .env("RECORD_FOLDER", folder)
        .env("RECORD_TO", &to)
        .env("FIRE_SEED", seed.to_string())
        .output()
        .expect("the process starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{test} with seed {seed} failed:\n{said}\n{complained}");
    let ops = parse(&std::fs::read(&to).expect("the record"));
    assert!(!ops.is_empty(), "{test} was not recorded:\n{said}");
    ops
}

/// The folder of this process, if it runs below the recorder.
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os("RECORD_FOLDER").map(PathBuf::from)
}

fn tell(name: &str, text: &str) {
    let folder = folder().expect("this runs below the recorder");
    std::fs::write(folder.join(name), text).expect("the recorder listens");
}

/// Says something into the record.
pub(crate) fn note(text: &str) {
    tell("@note", text);
}

/// Lets the `k`-th such call on a name with this ending fail, `times` times in a row.
pub(crate) fn fault(call: &str, k: u64, errno: i32, times: u64, suffix: &str) {
    tell("@fault", &format!("{call} {k} {errno} {times} {suffix}"));
}

/// Lets nothing fail any more.
pub(crate) fn no_fault() {
    fault("none", 0, 0, 0, "");
}

fn parse(mut record: &[u8]) -> Vec<Op> {
    let mut ops = Vec::new();
    while let Some((head, rest)) = record.split_at_checked(21) {
        let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("eight bytes"));
        let id = u32::from_le_bytes(head[1..5].try_into().expect("four bytes"));
        let (bytes, rest) = rest.split_at(number(13) as usize);
        let text = || String::from_utf8_lossy(bytes).into_owned();
        ops.push(match head[0] {
            b'O' => Op::Open { id, name: text(), emptied: number(5) != 0 },
            b'W' => Op::Write { id, at: number(5), bytes: bytes.to_vec() },
            b'T' => Op::Length { id, length: number(5) },
            b'S' => Op::Sync { id, failed: false },
            b'F' => Op::Sync { id, failed: true },
            b'U' => Op::Unlink(text()),
            b'R' => {
                let both = text();
                let (from, to) = both.split_once('\n').expect("two names");
                Op::Rename { from: from.to_owned(), to: to.to_owned() }
            }
            b'N' => Op::Note(text()),
            b'X' => Op::Fault,
            other => panic!("the record has an entry of kind {other}"),
        });
        record = rest;
    }
    assert!(record.is_empty(), "the record ends within an entry");
    ops
}
