//! CLI: a batch as it was asked for: every identity that moves, where it goes, and where that was said. Data.

use super::approvers::ApproversAsked;
use super::asked::Asked;
use super::mistakes::Mistakes;
use super::rollout::RolloutAsked;
use crate::hooks::config::Hooks;
use crate::witness::config::Witnesses;
use rehome_activities::azure::ResourceId;
use rehome_activities::relocate::Params;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A plan that was not begun is good for this long, where the batch file does not say.
pub(crate) const VALID_MS: i64 = 72 * 3_600_000;

/// No plan is good for longer than the longest duration that a batch file takes.
pub(crate) const VALID_MAX_MS: i64 = 366 * 86_400_000;

/// A batch as it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) name: String,
    /// A plan that was not begun is good for this long.
    pub(crate) valid_ms: i64,
    /// The files that say it.
    pub(crate) files: Vec<AskedIn>,
    pub(crate) moves: Vec<Params>,
    /// How they are let loose.
    pub(crate) rollout: RolloutAsked,
    /// How often moves that are through are looked at again; never without it.
    pub(crate) drift_check_ms: Option<u64>,
    /// Who is told what while nobody looks.
    pub(crate) hooks: Option<Hooks>,
    /// Who keeps the signed ends of the log.
    pub(crate) witness: Option<Witnesses>,
    /// Whose approvals count; those of whoever says so where nobody is named.
    pub(crate) approvers: Option<ApproversAsked>,
    /// Where each move was said, by its identity.
    pub(crate) origins: BTreeMap<ResourceId, Origin>,
    /// Where Azure has something to say before there are moves: what is asked for, and the lines of the files.
    pub(super) open: Option<Box<(Asked, Mistakes)>>,
}

/// A file that says what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedIn {
    /// Its name, without the folder that it is in.
    pub(crate) name: String,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub(crate) sha256: String,
}

/// Where a move was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origin {
    /// `identities.csv, line 12`
    pub(crate) identity: String,
    /// The rule that gave its target, or a part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
}

impl Origin {
    /// As people read it.
    pub(crate) fn words(&self) -> String {
        match &self.rule {
            Some(rule) => format!("{}; goes by {rule}", self.identity),
            None => self.identity.clone(),
        }
    }
}

impl Batch {
    /// Where a move was said.
    pub(crate) fn origin(&self, params: &Params) -> Option<Origin> {
        self.origins.get(&params.identity).cloned()
    }
}
