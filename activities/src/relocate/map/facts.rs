//! Activities: what the map of a batch names in the place of scopes, vaults and grants. Pure data.

use crate::azure::ResourceId;
use crate::relocate::facts::ServiceGrant;
use serde::{Deserialize, Serialize};

/// What the map of a batch names in the place of what is not a host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapped {
    /// In the place of scopes and key vaults.
    pub places: Vec<MappedPlace>,
    /// In the place of grants inside services.
    pub grants: Vec<MappedGrant>,
}

/// What takes the place of a scope or a key vault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedPlace {
    /// The scope or vault.
    pub of: ResourceId,
    /// Its counterpart.
    pub id: ResourceId,
    /// Whether that is there, and may be read.
    pub there: bool,
    /// It is a vault that goes by roles, so entries in it are without effect.
    pub by_roles: bool,
    /// What a grant needs and cannot have there.
    pub lacks: Vec<String>,
}

/// A grant inside a service, as it would be inside the counterpart of that service: still to the old identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedGrant {
    /// The id of the grant that it is like.
    pub of: ResourceId,
    /// The grant, with the counterpart's names in it.
    pub grant: ServiceGrant,
    /// Whether the account that would keep it is there, and may be read.
    pub there: bool,
    /// What the grant needs and the counterpart lacks.
    pub lacks: Vec<String>,
}

impl Mapped {
    /// Whether nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty() && self.grants.is_empty()
    }

    /// What takes the place of a scope or vault, if it is there and lacks nothing.
    pub fn place(&self, of: &ResourceId) -> Option<&MappedPlace> {
        let usable = |p: &&MappedPlace| p.there && p.lacks.is_empty() && p.of == *of;
        self.places.iter().find(usable)
    }

    /// The ids of the places that take the place of some of these.
    pub fn places_of<'a>(
        &'a self,
        these: impl Iterator<Item = &'a ResourceId>,
    ) -> impl Iterator<Item = &'a ResourceId> {
        these.filter_map(|of| Some(&self.place(of)?.id))
    }

    /// The grants that can be made inside counterparts.
    pub fn usable(&self) -> impl Iterator<Item = &MappedGrant> {
        self.grants.iter().filter(|m| m.there && m.lacks.is_empty())
    }
}
