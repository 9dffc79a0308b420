//! Activities: what belongs to the service principal of an identity itself. Pure data.

use serde::{Deserialize, Serialize};

/// What it may do on behalf of those who are signed in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegatedGrant {
    /// The service principal of the application that it may use.
    pub resource_id: String,
    /// `AllPrincipals` or `Principal`.
    pub consent_type: String,
    /// On whose behalf, where not on everybody's.
    pub principal_id: Option<String>,
    /// The permissions, as Graph has them.
    pub scope: String,
}

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

/// A custom security attribute that it has; not its value, which not everybody may read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityAttribute {
    /// The set that the attribute is in.
    pub set: String,
    /// Its name in that set.
    pub name: String,
}
