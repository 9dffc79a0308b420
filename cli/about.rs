//! CLI: what a document says beside its plans, of the batch and of each move. Pure.
//!
//! The engine keeps it as it is; whatever of it is read or written has its name here and nowhere else.

use crate::batch_file::{AskedIn, Origin, VALID_MS};
use crate::error::{CliError, Exit};
use crate::hooks::config::Hooks;
use crate::witness::config::Witnesses;
use rehome_activities::relocate::cannot_see::Unseen;
use rehome_activities::relocate::facts::Gap;
use rehome_activities::relocate::preflight::{Notice, NoticeCode};
use rehome_orchestrator::{Document, Json, PlannedRun};
use serde::{Deserialize, Serialize};

/// What a document says of its batch. A plan of another program may lack any of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BatchAbout {
    /// The program that planned: only the same one can tell whether a plan is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) program: Option<String>,
    /// The Resource Manager's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cloud: Option<String>,
    /// Where it is signed in to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authority: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<String>,
    /// The object id of whoever was signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) planned_by: Option<String>,
    /// What they call themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) author: Option<String>,
    /// When the facts were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created_at_ms: Option<i64>,
    /// Until when it is to be begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at_ms: Option<i64>,
    /// How long that is, where it is not what holds without a word of the batch file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) valid_ms: Option<i64>,
    /// The files in which the batch was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<AskedIn>,
    /// Identities of the batch that the plan leaves out, because they cannot be moved now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_out: Vec<LeftOut>,
    /// How many requests planning took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requests: Option<u64>,
    /// The name of the cloud that it is or plays, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) national: Option<String>,
    /// How often moves that are through are looked at again; never without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) drift_check_ms: Option<u64>,
    /// Who is told what while nobody looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hooks: Option<Hooks>,
    /// Who keeps the signed ends of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) witness: Option<Witnesses>,
}

/// An identity of the batch that is not moved by this plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeftOut {
    pub(crate) identity: String,
    /// The id that the new one would have had.
    pub(crate) target: String,
    /// Where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<Origin>,
    /// Why.
    pub(crate) blockers: Vec<Notice>,
}

/// What a document says of one move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveAbout {
    /// The old identity.
    pub(crate) identity: String,
    /// The id of the new one.
    pub(crate) target: String,
    /// Where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<Origin>,
    /// The move is refused while there is one.
    pub(crate) blockers: Vec<Notice>,
    pub(crate) warnings: Vec<Notice>,
    /// What nobody can see, and whoever approves the clean-up answers for.
    pub(crate) cannot_see: Vec<Unseen>,
    /// What could not be read.
    pub(crate) gaps: Vec<Gap>,
}

/// The code of the blocker that says that the name of the new identity is taken.
pub(crate) const NAME_TAKEN: &str = NoticeCode::B103.code();

fn unreadable(of: &str, e: &serde_json::Error) -> CliError {
    CliError::because(Exit::Usage, &format!("the plan says of {of} what cannot be read"), e)
}

impl BatchAbout {
    pub(crate) fn of(document: &Document) -> Result<Self, CliError> {
        Self::deserialize(&document.about).map_err(|e| unreadable("its batch", &e))
    }

    /// The same, as a log has it; of what cannot be read nothing is said.
    pub(crate) fn of_log(about: &Json) -> Self {
        serde_json::from_str(about.get()).unwrap_or_default()
    }

    /// What who made the plan is called, by themselves and by the cloud.
    pub(crate) fn author(&self) -> Vec<String> {
        self.author.iter().chain(&self.planned_by).cloned().collect()
    }

    /// How long the plan is good that was not begun.
    pub(crate) fn valid_for_ms(&self) -> i64 {
        self.valid_ms.unwrap_or(VALID_MS)
    }

    /// The same, in words: `72 hours`, `14 days`.
    pub(crate) fn valid_words(&self) -> String {
        let (hour, ms) = (3_600_000, self.valid_for_ms());
        match ms {
            _ if ms % (24 * hour) == 0 && ms > 72 * hour => format!("{} days", ms / (24 * hour)),
            _ if ms % hour == 0 => format!("{} hours", ms / hour),
            _ => format!("{} minutes", ms / 60_000),
        }
    }

    /// Whom anything goes to beside the cloud, a line for each.
    pub(crate) fn told_lines(&self) -> impl Iterator<Item = String> + use<> {
        let hooks = self.hooks.as_ref().map(Hooks::line);
        hooks.into_iter().chain(self.witness.as_ref().map(Witnesses::line))
    }

    /// What people are shown of the cloud that a plan is for, in one line.
    pub(crate) fn cloud_line(&self) -> String {
        let text = |said: &Option<String>| said.clone().unwrap_or_else(|| "(not said)".to_owned());
        let (cloud, authority, tenant) = (text(&self.cloud), text(&self.authority), text(&self.tenant));
        format!("cloud {cloud}, sign-in at {authority}, tenant {tenant}")
    }
}

impl MoveAbout {
    pub(crate) fn of(entry: &PlannedRun) -> Result<Self, CliError> {
        serde_json::from_str(entry.about.get()).map_err(|e| unreadable(entry.run.as_str(), &e))
    }

    /// The same, as a log has it; nothing where it cannot be read.
    pub(crate) fn of_log(about: &Json) -> Option<Self> {
        serde_json::from_str(about.get()).ok()
    }

    /// The first thing that two of them say differently.
    /// What nobody can see from outside, each in a line.
    pub(crate) fn unseen(&self) -> Vec<String> {
        self.cannot_see.iter().map(|one| format!("{} {}", one.code, one.what)).collect()
    }

    pub(crate) fn difference(&self, other: &Self) -> Option<&'static str> {
        let differs = [
            (self.identity != other.identity, "identity"),
            (self.target != other.target, "target"),
            (self.origin != other.origin, "origin"),
            (self.blockers != other.blockers, "blockers"),
            (self.warnings != other.warnings, "warnings"),
            (!is_as_unseen(&self.cannot_see, &other.cannot_see), "cannot_see"),
            (self.gaps != other.gaps, "gaps"),
        ];
        differs.into_iter().find_map(|(differs, name)| differs.then_some(name))
    }
}

fn is_as_unseen(one: &[Unseen], other: &[Unseen]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is_as(other))
}
