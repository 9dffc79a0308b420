//! CLI: a work tree of Git that keeps checkpoints: each is committed, and pushed where the branch has an upstream. Starts `git`.

use super::folder;
use super::signing::Signed;
use crate::hooks::way::wait;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

/// What would lead it to another repository.
const ELSEWHERE: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"];

/// So much of what it says is told.
const SAID_MAX: u64 = 4 << 10;

/// Keeps a checkpoint; one that is committed already is only pushed.
pub(super) fn put(tree: &Path, signed: &Signed) -> Result<(), String> {
    let file = folder::put(tree, signed)?;
    let file = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    git(tree, &["add", "--", file])?;
    if git(tree, &["diff", "--cached", "--quiet", "--", file]).is_err() {
        let title = format!("{} ends with event {}", signed.checkpoint.origin, signed.checkpoint.size);
        git(tree, &["commit", "--quiet", "--no-verify", "-m", &title, "--", file])?;
    }
    if git(tree, &["rev-parse", "--quiet", "--verify", "@{upstream}"]).is_ok() {
        git(tree, &["push", "--quiet"]).map_err(|why| format!("it is committed and not pushed: {why}"))?;
    }
    Ok(())
}

fn git(tree: &Path, words: &[&str]) -> Result<(), String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(tree).args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    for name in ELSEWHERE {
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
    let stderr = child.stderr.take();
    wait(&mut child, "git").map_err(|why| {
        let mut said = String::new();
        if let Some(stderr) = stderr {
            drop(stderr.take(SAID_MAX).read_to_string(&mut said));
        }
        let said = said.lines().next().unwrap_or_default().to_owned();
        if said.is_empty() { why } else { format!("{why}: {said}") }
    })
}
