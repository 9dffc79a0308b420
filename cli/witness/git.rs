//! CLI: a work tree of Git that keeps checkpoints: each is committed, and pushed where the branch has an upstream. Starts `git`.

use super::folder;
use super::signing::Signed;
use crate::hooks::way::{OWN_SECRETS, wait};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// What would lead it to another repository.
const ELSEWHERE: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"];

/// When it has ended, what it said is waited for so long.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// So much of what it says is told.
const SAID_MAX: u64 = 4 << 10;

/// Keeps a checkpoint; one that is committed already is only pushed.
pub(super) fn put(tree: &Path, signed: &Signed) -> Result<(), String> {
    let file = folder::put(tree, signed)?;
    let file = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    git(tree, &["add", "--", file])?;
    if git(tree, &["diff", "--cached", "--quiet", "--", file]).is_err() {
        let title = format!("{} ends with event {}", signed.checkpoint.origin, signed.checkpoint.size);
        git(tree, &["commit", "--quiet", "-m", &title, "--", file])?;
    }
    if git(tree, &["rev-parse", "--quiet", "--verify", "@{upstream}"]).is_ok() {
        git(tree, &["push", "--quiet"]).map_err(|why| format!("it is committed and not pushed: {why}"))?;
    }
    Ok(())
}

fn git(tree: &Path, words: &[&str]) -> Result<(), String> {
    let mut command = Command::new("git");
    // What the tree would run by itself is nobody's who approved the plan.
    command.args(["-c", "core.hooksPath=/dev/null", "-C"]).arg(tree).args(words);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    for name in ELSEWHERE.iter().chain(&OWN_SECRETS) {
        command.env_remove(name);
    }
    // Nobody is there to be asked, and a commit of this program is called so.
    command.env("GIT_TERMINAL_PROMPT", "0");
    for role in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{role}_NAME"), "rehome")
            .env(format!("GIT_{role}_EMAIL"), "rehome@localhost");
    }
    let mut child = command.spawn().map_err(|e| format!("failed to start git: {e}"))?;
    let (told, said) = channel();
    if let Some(stderr) = child.stderr.take() {
        // What it started and left behind may keep its end open for ever.
        drop(std::thread::spawn(move || {
            let mut text = String::new();
            drop(stderr.take(SAID_MAX).read_to_string(&mut text));
            drop(told.send(text));
        }));
    }
    wait(&mut child, "git").map_err(|why| {
        let said = said.recv_timeout(LAST_WORDS).unwrap_or_default();
        said.lines().next().map_or_else(|| why.clone(), |line| format!("{why}: {line}"))
    })
}
