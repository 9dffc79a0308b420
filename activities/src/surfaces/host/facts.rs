//! Activities: a resource that carries or names the identity, as it was read: where it does, and how it is written to. Pure
//! data.

use crate::azure::{ResourceId, ResourceType};
use crate::references::scan::Identifier;
use crate::references::table::Verb;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a write of a host does or needs beside what is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Writing {
    /// What a write starts, where a write of this type is a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<String>,
    /// Whether that has ended: then this is the record of it, and nothing uses the identity any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// What a read hides and a write would lose, as JSON pointers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
    /// The action that gives what else a read hides, for the write alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_by: Option<String>,
}

impl Writing {
    /// Whether a write does what it says and no more.
    pub fn is_plain(&self) -> bool {
        self == &Self::default()
    }
}

/// How a host is re-pointed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Attach the new one, switch what names it, and detach the old one in the clean-up.
    Overlap,
    /// Exchange both in one write.
    Swap,
    /// A person makes the code name the old one, then overlap.
    #[serde(alias = "pin-first")]
    PinFirst,
    /// A person does it.
    #[serde(alias = "by-hand")]
    ByHand,
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

/// What takes the place of a host: the host itself is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterpart {
    /// The id of the host.
    pub of: ResourceId,
    /// The resource that takes its place.
    pub host: Host,
}
