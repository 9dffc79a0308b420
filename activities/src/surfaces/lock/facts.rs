//! Activities: locks, as they were read. Pure.

use crate::azure::ResourceId;
use crate::references::members::{id, text};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A lock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Its ARM id.
    pub id: ResourceId,
    /// Where it holds, and below.
    pub scope: ResourceId,
    /// `CanNotDelete` or `ReadOnly`.
    pub level: String,
    /// What its maker wrote.
    pub notes: Option<String>,
}

/// A lock.
pub(crate) fn lock(body: &Value) -> Option<Lock> {
    let id: ResourceId = id(body, "/id")?;
    Some(Lock {
        scope: id.scope()?,
        level: text(body, "/properties/level")?,
        notes: text(body, "/properties/notes"),
        id,
    })
}
