//! Activities: what keeps an identity where no list of Azure shows it, and what would put it back from outside. Pure data.

use crate::azure::{ResourceId, ResourceType};
use serde::{Deserialize, Serialize};

/// Where something that names the identity is kept as code, and is deployed from again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Home {
    /// The ARM id of what is deployed, or of what deploys it.
    pub id: ResourceId,
    /// What sort of home.
    pub kind: HomeKind,
    /// Where the code is, for people: a repository with its branch and folder. Empty where the id says it.
    pub place: String,
    /// The resources that it deploys and that name the identity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<ResourceId>,
}

/// The sorts of homes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HomeKind {
    /// The Git repository of a data factory or a workspace of Synapse.
    Repository,
    /// A deployment stack.
    Stack,
    /// An assigned blueprint.
    Blueprint,
    /// What keeps a Kubernetes cluster as a repository says.
    GitOps,
    /// What a site or a container app is deployed from again.
    Source,
    /// Settings of a site that give it by its name and its resource group.
    Settings,
    /// A version of a template spec.
    Template,
    /// A value of API Management that no read shows.
    Secret,
}

/// Something that may keep the identity inside, where only its own service can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keeper {
    /// Its ARM id.
    pub id: ResourceId,
    /// Its type.
    pub kind: ResourceType,
    /// Whether the identity is on it; otherwise a grant covers it.
    pub carries: bool,
}
