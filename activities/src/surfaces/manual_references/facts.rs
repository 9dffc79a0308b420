//! Activities: what names an identity and is said, or done by a person: no program changes it. Pure data.

use crate::azure::{PrincipalId, ResourceId, ResourceType};
use crate::relocate::facts::{Home, HomeKind, Keeper, Reference};
use crate::surfaces::pim::facts::Pim;
use serde::{Deserialize, Serialize};

/// Something that names the identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManualReference {
    /// A deny assignment.
    Deny(Deny),
    /// Something that privileged identity management lets it activate.
    Pim(Pim),
    /// A resource that is not to be written to.
    Resource(NamedResource),
    /// An exemption from a policy, of the identity itself: in facts of before these were copied.
    Exemption(Exemption),
    /// A policy that is assigned on the identity itself and cannot be copied by a program.
    Policy(OwnPolicy),
    /// A managed HSM, which may give it roles of its own: the ARM id.
    Hsm(ResourceId),
    /// A role on it that somebody else could activate.
    Eligible(Eligible),
    /// A workspace of Synapse, which may give it roles of its own: the ARM id.
    Workspace(ResourceId),
    /// Where something that names it is deployed from again.
    Home(Home),
    /// Something that may keep it inside.
    Keeper(Keeper),
}

/// A deny assignment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deny {
    /// Its ARM id.
    pub id: ResourceId,
    /// Its name, for people.
    pub name: String,
    /// Where it holds, and below.
    pub scope: ResourceId,
    /// Whether the identity is among those whom it does not deny.
    pub excluded: bool,
    /// The group through which it is: one that the new one does not join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// A resource that is not to be written to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedResource {
    /// Its ARM id.
    pub id: ResourceId,
    /// Its type.
    pub kind: ResourceType,
    /// Its region; empty where it has none.
    pub location: String,
    /// The places that name the identity.
    pub places: Vec<Reference>,
}

/// An exemption from a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exemption {
    /// Its ARM id.
    pub id: ResourceId,
    /// The assignment of a policy that it is from.
    pub assignment: ResourceId,
    /// `Waiver` or `Mitigated`.
    pub category: String,
    /// When it ends, where it does.
    pub until: Option<String>,
}

/// A role on the identity that somebody else could activate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eligible {
    /// The role definition's id.
    pub role: ResourceId,
    /// The role's name, for people.
    pub name: String,
    /// Who could.
    pub principal: PrincipalId,
    /// Until when, where that ends.
    pub until: Option<String>,
    /// The condition, if any.
    pub condition: Option<String>,
    /// The version of the condition's language.
    pub condition_version: Option<String>,
}

/// A policy that is assigned on the identity itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnPolicy {
    /// Its ARM id.
    pub id: ResourceId,
    /// The API version it was read with.
    pub api_version: String,
    /// The principal id of the identity that it has by itself.
    pub principal: Option<PrincipalId>,
    /// Its writable body as JSON; `None` where a secret seems to stand in it.
    pub body: Option<String>,
}

impl ManualReference {
    /// What it is known by: the same in every survey.
    pub fn key(&self) -> String {
        let key = match self {
            Self::Deny(deny) => format!("deny assignment {}", deny.id),
            Self::Pim(pim) => pim.key(),
            Self::Resource(resource) => format!("named by {}", resource.id),
            Self::Exemption(exemption) => format!("exemption {}", exemption.id),
            Self::Policy(policy) => format!("policy assignment {}", policy.id),
            Self::Hsm(id) => format!("managed HSM {id}"),
            Self::Eligible(e) => format!("eligible on it {} for {}", e.role, e.principal),
            Self::Workspace(id) => format!("Synapse workspace {id}"),
            Self::Home(home) => match home.kind {
                HomeKind::Source => format!("source of {}", home.id),
                HomeKind::Settings => format!("settings by name of {}", home.id),
                HomeKind::Repository
                | HomeKind::Stack
                | HomeKind::Blueprint
                | HomeKind::GitOps
                | HomeKind::Template
                | HomeKind::Secret => format!("home {}", home.id),
            },
            Self::Keeper(keeper) => format!("may keep it {}", keeper.id),
        };
        key.to_lowercase()
    }
}
