//! CLI: what a scan found, as it is printed and kept in a file. Data.

use crate::scan::identity::Asked;
use rehome_activities::azure::ResourceId;
use rehome_activities::code::{Form, Place};
use serde::{Deserialize, Serialize};

/// The version of the form.
pub(crate) const FORMAT: &str = "1.0";

/// A scan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ScanFile {
    pub(crate) format_version: String,
    /// When it began, in milliseconds since 1970.
    pub(crate) scanned_at_ms: i64,
    /// Whether everything that was named was read.
    pub(crate) complete: bool,
    /// What was looked for.
    pub(crate) identities: Vec<Asked>,
    /// Where.
    pub(crate) repositories: Vec<Repository>,
    /// What was found, in the order of repositories, files and places.
    pub(crate) found: Vec<Found>,
    /// What was not searched because it is nothing to search.
    pub(crate) skipped: Vec<Passed>,
    /// What could not be read: nobody knows what is there.
    pub(crate) unread: Vec<Passed>,
}

impl ScanFile {
    /// What was looked for under this resource id.
    pub(crate) fn asked(&self, identity: &ResourceId) -> Option<&Asked> {
        self.identities.iter().find(|asked| asked.old.resource_id == *identity)
    }

    /// Whether a place certainly names an identity of the past: its new one is made, and this is not a name that both have.
    pub(crate) fn is_outdated(&self, found: &Found) -> bool {
        self.asked(&found.identity).is_some_and(|asked| {
            let certain = match found.place.form {
                Form::Whole | Form::Parts => true,
                Form::NameOnly | Form::Declaration => {
                    asked.old.resource_id.name() != asked.new.resource_id.name()
                }
            };
            certain && asked.new.is_made()
        })
    }
}

/// A repository, or a folder that is in none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Repository {
    pub(crate) name: String,
    pub(crate) path: String,
    /// How many files were searched, of how many bytes.
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// How many of it could not be read.
    pub(crate) unread: u64,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    /// The old resource id of whom.
    pub(crate) identity: ResourceId,
    pub(crate) repository: String,
    #[serde(flatten)]
    pub(crate) place: Place,
    /// Why a person changes it; absent where the id can simply be replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by_hand: Option<String>,
    /// The step of the plan that it is a part of, where the plan was made from a scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<String>,
    /// Whether the id can simply be replaced, as `scan --patch` does.
    pub(crate) replaceable: bool,
}

/// Something that was passed by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Passed {
    pub(crate) path: String,
    pub(crate) why: String,
}

/// Whether a file is what a scan has written.
pub(crate) fn is_scan(bytes: &[u8]) -> bool {
    serde_json::from_slice::<ScanFile>(bytes).is_ok()
}
