//! Activities: custom security attributes of a service principal, as they were read. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A custom security attribute that it has; not its value, which not everybody may read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityAttribute {
    /// The set that the attribute is in.
    pub set: String,
    /// Its name in that set.
    pub name: String,
}

/// The custom security attributes of a service principal, in the order of their names.
pub(crate) fn security_attributes(found: &Value) -> Vec<SecurityAttribute> {
    let sets = found["customSecurityAttributes"].as_object().into_iter().flatten();
    let mut all: Vec<SecurityAttribute> = sets
        .flat_map(|(set, members)| {
            let names = members.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
            let names = names.map(|(name, _)| name).filter(|name| !name.contains('@'));
            names.map(move |name| SecurityAttribute { set: set.clone(), name: name.clone() })
        })
        .collect();
    all.sort();
    all
}
