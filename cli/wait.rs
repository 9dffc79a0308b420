//! CLI: what an unfinished step waits for. Pure.

use rehome_orchestrator::{Fault, HeldUp};
use serde::Serialize;

/// What brings a step on, or keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WaitKind {
    /// Azure, which is asked again.
    Azure,
    /// The next try after one that failed.
    Retry,
    /// The end of a soak, or a look that lies far ahead.
    Soak,
    /// The end of a pause: until what Azure does not show acts everywhere.
    Pause,
    /// A person who does it.
    ByHand,
    /// A person who decides about what failed.
    Failed,
    /// A person who approves what comes next.
    Approval,
    /// A look at Azure, because the end of the record is lost.
    Restored,
    /// Somebody who carries the work on.
    Runner,
    /// Azure, which cannot be read.
    Unread,
    /// The turn of its wave.
    Wave,
    /// A step of another move, which holds what this one works on until a person decides there.
    HeldUp,
    /// Nothing new is begun: it was paused, a move of its wave failed, or it is not the time for it.
    Held,
}

impl WaitKind {
    /// All of them.
    pub(crate) const ALL: [Self; 13] = [
        Self::Azure,
        Self::Retry,
        Self::Soak,
        Self::Pause,
        Self::ByHand,
        Self::Failed,
        Self::Approval,
        Self::Restored,
        Self::Runner,
        Self::Unread,
        Self::Wave,
        Self::HeldUp,
        Self::Held,
    ];

    /// As it stands in tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Azure => "AZURE",
            Self::Retry => "RETRY",
            Self::Soak => "SOAK",
            Self::Pause => "PAUSE",
            Self::ByHand => "BY-HAND",
            Self::Failed => "FAILED",
            Self::Approval => "APPROVAL",
            Self::Restored => "RESTORED",
            Self::Runner => "RUNNER",
            Self::Unread => "UNREAD",
            Self::Wave => "WAVE",
            Self::HeldUp => "HELD UP",
            Self::Held => "HELD",
        }
    }
}

/// What an unfinished step waits for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WaitView {
    pub(crate) step: String,
    pub(crate) title: String,
    pub(crate) kind: WaitKind,
    pub(crate) since_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_check_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) checks: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<Fault>,
    /// What of the step is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) left: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unblock_with: Vec<String>,
}

impl WaitView {
    /// Something that waits since then, of which nothing more is known yet.
    pub(crate) fn new(step: &str, title: &str, kind: WaitKind, since_ms: i64) -> Self {
        Self {
            step: step.to_owned(),
            title: title.to_owned(),
            kind,
            since_ms,
            next_check_ms: None,
            checks: None,
            why: None,
            left: None,
            unblock_with: Vec::new(),
        }
    }

    /// The step of a move that waits; the move, where it waits as a whole.
    pub(crate) fn place(&self, run: &str) -> String {
        if self.step == "-" { run.to_owned() } else { format!("{run}:{}", self.step) }
    }

    /// Whether it keeps a move as a whole, as it may keep others.
    pub(crate) fn is_of_all(&self) -> bool {
        matches!(self.kind, WaitKind::Wave | WaitKind::Held)
    }

    /// Whether another one is kept by the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let of = |wait: &Self| (wait.kind, wait.title.clone(), wait.next_check_ms, wait.unblock_with.clone());
        self.is_of_all() && of(self) == of(other)
    }

    /// It cannot begin before a person decides about a step of another move.
    pub(crate) fn held_up(&mut self, held: &HeldUp) {
        (self.kind, self.why) = (WaitKind::HeldUp, Some(held.why()));
        self.unblock_with = vec![format!("rehome show {by}:{}", held.by_step, by = held.by)];
    }

    /// It has stopped, and a person decides.
    pub(crate) fn fails(&mut self, why: &Fault, unblock_with: Vec<String>) {
        (self.kind, self.why, self.unblock_with) = (WaitKind::Failed, Some(why.clone()), unblock_with);
    }

    /// It is looked at, or tried, again.
    pub(crate) fn looks(&mut self, next_check_ms: i64, checks: u32, why: Option<&Fault>) {
        (self.next_check_ms, self.checks, self.why) = (Some(next_check_ms), Some(checks), why.cloned());
    }
}
