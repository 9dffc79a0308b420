//! Activities: what is changed in a host, and what was there before. Pure data.

use crate::activity::splice::Splice;
use crate::azure::ResourceId;
use crate::references::rest::Rest;
use crate::references::rewrite::Pair;
use crate::references::table::Verb;
use rehome_orchestrator::PlanValue;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is to be changed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostInput {
    pub(crate) id: ResourceId,
    pub(crate) api_version: String,
    pub(crate) verb: Verb,
    /// Identities that come into the map.
    #[serde(default)]
    pub(crate) attach: PlanValue<Vec<ResourceId>>,
    /// Identities that go out of the map.
    #[serde(default)]
    pub(crate) detach: PlanValue<Vec<ResourceId>>,
    /// What is replaced at the pointers.
    #[serde(default)]
    pub(crate) replace: Vec<Pair>,
    /// Where it is replaced.
    #[serde(default)]
    pub(crate) pointers: PlanValue<Vec<String>>,
    /// Identities that a later step takes out of the map: that they are in it is no promise of this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) leaves: PlanValue<Vec<ResourceId>>,
    /// Whether people write the resource too in the same plan: what they change in it beside our places, and take back
    /// themselves, is theirs when a way back is compared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) shared: bool,
}

/// What was there before.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostBefore {
    /// The keys of the map, as they were spelt.
    pub(crate) attached: Vec<ResourceId>,
    /// `identity.type`; empty without a block.
    pub(crate) identity_type: String,
    /// What changes in each text.
    pub(crate) splices: BTreeMap<String, Splice>,
    /// Everything else, which stays as it is; logs of older programs do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rest: Option<Rest>,
}
