//! Activities: locks, as they were read. Pure.

use crate::relocate::survey::parse::{scope_of, text};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A lock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Its ARM id.
    pub id: String,
    /// Where it holds, and below.
    pub scope: String,
    /// `CanNotDelete` or `ReadOnly`.
    pub level: String,
    /// What its maker wrote.
    pub notes: Option<String>,
}

/// A lock.
pub(crate) fn lock(body: &Value) -> Option<Lock> {
    let id = text(body, "/id")?;
    Some(Lock {
        scope: scope_of(&id)?,
        level: text(body, "/properties/level")?,
        notes: text(body, "/properties/notes"),
        id,
    })
}
