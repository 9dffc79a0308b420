//! CLI: an identity as Azure lists it. Pure data.

use rehome_activities::azure::ResourceId;
use std::collections::BTreeMap;

/// An identity as Azure lists it; of one that only its id is known of, the rest is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its ARM id.
    pub(crate) id: ResourceId,
    /// Its region.
    pub(crate) location: String,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Listed {
    /// The value of a tag; names of tags compare without case.
    pub(super) fn tag(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|(is, _)| is.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
