//! Activities: everything that was read about one identity before the first step. Pure data.
//!
//! Facts go into plan files and logs: plain, ordered, and without any setting's value.

use crate::azure::known_clouds::CLOUDS;
use crate::azure::{PrincipalId, ResourceId};
use crate::relocate::facts::{
    AccessPolicy, Assignment, Audience, Counterpart, Denied, Directory, FederatedCredential, Gap, Host,
    Identity, Lock, ManualReference, Mapped, Right, ServiceGrant,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was read about one identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The identity itself.
    pub identity: Identity,
    /// What is at the place where it goes.
    pub target: TargetFacts,
    /// Where the cloud has Microsoft Graph, as commands for people say it.
    #[serde(default = "public_graph")]
    pub graph: String,
    /// Its federated credentials.
    pub credentials: Vec<FederatedCredential>,
    /// What it may do in Azure.
    pub assignments_of: Vec<Assignment>,
    /// What others may do with it.
    pub assignments_on: Vec<Assignment>,
    /// Who of those with a role on it the directory does not know any more.
    #[serde(rename = "gone", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub orphaned_principals: BTreeSet<PrincipalId>,
    /// Assignments of others whose conditions name it.
    pub conditions_naming: Vec<Assignment>,
    /// Its grants in Entra ID.
    pub directory: Directory,
    /// Its entries in key vaults.
    pub access_policies: Vec<AccessPolicy>,
    /// Its grants inside other services.
    pub service_grants: Vec<ServiceGrant>,
    /// The resources that carry or name it.
    pub hosts: Vec<Host>,
    /// Where the map of the batch has a counterpart for one of these, and it is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counterparts: Vec<Counterpart>,
    /// What the map of the batch names in the place of scopes, vaults and services, as it was found.
    #[serde(default, skip_serializing_if = "Mapped::is_empty")]
    pub mapped: Mapped,
    /// What names it and is not for a program to change, or may not need to be.
    #[serde(rename = "named", default, skip_serializing_if = "Vec::is_empty")]
    pub manual_references: Vec<ManualReference>,
    /// Where it has signed in of late; absent where nobody asked, or nobody may know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signs_in_to: Option<Vec<Audience>>,
    /// What stands on the identity itself and is put on the new one too: policies, exemptions, diagnostic settings.
    #[serde(rename = "on_itself", default, skip_serializing_if = "Vec::is_empty")]
    pub identity_extensions: Vec<IdentityExtension>,
    /// The locks that bear on anything that the move touches.
    pub locks: Vec<Lock>,
    /// The other identities of the same batch that stand in an assignment with this one.
    pub moving: Vec<Moving>,
    /// What the caller may do, where it matters.
    pub rights: Vec<Right>,
    /// What deny assignments keep the caller from, of what the move needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<Denied>,
    /// Role assignments there are, per subscription that gets more.
    pub assignment_counts: BTreeMap<String, u64>,
    /// Facts of surfaces that have none of the above, by the names of the surfaces: each knows its own form.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, Vec<Value>>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// Facts of before other clouds were told apart.
fn public_graph() -> String {
    CLOUDS[0].graph.to_owned()
}

/// What is at the place where the identity goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetFacts {
    /// The ARM id that the new identity will have.
    pub id: ResourceId,
    /// The region of the resource group; `None` when it does not exist.
    pub group_location: Option<String>,
    /// Whether an identity of that name is there already.
    pub taken: bool,
    /// Whether the region takes identities; `None` when that could not be read.
    pub region_offered: Option<bool>,
    /// Whether the subscription has the provider of identities registered; `None` when that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<bool>,
    /// The assignments of policies that would deny the new identity, as far as that can be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<ResourceId>,
}

/// An extension of the identity itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityExtension {
    /// Its ARM id.
    pub id: ResourceId,
    /// The API version it was read with.
    pub api_version: String,
    /// Its writable body.
    pub body: serde_json::Value,
}

/// Another identity of the same batch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moving {
    /// Its id before.
    pub from: ResourceId,
    /// Its id after.
    pub to: ResourceId,
    /// Its principal id before; empty where it could not be read.
    #[serde(default)]
    pub principal_id: PrincipalId,
}

impl Facts {
    /// The facts of a surface, in its own form.
    pub fn of<T: DeserializeOwned>(&self, surface: &str) -> Vec<T> {
        let facts = self.others.get(surface).into_iter().flatten();
        facts.filter_map(|fact| serde_json::from_value(fact.clone()).ok()).collect()
    }

    /// Keeps the facts of a surface, in an order of their own.
    pub fn keep<T: Serialize + Ord>(&mut self, surface: &str, mut facts: Vec<T>) {
        facts.sort();
        let facts: Vec<Value> = facts.iter().filter_map(|fact| serde_json::to_value(fact).ok()).collect();
        if !facts.is_empty() {
            self.others.insert(surface.to_owned(), facts);
        }
    }

    /// The roles on it of those who are there.
    pub fn roles_on(&self) -> impl Iterator<Item = &Assignment> {
        self.assignments_on.iter().filter(|a| !self.is_gone(a))
    }

    /// Whether the directory does not know any more who has this.
    pub fn is_gone(&self, assignment: &Assignment) -> bool {
        self.orphaned_principals.contains(&assignment.principal_id)
    }

    /// The counterpart of a host, or of the resource that it is a part of.
    pub fn counterpart_of(&self, host: &Host) -> Option<&Counterpart> {
        let is = |c: &&Counterpart| host.id.is_at_or_below(&c.of);
        self.counterparts.iter().filter(is).max_by_key(|c| c.of.len())
    }
}
