//! Activities: what a person asked for: which identity goes where, and how. Pure data.

use super::facts::Strategy;
use crate::azure::{ResourceId, SubscriptionId};
use rehome_orchestrator::{OnFailure, Retry};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// One move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// The ARM id of the identity that moves.
    pub identity: ResourceId,
    /// Where it goes.
    pub target: Target,
    /// How long to wait between the last check and the clean-up, in unscaled milliseconds.
    pub soak_ms: u64,
    /// What happens when a step cannot be done.
    pub on_failure: OnFailure,
    /// Choices that change the plan.
    #[serde(default)]
    pub options: Options,
}

/// Where an identity goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The subscription id.
    pub subscription: SubscriptionId,
    /// The name of the resource group.
    pub resource_group: String,
    /// The name of the identity.
    pub name: String,
    /// The region, as Azure spells it in `location`: `swedencentral`.
    pub location: String,
}

/// Choices that change the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Make the resource group where it does not exist.
    pub create_resource_group: bool,
    /// Take locks away where they are in the way, and put them back.
    pub lift_locks: bool,
    /// Give the kubelets of clusters the new identity, which replaces every node; otherwise a person does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replace_nodes: bool,
    /// What to do with a host that runs code, has one identity and names it nowhere that can be seen.
    pub unpinned_host: Unpinned,
    /// Hosts (ids) whose code is known to name its identity.
    pub pinned: BTreeSet<ResourceId>,
    /// How to re-point a host (id), where a person knows better.
    pub strategies: BTreeMap<ResourceId, Strategy>,
    /// Scopes and resources that move too: what begins with the first is granted at the second as well, and a
    /// host whose counterpart is there is left alone: the counterpart gets the new identity.
    pub scope_map: BTreeMap<ResourceId, ResourceId>,
    /// Tags to put on the new identity beside the copied ones.
    pub add_tags: BTreeMap<String, String>,
    /// What somebody answers for: hosts (ids) that Azure knows and the caller cannot read, deny assignments (ids) that
    /// exclude the identity, and whatever could not be read, by the name that a blocker gives it.
    pub accept_unseen: BTreeSet<String>,
    /// Properties of the identity and of its credentials that this program does not know and somebody leaves behind.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub accept_unknown: BTreeSet<String>,
    /// How long nobody may have signed in as the old identity before the clean-up, in unscaled milliseconds; with
    /// nothing here the log of sign-ins is not read.
    #[serde(skip_serializing_if = "is_none")]
    pub quiet_ms: u64,
    /// Services whose data planes are asked with the caller's own sign-in what they keep inside: patterns of their names, by
    /// the keys of the batch file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data_planes: BTreeMap<String, BTreeSet<String>>,
    /// How long to wait for what Azure does not show.
    pub waits: Waits,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_none(ms: &u64) -> bool {
    *ms == 0
}

/// How long to wait for what Azure does not show, in unscaled milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Waits {
    /// Until a grant acts everywhere: Azure says up to ten minutes.
    pub grants_ms: u64,
    /// The same for data actions granted at a management group or above: Azure says several hours.
    pub high_grants_ms: u64,
    /// How long a token keeps the groups and application permissions that it was made with.
    pub claims_ms: u64,
    /// How long programs go on as the new identity after their host was set back, before its grants go.
    pub drain_ms: u64,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            grants_ms: Retry::PROPAGATION_MS,
            high_grants_ms: 6 * 3_600_000,
            claims_ms: 24 * 3_600_000,
            drain_ms: Retry::PROPAGATION_MS,
        }
    }
}

impl Options {
    /// What differs from what holds without a word of anybody's, by the names that plans have for it.
    pub fn chosen(&self) -> Vec<(String, Value)> {
        let named = |options: &Self| match serde_json::to_value(options) {
            Ok(Value::Object(all)) => all,
            Ok(_) | Err(_) => Map::new(),
        };
        let usual = named(&Self::default());
        named(self).into_iter().filter(|(name, chosen)| usual.get(name) != Some(chosen)).collect()
    }

    /// Whether somebody answers for this id or list.
    pub(crate) fn accepts(&self, id: &str) -> bool {
        self.accept_unseen.iter().any(|accepted| accepted.eq_ignore_ascii_case(id))
    }

    /// The counterpart of a resource or scope, by the longest entry of the map that it is at or below. What is
    /// mapped to itself has none: so something can be left out of what is mapped around it.
    pub(crate) fn counterpart(&self, id: &ResourceId) -> Option<ResourceId> {
        let entries = self.scope_map.iter().filter(|(from, _)| id.is_at_or_below(from));
        let (from, to) = entries.max_by_key(|(from, _)| from.len())?;
        id.moved(from, to).filter(|counterpart| counterpart != id)
    }
}

/// What to do with a host that runs code, has one identity and names it nowhere that can be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unpinned {
    /// Exchange old and new in one write.
    #[default]
    Swap,
    /// A person makes the code name the old identity first; then old and new overlap.
    #[serde(alias = "pin-first")]
    PinFirst,
    /// Refuse the plan.
    Block,
}

impl Target {
    /// The ARM id of the target's resource group.
    pub fn group_id(&self) -> ResourceId {
        format!("/subscriptions/{}/resourceGroups/{}", self.subscription, self.resource_group).into()
    }

    /// The ARM id that the new identity will have.
    pub fn id(&self) -> ResourceId {
        let group = self.group_id();
        format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{}", self.name).into()
    }
}
