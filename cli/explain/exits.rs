//! CLI: what each exit code means. Pure data.

use crate::error::Exit;

/// What it means, and what can be done.
pub(super) fn of(exit: Exit) -> (&'static str, &'static str) {
    match exit {
        Exit::Done => ("done, or nothing to do", "nothing is left to do"),
        Exit::Failed => {
            ("the command failed", "the error says what happened, what was left and what to do next")
        }
        Exit::Usage => (
            "wrong usage, a bad file, or a question without a terminal",
            "the error says what is wrong, and where; `rehome COMMAND --help` has every flag",
        ),
        Exit::NotFound => ("what was named does not exist", "`rehome status` shows what there is"),
        Exit::NotPermitted => {
            ("not signed in, or not permitted", "`rehome doctor` looks at the sign-in and the rights")
        }
        Exit::Partly => (
            "finished, but some items failed, were left out or were undone",
            "`rehome status` says which, and why",
        ),
        Exit::Waiting => (
            "only people, clocks or a runner are left",
            "run the same command again later: rehome status says what is waited for",
        ),
        Exit::Blocked => (
            "the plan has blockers and nothing of it could go, or there are others than the batch file expects",
            "mend what the blockers name, and plan again",
        ),
        Exit::Stale => (
            "Azure differs from the approved plan; nothing was written",
            "plan again, and approve the new plan",
        ),
        Exit::Differences => (
            "`verify` found that a promise does not hold, `scan` an old id of what was moved, or `audit reconcile` a write that \
             one side lacks",
            "the result names each; `rehome verify --only-differences` shows broken promises alone",
        ),
        Exit::Damaged => (
            "the log is damaged, or is not the newest copy",
            "put the newest copy back: rehome db restore BACKUP; where it is gone: rehome db reconcile",
        ),
        Exit::Held => (
            "another runner is at work on this log, and does not take this up",
            "`rehome status` says where it is",
        ),
        Exit::NeedsPerson => (
            "somebody is needed (`status --exit-code` and `wait` only)",
            "`rehome status` says for what, with the command",
        ),
        Exit::Interrupted => (
            "interrupted by Ctrl-C; everything that was acknowledged is in the log",
            "the same command again goes on",
        ),
        Exit::Terminated => {
            ("told to end; everything that was acknowledged is in the log", "the same command again goes on")
        }
    }
}
