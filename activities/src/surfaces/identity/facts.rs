//! Activities: the identity that moves, as it was read. Pure data.

use crate::azure::DirectoryId;
use crate::references::scan::Identifiers;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The identity itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Its three names.
    pub identifiers: Identifiers,
    /// Its region.
    pub location: String,
    /// The tenant.
    pub tenant_id: DirectoryId,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// `None` or `Regional`.
    pub isolation_scope: Option<String>,
    /// The resource providers that it may be assigned in, where that is restricted.
    pub assignment_restrictions: Option<serde_json::Value>,
    /// What else is copied as it is, by the names of the properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, serde_json::Value>,
    /// The version that tells of all this, where an older one would not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// What Azure tells of it and this program does not know, as `properties.name`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unknown: BTreeSet<String>,
}
