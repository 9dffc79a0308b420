//! Activities: how a host is written to, and what that does beside. Pure data.

use serde::{Deserialize, Serialize};

/// What a write of a host does or needs beside what is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Writing {
    /// What a write starts, where a write of this type is a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<String>,
    /// Whether that has ended: then this is the record of it, and nothing uses the identity any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// What a read hides and a write would lose, as JSON pointers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
    /// The action that gives what else a read hides, for the write alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_by: Option<String>,
}

impl Writing {
    /// Whether a write does what it says and no more.
    pub fn is_plain(&self) -> bool {
        self == &Self::default()
    }
}

/// How a host is re-pointed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Attach the new one, switch what names it, and detach the old one in the clean-up.
    Overlap,
    /// Exchange both in one write.
    Swap,
    /// A person makes the code name the old one, then overlap.
    #[serde(alias = "pin-first")]
    PinFirst,
    /// A person does it.
    #[serde(alias = "by-hand")]
    ByHand,
}
