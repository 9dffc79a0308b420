//! Activities: what a service said that it keeps inside. Pure data.

use crate::azure::ResourceId;
use crate::relocate::facts::Facts;
use serde::{Deserialize, Serialize};

/// Under which name the facts are kept.
pub(crate) const NAME: &str = "data_planes";

/// A service that was asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// Its ARM id.
    pub(crate) id: ResourceId,
    /// Which service, by its key in the batch file.
    pub(crate) service: String,
    /// The host that was asked.
    pub(crate) host: String,
    /// Whether all of it was read, and nothing of it may be left out.
    pub(crate) whole: bool,
    /// What could not be read, by the names of the gaps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unread: Vec<String>,
    /// What names the identity.
    pub(crate) objects: Vec<Inside>,
}

/// Something inside a service that names the identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inside {
    /// The list that it is in, as people say it.
    pub(crate) list: String,
    /// Its name; of a policy that has none, the database's, or nothing.
    pub(crate) name: String,
    /// The database that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<String>,
    /// Where it names the identity, as JSON Pointers.
    pub(crate) places: Vec<String>,
    /// What the command for a person needs beside that, as JSON: never a secret.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) kept: String,
}

impl Inside {
    /// What people call it.
    pub(crate) fn called(&self) -> String {
        match (&self.database, self.name.as_str()) {
            (Some(database), "") => format!("{} of {database}", self.list),
            (Some(database), name) => format!("{} {name} in {database}", self.list),
            (None, "") => self.list.clone(),
            (None, name) => format!("{} {name}", self.list),
        }
    }
}

/// The services that were asked.
pub(crate) fn asked(facts: &Facts) -> Vec<Asked> {
    facts.of(NAME)
}

/// Those of them that stay: one whose counterpart takes its place is left alone.
pub(crate) fn asked_and_staying(facts: &Facts) -> Vec<Asked> {
    let stays =
        |one: &Asked| !facts.counterparts.iter().any(|counterpart| one.id.is_at_or_below(&counterpart.of));
    asked(facts).into_iter().filter(stays).collect()
}

/// Whether a service told all that it keeps inside.
pub(crate) fn has_told_all(facts: &Facts, id: &ResourceId) -> bool {
    asked_and_staying(facts).iter().any(|one| one.whole && one.id == *id)
}
