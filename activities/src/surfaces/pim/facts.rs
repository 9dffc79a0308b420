//! Activities: what privileged identity management gives, as it was read. Pure data.

use serde::{Deserialize, Serialize};

/// What privileged identity management gives roles of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PimKind {
    /// A role of Azure.
    AzureRole,
    /// A role of the directory.
    DirectoryRole,
    /// Membership or ownership of a group.
    Group,
}

/// Something that privileged identity management gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pim {
    /// What of.
    pub kind: PimKind,
    /// The role definition's id; `member` or `owner` of a group.
    pub role: String,
    /// The same, for people.
    pub name: String,
    /// The scope; of a group, its id.
    pub at: String,
    /// It would have to be activated first.
    pub eligible: bool,
    /// When it ends, where it does.
    pub until: Option<String>,
    /// When it begins, where that is still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl Pim {
    /// Whether it begins or ends at a time of its own.
    pub fn is_scheduled(&self) -> bool {
        self.until.is_some() || self.from.is_some()
    }

    /// Whether it is membership of a group.
    pub fn is_membership(&self) -> bool {
        self.kind == PimKind::Group && self.role.eq_ignore_ascii_case("member")
    }

    /// What it is known by: the same in every survey.
    pub fn key(&self) -> String {
        let how = if self.eligible { "eligible" } else { "time-bound" };
        format!("{how} {} at {}", self.role, self.at).to_lowercase()
    }
}
