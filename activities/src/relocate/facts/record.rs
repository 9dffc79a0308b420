//! Activities: everything that was read about one identity before the first step. Pure data.
//!
//! Facts go into plan files and logs: plain, ordered, and without any setting's value.

use crate::azure::national::CLOUDS;
use crate::azure::{PrincipalId, ResourceId, ResourceType};
use crate::references::scan::Identifier;
use crate::references::table::Verb;
use crate::relocate::facts::{
    AccessPolicy, AppCredential, AppRole, Assignment, Audience, DelegatedGrant, Denied, DirectoryRole,
    FederatedCredential, Gap, Group, Identity, Lock, Mapped, Named, Owned, Pim, PrincipalSettings, Right,
    SecurityAttribute, ServiceGrant, Writing,
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
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub gone: BTreeSet<PrincipalId>,
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<Named>,
    /// Where it has signed in of late; absent where nobody asked, or nobody may know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signs_in_to: Option<Vec<Audience>>,
    /// What stands on the identity itself and is put on the new one too: policies, exemptions, diagnostic settings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_itself: Vec<OnItself>,
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

/// Grants in Entra ID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Directory {
    /// Groups it is a direct member of.
    pub groups: Vec<Group>,
    /// Application permissions.
    pub app_roles: Vec<AppRole>,
    /// What it owns.
    pub owned: Vec<Owned>,
    /// Directory roles.
    pub roles: Vec<DirectoryRole>,
    /// Applications that trust it as their credential.
    pub app_credentials: Vec<AppCredential>,
    /// Membership and ownership of groups and directory roles that begin or end by themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scheduled: Vec<Pim>,
    /// What it may do on behalf of those who are signed in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delegated: Vec<DelegatedGrant>,
    /// Custom security attributes, which conditions may ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<SecurityAttribute>,
    /// What is set on its service principal.
    #[serde(skip_serializing_if = "PrincipalSettings::are_fresh")]
    pub settings: PrincipalSettings,
    /// Things found that are not copied: administrative units.
    pub by_hand: Vec<String>,
}

/// An extension of the identity itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnItself {
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

/// How a resource that carries the identity was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Resource Graph, in a map of identities.
    GraphMap,
    /// Resource Graph, in any text.
    GraphText,
    /// `listAssociatedResources`, which sees more than the caller.
    Associated,
    /// Reading the resource or the children of one that was found.
    Direct,
}

/// A resource that carries or names the identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Its ARM id.
    pub id: ResourceId,
    /// Its type.
    pub kind: ResourceType,
    /// The API version it was read with, and is written with.
    pub api_version: String,
    /// Its region; empty where it has none.
    pub location: String,
    /// How it is written.
    pub verb: Verb,
    /// `identity.type` as it stands; empty without an identity block.
    pub identity_type: String,
    /// The identities in its map, as spelt there, sorted.
    pub attached: Vec<ResourceId>,
    /// Those of them that are gone: while one is in the map, Azure refuses every write of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<ResourceId>,
    /// Whether the moving identity is in its map.
    pub carries: bool,
    /// The places outside the map that name the identity.
    pub references: Vec<Reference>,
    /// The lists of callers that have it as an entry: pointers of arrays, or of texts of XML.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<Reference>,
    /// The application settings that name it.
    pub settings: Vec<Setting>,
    /// The host names of database servers in its text and its settings, sorted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub databases: BTreeSet<String>,
    /// How it was found.
    pub found_by: BTreeSet<Method>,
    /// The resource group that a cluster keeps its nodes in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes_in: Option<String>,
    /// A Standard Logic App, which keeps its connections in a file of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub workflow_app: bool,
    /// Whether it could be read; one that could not is known by id only.
    pub readable: bool,
    /// Its provisioning state, where it has one.
    pub state: Option<String>,
    /// What a write of it does or needs beside what is written.
    #[serde(default, skip_serializing_if = "Writing::is_plain")]
    pub writing: Writing,
    /// The digest of everything in it that the move must leave alone.
    pub rest: String,
}

/// What takes the place of a host: the host itself is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterpart {
    /// The id of the host.
    pub of: ResourceId,
    /// The resource that takes its place.
    pub host: Host,
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
        self.gone.contains(&assignment.principal_id)
    }

    /// The counterpart of a host, or of the resource that it is a part of.
    pub fn counterpart_of(&self, host: &Host) -> Option<&Counterpart> {
        let is = |c: &&Counterpart| host.id.is_at_or_below(&c.of);
        self.counterparts.iter().filter(is).max_by_key(|c| c.of.len())
    }
}

/// One place that names the identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// JSON pointer into the resource.
    pub pointer: String,
    /// Which of its names.
    pub identifier: Identifier,
}

/// One application setting that names the identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// `appsettings` or `connectionstrings`.
    pub list: String,
    /// Which of its names.
    pub identifiers: Vec<Identifier>,
}
