//! Activities: what the caller may do, and what could not be read. Pure data.

use serde::{Deserialize, Serialize};

/// Something that the caller must be allowed to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Right {
    /// The action, or the Graph permission.
    pub action: String,
    /// Where.
    pub scope: String,
    /// Whether the caller has it; `None` when that could not be read.
    pub held: Option<bool>,
    /// Whether only the clean-up needs it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub later: bool,
}

/// Something that could not be read, or that one method saw and another did not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// What sort of gap.
    pub code: GapCode,
    /// Where.
    pub scope: String,
    /// What Azure said, or what is missing.
    pub why: String,
}

/// The sorts of gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCode {
    /// A scope that the caller may not read.
    Denied,
    /// A table, a list or a type that could not be read.
    Unreadable,
    /// A resource that one method found and another, which should have, did not.
    Disagreement,
    /// A resource that Azure knows and the caller cannot see.
    Unseen,
}

impl GapCode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Denied, Self::Unreadable, Self::Disagreement, Self::Unseen];

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Denied => "a scope that you may not read",
            Self::Unreadable => "a table, a list or a type that could not be read",
            Self::Disagreement => {
                "a resource that one way of looking found, and another did not that should have"
            }
            Self::Unseen => "a resource that Azure knows and you cannot see",
        }
    }

    /// As it stands in plans.
    pub fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Unreadable => "unreadable",
            Self::Disagreement => "disagreement",
            Self::Unseen => "unseen",
        }
    }
}
