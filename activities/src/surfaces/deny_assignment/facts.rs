//! Activities: what somebody's deny assignment keeps the caller from. Pure data.

use crate::azure::ResourceId;
use serde::{Deserialize, Serialize};

/// One action that the move needs and a deny assignment denies the caller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denied {
    /// The deny assignment's ARM id.
    pub id: ResourceId,
    /// Its name, for people.
    pub name: String,
    /// Where it holds.
    pub scope: ResourceId,
    /// The action.
    pub action: String,
    /// Where the move needs it.
    pub at: ResourceId,
    /// Whether only the clean-up does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub later: bool,
    /// Whether that depends on what cannot be read: the groups of the caller, or a condition.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
}
