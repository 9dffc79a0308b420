//! Activities: what is set on a service principal, as it was read. Pure.

use crate::references::members;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is set on it otherwise than on a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrincipalSettings {
    /// It may not sign in.
    pub disabled: bool,
    /// Its tags in Entra ID, sorted.
    pub tags: Vec<String>,
    /// What somebody noted.
    pub notes: Option<String>,
}

impl PrincipalSettings {
    /// Whether it is as a new one.
    pub fn are_fresh(&self) -> bool {
        *self == Self::default()
    }
}

/// What is set on a service principal, if this is one that says so.
pub(crate) fn principal_settings(found: &Value) -> Option<PrincipalSettings> {
    let mut tags: Vec<String> =
        found["tags"].as_array()?.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
    tags.sort();
    let notes = members::text(found, "/notes").filter(|notes| !notes.is_empty());
    Some(PrincipalSettings { disabled: found["accountEnabled"] == false, tags, notes })
}
