//! Activities: what is set on the service principal of an identity itself. Pure data.

use serde::{Deserialize, Serialize};

/// A custom security attribute that it has; not its value, which not everybody may read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityAttribute {
    /// The set that the attribute is in.
    pub set: String,
    /// Its name in that set.
    pub name: String,
}
